"""Ending on a signal as on an exception, so that what was begun is taken away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_asked: list[BaseException] = []


@contextmanager
def cleaning_up() -> Iterator[None]:
    """What a service manager or Ctrl-C sends ends the block by an exception: the blocks inside close."""
    signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    # What is ignored already stays so: nohup wants that of SIGHUP.
    heard = [one for one in signals if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, leave) for one in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked.clear()


def asked() -> BaseException | None:
    """What a signal has raised in the block, also where something between took it for its own error."""
    return _asked[0] if _asked else None


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """Raise SystemExit with the status that a shell knows, or KeyboardInterrupt for Ctrl-C."""
    _asked.append(KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number))
    raise _asked[-1]
