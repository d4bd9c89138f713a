"""What the dashboard shows, in six statements, whatever the size of the shop.

Days are business dates: each sale belongs to the day it was in its location's zone. Money is in
the currency of the business, with tax and before cash rounding; what was voided or came back is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet

from inventory import stock
from inventory.models import StockLevel
from reports import reading
from sales.selection import ZERO, Totals
from tenants.models import Location

DAYS = 30
BEST = 5


@dataclass(frozen=True, slots=True)
class Period:
    """A period's totals beside those of the one before it.

    `comparable` where the shop sold throughout that one: it began in its first week, or before.
    """

    now: Totals
    before: Totals
    comparable: bool = True

    @property
    def growth(self) -> Decimal | None:
        """Change of the total in percent, to one decimal.

        None where there is nothing to compare with: not `comparable`, no sale before, or so few that
        the change would be a number without meaning (tenfold and more).
        """
        if not self.comparable or self.before.total <= 0:
            return None
        change = (self.now.total - self.before.total) / self.before.total * 100
        return round(change, 1) if change < 1000 else None

    @property
    def direction(self) -> str:
        """`up`, `down`, or nothing where there is no growth to speak of."""
        growth = self.growth or ZERO
        return "up" if growth > 0 else "down" if growth < 0 else ""


@dataclass(frozen=True, slots=True)
class Figures:
    """`today` beside the same day of last week, `month` (30 days with today) beside the 30 before.

    `pending` is how many documents of the business were not folded when this was read.
    """

    today: Period
    month: Period
    days: Sequence[tuple[date, Totals]]
    locations: Sequence[tuple[str, Totals]]
    pending: int = field(compare=False)


def figures(*, today: date, places: reading.Places = None) -> Figures:
    """Sums of all sales at these locations (None: all), by day and location, for the last 30 days and
    the 30 before. In one statement."""
    start = today - timedelta(days=DAYS - 1)
    found = reading.days(start - timedelta(days=DAYS), today, places=places)
    by_day: dict[date, Totals] = {}
    by_location: dict[tuple[Any, str], Totals] = {}
    for one in found.rows:
        by_day[one.date] = by_day.get(one.date, Totals()) + one.totals
        if one.date >= start:
            place = (one.location, one.name)
            by_location[place] = by_location.get(place, Totals()) + one.totals

    def between(first: date, count: int) -> list[tuple[date, Totals]]:
        days = [first + timedelta(days=n) for n in range(count)]
        return [(day, by_day.get(day, Totals())) for day in days]

    days = between(start, DAYS)
    earlier = between(start - timedelta(days=DAYS), DAYS)
    return Figures(
        today=Period(by_day.get(today, Totals()), by_day.get(today - timedelta(days=7), Totals())),
        month=Period(
            _sum(days),
            _sum(earlier),
            comparable=any(totals.sales for _day, totals in earlier[:7]),
        ),
        days=days,
        locations=sorted(
            ((name, totals) for (_id, name), totals in by_location.items()),
            key=lambda pair: (-pair[1].total, pair[0]),
        ),
        pending=found.pending,
    )


def _sum(days: Sequence[tuple[date, Totals]]) -> Totals:
    return sum((totals for _day, totals in days), Totals())


def best_sellers(
    *, today: date, places: reading.Places = None
) -> tuple[list[reading.Seller], list[reading.Seller]]:
    """The best of the last 30 days by revenue and by quantity, in one statement."""
    first = today - timedelta(days=DAYS - 1)
    orders = ("revenue", "quantity")
    found = reading.best(first, today, by=orders, limit=BEST, places=places, profit=False)
    return found.by["revenue"], found.by["quantity"]


def low_stock(locations: QuerySet[Location], *, limit: int) -> QuerySet[StockLevel]:
    """What is furthest under its warning quantity at these locations."""
    found: QuerySet[StockLevel] = stock.low(stock.levels(locations))  # type: ignore[arg-type]
    return (
        found.select_related("variation__product", "location")
        .annotate(missing=F("variation__product__alert_quantity") - F("quantity"))
        .order_by("-missing", "pk")[:limit]
    )
