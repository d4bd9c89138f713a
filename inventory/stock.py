"""Reading stock: levels at locations, what runs low, totals of products."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum

from inventory.models import StockLevel, Variation

PLACES = Decimal("0.0001")


def levels(location_ids: Collection[uuid.UUID]) -> Any:
    """The levels of what is kept in stock at these locations, products in use only."""
    return StockLevel.objects.filter(
        location__in=location_ids,
        variation__is_active=True,
        variation__product__is_active=True,
        variation__product__is_stocked=True,
    )


def low(stock_levels: Any) -> Any:
    """Those under the quantity that their product warns below."""
    # The first is implied by the second; it is the one that an index knows.
    return stock_levels.filter(
        variation__product__alert_quantity__isnull=False,
        quantity__lt=F("variation__product__alert_quantity"),
    )


@dataclass
class Figures:
    """One product in a list: its variations in use, their prices, what is in stock of them."""

    count: int = 0
    sku: str = ""
    lowest: Decimal | None = None
    highest: Decimal | None = None
    stock: Decimal = Decimal(0)

    @property
    def one_price(self) -> bool:
        return self.lowest == self.highest


def figures(
    product_ids: Iterable[uuid.UUID], location_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Figures]:
    """The figures of these products, stock summed over these locations, in one statement.

    Inactive variations count in the stock alone: what lies there lies there.
    """
    rows = (
        Variation.objects.filter(product__in=list(product_ids))
        .order_by("position", "pk")
        .annotate(stock=Sum("levels__quantity", filter=Q(levels__location__in=location_ids)))
        .values_list("product_id", "sku", "price", "is_active", "stock")
    )
    found: dict[uuid.UUID, Figures] = {}
    for product_id, sku, price, is_active, stock in rows:
        one = found.setdefault(product_id, Figures())
        one.stock += (stock or Decimal(0)).quantize(PLACES)
        if is_active:
            one.count += 1
            one.sku = one.sku or sku
            one.lowest = price if one.lowest is None else min(one.lowest, price)
            one.highest = price if one.highest is None else max(one.highest, price)
    return found
