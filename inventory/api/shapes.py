"""What the API says of the catalogue and of stock: plain dictionaries, built from rows at hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from accounts import versions
from accounts.access import can, location_ids
from accounts.permissions import Permission
from accounts.versions import plain
from inventory.models import Product, StockDocument, StockLevel, StockMovement, Variation
from inventory.showing import picture_address
from tenants.context import current
from tenants.models import Location
from tenants.spelling import plain_money, plain_number

Shape = dict[str, Any]
P = Permission

#: What is another after each writing, also of the same.
WRITTEN: Final = ("updated_at", "changed")


@dataclass(frozen=True, slots=True)
class Reader:
    """What the one who asks may know."""

    request: Any
    costs: bool
    places: Collection[Any] | None

    @classmethod
    def of(cls, request: Any) -> Reader:
        costs = can(request, P.PRODUCT_VIEW_PURCHASE_PRICE)
        return cls(request, costs, location_ids(request))

    def sees(self, location_id: Any) -> bool:
        return self.places is None or location_id in self.places


def product_shape(reader: Reader, product: Product) -> Shape:
    """A product of `inventory.api.products.whole`; reads nothing more."""
    digits = current().digits
    return {
        "id": product.pk,
        "version": version_of(product),
        "name": product.name,
        "kind": product.kind,
        "sku": product.sku,
        "description": product.description,
        "category": _named(product.category),
        "brand": _named(product.brand),
        "unit": _named(product.unit),
        "tax_rate": None
        if product.tax_rate is None
        else {
            "id": product.tax_rate.pk,
            "name": product.tax_rate.name,
            "rate": plain_number(product.tax_rate.rate),
        },
        "tax_inclusive": product.tax_inclusive,
        "is_stocked": product.is_stocked,
        "is_for_sale": product.is_for_sale,
        "adds_credit": product.adds_credit,
        "alert_quantity": _number(product.alert_quantity),
        "image": picture_address(reader.request, product),
        "is_active": product.is_active,
        "created_at": time(product.created_at),
        "updated_at": time(product.updated_at),
        "variations": [_variation(reader, one, digits) for one in product.variations.all()],
    }


def _variation(reader: Reader, one: Variation, digits: int) -> Shape:
    shape = {
        "id": one.pk,
        "name": one.name,
        "sku": one.sku,
        "price": plain_money(one.price, digits),
        "barcodes": [barcode.code for barcode in one.barcodes.all()],
        "prices": [
            {"location": row.location_id, "price": plain_money(row.price, digits)}
            for row in sorted(one.location_prices.all(), key=lambda row: str(row.location_id))
            if reader.sees(row.location_id)
        ],
        "is_active": one.is_active,
    }
    if reader.costs:
        shape["cost"] = plain_money(one.cost, digits)
    return shape


def version_of(product: Product) -> str:
    """Another one as soon as anything of the product is another, its costs too."""
    columns = [one.attname for one in Product._meta.concrete_fields if one.name not in WRITTEN]
    told: list[Any] = [[plain(getattr(product, name)) for name in columns]]
    for one in product.variations.all():
        told.append([one.pk, one.name, one.sku, plain(one.cost), plain(one.price), one.is_active])
        told[-1] += [[barcode.code for barcode in one.barcodes.all()]]
        prices = [(str(row.location_id), plain(row.price)) for row in one.location_prices.all()]
        told[-1] += [sorted(prices)]
    return versions.version_of(told)


def _named(row: Any) -> Shape | None:
    return None if row is None else {"id": row.pk, "name": row.name}


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain_number(value)


def time(moment: datetime) -> str:
    return moment.astimezone(current().zone).isoformat(timespec="milliseconds")


# -- stock ----------------------------------------------------------------------------------------


def place_shape(location: Location) -> Shape:
    return {"id": location.pk, "name": location.name, "code": location.code}


def variation_shape(variation: Variation) -> Shape:
    return {
        "id": variation.pk,
        "product": variation.product_id,
        "name": variation.full_name,
        "sku": variation.sku,
    }


def is_low(level: StockLevel) -> bool:
    alert = level.variation.product.alert_quantity
    return alert is not None and level.quantity < alert


def level_shape(reader: Reader, level: StockLevel) -> Shape:
    """A level with its variation, product, unit and location at hand.

    Of locations that are not the reader's own quantities alone are told.
    """
    variation = level.variation
    product = variation.product
    shape = {
        "variation": variation_shape(variation),
        "location": place_shape(level.location),
        "quantity": plain_number(level.quantity),
        "unit": "" if product.unit is None else product.unit.short_name,
        "alert_quantity": _number(product.alert_quantity),
        "is_low": is_low(level),
    }
    if can(reader.request, P.STOCK_VIEW_VALUE) and reader.sees(level.location_id):
        value = round(level.quantity * variation.cost, 4)
        shape["value"] = plain_money(value, current().digits)
    return shape


def movement_shape(reader: Reader, row: StockMovement) -> Shape:
    """A movement with its level, location and actor at hand."""
    level = row.level
    shape = {
        "id": row.pk,
        "variation": level.variation_id,
        "location": place_shape(level.location),
        "kind": row.kind,
        "quantity": plain_number(row.quantity),
        "balance": plain_number(row.balance),
        "document": {"id": row.document_id, "number": row.document_number},
        "line": row.line,
        "by": None if row.actor is None else str(row.actor),
        "at": row.created_at.astimezone(level.location.zone).isoformat(timespec="milliseconds"),
    }
    if reader.costs:
        shape["unit_cost"] = plain_money(row.unit_cost, current().digits)
    return shape


def document_shape(document: StockDocument) -> Shape:
    zone = document.location.zone
    return {
        "id": document.pk,
        "kind": document.kind,
        "number": document.number,
        "location": place_shape(document.location),
        "reason": document.reason,
        "note": document.note,
        "by": None if document.actor is None else str(document.actor),
        "at": document.created_at.astimezone(zone).isoformat(timespec="milliseconds"),
    }


def line_shape(row: StockMovement) -> Shape:
    return {
        "line": row.line,
        "variation": variation_shape(row.level.variation),
        "quantity": plain_number(row.quantity),
        "balance": plain_number(row.balance),
    }
