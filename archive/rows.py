"""The rows of an export file, typed: which columns we read, and what fits into each.

`parse` checks one row by itself. What rows say about each other is archive/validation.py.
"""

# ruff: noqa: RUF009 - `column` makes a field; nothing mutable is shared between rows.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeVar

from archive.exportfile import Nested
from archive.fitting import (
    Unfit,
    bcrypt,
    currency_code,
    flag,
    key,
    links,
    moment,
    nested_rows,
    not_negative,
    number,
    one_of,
    percent,
    text,
    whole,
)


@dataclass(slots=True, frozen=True)
class Fault:
    """One thing that is wrong. `id` is the row's own, or its place where it has none."""

    table: str
    id: int | str | None
    field: str
    reason: str
    value: str = ""

    def __str__(self) -> str:
        place = f"{self.table} {self.id}" if self.id is not None else self.table
        told = f" ({self.value})" if self.value else ""
        return f"{place}{', ' + self.field if self.field else ''}: {self.reason}{told}"


def column(name: str, fits: Callable[[Any], Any], otherwise: Any = ..., /) -> Any:
    """A column of the file. Without ``otherwise`` it may not be empty."""
    return field(metadata={"column": name, "fits": fits, "otherwise": otherwise})


@dataclass(slots=True)
class LocationRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(200))
    code: str = column("locationCode", text(100), "")
    landmark: str = column("landmark", text(200), "")
    city: str = column("city", text(200), "")
    state: str = column("state", text(200), "")
    zip_code: str = column("zipCode", text(40), "")
    country: str = column("country", text(200), "")
    phone: str = column("mobile", text(40), "")
    is_active: bool = column("isActive", flag, True)
    deleted: bool = column("deletedAt", moment, False)


@dataclass(slots=True)
class BusinessRow:
    id: int = column("id", key)
    name: str = column("name", text(200))
    owner_id: int | None = column("ownerId", key, None)
    currency: str = column("currency", currency_code)
    time_zone: str = column("timeZone", text(64), "UTC")
    tax_label: str = column("taxLabel1", text(30), "")
    tax_number: str = column("taxNumber1", text(200), "")
    sell_price_tax: str = column("sellPriceTax", one_of("includes", "excludes"), "includes")
    created: str = column("createdAt", text(40), "")
    locations: list[Any] = column("locations", nested_rows, ())


@dataclass(slots=True)
class UserRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    surname: str = column("surname", text(100), "")
    first_name: str = column("firstName", text(200), "")
    last_name: str = column("lastName", text(200), "")
    username: str = column("username", text(150))
    email: str = column("email", text(254), "")
    password: str = column("password", bcrypt, "")
    language: str = column("language", text(10), "")
    allow_login: bool = column("allowLogin", flag, True)
    deleted: bool = column("deletedAt", moment, False)
    roles: list[tuple[int, str]] = column("roles", links("roleId", "role", "name"), ())
    permissions: list[tuple[int, str]] = column(
        "permissions", links("permissionId", "permission", "name"), ()
    )


@dataclass(slots=True)
class RoleRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(100))
    permissions: list[tuple[int, str]] = column(
        "permissions", links("permissionId", "permission", "name"), ()
    )


@dataclass(slots=True)
class PermissionRow:
    id: int = column("id", key)
    name: str = column("name", text(100))


@dataclass(slots=True)
class CategoryRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(200), "")
    code: str = column("shortCode", text(30), "")
    description: str = column("description", text(10_000), "")
    parent_id: int | None = column("parentId", key, None)
    deleted: bool = column("deletedAt", moment, False)


@dataclass(slots=True)
class BrandRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(200), "")
    description: str = column("description", text(10_000), "")
    deleted: bool = column("deletedAt", moment, False)


@dataclass(slots=True)
class UnitRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(100), "")
    short_name: str = column("shortName", text(20), "")
    allow_decimal: bool = column("allowDecimal", flag, False)
    base_unit_id: int | None = column("baseUnitId", key, None)
    factor: Decimal | None = column("baseUnitMultiplier", number, None)
    deleted: bool = column("deletedAt", moment, False)


@dataclass(slots=True)
class ProductRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(300))
    kind: str = column("type", one_of("single", "variable", "combo"), "single")
    category_id: int | None = column("categoryId", key, None)
    brand_id: int | None = column("brandId", key, None)
    unit_id: int | None = column("unitId", key, None)
    tax_id: int | None = column("taxId", key, None)
    tax_type: str = column("taxType", one_of("inclusive", "exclusive"), "inclusive")
    sku: str = column("sku", text(100), "")
    description: str = column("description", text(100_000), "")
    is_stocked: bool = column("enableStock", flag, True)
    alert_quantity: Decimal | None = column("alertQuantity", number, None)
    cost: Decimal | None = column("purchasePrice", not_negative, None)
    price: Decimal | None = column("sellingPrice", not_negative, None)
    not_for_sale: bool = column("notForSelling", flag, False)
    is_active: bool = column("isActive", flag, True)
    deleted: bool = column("deletedAt", moment, False)


@dataclass(slots=True)
class VariationRow:
    id: int = column("id", key)
    product_id: int = column("productId", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(200), "")
    sku: str = column("sku", text(100), "")
    sub_sku: str = column("subSku", text(100), "")
    cost: Decimal | None = column("purchasePrice", not_negative, None)
    price: Decimal | None = column("sellingPrice", not_negative, None)
    unit_id: int | None = column("unitId", key, None)
    supplier_id: int | None = column("supplierId", key, None)
    deleted: bool = column("deletedAt", moment, False)


