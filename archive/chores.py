"""Small regular work that `run_jobs --watch` does beside the jobs; whoever has some registers it.

A chore may run in several processes at the same moment, and must be right then too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """`work` is called outside a transaction, with nothing bound, every so many seconds."""

    seconds: float
    work: Callable[[], object]


_CHORES: dict[str, Chore] = {}


def register(name: str, *, seconds: float, work: Callable[[], object]) -> None:
    """Have this done as long as a worker watches; first at once."""
    _CHORES[name] = Chore(seconds, work)


def keep_doing(ending: threading.Event) -> None:
    """Do what is due until `ending` is set; in a thread of its own, so that no job delays it.

    What fails is logged and tried again at its next time.
    """
    due = dict.fromkeys(_CHORES, time.monotonic())
    try:
        while due and not ending.wait(max(0.0, min(due.values()) - time.monotonic())):
            name = min(due, key=lambda one: due[one])
            chore = _CHORES[name]
            try:
                chore.work()
            except DatabaseError as error:
                logger.warning("%s waits for the database: %s", name, type(error).__name__)
            except Exception:
                logger.exception("%s failed", name)
            finally:
                # Between two times nothing is held: a connection may be worth a till's.
                connection.close()
            due[name] = time.monotonic() + chore.seconds
    finally:
        connection.close()
