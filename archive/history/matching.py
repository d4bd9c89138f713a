"""Which product a code is, and which customer: found by what they are called, made when missing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from archive.history.mapping import SalesMap
from archive.history.survey import Code, Survey
from archive.made_customers import note_references, write_customers
from archive.products.journal import PRINTED, Journal
from archive.remembered import known_customers
from inventory.catalogue import refresh_search
from inventory.models import Barcode, Product, Variation
from sales.models import Customer
from tenants.context import current

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Item:
    """A variation that a code stands for; `is_stocked` as its product is."""

    pk: uuid.UUID
    sku: str
    name: str
    is_stocked: bool


# -- products -------------------------------------------------------------------------------------


def find_items(codes: Mapping[str, Code]) -> dict[str, Item]:
    """{code without letter case: its item}: by SKU, then barcode, then the product's own code.

    Among several of one SKU the exact spelling wins, then what is active, then the older one.
    """
    found: dict[str, tuple[tuple[int, ...], Item]] = {}

    def offer(code: str, rank: int, item: Item, active: bool) -> None:
        folded = code.strip().casefold()
        if folded not in codes:
            return
        exact = code in codes[folded].spellings
        order = (rank, not exact, not active)
        if folded not in found or order < found[folded][0]:
            found[folded] = (order, item)

    rows = Variation.objects.order_by("pk").values_list(
        "pk", "sku", "name", "is_active", "product__name", "product__sku", "product__kind",
        "product__is_stocked",
    )  # fmt: skip
    items: dict[uuid.UUID, tuple[Item, bool]] = {}
    for pk, sku, name, active, product, code, kind, stocked in rows.iterator(chunk_size=5000):
        item = Item(pk, sku, f"{product} – {name}" if name else product, stocked)
        items[pk] = (item, active)
        if sku:
            offer(sku, 0, item, active)
        if code and kind == Product.Kind.SINGLE:
            offer(code, 2, item, active)
    for pk, code in Barcode.objects.order_by("pk").values_list("variation", "code"):
        offer(code, 1, *items[pk])
    return {folded: item for folded, (_order, item) in found.items()}


def make_items(missing: Mapping[str, Code], journal: Journal) -> dict[str, Item]:
    """Make a product for each code: named as the file calls it most often, at its last price.

    Only goods are kept in stock; services and vouchers of the old system are not offered at the
    till. The price is rounded to the currency's minor unit, half up.
    """
    unit = Decimal(1).scaleb(-current().digits)
    made: dict[str, Item] = {}
    products, variations = [], []
    for folded, code in missing.items():
        goods = code.item == "goods"
        product = Product(
            name=code.name[:300],
            sku=code.spelling,
            is_stocked=goods,
            is_for_sale=goods,
            tax_inclusive=current().prices_include_tax,
        )
        variation = Variation(
            product=product,
            sku=code.spelling,
            price=code.price.quantize(unit, ROUND_HALF_UP) if goods else Decimal(0),
        )
        products.append(product)
        variations.append(variation)
        made[folded] = Item(variation.pk, variation.sku, product.name, goods)
    Product.objects.bulk_create(products, batch_size=BATCH)
    Variation.objects.bulk_create(variations, batch_size=BATCH)
    for start in range(0, len(products), BATCH):
        refresh_search([product.pk for product in products[start : start + BATCH]])
    for table, rows in (("product", products), ("variation", variations)):
        names = PRINTED[table]
        journal.printed(table, ((row.pk, [getattr(row, one) for one in names]) for row in rows))
    return made


# -- customers ------------------------------------------------------------------------------------


def find_customers(survey: Survey) -> dict[str, uuid.UUID]:
    """{the file's name for a customer: the customer}, of those that came in before."""
    found = known_customers(survey.mapping.customer_source, survey.customers)
    known = {name: uuid.UUID(one.object_id) for name, one in found.items()}
    there = set(Customer.objects.values_list("pk", flat=True)) if known else set()
    return {external: pk for external, pk in known.items() if pk in there}


def make_customers(keys: Iterable[str], survey: Survey, journal: Journal) -> dict[str, uuid.UUID]:
    """Make a customer for each key, under the name in the file or else the one of the map."""
    mapping: SalesMap = survey.mapping
    made: dict[str, uuid.UUID] = {}
    customers = []
    for key in keys:
        name = survey.customers[key] or mapping.customer_name.replace("{}", key)
        customer = Customer(name=name[:200])
        customers.append(customer)
        made[key] = customer.pk
    write_customers(customers, journal)
    # One who came in before and was deleted here comes in anew.
    note_references(journal, mapping.customer_source, [(key, made[key], "") for key in made])
    return made
