"""Ending on a signal as on an exception, so that what was begun is taken away."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


def clean_up_when_stopped() -> None:
    """What a service manager sends ends the command by SystemExit: its `with` blocks close."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
