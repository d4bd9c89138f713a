"""The shops that the bench fills set by set are shops as the product would have made them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from bench import product
from bench.growth import add_sales
from bench.shops import SALE, STOCK, Shop, fill, make_shops, uid
from inventory.models import StockLevel, Variation
from sales.models import Sale, SaleLine
from scripts.cluster import SUPERUSER, Cluster
from tenants.context import business
from tenants.models import Business
from tests.bench.asking import answer


@pytest.fixture
def shops(committed_db: None) -> list[Shop]:
    """One of 40 products with two terminals, and one of 12."""
    made = make_shops([41, 12], [2, 1])
    fill(superuser(), made)
    return made


def superuser() -> str:
    name = str(connection.settings_dict["NAME"])
    return Cluster.current().url(SUPERUSER, database=name)


@contextmanager
def inside(shop: Shop) -> Iterator[None]:
    with business(Business.objects.get(pk=shop.business)), transaction.atomic():
        yield


@pytest.mark.postgres
def test_their_books_are_in_order(shops: list[Shop]) -> None:
    for shop in shops:
        call_command("verify_data", business=shop.slug)
    for shop in shops:
        with inside(shop):
            # And the first one, of which the others are copies.
            assert Variation.objects.count() == shop.count + 1
            assert set(StockLevel.objects.values_list("quantity", flat=True)) == {STOCK}


@pytest.mark.postgres
def test_their_terminals_sell_scan_and_find(shops: list[Shop]) -> None:
    for till in (till for shop in shops for till in shop.tills):
        sold = answer(product.checkout(till))
        assert len(sold["lines"]) == product.LINES
        assert answer(product.look_up(till))["barcodes"]
        found = answer(product.search(till))["results"]
        assert [one["name"] for one in found]
    call_command("verify_data", business=shops[0].slug)


@pytest.mark.postgres
def test_terminals_of_one_shop_share_its_products_and_leave_the_hot_one(shops: list[Shop]) -> None:
    one, other = shops[0].tills
    mine = set(range(one.first, one.first + one.count))
    others = set(range(other.first, other.first + other.count))
    assert not mine & others
    assert shops[0].count not in mine | others


@pytest.mark.postgres
def test_sales_are_added_twice_and_the_product_goes_on_selling(shops: list[Shop]) -> None:
    for shop in shops:
        answer(product.checkout(shop.tills[0]))
    for wanted in ([7, 4], [20, 9]):
        add_sales(superuser(), shops, wanted)
        for shop, sales in zip(shops, wanted, strict=True):
            with inside(shop):
                assert Sale.objects.count() == sales
                assert SaleLine.objects.count() == sales * product.LINES
        answer(product.checkout(shops[0].tills[0]))
        wanted[0] += 1
    with inside(shops[0]):
        taken = sum(STOCK - level.quantity for level in StockLevel.objects.all())
        assert taken == SaleLine.objects.count()
        assert Sale.objects.filter(pk=uid(SALE, shops[0].business, 2)).exists()
