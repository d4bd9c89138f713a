"""What webhooks say of products and stock, and when stock has become low."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from inventory.models import Product, StockMovement
from tenants.context import current
from tenants.spelling import plain_money, plain_number
from webhooks.building import builds, follows
from webhooks.kinds import OF_DOCUMENT, STOCK_MOVED, Kind
from webhooks.models import Event


@builds(Kind.PRODUCT_CHANGED)
def product_shape(event: Event) -> dict[str, Any]:
    """The product as it is at the time of sending, without costs; `deleted` where it is gone."""
    rows = Product.objects.select_related("category", "brand", "unit", "tax_rate")
    rows = rows.prefetch_related("variations__barcodes", "variations__location_prices")
    product = rows.filter(pk=event.object_id).first()
    if product is None:
        return {"id": event.object_id, "deleted": True}
    rate = product.sold_tax_rate
    return {
        "id": product.pk,
        "deleted": False,
        "name": product.name,
        "sku": product.sku,
        "description": product.description,
        "category": None if product.category is None else product.category.name,
        "brand": None if product.brand is None else product.brand.name,
        "unit": "" if product.unit is None else product.unit.short_name,
        "tax_rate": "0" if rate is None else plain_number(rate.rate),
        "tax_name": "" if rate is None else rate.name,
        "tax_inclusive": product.tax_inclusive,
        "is_stocked": product.moves_stock,
        "is_for_sale": product.is_for_sale,
        "is_active": product.is_active,
        "alert_quantity": None
        if product.alert_quantity is None
        else plain_number(product.alert_quantity),
        "variations": [_variation(one) for one in product.variations.all()],
    }


def _variation(one: Any) -> dict[str, Any]:
    digits = current().digits
    return {
        "id": one.pk,
        "name": one.name,
        "sku": one.sku,
        "barcodes": [barcode.code for barcode in one.barcodes.all()],
        "price": plain_money(one.price, digits),
        "location_prices": [
            {"location": row.location_id, "price": plain_money(row.price, digits)}
            for row in one.location_prices.all()
        ],
        "is_active": one.is_active,
    }


@builds(Kind.STOCK_LOW)
def low_shape(event: Event) -> dict[str, Any]:
    """As it was when the level was crossed."""
    data: dict[str, Any] = event.data
    return data


@follows(Kind.STOCK_LOW, on=[*OF_DOCUMENT.values(), STOCK_MOVED])
def became_low(
    document_ids: Sequence[uuid.UUID],
) -> Iterable[tuple[uuid.UUID, dict[str, Any]]]:
    """Levels that these documents took from the quantity to warn at, or above it, to below it.

    Once for each document and level, by the balances that its movements keep: whatever was posted
    meanwhile changes nothing.
    """
    moved = StockMovement.objects.filter(
        document_id__in=document_ids,
        level__variation__is_active=True,
        level__variation__product__is_active=True,
        level__variation__product__is_stocked=True,
        level__variation__product__alert_quantity__isnull=False,
    ).select_related("level__variation__product", "level__location")
    first: dict[tuple[Any, int], Decimal] = {}
    last: dict[tuple[Any, int], StockMovement] = {}
    for row in moved.order_by("pk"):
        key = (row.document_id, row.level_id)
        first.setdefault(key, row.balance - row.quantity)
        last[key] = row
    for key, row in last.items():
        variation, location = row.level.variation, row.level.location
        warned = variation.product.alert_quantity
        if first[key] >= warned > row.balance:
            yield (
                variation.pk,
                {
                    "variation": str(variation.pk),
                    "product": str(variation.product_id),
                    "name": variation.full_name,
                    "sku": variation.sku,
                    "location": {"id": str(location.pk), "name": location.name},
                    "quantity": plain_number(row.balance),
                    "alert_quantity": plain_number(warned),
                    "at": row.created_at.isoformat(timespec="milliseconds"),
                },
            )
