"""The one search: exact code, then the beginning of a code, then words."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Brand, Variation
from inventory.search import _beyond, find, inside_words, with_code, words
from tenants.context import business
from tests.factories import Shop, make_product


def skus(text: str, limit: int = 20) -> list[str]:
    among = Variation.objects.select_related("product")
    return [row.sku for row in find(text, among=among, limit=limit)]


@pytest.fixture
def shelf(inside: Shop) -> Shop:
    make_product("Teapot", sku="POT-1", barcode="0001234567895")
    make_product("Tea cosy", sku="MUG-10", brand=Brand.objects.create(name="Café Zoë"))
    make_product("100% cotton_cloth", sku="59012")
    return inside


def test_an_exact_code_comes_first_then_its_beginning(shelf: Shop) -> None:
    assert skus("mug-1") == ["MUG-1", "MUG-10"]
    assert skus("MUG") == ["MUG-1", "MUG-10"]
    assert skus("tea") == ["TEA", "MUG-10", "POT-1"]
    assert skus("59012") == ["59012", "MUG-1"]


def test_a_scanned_code_is_one_thing(shelf: Shop) -> None:
    make_product("Other", sku="X", barcode="59012341234570")
    assert skus("5901234123457") == ["MUG-1"]
    # Leading zeros count.
    assert skus("0001234567895") == ["POT-1"]
    assert with_code("1234567895") == []
    with CaptureQueriesContext(connection) as queries:
        skus("5901234123457")
    assert len(queries) == 2


def test_every_word_counts_whatever_its_accents_and_place(shelf: Shop) -> None:
    assert skus("cosy tea") == ["MUG-10"]
    assert skus("CAFE ZOE") == ["MUG-10"]
    assert skus("zoë  cosy") == ["MUG-10"]
    assert skus("eapo") == ["POT-1"]
    assert skus("tea blue") == []


def test_signs_mean_themselves(shelf: Shop) -> None:
    assert skus("%") == ["59012"]
    assert skus("100%") == ["59012"]
    assert skus("_") == ["59012"]
    assert skus("\\") == []
    assert skus("' OR 1=1 --") == []
    assert skus("") == []
    assert skus("   ") == []


def test_limit_and_statements(shelf: Shop) -> None:
    for n in range(30):
        make_product(f"Thing {n}", sku=f"TH{n:02d}")
    assert len(skus("thing")) == 20
    assert len(skus("th", limit=5)) == 5
    with CaptureQueriesContext(connection) as queries:
        skus("thing")
    assert len(queries) <= 7


def test_another_business_finds_nothing_of_ours(shelf: Shop, other_shop: Shop) -> None:
    with business(other_shop.business):
        assert skus("POT-1") == []
        assert skus("teapot") == []
        assert [row.pk for row in find("MUG-1", among=Variation.objects.all())] == [
            other_shop.mug.pk
        ]


def test_words_begin_words_before_they_are_looked_for_inside(shelf: Shop) -> None:
    make_product("Nightlight", sku="NL-1")
    assert skus("nightl") == ["NL-1"]
    assert skus("light") == ["NL-1"]
    make_product("Light box", sku="LB-1")
    assert skus("light") == ["LB-1"]
    assert not words("  ")
    assert not inside_words("  ")


@pytest.mark.parametrize(
    ("text", "beyond"),
    [("ab", "ac"), ("a\U0010ffff", "b"), ("\ud7ff", "\ue000"), ("\U0010ffff", None), ("9", ":")],
)
def test_the_text_after_all_that_begin_so(text: str, beyond: str | None) -> None:
    assert _beyond(text) == beyond
