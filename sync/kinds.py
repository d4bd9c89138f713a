"""What is copied: the one table of kinds, with the shape of each row.

`rendering.py` writes the rows by it, on PostgreSQL inside the database; `description.py` describes
them by it. A row begins with `version`, a number that is another one when the row reads otherwise,
and `id`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from accounts.permissions import Permission
from inventory.models import (
    Barcode,
    Brand,
    Category,
    LocationPrice,
    Product,
    StockLevel,
    StockMovement,
    TaxRate,
    Unit,
    Variation,
)
from sales.models import Customer


class Type(Enum):
    """How a value is written: a `LINK` is an id or null, `MONEY` has the currency's digits at least,
    `FILLED` tells of a text only whether there is one."""

    ID = "id"
    LINK = "link"
    TEXT = "text"
    BOOL = "bool"
    FILLED = "filled"
    WHOLE = "whole"
    NUMBER = "number"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Kind:
    """One list of rows. `key` is the column that holds a row's id.

    `placed`: rows of one location. `log`: the table whose column `changed` says what is new, and
    how its rows name the kind's; without one the marks say it alone. `sealed`: some column is
    encrypted, so Python writes the rows. `shown`: which rows exist for a copy.
    """

    name: str
    model: Any
    columns: tuple[tuple[str, str, Type], ...]
    permissions: tuple[Permission, ...]
    key: str = "id"
    placed: bool = False
    log: Any = None
    sealed: bool = False
    active_alone: bool = False

    def rows(self, location_id: Any) -> Any:
        """Every row that a copy at this location has, in no order."""
        rows = self.model.objects.order_by()
        if self.placed:
            rows = rows.filter(location=location_id)
        if self.active_alone:
            rows = rows.filter(is_active=True)
        return rows

    def logged(self, location_id: Any) -> Any:
        """The rows whose `changed` counts: its own, or the movements of its levels."""
        if self.log is StockMovement:
            return StockMovement.objects.filter(level__location=location_id)
        return self.rows(location_id)


CATALOGUE = (Permission.PRODUCT_VIEW, Permission.SELL_CREATE)

KINDS = (
    Kind(
        "tax_rates",
        TaxRate,
        (
            ("name", "name", Type.TEXT),
            ("rate", "rate", Type.NUMBER),
            ("is_default", "is_default", Type.BOOL),
            ("is_active", "is_active", Type.BOOL),
        ),
        CATALOGUE,
    ),
    Kind(
        "units",
        Unit,
        (
            ("name", "name", Type.TEXT),
            ("short_name", "short_name", Type.TEXT),
            ("allow_decimal", "allow_decimal", Type.BOOL),
            ("is_active", "is_active", Type.BOOL),
        ),
        CATALOGUE,
    ),
    Kind(
        "categories",
        Category,
        (
            ("name", "name", Type.TEXT),
            ("code", "code", Type.TEXT),
            ("parent", "parent_id", Type.LINK),
            ("is_active", "is_active", Type.BOOL),
        ),
        CATALOGUE,
    ),
    Kind(
        "brands",
        Brand,
        (("name", "name", Type.TEXT), ("is_active", "is_active", Type.BOOL)),
        CATALOGUE,
    ),
    Kind(
        "products",
        Product,
        (
            ("name", "name", Type.TEXT),
            ("kind", "kind", Type.TEXT),
            ("sku", "sku", Type.TEXT),
            ("category", "category_id", Type.LINK),
            ("brand", "brand_id", Type.LINK),
            ("unit", "unit_id", Type.LINK),
            ("tax_rate", "tax_rate_id", Type.LINK),
            ("tax_inclusive", "tax_inclusive", Type.BOOL),
            ("is_stocked", "is_stocked", Type.BOOL),
            ("is_for_sale", "is_for_sale", Type.BOOL),
            ("adds_credit", "adds_credit", Type.BOOL),
            ("has_image", "image", Type.FILLED),
            ("is_active", "is_active", Type.BOOL),
        ),
        CATALOGUE,
        log=Product,
    ),
    Kind(
        "variations",
        Variation,
        (
            ("product", "product_id", Type.ID),
            ("name", "name", Type.TEXT),
            ("sku", "sku", Type.TEXT),
            ("price", "price", Type.MONEY),
            ("position", "position", Type.WHOLE),
            ("is_active", "is_active", Type.BOOL),
        ),
        CATALOGUE,
        log=Variation,
    ),
    Kind(
        "barcodes",
        Barcode,
        (("variation", "variation_id", Type.ID), ("code", "code", Type.TEXT)),
        CATALOGUE,
        log=Barcode,
    ),
    Kind(
        "prices",
        LocationPrice,
        (("price", "price", Type.MONEY),),
        CATALOGUE,
        key="variation_id",
        placed=True,
        log=LocationPrice,
    ),
    Kind(
        "stock",
        StockLevel,
        (("quantity", "quantity", Type.NUMBER),),
        (Permission.STOCK_VIEW,),
        key="variation_id",
        placed=True,
        log=StockMovement,
    ),
    Kind(
        "customers",
        Customer,
        (
            ("name", "name", Type.TEXT),
            ("phone", "phone", Type.TEXT),
            ("email", "email", Type.TEXT),
        ),
        (Permission.CUSTOMER_VIEW,),
        sealed=True,
        active_alone=True,
    ),
)


def named(name: str) -> Kind | None:
    return next((kind for kind in KINDS if kind.name == name), None)


def visible(can: Callable[[Permission], bool]) -> tuple[Kind, ...]:
    """The kinds that somebody with these permissions may have, in the order in which they are told."""
    return tuple(kind for kind in KINDS if any(can(one) for one in kind.permissions))
