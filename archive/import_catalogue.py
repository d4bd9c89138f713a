"""Catalogue, prices, stock, suppliers and customers of an export."""

from __future__ import annotations

import uuid
from collections import defaultdict
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils import timezone

from accounts.models import Membership
from archive.own_rows import BarcodeRow, LocationPriceRow
from archive.references import BATCH, Counts, Move
from archive.remembered import bring_names
from archive.rows import (
    BrandRow,
    CategoryRow,
    CustomerRow,
    ProductRow,
    StockRow,
    SupplierRow,
    TaxRateRow,
    UnitRow,
    VariationRow,
)
from inventory.catalogue import refresh_search, search_form
from inventory.ledger import set_opening
from inventory.ledger_history import lock_levels
from inventory.models import (
    Barcode,
    Brand,
    Category,
    LocationPrice,
    Product,
    StockLevel,
    TaxRate,
    Unit,
    Variation,
)
from inventory.words import write_words_of
from purchasing.models import Supplier
from sales.models import Customer
from sales.models.customer import write_name_hashes
from tenants.models import Location

ZERO = Decimal(0)
NAMELESS = "(no name)"


def parents_first(rows: list[Any], above: str) -> list[Any]:
    """The rows of a tree in an order in which each follows the one it lies in."""
    by_id = {row.id: row for row in rows}
    done: dict[int, Any] = {}
    for row in rows:
        path = []
        at: Any = row
        while at is not None and at.id not in done:
            path.append(at)
            at = by_id.get(getattr(at, above))
        for one in reversed(path):
            done[one.id] = one
    return list(done.values())


def _active(row: Any) -> bool:
    """Whether a row is in use: our own files say so, others only when it was deleted."""
    said: bool | None = row.is_active
    return not row.deleted if said is None else said


def _made(row: Any) -> dict[str, Any]:
    """The time that the row came to be, where the file's word counts."""
    return {"created_at": row.made} if row.made is not None else {}


def bring_categories(move: Move) -> None:
    def values(row: CategoryRow) -> dict[str, Any]:
        return {
            "name": row.name or NAMELESS,
            "code": row.code,
            "description": row.description,
            "parent_id": move.id_of("categories", row.parent_id),
            "is_active": _active(row),
        }

    move.bring("categories", parents_first(move.rows("categories"), "parent_id"), Category, values)


def bring_small_tables(move: Move) -> list[uuid.UUID]:
    """Brands, units and tax rates. Returns the brands that changed."""

    def brand(row: BrandRow) -> dict[str, Any]:
        return {
            "name": row.name or NAMELESS,
            "description": row.description,
            "is_active": _active(row),
        }

    def unit(row: UnitRow) -> dict[str, Any]:
        return {
            "name": row.name or row.short_name or NAMELESS,
            "short_name": row.short_name or row.name[:20] or NAMELESS,
            "allow_decimal": row.allow_decimal,
            "base_unit_id": move.id_of("units", row.base_unit_id),
            "factor": row.factor if row.base_unit_id is not None else None,
            "is_active": _active(row),
        }

    def tax_rate(row: TaxRateRow) -> dict[str, Any]:
        return {
            "name": row.name or f"{row.rate.normalize():f}%",
            "rate": row.rate,
            "is_default": row.is_default and (move.export.is_own or not row.deleted),
            "is_active": _active(row),
        }

    move.bring("units", parents_first(move.rows("units"), "base_unit_id"), Unit, unit)
    move.bring("taxRates", move.rows("taxRates"), TaxRate, tax_rate)
    return move.bring("brands", move.rows("brands"), Brand, brand)


def _address(row: SupplierRow | CustomerRow) -> str:
    town = " ".join(part for part in (row.zip_code, row.city) if part)
    return "\n".join(part for part in (row.address, town, row.state, row.country) if part)


def _phone(row: SupplierRow | CustomerRow) -> str:
    return " / ".join(part for part in (row.phone, row.other_phone) if part)


