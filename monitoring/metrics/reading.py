"""What the shared rows of counts say: totals, the last minutes, the last day in slots."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q, QuerySet, Sum

from monitoring.metrics.storing import SUMS
from monitoring.models import BOUNDS_MS, EVER, RequestCount

#: Requests of machines, and pages that do long work on purpose: they say nothing of how it feels.
HOUSEKEEPING: Final = frozenset(
    {
        "cron_alerts",
        "cron_daily",
        "cron_jobs",
        "health",
        "healthz",
        "job_run",
        "metrics",
        "readyz",
        "status",
    }
)
DAY_MINUTES: Final = 24 * 60


@dataclass
class Traffic:
    """Requests of some time: how many, how many of them failed (5xx), and how long they took."""

    count: int = 0
    errors: int = 0
    microseconds: int = 0
    statements: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * len(BOUNDS_MS))

    def add(self, row: dict[str, Any]) -> None:
        self.count += row["count"]
        self.errors += row["count"] if row["status"] >= 500 else 0
        self.microseconds += row["microseconds"]
        self.statements += row["statements"]
        for index, bound in enumerate(BOUNDS_MS):
            self.buckets[index] += row[f"le_{bound}"]

    @property
    def error_percent(self) -> float:
        return 100 * self.errors / self.count if self.count else 0.0

    def quantile_ms(self, share: float) -> int | None:
        """The time within which this share of the requests was answered, in milliseconds.

        Straight between the bounds of a bucket, as Prometheus does it, so it is as exact as the
        buckets are narrow. Above the last bound that bound is the answer; None without requests.
        """
        if not self.count:
            return None
        wanted, passed, below = self.count * share, 0, 0
        for bound, count in zip(BOUNDS_MS, self.buckets, strict=True):
            if count and passed + count >= wanted:
                return round(below + (bound - below) * (wanted - passed) / count)
            passed, below = passed + count, bound
        return BOUNDS_MS[-1]

    @property
    def p95_ms(self) -> int | None:
        return self.quantile_ms(0.95)


def this_minute() -> int:
    return int(time.time()) // 60


def totals() -> list[dict[str, Any]]:
    """The sums of all time, a dict for each (route, method, status), in that order."""
    rows = RequestCount.objects.filter(minute=EVER).order_by("route", "method", "status")
    return list(rows.values("route", "method", "status", *SUMS))


def of_people() -> QuerySet[RequestCount]:
    """Rows by the minute without housekeeping."""
    return RequestCount.objects.filter(minute__gt=EVER).exclude(route__in=HOUSEKEEPING)


def last_minutes(minutes: int) -> Traffic:
    """The traffic of the last so many full minutes and the one that runs."""
    rows = of_people().filter(minute__gte=this_minute() - minutes)
    found = Traffic()
    for row in _summed(rows, ["status"]):
        found.add(row)
    return found


@dataclass
class Slot(Traffic):
    """The traffic of one stretch of time; `start` is in minutes since 1970."""

    start: int = 0


def last_day(minutes: int = 30) -> list[Slot]:
    """The last 24 hours in slots of so many minutes, oldest first; the last one still runs."""
    last = this_minute() // minutes
    first = last - DAY_MINUTES // minutes + 1
    slots = [Slot(start=number * minutes) for number in range(first, last + 1)]
    rows = of_people().filter(minute__gte=first * minutes)
    for row in _summed(rows, ["minute", "status"]):
        number = row["minute"] // minutes - first
        if 0 <= number < len(slots):
            slots[number].add(row)
    return slots


def busiest(most: int = 8) -> list[tuple[str, Traffic]]:
    """The routes of the last day that took the most time altogether, with their traffic."""
    rows = of_people().filter(minute__gte=this_minute() - DAY_MINUTES)
    routes: dict[str, Traffic] = {}
    for row in _summed(rows, ["route", "status"]):
        routes.setdefault(row["route"], Traffic()).add(row)
    return sorted(routes.items(), key=lambda item: -item[1].microseconds)[:most]


def merged(slots: Iterable[Traffic]) -> Traffic:
    """All of them as one."""
    found = Traffic()
    for slot in slots:
        found.count += slot.count
        found.errors += slot.errors
        found.microseconds += slot.microseconds
        found.statements += slot.statements
        found.buckets = [a + b for a, b in zip(found.buckets, slot.buckets, strict=True)]
    return found


def _summed(rows: QuerySet[RequestCount], by: Sequence[str]) -> Iterable[dict[str, Any]]:
    sums = {f"{name}_sum": Sum(name) for name in SUMS}
    for row in rows.order_by().values(*by).annotate(**sums):
        yield {**row, **{name: row[f"{name}_sum"] for name in SUMS}}


SALE: Final = Q(route="api_sales", method="POST", status=201)
VOID: Final = Q(route="api_sale_void", method="POST", status=201)
REFUND: Final = Q(route="api_sale_refund", method="POST", status=201)
EXCHANGE: Final = Q(route="api_exchange", method="POST", status=201)


def documents() -> dict[str, int]:
    """Documents of each kind that were recorded through the API and the till, ever.

    Each is one request that was answered with 201; a repeated one is answered with 200.
    """
    rows = RequestCount.objects.filter(minute=EVER)
    return {
        kind: rows.filter(which).aggregate(n=Sum("count"))["n"] or 0
        for kind, which in (
            ("sale", SALE),
            ("void", VOID),
            ("refund", REFUND),
            ("exchange", EXCHANGE),
        )
    }


def sales_of_last_day() -> int:
    """Sales recorded in the last 24 hours, counted as `documents` does."""
    rows = RequestCount.objects.filter(SALE, minute__gte=this_minute() - DAY_MINUTES)
    return rows.aggregate(n=Sum("count"))["n"] or 0
