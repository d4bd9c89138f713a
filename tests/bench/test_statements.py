"""What an operation of the bench costs in statements: at most what bench/budget.json says.

Counted where no machine can be too slow or too busy: in this process, without BEGIN, COMMIT, savepoints
and SET. `make bench` counts the same on the wire. A budget is lowered with the code that lowers the
count, and never raised.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench import product
from bench.load import Work
from bench.shops import (
    BARCODE,
    PRODUCT,
    STOCK,
    VARIATION,
    Till,
    code,
    make_shops,
    price,
    uid,
    words,
)
from inventory.catalogue import refresh_search
from inventory.ledger import set_opening
from inventory.models import Barcode, Product, TaxRate, Unit, Variation
from tenants.context import business
from tenants.models import Location
from tests.bench.asking import send

pytestmark = pytest.mark.postgres

BUDGET: dict[str, int] = json.loads(
    (Path(__file__).resolve().parents[2] / "bench" / "budget.json").read_text()
)
FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SET ")


@pytest.fixture
def till(db: None) -> Till:
    """A terminal of the bench in a shop of 60 products."""
    (shop,) = make_shops([61], [1])
    (found,) = shop.tills
    with business(shop.business):
        rate, piece = TaxRate.objects.get(), Unit.objects.get()
        numbers = range(1, 61)
        ids = {n: uid(VARIATION, shop.business, n) for n in numbers}
        Product.objects.bulk_create(
            Product(id=uid(PRODUCT, shop.business, n), name=" ".join(words(n)), unit=piece,
                    tax_rate=rate)
            for n in numbers
        )  # fmt: skip
        Variation.objects.bulk_create(
            Variation(id=ids[n], product_id=uid(PRODUCT, shop.business, n), sku=f"S{n}",
                      price=price(n))
            for n in numbers
        )  # fmt: skip
        Barcode.objects.bulk_create(
            Barcode(id=uid(BARCODE, shop.business, n), variation_id=ids[n], code=code(n))
            for n in numbers
        )
        refresh_search(Product.objects.values_list("pk", flat=True))
        place = Location.objects.get()
        stock = {one: Decimal(STOCK) for one in Variation.objects.values_list("pk", flat=True)}
        del stock[Variation.objects.get(sku="FIRST").pk]
        set_opening(actor=shop.owner, location=place, quantities=stock)
    return found


def statements(work: Work) -> list[str]:
    """Of the second time: what a process does once belongs to no operation."""
    send(work)
    with CaptureQueriesContext(connection) as queries:
        send(work)
    texts = [one["sql"] for one in queries.captured_queries]
    return [text for text in texts if not text.upper().startswith(FRAME)]


def asked(name: str, till: Till) -> Work:
    if name == "checkout":
        return product.checkout(till)
    if name == "checkout of 50 lines":
        return product.checkout(till, lines=50)
    if name == "look-up":
        return product.look_up(till)
    if name == "search":
        return product.search(till)
    assert name == "sync"
    return product.first_page_of_sync(till)


@pytest.mark.parametrize("name", sorted(BUDGET))
def test_an_operation_keeps_to_its_budget(name: str, till: Till) -> None:
    found = statements(asked(name, till))
    assert len(found) <= BUDGET[name], "\n".join(found)


def test_as_many_for_fifty_lines_as_for_five(till: Till) -> None:
    few, many = statements(product.checkout(till)), statements(product.checkout(till, lines=50))
    assert len(few) == len(many)
