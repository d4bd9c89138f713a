"""Counting what may not be refused: in the process, by key and minute, written after an answer.

A till's sale costs no statement by it. A process that is killed loses what it has counted since its
last writing: at most METERING.seconds seconds and the answer under way, or, while the database
refuses to be written to, the newest MOST_ROWS minutes of keys. What is lost was not charged to
anybody; nobody is ever refused for it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import Error, IntegrityError, connection

from metering import storing
from metering.storing import Count
from tenants import context

logger = logging.getLogger(__name__)

# Seconds after which a database that refused is asked again.
REFUSED_FOR: Final = 30.0
# Seconds in which a process that ends tries: on SQLite somebody else may just be writing.
AT_EXIT: Final = 1.0
# Each is at most a row of one statement, of which SQLite takes 32,766 values and PostgreSQL 65,535.
MOST_ROWS: Final = 5_000
MOST_KNOWN: Final = 20_000

#: (business, key, minute since 1970)
Minute = tuple[int, UUID, int]


class Counter:
    """What one process has counted and not yet written: [requests, charged, refused]."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """At nothing, with locks that nobody holds."""
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self.pending: dict[Minute, list[int]] = {}
        # What the last writing found of each key, with what this process has counted since.
        self.known: dict[UUID, tuple[date, Count]] = {}
        self.next_flush = 0.0

    def observe(self, business_id: int, device_id: UUID, values: tuple[int, int, int]) -> None:
        """Count in this minute. It takes microseconds, sends nothing and never fails."""
        key = (business_id, device_id, int(time.time()) // 60)
        with self._lock:
            if key not in self.pending and len(self.pending) >= MOST_ROWS:
                del self.pending[next(iter(self.pending))]
            _add(self.pending, key, values)
            if values[0] and device_id in self.known:
                day, count = self.known[device_id]
                self.known[device_id] = (day, count.more(values[0]))

    def figures(self, device_id: UUID, day: date) -> Count | None:
        """How much the key has asked for, to a few seconds; None where this process has not written
        anything of it today."""
        found = self.known.get(device_id)
        return found[1] if found is not None and found[0] == day else None

    def is_due(self) -> bool:
        return bool(self.pending) and time.monotonic() >= self.next_flush

    def flush(self) -> bool:
        """Write everything counted, in a transaction of its own; True when done.

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
        self.next_flush = time.monotonic() + settings.METERING.seconds
        try:
            with context.unbound():
                found = _write(counts)
        except Error as error:
            self.next_flush = time.monotonic() + REFUSED_FOR
            self._put_back(counts)
            logger.warning("Counts of keys stay in memory for now: %s", type(error).__name__)
            return False
        except BaseException:
            self._put_back(counts)
            raise
        self._remember(found)
        return True

    def _remember(self, found: dict[storing.Key, Count]) -> None:
        with self._lock:
            if len(self.known) > MOST_KNOWN:
                self.known.clear()
            for (_business_id, device_id, day), count in sorted(found.items(), key=_by_day):
                self.known[device_id] = (day, count)
            for (_business_id, device_id, _minute), values in self.pending.items():
                if device_id in self.known:
                    day, count = self.known[device_id]
                    self.known[device_id] = (day, count.more(values[0]))

    def _put_back(self, counts: dict[Minute, list[int]]) -> None:
        with self._lock:
            for key, values in self.pending.items():
                _add(counts, key, values)
            self.pending = dict(list(counts.items())[-MOST_ROWS:])


def _add(counts: dict[Any, list[int]], key: Any, values: Any) -> None:
    known = counts.setdefault(key, [0, 0, 0])
    for index, value in enumerate(values):
        known[index] += value


def _by_day(found: tuple[storing.Key, Count]) -> date:
    return found[0][2]


def _write(counts: dict[Minute, list[int]]) -> dict[storing.Key, Count]:
    """Minutes are folded into days (UTC); what stands there then. Raises django.db.Error, and then
    `counts` holds what was not written.

    What belongs to a business that is there no more is left out; only then does each key go alone.
    """
    try:
        return storing.add(_days(counts))
    except IntegrityError:
        found: dict[storing.Key, Count] = {}
        for minute in list(counts):
            try:
                found |= storing.add(_days({minute: counts[minute]}))
            except IntegrityError:
                logger.info("A key whose requests were counted is there no more.")
            del counts[minute]
        return found


def _days(counts: dict[Minute, list[int]]) -> dict[storing.Key, list[int]]:
    days: dict[storing.Key, list[int]] = {}
    for (business_id, device_id, minute), values in counts.items():
        _add(days, (business_id, device_id, day_of(minute)), values)
    return days


def day_of(minute: int) -> date:
    return datetime.fromtimestamp(minute * 60, UTC).date()


counter = Counter()


def after_request(**kwargs: Any) -> None:
    """Write what was counted, when the last time is METERING.seconds ago.

    Django sends it when the server has taken the whole answer: the request's transaction is over.
    """
    if counter.is_due():
        counter.flush()


def at_exit() -> None:
    """A process that ends writes what it has, if the database takes it within a second."""
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