def bring_contacts(move: Move) -> None:
    def supplier(row: SupplierRow) -> dict[str, Any]:
        return {
            "name": row.name or NAMELESS,
            "contact": row.contact,
            "email": row.email,
            "phone": _phone(row),
            "address": _address(row),
            "tax_number": row.tax_number,
            "payment_days": row.payment_days,
            "is_active": row.is_active and not row.deleted,
            **_made(row),
        }

    def customer(row: CustomerRow) -> dict[str, Any]:
        return {
            "name": row.name or NAMELESS,
            "email": row.email,
            "phone": _phone(row),
            "address": _address(row),
            "tax_number": row.tax_number,
            "credit_limit": row.credit_limit,
            "note": row.note or "",
            "is_active": row.is_active and not row.deleted,
            **_made(row),
        }

    move.bring("suppliers", move.rows("suppliers"), Supplier, supplier)
    changed = move.bring(
        "customers",
        move.rows("customers"),
        Customer,
        customer,
        prepare=Customer.index_contacts,
        made=partial(write_name_hashes, fresh=True),
    )
    for start in range(0, len(changed), BATCH):
        some = Customer.objects.filter(pk__in=changed[start : start + BATCH])
        write_name_hashes(some.only("name"))
    bring_names(move)


def bring_products(move: Move, changed_brands: list[uuid.UUID]) -> list[uuid.UUID]:
    """Returns the products whose variations are found by other words now."""
    now = timezone.now()
    variations: dict[int, int] = defaultdict(int)
    for row in move.rows("productVariations"):
        variations[row.product_id] += 1

    def values(row: ProductRow) -> dict[str, Any]:
        several = row.kind == "variable" or (not move.export.is_own and variations[row.id] > 1)
        return {
            "name": row.name,
            "kind": Product.Kind.VARIABLE if several else Product.Kind.SINGLE,
            "sku": row.sku,
            "description": row.description,
            "category_id": move.id_of("categories", row.category_id),
            "brand_id": move.id_of("brands", row.brand_id),
            "unit_id": move.id_of("units", row.unit_id),
            "tax_rate_id": move.id_of("taxRates", row.tax_id),
            "tax_inclusive": row.tax_type == "inclusive",
            "is_stocked": row.is_stocked,
            "is_for_sale": not row.not_for_sale,
            "alert_quantity": row.alert_quantity,
            "adds_credit": bool(row.adds_credit),
            "is_active": row.is_active and not row.deleted,
            "updated_at": row.updated or now,
            **_made(row),
        }

    rows = move.rows("products")
    combos = sum(1 for row in rows if row.kind == "combo")
    if combos:
        move.notes.append(f"{combos} combo products came in as ordinary products.")
    changed = move.bring("products", rows, Product, values)
    changed += Product.objects.filter(brand__in=changed_brands).values_list("pk", flat=True)
    return changed


def bring_variations(move: Move, changed_products: list[uuid.UUID]) -> None:
    rows = move.rows("productVariations")
    position: dict[int, int] = {}
    of_product: dict[int, int] = defaultdict(int)
    for row in rows:
        position[row.id] = of_product[row.product_id]
        of_product[row.product_id] += 1
    codes: dict[int, list[str]] = defaultdict(list)
    for barcode in move.rows("barcodes"):
        codes[barcode.variation_id].append(barcode.code)

    def values(row: VariationRow) -> dict[str, Any]:
        product = move.export.products[row.product_id]
        name = _variation_name(move, row, product)
        sku = row.sku if move.export.is_own else row.sku or row.sub_sku
        cost = row.cost if row.cost is not None else product.cost
        price = row.price if row.price is not None else product.price
        active = product.is_active and not product.deleted and not row.deleted
        brand = move.export.brands[product.brand_id].name if product.brand_id is not None else ""
        words = (product.name, name, sku, product.sku, *sorted(codes[row.id]), brand)
        return {
            "product_id": move.ids["products"][row.product_id],
            "name": name,
            "sku": sku,
            "cost": cost or ZERO,
            "price": price or ZERO,
            "position": position[row.id] if row.position is None else row.position,
            "is_active": active if row.is_active is None else row.is_active,
            "search_text": search_form(" ".join(part for part in words if part)),
        }

    texts: dict[uuid.UUID, str] = {}

    def made(new: list[Variation]) -> None:
        texts.update((one.pk, one.search_text) for one in new)

    changed = move.bring("productVariations", rows, Variation, values, made=made)
    # After all of them: PostgreSQL plans the check of the words' key at the first one, and in a
    # table of a thousand rows without statistics it takes an index that reads the whole business.
    write_words_of(texts, fresh=True)
    touched = Variation.objects.filter(pk__in=changed).values_list("product_id", flat=True)
    refresh_search({*changed_products, *touched, *_bring_barcodes(move)})


