"""Search among 20 businesses with five thousand variations each: which indexes the plans name."""

from __future__ import annotations

import re
import uuid

import psycopg
import pytest
from django.db import transaction

from inventory.models import Barcode, Variation
from inventory.search import _entries, _in_all, find, inside_words, words
from inventory.words import words_of
from tenants.context import business
from tests.factories import Shop, make_business, make_shop

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

BUSINESSES = 20
EACH = 5_000
ADJECTIVES = [
    "red",
    "blue",
    "small",
    "large",
    "wooden",
    "ceramic",
    "silver",
    "vintage",
    "striped",
    "round",
]
NOUNS = [
    "mug",
    "lamp",
    "clock",
    "basket",
    "candle",
    "teapot",
    "napkin",
    "lantern",
    "cushion",
    "frame",
]


@pytest.fixture
def crowd(committed_db: None, owner_connection: psycopg.Connection) -> Shop:
    with transaction.atomic():
        shop = make_shop("acme")
        others = [make_business(f"crowd-{number}") for number in range(BUSINESSES - 1)]
    for number, company in enumerate([shop.business, *others]):
        _fill(owner_connection, company.pk, number)
    for table in ("product", "variation", "barcode", "searchword"):
        owner_connection.execute(f"ANALYZE inventory_{table}")
    return shop


def _fill(owner: psycopg.Connection, business_id: int, number: int) -> None:
    """EACH products with one variation and one barcode each, past the ORM."""
    with owner.cursor() as cursor:
        products, variations, codes = [], [], []
        spoken: list[tuple[int, uuid.UUID, str]] = []
        for index in range(EACH):
            product, variation = uuid.uuid4(), uuid.uuid4()
            colour, noun = ADJECTIVES[index % 10], NOUNS[index // 10 % 10]
            name = f"{colour} {noun} {index}"
            sku, code = f"S{index:05d}", f"{number:03d}{index:010d}"
            products.append((product, business_id, name))
            variations.append(
                (variation, business_id, product, sku, f"{name} {sku} {code}".lower())
            )
            codes.append((uuid.uuid4(), business_id, variation, code))
            spoken += [(business_id, variation, word) for word in words_of(variations[-1][4])]
        with cursor.copy(
            "COPY inventory_product (id, business_id, name, kind, sku, description, tax_inclusive,"
            " is_stocked, is_for_sale, adds_credit, image, is_active, created_at, updated_at)"
            " FROM STDIN"
        ) as copy:
            for product_row in products:
                copy.write_row(
                    (
                        *product_row,
                        "single",
                        "",
                        "",
                        True,
                        True,
                        True,
                        False,
                        "",
                        True,
                        "2026-01-01",
                        "2026-01-01",
                    )
                )
        with cursor.copy(
            "COPY inventory_variation (id, business_id, product_id, sku, search_text, name, cost,"
            " price, position, is_active) FROM STDIN"
        ) as copy:
            for variation_row in variations:
                copy.write_row((*variation_row, "", 1, 2, 0, True))
        with cursor.copy(
            "COPY inventory_barcode (id, business_id, variation_id, code) FROM STDIN"
        ) as copy:
            for row in codes:
                copy.write_row(row)
        with cursor.copy(
            "COPY inventory_searchword (business_id, variation_id, word) FROM STDIN"
        ) as copy:
            for word in spoken:
                copy.write_row(word)


def plan(queryset) -> str:
    return str(queryset.explain())


def test_each_step_of_the_search_is_served_by_an_index(crowd: Shop) -> None:
    with business(crowd.business), transaction.atomic():
        _check_plans()
        _check_answers()


def _check_plans() -> None:
    """Not only the business but the searched text is a condition of the index."""
    cases = ["S00042", "s00042"]
    exact = plan(Variation.objects.filter(sku__in=cases).order_by())
    assert condition_of("variation_sku_prefix", exact).count("S00042") == 1, exact
    begins = plan(Variation.objects.filter(sku__begins="S0004").order_by()[:20])
    assert "~>=~ 'S0004'" in condition_of("variation_sku_prefix", begins), begins
    code = plan(Barcode.objects.filter(code__in=["0000000000042"]).order_by())
    assert "0000000000042" in condition_of("barcode_", code), code
    codes = plan(Barcode.objects.filter(code__begins="000000000004").order_by()[:20])
    assert "~>=~ '000000000004'" in condition_of("barcode_prefix", codes), codes
    found = plan(_in_all(_entries("cushion 428"))[:20])
    assert found.count("using search_word_prefix") == 2, found
    assert re.findall(r"Index Cond: .*~>=~ '(\w+)'", found) in (
        ["428", "cushion"],
        ["cushion", "428"],
    ), found
    assert "Seq Scan" not in found, found
    named = plan(Variation.objects.filter(words("cushion 428")).order_by()[:20])
    assert "id = ANY" in condition_of("variation_key", named), named
    # Inside words: of 100,000 variations those of the business are looked at, and no others.
    inside = plan(Variation.objects.filter(inside_words("ushion 4287")).order_by()[:20])
    assert "business_id" in condition_of("variation_", inside), inside
    assert "Seq Scan" not in inside, inside


def condition_of(index: str, text: str) -> str:
    """The condition with which the plan reads the index."""
    reading = re.search(rf"Index (?:Only )?Scan using {index}|Bitmap Index Scan on {index}", text)
    assert reading, text
    found = re.search(r"Index Cond: (.*)", text[reading.start() :])
    assert found, text
    return found[1]


def _check_answers() -> None:
    among = Variation.objects.select_related("product")
    assert [row.sku for row in find("S00042", among=among)] == ["S00042"]
    assert {row.sku for row in find("s0004", among=among, limit=10)} == {
        f"S0004{digit}" for digit in range(10)
    }
    (scanned,) = find("0000000000042", among=among)
    assert scanned.sku == "S00042"
    assert [row.sku for row in find("lantern 4267", among=among)] == []
    assert [row.sku for row in find("CUSHION 4287", among=among)] == ["S04287"]
    assert [row.sku for row in find("ushion 4287", among=among)] == ["S04287"]
    assert len(find("blue", among=among, limit=20)) == 20
