"""The demo's products, prices and stock, out of the files in archive/data/ (credits stand there)."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from accounts.models import User
from inventory.catalogue import search_form
from inventory.ledger import set_opening
from inventory.models import (
    Barcode,
    Brand,
    Category,
    LocationPrice,
    Product,
    TaxRate,
    Unit,
    Variation,
)
from inventory.words import write_words
from tenants.models import Location

DATA: Final = Path(__file__).parent / "data"
_TAX_NAMES: Final = {
    "standard": "Standard rate",
    "reduced": "Reduced rate",
    "press": "Newspapers",
    "zero": "Zero rate",
}


@dataclass(slots=True)
class Item:
    """A variation as the demo's customers buy it."""

    variation: Variation
    rate: Decimal
    weighed: bool
    weight: int


def load(file: str) -> dict[str, Any]:
    with gzip.open(DATA / file, "rt", encoding="utf-8") as stream:
        content: dict[str, Any] = json.load(stream)
    return content


def make_catalogue(file: str, rng: Random) -> list[Item]:
    """Everything on the shelves of the bound business; the best sellers have the largest weight."""
    content = load(file)
    rates = {
        name: TaxRate.objects.create(
            name=f"{_TAX_NAMES[name]} {percent}%",
            rate=Decimal(percent),
            is_default=name == "standard",
        )
        for name, percent in content["taxRates"].items()
    }
    units = {
        "pc": Unit.objects.create(name="Piece", short_name="pc"),
        "kg": Unit.objects.create(name="Kilogram", short_name="kg", allow_decimal=True),
    }

    @cache
    def category(path: tuple[str, ...]) -> Category:
        parent = category(path[:-1]) if len(path) > 1 else None
        found: Category = Category.objects.create(name=path[-1], parent=parent)
        return found

    @cache
    def brand(name: str) -> Brand:
        found: Brand = Brand.objects.create(name=name)
        return found

    products, variations, barcodes, items = [], [], [], []
    for row in content["products"]:
        single = len(row["variations"]) == 1
        product = Product(
            name=row["name"],
            kind=Product.Kind.SINGLE if single else Product.Kind.VARIABLE,
            sku=row["variations"][0]["sku"] if single else "",
            category=category(tuple(row["category"])),
            brand=brand(row["brand"]) if row["brand"] else None,
            unit=units[row["unit"]],
            tax_rate=rates[row["tax"]],
            alert_quantity=Decimal(rng.choice((3, 5, 5, 8))),
        )
        products.append(product)
        for position, one in enumerate(row["variations"]):
            words = [
                row["name"],
                one["name"],
                one["sku"],
                product.sku,
                one["barcode"],
                row["brand"],
            ]
            variation = Variation(
                product=product,
                name=one["name"],
                sku=one["sku"],
                price=Decimal(one["price"]),
                cost=Decimal(one["cost"]),
                position=position,
                search_text=search_form(" ".join(word for word in words if word)),
            )
            variations.append(variation)
            barcodes.append(Barcode(variation=variation, code=one["barcode"]))
            items.append(
                Item(variation, rates[row["tax"]].rate, row["unit"] == "kg", int(one["sold"]))
            )
    for model, rows in ((Product, products), (Variation, variations), (Barcode, barcodes)):
        model.objects.bulk_create(rows, batch_size=500)
    write_words(variations, fresh=True)
    return items


def stock(
    location: Location, items: list[Item], part: float, *, actor: User, at: datetime, rng: Random
) -> dict[Any, Decimal]:
    """Opening stock of the likelier `part` of the items; a few of them are running low already.

    Returns the quantities, so that the history sells nothing that is not there.
    """
    carried = sorted(items, key=lambda i: -i.weight)[: round(len(items) * part)]
    quantities: dict[Any, Decimal] = {}
    for item in carried:
        if rng.random() < 0.03:
            many = Decimal(rng.randrange(1, 6))
        else:
            many = Decimal(10 + rng.randrange(8) + min(item.weight // 12, 70))
        quantities[item.variation.pk] = many + Decimal("0.5") * (
            item.weighed and rng.random() < 0.5
        )
    set_opening(
        actor=actor,
        location=location,
        quantities=quantities,
        costs={item.variation.pk: item.variation.cost for item in carried},
        at=at,
        note="First stock",
    )
    return quantities


def dearer(location: Location, items: list[Item], rng: Random) -> None:
    """At a place where rent is high, some things cost a little more."""
    some = [i for i in items if i.variation.price < 10 and rng.random() < 0.05]
    LocationPrice.objects.bulk_create(
        [
            LocationPrice(
                variation=i.variation, location=location, price=i.variation.price + Decimal("0.20")
            )
            for i in some
        ],
        batch_size=500,
    )
