"""Counting requests in the process, and adding the counts to the shared rows after an answer."""

from __future__ import annotations

import logging
import os
import time
from typing import Final

from django.conf import settings

from monitoring.metrics import storing
from monitoring.metrics.storing import Key
from monitoring.models import BOUNDS_MS
from tenants.tally import Tally

logger = logging.getLogger(__name__)

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
# While the database is away counts pile up: so many rows are kept in memory, the newest. Each of them
# and its sum of all time is a row of one statement, of which SQLite may take 32,766 values.
MOST_ROWS: Final = 900


class Counter(Tally[Key]):
    """What this process has counted and not yet added to the shared rows."""

    what = "requests"
    most = MOST_ROWS
    logger = logger

    def seconds(self) -> float:
        return settings.METRICS_SECONDS

    def write(self, counts: dict[Key, list[int]]) -> None:
        storing.add(counts)


counter = Counter()
os.register_at_fork(after_in_child=counter.begin)


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
