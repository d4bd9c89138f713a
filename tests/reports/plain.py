"""What the sums must say, asked of the sales themselves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from reports import reading
from reports.folding import _step
from reports.models import DaySum, Mark, ProductDaySum, ProductMonthSum, ProductYearSum
from sales.models import Sale, SaleLine
from sales.selection import Totals

FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


def plain_days(first: date, last: date, places: reading.Places = None) -> dict[Any, Totals]:
    found: dict[Any, Totals] = {}
    for sale in Sale.objects.filter(business_date__gte=first, business_date__lte=last):
        if places is None or sale.location_id in places:
            key = sale.business_date, sale.location_id
            counts = [int(sale.kind == kind) for kind in ("sale", "void", "refund", "exchange")]
            found[key] = found.get(key, Totals()) + Totals(sale.total, *counts)
    return found


def plain_products(
    first: date, last: date, places: reading.Places = None
) -> dict[Any, tuple[Decimal, ...]]:
    """Quantity, revenue, net and cost by variation."""
    found: dict[Any, tuple[Decimal, ...]] = {}
    lines = SaleLine.objects.select_related("sale").exclude(sale__kind=Sale.Kind.WRITE_OFF)
    for line in lines.filter(sale__business_date__gte=first, sale__business_date__lte=last):
        if places is None or line.sale.location_id in places:
            own = line.quantity, line.total, line.net, line.quantity * line.unit_cost
            before = found.get(line.variation_id, (Decimal(0),) * 4)
            found[line.variation_id] = tuple(a + b for a, b in zip(before, own, strict=True))
    return {key: sums for key, sums in found.items() if sums[0] > 0}


def assert_read_alike(
    first: date = FIRST, last: date = LAST, places: reading.Places = None
) -> None:
    """What is read is the plain sum, to the last place."""
    days = reading.days(first, last, places=places)
    found = {(one.date, one.location): one.totals for one in days.rows}
    expected = plain_days(first, last, places)
    assert found == expected
    assert reading.whole_days(first, last, places) == sum(expected.values(), Totals())
    best = reading.best(first, last, by=("revenue",), limit=1000, places=places).by["revenue"]
    assert {
        one.variation: (one.quantity, one.revenue, one.net, one.cost) for one in best
    } == plain_products(first, last, places)
    assert [one.revenue for one in best] == sorted((one.revenue for one in best), reverse=True)


def fold_some(count: int) -> int:
    """One short transaction of folding; the marks are there already."""
    return _step(count)


def tables() -> list[Any]:
    """Every sum and mark, without the keys of rows."""
    models: list[Any] = [DaySum, Mark, ProductDaySum, ProductMonthSum, ProductYearSum]
    return [
        sorted(
            tuple(str(row[name]) for name in sorted(row) if name != "id")
            for row in model.objects.values()
        )
        for model in models
    ]