def _variation_name(move: Move, row: VariationRow, product: ProductRow) -> str:
    if move.export.is_own:
        return row.own_name or ""
    single = product.kind != "variable" and row.name.casefold() in ("default", "dummy")
    return "" if single else row.name


def _bring_barcodes(move: Move) -> set[uuid.UUID]:
    """Returns the products that are found by other codes now."""

    def barcode(row: BarcodeRow) -> dict[str, Any]:
        return {
            "variation_id": move.ids["productVariations"][row.variation_id],
            "code": row.code,
        }

    new: list[Barcode] = []
    changed = move.bring("barcodes", move.rows("barcodes"), Barcode, barcode, made=new.extend)
    if move.is_new:  # found by them already
        return set()
    keys = [*changed, *(one.pk for one in new)]
    found = Barcode.objects.filter(pk__in=keys).values_list("variation__product_id", flat=True)
    return set(found)


def _bring_prices(move: Move, rows: list[StockRow]) -> None:
    def price(row: StockRow | LocationPriceRow) -> dict[str, Any]:
        return {
            "variation_id": move.ids["productVariations"][row.variation_id],
            "location_id": move.ids["locations"][row.location_id],
            "price": row.price,
        }

    priced = [row for row in rows if row.price is not None]
    move.bring("stock prices", sorted(priced, key=lambda r: r.id), LocationPrice, price)
    move.bring("locationPrices", move.rows("locationPrices"), LocationPrice, price)


def bring_stock(move: Move) -> None:
    """Prices of locations, and quantities as opening movements, one document per location.

    Where a variation has moved already, its quantity is what happened here, and stays. A file with
    movements brings levels by those, in archive/import_books.py.
    """
    rows = [
        row
        for row in move.export.stock.values()
        if move.export.locations[row.location_id].business_id == move.row.id
    ]
    _bring_prices(move, rows)
    counts = move.counts.setdefault("stock", Counts())
    if move.export.is_own:
        if move.is_new:
            lock_levels(
                (move.ids["locations"][row.location_id],
                 move.ids["productVariations"][row.variation_id])
                for row in rows
            )  # fmt: skip
            counts.created += len(rows)
        else:
            counts.same += len(rows)
        move.wrote(len(rows))
        return
    stocked = {
        row.id
        for row in move.rows("productVariations")
        if move.export.products[row.product_id].is_stocked
    }
    by_place: dict[int, list[StockRow]] = defaultdict(list)
    for row in rows:
        by_place[row.location_id].append(row)
    services = sum(_open(move, place, found, stocked) for place, found in sorted(by_place.items()))
    if services:
        move.notes.append(f"{services} quantities of products that keep no stock were left out.")


def _owner() -> Membership | None:
    found: Membership | None = (
        Membership.objects.filter(is_owner=True).select_related("user").first()
    )
    return found


def _open(move: Move, place: int, rows: list[StockRow], stocked: set[int]) -> int:
    """Opening stock at one location; returns how many quantities of services there are."""
    counts = move.counts["stock"]
    owner = move.arrival.by if move.arrival is not None else _owner()
    location = Location.objects.get(pk=move.ids["locations"][place])
    there = set(StockLevel.objects.filter(location=location).values_list("variation", flat=True))
    services = 0
    quantities = {}
    for row in rows:
        key = move.ids["productVariations"][row.variation_id]
        if row.variation_id not in stocked:
            services += bool(row.quantity)
        elif key in there:
            counts.same += 1
        else:  # none of it is a quantity too: the product is kept there
            quantities[key] = row.quantity
    if quantities:
        costs = dict(Variation.objects.values_list("pk", "cost"))
        set_opening(
            actor=owner.user if owner else None,
            location=location,
            quantities=quantities,
            costs=costs,
            note="Import",
        )
    counts.created += len(quantities)
    move.wrote(len(rows))
    return services
