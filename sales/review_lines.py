"""What the inbox shows of sales made offline: which of them, and what was sold beside what is so now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from accounts.access import at_visible_locations
from inventory.models import Variation
from sales.judging import OfflineSale
from sales.models import ReviewItem
from sales.reasons import sentence
from sales.sellable import priced_at
from tenants.models import Location

MEMBERS = ("sale__customer", "location", "register", "device", "operator", "settled_by")


def visible_reviews(request: Any) -> QuerySet[ReviewItem]:
    """Those of the request's locations; what is of no known place, for who sees all of them."""
    items: QuerySet[ReviewItem] = ReviewItem.objects.filter(at_visible_locations(request))
    return items.select_related(*MEMBERS)


@dataclass(slots=True)
class Row:
    """A line as it was sold, beside what the server knows of it now."""

    line: int
    name: str
    sku: str
    quantity: Decimal
    price: Decimal
    tax_rate: Decimal
    variation_id: uuid.UUID
    price_now: Decimal | None = None
    rate_now: Decimal | None = None
    said: list[str] = field(default_factory=list)


def sold_lines(item: ReviewItem, asked: OfflineSale | None) -> Sequence[Row]:
    """Of the sale where there is one, otherwise as they were handed in."""
    rows = []
    if item.sale is not None:
        for line in item.sale.lines.all():
            sold = (line.quantity, line.unit_price, line.tax_rate)
            rows.append(Row(line.line, line.name, line.sku, *sold, line.variation_id))
    elif asked is not None:
        for number, one in enumerate(asked.lines, start=1):
            sold = (one.quantity, one.unit_price, one.tax_rate)
            rows.append(Row(number, "", "", *sold, one.variation_id))
    known = _known(item.location, [row.variation_id for row in rows])
    for row in rows:
        variation = known.get(row.variation_id)
        if variation is not None:
            rate = variation.product.sold_tax_rate
            row.name, row.sku = row.name or variation.full_name, row.sku or variation.sku
            row.price_now = variation.selling_price
            row.rate_now = Decimal(0) if rate is None else rate.rate
        row.said = [sentence(one) for one in item.reasons if one.get("line") == row.line]
    return rows


def _known(location: Location | None, keys: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Any]:
    if location is None:
        return {}
    rows: QuerySet[Variation] = priced_at(location).filter(pk__in=set(keys))
    return {row.pk: row for row in rows}
