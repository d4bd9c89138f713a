"""Counting what may not be refused: in the process, by key and minute, written after an answer.

A till's sale costs no statement by it. A process that is killed loses what it has counted since its
last writing: at most METERING.seconds seconds and the answer under way, or, while the database
refuses to be written to, the newest MOST_ROWS minutes of keys. What is lost was not charged to
anybody; nobody is ever refused for it.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from metering import storing
from metering.storing import Count
from tenants import context
from tenants.tally import Tally, add_to

logger = logging.getLogger(__name__)

# Each is at most a row of one statement, of which SQLite takes 32,766 values and PostgreSQL 65,535.
MOST_ROWS: Final = 5_000
MOST_KNOWN: Final = 20_000

#: (business, key, minute since 1970)
Minute = tuple[int, UUID, int]


class Counter(Tally[Minute]):
    """What this process has counted and not yet written: [requests, charged, refused]."""

    what = "keys"
    most = MOST_ROWS
    logger = logger

    def begin(self) -> None:
        super().begin()
        # What the last writing found of each key, with what this process has counted since.
        self.known: dict[UUID, tuple[date, Count]] = {}

    def seconds(self) -> float:
        return settings.METERING.seconds

    def count(self, business_id: int, device_id: UUID, values: tuple[int, int, int]) -> None:
        """Count in this minute."""
        self.observe((business_id, device_id, int(time.time()) // 60), values)

    def noted(self, key: Minute, values: Sequence[int]) -> None:
        _business_id, device_id, _minute = key
        if values[0] and device_id in self.known:
            day, count = self.known[device_id]
            self.known[device_id] = (day, count.more(values[0]))

    def figures(self, device_id: UUID, day: date) -> Count | None:
        """How much the key has asked for, to a few seconds; None where this process has not written
        anything of it today."""
        found = self.known.get(device_id)
        return found[1] if found is not None and found[0] == day else None

    def write(self, counts: dict[Minute, list[int]]) -> None:
        """In a transaction of its own, of all businesses."""
        with context.unbound():
            self._remember(_write(counts))

    def _remember(self, found: dict[storing.Key, Count]) -> None:
        with self._lock:
            if len(self.known) > MOST_KNOWN:
                self.known.clear()
            for (_business_id, device_id, day), count in sorted(found.items(), key=_by_day):
                self.known[device_id] = (day, count)
            for key, values in self.pending.items():
                self.noted(key, values)


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
        add_to(days, (business_id, device_id, day_of(minute)), values)
    return days


def day_of(minute: int) -> date:
    return datetime.fromtimestamp(minute * 60, UTC).date()


counter = Counter()
os.register_at_fork(after_in_child=counter.begin)
