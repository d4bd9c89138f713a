"""Counting requests in the process, and adding the counts to the shared rows after an answer."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any, Final

from django.conf import settings
from django.db import Error, connection

from monitoring.metrics import storing
from monitoring.metrics.storing import Key, add_to
from monitoring.models import BOUNDS_MS

logger = logging.getLogger(__name__)

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
# Seconds after which a database that refused is asked again.
REFUSED_FOR: Final = 30.0
# Seconds in which a process that ends tries: on SQLite somebody else may just be writing.
AT_EXIT: Final = 1.0
# While the database is away counts pile up: so many rows are kept in memory, the newest. Each of them
# and its sum of all time is a row of one statement, of which SQLite may take 32,766 values.
MOST_ROWS: Final = 900


class Counter:
    """What one process has counted and not yet added to the shared rows."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """At nothing, with locks that nobody holds."""
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self.pending: dict[Key, list[int]] = {}
        self.next_flush = 0.0

    def observe(self, key: Key, values: list[int]) -> None:
        with self._lock:
            if key not in self.pending and len(self.pending) >= MOST_ROWS:
                del self.pending[next(iter(self.pending))]
            add_to(self.pending, key, values)

    def is_due(self) -> bool:
        return bool(self.pending) and time.monotonic() >= self.next_flush

    def flush(self) -> bool:
        """Add everything counted to the shared rows, in one statement of its own; True when done.

        False, and the counts stay, inside a transaction (it may be a sale's), while another thread
        is at it, and when the database refuses.
        """
        if not self.pending or connection.in_atomic_block:
            return False
        if not self._flushing.acquire(blocking=False):
            return False
        try:
            return self._flush()
        finally:
            self._flushing.release()

    def _flush(self) -> bool:
        with self._lock:
            counts, self.pending = self.pending, {}
        self.next_flush = time.monotonic() + settings.METRICS_SECONDS
        try:
            storing.add(counts)
        except Error as error:
            self.next_flush = time.monotonic() + REFUSED_FOR
            self._put_back(counts)
            logger.warning("Counts of requests stay in memory for now: %s", type(error).__name__)
            return False
        except BaseException:
            self._put_back(counts)
            raise
        return True

    def _put_back(self, counts: dict[Key, list[int]]) -> None:
        with self._lock:
            for key, values in self.pending.items():
                add_to(counts, key, values)
            self.pending = dict(list(counts.items())[-MOST_ROWS:])


counter = Counter()


def observe(route: str, method: str, status: int, seconds: float, statements: int) -> None:
    """Count one request. It takes microseconds, sends nothing to the database and never fails.

    `route` is the name of the route and never a path: a path holds keys of rows.
    """
    if not settings.METRICS_SECONDS:
        return
    method = method if method in METHODS else "OTHER"
    microseconds = max(0, round(seconds * 1_000_000))
    key = (int(time.time()) // 60, route[:80], method, status)
    counter.observe(key, [1, microseconds, max(0, statements), *_bucket(microseconds)])


def _bucket(microseconds: int) -> list[int]:
    row = [0] * len(BOUNDS_MS)
    for index, bound in enumerate(BOUNDS_MS):
        if microseconds <= bound * 1000:
            row[index] = 1
            break
    return row


def after_request(**kwargs: Any) -> None:
    """Add what was counted to the shared rows, when the last time is METRICS_SECONDS ago.

    Django sends it when the server has taken the whole answer: the request's transaction is over.
    """
    if counter.is_due():
        counter.flush()


def at_exit() -> None:
    """A process that ends gives what it has, if the database takes it within a second."""
    if not counter.pending:
        return
    until = time.monotonic() + AT_EXIT
    while counter.pending and not counter.flush() and time.monotonic() < until:
        time.sleep(AT_EXIT / 20)
    connection.close()


def _after_fork() -> None:
    # Its parent still has the counts; and a lock that a thread of the parent held stays locked.
    counter.begin()


os.register_at_fork(after_in_child=_after_fork)
