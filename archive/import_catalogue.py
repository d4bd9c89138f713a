"""Catalogue, prices, stock, suppliers and customers of an export."""

from __future__ import annotations

import uuid
from collections import defaultdict
from decimal import Decimal
from typing import Any

from accounts.models import Membership
from archive.references import Counts, Move
from archive.rows import (
    BrandRow,
    CategoryRow,
    CustomerRow,
    ProductRow,
    SupplierRow,
    TaxRateRow,
    UnitRow,
    VariationRow,
)
from inventory.catalogue import refresh_search, search_form
from inventory.ledger import set_opening
from inventory.models import (
    Brand,
    Category,
    LocationPrice,
    Product,
    StockLevel,
    TaxRate,
    Unit,
    Variation,
)
from inventory.words import write_words
from purchasing.models import Supplier
from sales.models import Customer
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


def bring_categories(move: Move) -> None:
    def values(row: CategoryRow) -> dict[str, Any]:
        return {
            "name": row.name or NAMELESS,
            "code": row.code,
            "description": row.description,
            "parent_id": move.id_of("categories", row.parent_id),
            "is_active": not row.deleted,
        }

    move.bring("categories", parents_first(move.rows("categories"), "parent_id"), Category, values)


def bring_small_tables(move: Move) -> list[uuid.UUID]:
    """Brands, units and tax rates. Returns the brands that changed."""

    def brand(row: BrandRow) -> dict[str, Any]:
        return {
            "name": row.name or NAMELESS,
            "description": row.description,
            "is_active": not row.deleted,
        }

    def unit(row: UnitRow) -> dict[str, Any]:
        return {
            "name": row.name or row.short_name or NAMELESS,
            "short_name": row.short_name or row.name[:20] or NAMELESS,
            "allow_decimal": row.allow_decimal,
            "base_unit_id": move.id_of("units", row.base_unit_id),
            "factor": row.factor if row.base_unit_id is not None else None,
            "is_active": not row.deleted,
        }

    def tax_rate(row: TaxRateRow) -> dict[str, Any]:
        return {
            "name": row.name or f"{row.rate.normalize():f}%",
            "rate": row.rate,
            "is_default": row.is_default and not row.deleted,
            "is_active": not row.deleted,
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
        }

    def customer(row: CustomerRow) -> dict[str, Any]:
        return {
            "name": row.name or NAMELESS,
            "email": row.email,
            "phone": _phone(row),
            "address": _address(row),
            "tax_number": row.tax_number,
            "credit_limit": row.credit_limit,
            "is_active": row.is_active and not row.deleted,
        }

    move.bring("suppliers", move.rows("suppliers"), Supplier, supplier)
    move.bring(
        "customers", move.rows("customers"), Customer, customer, prepare=Customer.index_contacts
    )


def bring_products(move: Move, changed_brands: list[uuid.UUID]) -> list[uuid.UUID]:
    """Returns the products whose variations are found by other words now."""
    variations: dict[int, int] = defaultdict(int)
    for row in move.rows("productVariations"):
        variations[row.product_id] += 1

    def values(row: ProductRow) -> dict[str, Any]:
        several = row.kind == "variable" or variations[row.id] > 1
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
            "is_active": row.is_active and not row.deleted,
        }

    rows = move.rows("products")
    combos = sum(1 for row in rows if row.kind == "combo")
    if combos:
        move.notes.append(f"{combos} combo products came in as ordinary products.")
    changed = move.bring("products", rows, Product, values)
    changed += Product.objects.filter(brand__in=changed_brands).values_list("pk", flat=True)
    return changed


def bring_variations(move: Move, changed_products: list[uuid.UUID]) -> None:
    products = move.export.products
    brands = move.export.brands
    rows = move.rows("productVariations")
    position: dict[int, int] = {}
    of_product: dict[int, int] = defaultdict(int)
    for row in rows:
        position[row.id] = of_product[row.product_id]
        of_product[row.product_id] += 1

    def values(row: VariationRow) -> dict[str, Any]:
        product = products[row.product_id]
        single = product.kind != "variable" and row.name.casefold() in ("default", "dummy")
        name = "" if single else row.name
        sku = row.sku or row.sub_sku
        cost = row.cost if row.cost is not None else product.cost
        price = row.price if row.price is not None else product.price
        brand = brands[product.brand_id].name if product.brand_id is not None else ""
        return {
            "product_id": move.ids["products"][row.product_id],
            "name": name,
            "sku": sku,
            "cost": cost or ZERO,
            "price": price or ZERO,
            "position": position[row.id],
            "is_active": product.is_active and not product.deleted and not row.deleted,
            "search_text": search_form(
                " ".join(part for part in (product.name, name, sku, product.sku, brand) if part)
            ),
        }

    changed = move.bring(
        "productVariations",
        rows,
        Variation,
        values,
        made=lambda new: write_words(new, fresh=True),
    )
    touched = Variation.objects.filter(pk__in=changed).values_list("product_id", flat=True)
    refresh_search({*changed_products, *touched})


def bring_stock(move: Move) -> None:
    """Prices of locations, and quantities as opening movements, one document per location.

    Where a variation has moved already, its quantity is what happened here, and stays.
    """
    stocked = {
        row.id
        for row in move.rows("productVariations")
        if move.export.products[row.product_id].is_stocked
    }
    by_place: dict[int, list[Any]] = defaultdict(list)
    prices = []
    for row in move.export.stock.values():
        if move.export.locations[row.location_id].business_id == move.row.id:
            by_place[row.location_id].append(row)
            if row.price is not None:
                prices.append(row)

    def price(row: Any) -> dict[str, Any]:
        return {
            "variation_id": move.ids["productVariations"][row.variation_id],
            "location_id": move.ids["locations"][row.location_id],
            "price": row.price,
        }

    move.bring("stock prices", sorted(prices, key=lambda r: r.id), LocationPrice, price)
    counts = move.counts.setdefault("stock", Counts())
    owner = Membership.objects.filter(is_owner=True).select_related("user").first()
    costs = dict(Variation.objects.values_list("pk", "cost"))
    services = 0
    for place, rows in sorted(by_place.items()):
        location = Location.objects.get(pk=move.ids["locations"][place])
        there = set(
            StockLevel.objects.filter(location=location).values_list("variation", flat=True)
        )
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
            set_opening(
                actor=owner.user if owner else None,
                location=location,
                quantities=quantities,
                costs=costs,
                note="Import",
            )
        counts.created += len(quantities)
        move.wrote(len(rows))
    if services:
        move.notes.append(f"{services} quantities of products that keep no stock were left out.")
