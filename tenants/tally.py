"""Counting in the process what is written to the database a few seconds at a time, after an answer.

What is counted costs a request no statement. A process that is killed loses what it has counted since
its last writing; while the database refuses to be written to, the newest rows are kept.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Hashable, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from django.db import Error, connection

# Seconds after which a database that refused is asked again.
REFUSED_FOR: Final = 30.0
# Seconds in which a process that ends tries: on SQLite somebody else may just be writing.
AT_EXIT: Final = 1.0

Key = TypeVar("Key", bound=Hashable)


def add_to(counts: dict[Key, list[int]], key: Key, values: Sequence[int]) -> None:
    """Add to the values of one key, in memory."""
    known = counts.get(key)
    if known is None:
        counts[key] = list(values)
    else:
        for index, value in enumerate(values):
            known[index] += value


class Tally(Generic[Key]):
    """What one process has counted under keys and not yet written; safe among threads.

    Subclasses say of `what`, how many keys are kept in memory at `most`, after how many `seconds`
    they are written, and how to `write` them.
    """

    what: ClassVar[str]
    most: ClassVar[int]
    logger: ClassVar[logging.Logger]

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """At nothing, with locks that nobody holds.

        Also after a fork: the parent still has the counts, and a lock that a thread of the parent
        held would stay locked.
        """
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self.pending: dict[Key, list[int]] = {}
        self.next_flush = 0.0

    def seconds(self) -> float:
        """How long to wait from one writing to the next."""
        raise NotImplementedError

    def write(self, counts: dict[Key, list[int]]) -> None:
        """Add the counts to the rows, all or none. Raises django.db.Error, and then `counts` holds
        what was not written."""
        raise NotImplementedError

    def observe(self, key: Key, values: Sequence[int]) -> None:
        """It takes microseconds, sends nothing and never fails."""
        with self._lock:
            if key not in self.pending and len(self.pending) >= self.most:
                del self.pending[next(iter(self.pending))]
            add_to(self.pending, key, values)
            self.noted(key, values)

    def noted(self, key: Key, values: Sequence[int]) -> None:
        """What else follows from a count, under the lock; nothing here."""

    def is_due(self) -> bool:
        return bool(self.pending) and time.monotonic() >= self.next_flush

    def flush(self) -> bool:
        """Write everything counted; True when done.

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
        self.next_flush = time.monotonic() + self.seconds()
        try:
            self.write(counts)
        except Error as error:
            self.next_flush = time.monotonic() + REFUSED_FOR
            self._put_back(counts)
            self.logger.warning(
                "Counts of %s stay in memory for now: %s", self.what, type(error).__name__
            )
            return False
        except BaseException:
            self._put_back(counts)
            raise
        return True

    def _put_back(self, counts: dict[Key, list[int]]) -> None:
        with self._lock:
            for key, values in self.pending.items():
                add_to(counts, key, values)
            self.pending = dict(list(counts.items())[-self.most :])

    def after_request(self, **kwargs: Any) -> None:
        """Write, when it is time again.

        Django sends it when the server has taken the whole answer: the request's transaction is
        over.
        """
        if self.is_due():
            self.flush()

    def at_exit(self) -> None:
        """A process that ends writes what it has, if the database takes it within a second."""
        if not self.pending:
            return
        until = time.monotonic() + AT_EXIT
        while self.pending and not self.flush() and time.monotonic() < until:
            time.sleep(AT_EXIT / 20)
        connection.close()
