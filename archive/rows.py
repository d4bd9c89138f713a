"""The rows of an export file, typed: which columns we read, and what fits into each.

`parse` checks one row by itself. What rows say about each other is archive/validation.py.
"""

# ruff: noqa: RUF009 - `column` makes a field; nothing mutable is shared between rows.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeVar

from archive.exportfile import Nested
from archive.fitting import (
    Unfit,
    currency_code,
    flag,
    instant,
    key,
    keys,
    links,
    moment,
    names_elsewhere,
    nested_rows,
    not_negative,
    number,
    one_of,
    password_hash,
    percent,
    settings,
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


def own(name: str, fits: Callable[[Any], Any], /) -> Any:
    """A column that only our own files have; None where it is empty and in other files."""
    data = {"column": name, "fits": fits, "otherwise": None, "own": True}
    return field(default=None, repr=False, metadata=data)


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
    address: str | None = own("address", text(10_000))
    own_time_zone: str | None = own("ownTimeZone", text(64))
    receipt_header: str | None = own("receiptHeader", text(10_000))
    receipt_footer: str | None = own("receiptFooter", text(10_000))
    below_zero: str | None = own("belowZero", one_of("refuse", "allow"))


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
    made: datetime | None = own("createdAt", instant)
    slug: str | None = own("slug", text(60))
    locale: str | None = own("locale", text(20))
    cash_step: Decimal | None = own("cashStep", not_negative)
    is_active: bool | None = own("isActive", flag)
    settings: dict[str, Any] | None = own("settings", settings)


@dataclass(slots=True)
class UserRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    surname: str = column("surname", text(100), "")
    first_name: str = column("firstName", text(200), "")
    last_name: str = column("lastName", text(200), "")
    username: str = column("username", text(150))
    email: str = column("email", text(254), "")
    password: str = column("password", password_hash, "")
    language: str = column("language", text(10), "")
    allow_login: bool = column("allowLogin", flag, True)
    deleted: bool = column("deletedAt", moment, False)
    roles: list[tuple[int, str]] = column("roles", links("roleId", "role", "name"), ())
    permissions: list[tuple[int, str]] = column(
        "permissions", links("permissionId", "permission", "name"), ()
    )
    made: datetime | None = own("createdAt", instant)
    person_id: int | None = own("personId", key)
    is_member: bool | None = own("isMember", flag)
    is_active: bool | None = own("isActive", flag)
    is_owner: bool | None = own("isOwner", flag)
    all_locations: bool | None = own("allLocations", flag)
    location_ids: list[int] | None = own("locationIds", keys)
    must_change_password: bool | None = own("mustChangePassword", flag)
    member_since: datetime | None = own("memberSince", instant)


@dataclass(slots=True)
class RoleRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(100))
    permissions: list[tuple[int, str]] = column(
        "permissions", links("permissionId", "permission", "name"), ()
    )
    description: str | None = own("description", text(200))


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
    is_active: bool | None = own("isActive", flag)


@dataclass(slots=True)
class BrandRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(200), "")
    description: str = column("description", text(10_000), "")
    deleted: bool = column("deletedAt", moment, False)
    is_active: bool | None = own("isActive", flag)


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
    is_active: bool | None = own("isActive", flag)


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
    made: datetime | None = own("createdAt", instant)
    updated: datetime | None = own("updatedAt", instant)
    adds_credit: bool | None = own("addsCredit", flag)


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
    own_name: str | None = own("ownName", text(200))
    position: int | None = own("position", whole)
    is_active: bool | None = own("isActive", flag)


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
    phone: str = column("mobile", text(200), "")
    other_phone: str = column("alternateNumber", text(200), "")
    address: str = column("address", text(10_000), "")
    city: str = column("city", text(200), "")
    state: str = column("state", text(200), "")
    zip_code: str = column("zipCode", text(40), "")
    country: str = column("country", text(200), "")
    tax_number: str = column("taxNumber", text(200), "")
    payment_days: int | None = column("paymentTerms", whole, None)
    is_active: bool = column("isActive", flag, True)
    deleted: bool = column("deletedAt", moment, False)
    made: datetime | None = own("createdAt", instant)


@dataclass(slots=True)
class CustomerRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(200), "")
    email: str = column("email", text(254), "")
    phone: str = column("mobile", text(200), "")
    other_phone: str = column("alternateNumber", text(200), "")
    address: str = column("address", text(10_000), "")
    city: str = column("city", text(200), "")
    state: str = column("state", text(200), "")
    zip_code: str = column("zipCode", text(40), "")
    country: str = column("country", text(200), "")
    tax_number: str = column("taxNumber", text(200), "")
    credit_limit: Decimal | None = column("creditLimit", not_negative, None)
    is_active: bool = column("isActive", flag, True)
    deleted: bool = column("deletedAt", moment, False)
    made: datetime | None = own("createdAt", instant)
    note: str | None = own("note", text(10_000))
    references: list[list[str]] | None = own("references", names_elsewhere)


@dataclass(slots=True)
class TaxRateRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(100), "")
    rate: Decimal = column("amount", percent)
    is_default: bool = column("isDefault", flag, False)
    deleted: bool = column("deletedAt", moment, False)
    is_active: bool | None = own("isActive", flag)


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
def _columns(kind: type, own_file: bool) -> list[tuple[str, str, Callable[[Any], Any], Any]]:
    return [
        (f.name, f.metadata["column"], f.metadata["fits"], f.metadata["otherwise"])
        for f in fields(kind)
        if own_file or not f.metadata.get("own")
    ]


@cache
def own_fields(kind: type) -> tuple[str, ...]:
    """The attributes that only our own files fill."""
    return tuple(f.name for f in fields(kind) if f.metadata.get("own"))


@cache
def _known(kind: type, own_file: bool) -> frozenset[str]:
    aside = _LEFT_ASIDE.get(kind, "").split()
    known = [c[1] for c in _columns(kind, own_file)]
    return frozenset(known) | {*aside, "createdAt", "updatedAt"}


def unknown_columns(kind: type, raw: dict[str, Any], *, own_file: bool = False) -> set[str]:
    return raw.keys() - _known(kind, own_file)


def parse(
    kind: type[Row],
    table: str,
    place: int | str,
    raw: dict[str, Any],
    faults: list[Fault],
    *,
    own_file: bool = False,
) -> Row | None:
    """The typed row; None with at least one new fault where a value does not fit.

    Text is stripped, except in our own files, and empty text counts as nothing.
    """
    values: dict[str, Any] = {}
    before = len(faults)
    for name, title, fits, otherwise in _columns(kind, own_file):  # type: ignore[arg-type]
        value = raw.get(title)
        if isinstance(value, str) and not own_file:
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
            shown = "" if fits is password_hash else _shown(value)
            faults.append(Fault(table, place, title, str(unfit), shown))
    return kind(**values) if len(faults) == before else None


def _shown(value: Any) -> str:
    """The value as the report shows it: short."""
    if value is None or isinstance(value, Nested | dict | list):
        return ""
    told = str(value)
    return told if len(told) <= 60 else told[:57] + "…"