@dataclass(slots=True)
class StockRow:
    id: int = column("id", key)
    product_id: int = column("productId", key)
    variation_id: int = column("productVariationId", key)
    location_id: int = column("locationId", key)
    quantity: Decimal = column("qtyAvailable", number, Decimal("0.0000"))
    price: Decimal | None = column("sellingPrice", not_negative, None)


@dataclass(slots=True)
class SupplierRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(200), "")
    contact: str = column("contactPerson", text(200), "")
    email: str = column("email", text(254), "")
    phone: str = column("mobile", text(60), "")
    other_phone: str = column("alternateNumber", text(60), "")
    address: str = column("address", text(1000), "")
    city: str = column("city", text(200), "")
    state: str = column("state", text(200), "")
    zip_code: str = column("zipCode", text(40), "")
    country: str = column("country", text(200), "")
    tax_number: str = column("taxNumber", text(200), "")
    payment_days: int | None = column("paymentTerms", whole, None)
    is_active: bool = column("isActive", flag, True)
    deleted: bool = column("deletedAt", moment, False)


@dataclass(slots=True)
class CustomerRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(200), "")
    email: str = column("email", text(254), "")
    phone: str = column("mobile", text(60), "")
    other_phone: str = column("alternateNumber", text(60), "")
    address: str = column("address", text(1000), "")
    city: str = column("city", text(200), "")
    state: str = column("state", text(200), "")
    zip_code: str = column("zipCode", text(40), "")
    country: str = column("country", text(200), "")
    tax_number: str = column("taxNumber", text(200), "")
    credit_limit: Decimal | None = column("creditLimit", not_negative, None)
    is_active: bool = column("isActive", flag, True)
    deleted: bool = column("deletedAt", moment, False)


@dataclass(slots=True)
class TaxRateRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(100), "")
    rate: Decimal = column("amount", percent)
    is_default: bool = column("isDefault", flag, False)
    deleted: bool = column("deletedAt", moment, False)


Row = TypeVar("Row")

#: Columns of the format that we know and leave aside.
_LEFT_ASIDE: Final[dict[type, str]] = {
    LocationRow: "alternateNumber email zCounter resetCounter accumulatedSales",
    BusinessRow: (
        "startDate currencyId taxNumber2 taxLabel2 defaultProfitPercent fyStartMonth accountingMethod "
        "defaultSalesDiscount logo skuPrefix skuFormat enableTooltip enableSubUnits "
        "enableSeniorPwdDiscount invoiceScheme zCounter resetCounter accumulatedSales"
    ),
    UserRow: "contactNumber altNumber familyNumber userType selectedContacts maxSaleDiscount",
    RoleRow: "guardName isDefault",
    PermissionRow: "guardName",
    ProductRow: (
        "barcodeType productDescription image brochure reorderPoint reorderQuantity leadTimeDays "
        "safetyStockDays enableAutoReorder marginPercentage weight preparationTime "
        "enableProductInfo subUnitIds category brand unit variations"
    ),
    VariationRow: (
        "isDefault warrantyId lastPurchaseDate lastPurchaseCost lastPurchaseQuantity product"
    ),
    StockRow: (
        "pricePercentage openingStockLocked openingStockSetAt openingStockSetBy lastPriceUpdate "
        "lastPriceUpdatedBy"
    ),
    SupplierRow: "creditLimit",
    CustomerRow: "businessStyle",
}


@cache
def _columns(kind: type) -> list[tuple[str, str, Callable[[Any], Any], Any]]:
    return [
        (f.name, f.metadata["column"], f.metadata["fits"], f.metadata["otherwise"])
        for f in fields(kind)
    ]


@cache
def _known(kind: type) -> frozenset[str]:
    aside = _LEFT_ASIDE.get(kind, "").split()
    return frozenset([c[1] for c in _columns(kind)]) | {*aside, "createdAt", "updatedAt"}


def unknown_columns(kind: type, raw: dict[str, Any]) -> set[str]:
    return raw.keys() - _known(kind)


def parse(
    kind: type[Row], table: str, place: int | str, raw: dict[str, Any], faults: list[Fault]
) -> Row | None:
    """The typed row; None with at least one new fault where a value does not fit.

    Text is stripped, and empty text counts as nothing.
    """
    values: dict[str, Any] = {}
    before = len(faults)
    for name, title, fits, otherwise in _columns(kind):  # type: ignore[arg-type]
        value = raw.get(title)
        if isinstance(value, str):
            value = value.strip()
        try:
            if value is None or value == "":
                if otherwise is ...:
                    raise Unfit("is missing" if title not in raw else "is empty")
                values[name] = otherwise
            elif isinstance(value, Nested):
                raise Unfit("is not a single value")
            else:
                values[name] = fits(value)
        except Unfit as unfit:
            faults.append(Fault(table, place, title, str(unfit), _shown(value)))
    return kind(**values) if len(faults) == before else None


def _shown(value: Any) -> str:
    """The value as the report shows it: short, and never a password."""
    if value is None or isinstance(value, Nested | dict | list):
        return ""
    told = str(value)
    if told.startswith("$2"):
        return ""
    return told if len(told) <= 60 else told[:57] + "…"
