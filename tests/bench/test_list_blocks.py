"""A list of a large shop is read by its index, also where most shops are small.

Counted by EXPLAIN (BUFFERS) under row-level security, so no machine is too slow for it.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection, models
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from bench.shops import Till, as_superuser, fill, make_shops, words
from inventory import search
from inventory.models import Product, StockLevel
from inventory.paging import page_found, page_of
from inventory.stock import levels
from inventory.views.stock import BY_NAME
from tenants.models import TenantForeignKey
from tests.bench.test_filling import superuser
from tests.bench.test_search_blocks import blocks, inside

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

LARGE, SMALL, SHOPS = 5000, 20, 100
ROWS = 50


def first_page(till: Till) -> int:
    """Blocks of the first page of what is in stock, with all that its rows show."""
    levels = StockLevel.objects.filter(
        variation__is_active=True, variation__product__is_active=True
    )
    shown = levels.select_related("variation__product__unit", "location").order_by(*BY_NAME)
    with inside(till) as cursor:
        with CaptureQueriesContext(connection) as asked:
            assert len(shown[:ROWS]) == ROWS
        return blocks(cursor, asked.captured_queries[-1]["sql"].replace("%", "%%"))


def narrowed_by_words(till: Till, text: str) -> int:
    """Blocks of the first page of the products with these words, and of finding which they are."""
    request = RequestFactory().get("/", {"q": text})
    with inside(till) as cursor:
        with CaptureQueriesContext(connection) as asked:
            page = page_found(Product.objects.order_by("name", "pk"), "pk", "product", request)
        assert len(page) == LARGE // (40 * 25), page.object_list
        return sum(
            blocks(cursor, one["sql"].replace("%", "%%"))
            for one in asked.captured_queries
            if one["sql"].startswith(("SELECT", "("))
        )


def test_words_are_looked_up_before_products_are_read(
    committed_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops = make_shops([LARGE, *[SMALL] * (SHOPS - 1)], [1, *[0] * (SHOPS - 1)], prefix="word")
    fill(superuser(), shops)
    (till,) = shops[0].tills
    adjective, colour, _noun = words(7)
    found = narrowed_by_words(till, f"{adjective} {colour}")

    # The control: the words as conditions of the list, which PostgreSQL joins as it likes.
    monkeypatch.setattr(search, "FEW", 0)
    control = narrowed_by_words(till, f"{adjective} {colour}")
    assert found * 3 <= control, (found, control)


def test_a_large_shop_among_small_ones_is_read_by_its_index(
    committed_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops = make_shops([LARGE, *[SMALL] * (SHOPS - 1)], [1, *[0] * (SHOPS - 1)], prefix="list")
    fill(superuser(), shops)
    (till,) = shops[0].tills
    found = first_page(till)

    # The control: joins by the bare key, of which PostgreSQL expects shops of average size.
    def bare(field: Any, reverse_join: bool = False) -> Any:
        return models.ForeignKey.get_joining_fields(field, reverse_join)

    monkeypatch.setattr(TenantForeignKey, "get_joining_fields", bare)
    control = first_page(till)
    # A row is found by a way down four trees, each of at most four blocks.
    assert found <= ROWS * 4 * 4, (found, control)
    assert control > LARGE, (found, control)


def test_a_shop_s_only_location_is_expected_to_hold_all_its_levels(committed_db: None) -> None:
    each = 300
    shops = make_shops([each] * SHOPS, [1, *[0] * (SHOPS - 1)], prefix="place")
    fill(superuser(), shops)
    (till,) = shops[0].tills

    def of_stock() -> int:
        """Blocks of the first page of the list of stock, and of counting it."""
        rows = levels([uuid.UUID(shops[0].location)])
        shown = rows.select_related("variation__product__unit", "location")
        with inside(till) as cursor:
            with CaptureQueriesContext(connection) as asked:
                page = page_of(shown.order_by(*BY_NAME), RequestFactory().get("/"))
                assert (len(page), page.paginator.count) == (ROWS, each + 1)
            return blocks(cursor, asked.captured_queries[-1]["sql"].replace("%", "%%"))

    found = of_stock()
    # The control: a hundredth at the location, of a hundredth in the business.
    with as_superuser(superuser()) as admin:
        forgotten = admin.execute(
            "DELETE FROM pg_statistic_ext_data WHERE stxoid ="
            " (SELECT oid FROM pg_statistic_ext WHERE stxname = 'stock_level_of_place')"
        )
        assert forgotten.rowcount == 1
    control = of_stock()
    assert found * 2 <= control, (found, control)
