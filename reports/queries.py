"""What the dashboard shows, in six statements, whatever the size of the shop.

Days are business dates: each sale belongs to the day it was in its location's zone. Money is in
the currency of the business, with tax and before cash rounding; what was voided or came back is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from inventory import stock
from inventory.models import StockLevel
from sales.models import Sale, SaleLine
from sales.selection import ZERO, Totals, total_columns
from sales.shifts import AMOUNT
from tenants import caching
from tenants.models import Location

DAYS = 30
BEST = 5
REMEMBERED = 60  # Seconds.


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
    """`today` beside the same day of last week, `month` (30 days with today) beside the 30 before."""

    today: Period
    month: Period
    days: Sequence[tuple[date, Totals]]
    locations: Sequence[tuple[str, Totals]]


def figures(sales: QuerySet[Sale], *, today: date) -> Figures:
    """Sums of these sales, by day and location, for the last 30 days and the 30 before."""
    start = today - timedelta(days=DAYS - 1)
    rows: Any = (
        sales.filter(business_date__gte=start - timedelta(days=DAYS), business_date__lte=today)
        .order_by()
        .values("business_date", "location", "location__name")
        .annotate(**total_columns())
    )
    by_day: dict[date, Totals] = {}
    by_location: dict[tuple[Any, str], Totals] = {}
    for row in rows:
        totals = Totals.of(row)
        day, place = row["business_date"], (row["location"], row["location__name"])
        by_day[day] = by_day.get(day, Totals()) + totals
        if day >= start:
            by_location[place] = by_location.get(place, Totals()) + totals

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
    )


def _sum(days: Sequence[tuple[date, Totals]]) -> Totals:
    return sum((totals for _day, totals in days), Totals())


@dataclass(frozen=True, slots=True)
class Seller:
    """A product's revenue (with tax, less discounts) and quantity; what came back is taken off."""

    product: Any
    name: str
    revenue: Decimal
    quantity: Decimal


def best_sellers(lines: QuerySet[SaleLine], *, today: date) -> tuple[list[Seller], list[Seller]]:
    """The best of the last 30 days by revenue and by quantity, in one statement."""
    rows: Any = (
        lines.filter(
            sale__business_date__gt=today - timedelta(days=DAYS), sale__business_date__lte=today
        )
        # What was written off was not sold.
        .exclude(sale__kind=Sale.Kind.WRITE_OFF)
        .order_by()
        .values("variation", "variation__product", "variation__product__name", "variation__name")
        .annotate(
            revenue=Sum("total", output_field=AMOUNT), sold=Sum("quantity", output_field=AMOUNT)
        )
        .annotate(
            by_revenue=Window(RowNumber(), order_by=[F("revenue").desc(), F("variation").asc()]),
            by_quantity=Window(RowNumber(), order_by=[F("sold").desc(), F("variation").asc()]),
        )
        .filter(Q(by_revenue__lte=BEST) | Q(by_quantity__lte=BEST))
    )
    found = list(rows)

    def ranked(rank: str) -> list[Seller]:
        best = sorted((row for row in found if row[rank] <= BEST), key=lambda row: row[rank])
        return [_seller(row) for row in best if row["sold"] > 0]

    return ranked("by_revenue"), ranked("by_quantity")


def recent_best_sellers(
    lines: QuerySet[SaleLine], *, today: date, places: str, fresh: bool = False
) -> tuple[list[Seller], list[Seller]]:
    """The same, up to a minute old unless `fresh`: the one statement that grows with every line sold.

    `places` tells the locations of these lines apart from others. An empty list is never kept: the
    first sale of a shop shows at once.
    """
    name = f"best:{today}:{places}"
    found = None if fresh else caching.get(name)
    if found is None:
        both = best_sellers(lines, today=today)
        if any(both):
            kept = [[_as_json(one) for one in sellers] for sellers in both]
            caching.put(name, kept, REMEMBERED)
        return both
    by_revenue, by_quantity = ([_from_json(one) for one in sellers] for sellers in found)
    return by_revenue, by_quantity


def _as_json(seller: Seller) -> list[Any]:
    return [str(seller.product), seller.name, str(seller.revenue), str(seller.quantity)]


def _from_json(kept: list[Any]) -> Seller:
    product, name, revenue, quantity = kept
    return Seller(UUID(product), name, Decimal(revenue), Decimal(quantity))


def _seller(row: dict[str, Any]) -> Seller:
    name = row["variation__product__name"]
    if row["variation__name"]:
        name = f"{name} – {row['variation__name']}"
    return Seller(row["variation__product"], name, row["revenue"] or ZERO, row["sold"] or ZERO)


def low_stock(locations: QuerySet[Location], *, limit: int) -> QuerySet[StockLevel]:
    """What is furthest under its warning quantity at these locations."""
    found: QuerySet[StockLevel] = stock.low(stock.levels(locations))  # type: ignore[arg-type]
    return (
        found.select_related("variation__product", "location")
        .annotate(missing=F("variation__product__alert_quantity") - F("quantity"))
        .order_by("-missing", "pk")[:limit]
    )
