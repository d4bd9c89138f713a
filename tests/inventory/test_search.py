"""The one search: exact code, then the beginning of a code, then words."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import search
from inventory.catalogue import refresh_search
from inventory.models import Brand, Product, SearchWord, Variation
from inventory.search import _beyond, find, inside_words, portable, with_code, words
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


def test_of_more_than_fit_whole_words_come_first_then_the_oldest(inside: Shop) -> None:
    ids = uuid7s(9)
    for n, name in enumerate(["Paints", "Paint Z", "Painter", "Paint A", "Oil paint", "Paint C"]):
        made = make_product(name, sku=f"X{n}")
        renumber(made, ids[n])
    # Of one word those that have it whole, the oldest of them, and what is shown by name.
    assert skus("paint", limit=2) == ["X3", "X1"]
    assert skus("paint", limit=4) == ["X4", "X3", "X5", "X1"]
    assert skus("paint", limit=6) == ["X4", "X3", "X5", "X1", "X2", "X0"]
    # Of several words the oldest.
    assert skus("paint x", limit=2) == ["X1", "X0"]
    assert skus("aint x", limit=2) == ["X1", "X0"]


def uuid7s(count: int) -> list[uuid.UUID]:
    """Ids in their order, whatever the clock says."""
    return [uuid.UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000 + n) for n in range(count)]


def renumber(variation: Variation, key: uuid.UUID) -> None:
    """The same product under another id: made anew, because an id never changes."""
    product = variation.product
    sku, name = variation.sku, product.name
    product.delete()
    again = Product.objects.create(name=name)
    Variation.objects.create(pk=key, product=again, sku=sku)
    refresh_search([again.pk])


def test_what_is_offered_is_decided_before_what_fits(inside: Shop) -> None:
    for n in range(12):
        made = make_product(f"Lamp {n:02d}", sku=f"LAMP{n:02d}", is_stocked=n % 2 == 0)
        if n < 10:
            Product.objects.filter(pk=made.product_id).update(is_for_sale=n % 5 == 0)
    among = Variation.objects.select_related("product")

    def found(text: str, only: Any) -> list[str]:
        return [row.sku for row in find(text, among=among, only=only, limit=3)]

    for text in ("lamp", "lamp lamp", "lamp 0", "amp"):
        assert len(found(text, None)) == 3
    assert found("lamp", "sold") == ["LAMP00", "LAMP05", "LAMP10"]
    assert found("amp", "sold") == ["LAMP00", "LAMP05", "LAMP10"]
    assert found("lamp 1", "sold") == ["LAMP10", "LAMP11"]
    assert found("LAMP0", "kept") == ["LAMP00", "LAMP02", "LAMP04"]
    assert found("LAMP01", "kept") == []


@pytest.mark.postgres
def test_the_function_finds_what_the_statements_find(shelf: Shop) -> None:
    """In the same order, whatever is asked: with few and with more than fit, and of each kind."""
    chance = random.Random(20)
    parts = ["tea", "pot", "light", "blue", "set", "100%", "a_b", "é"]
    for n in range(120):
        name = " ".join(chance.choices(parts, k=chance.randint(1, 3)))
        made = make_product(name, sku=f"{chance.choice(parts)}-{n}", barcode=f"{n:05d}")
        flags = {one: chance.random() < 0.7 for one in ("is_active", "is_for_sale", "is_stocked")}
        Product.objects.filter(pk=made.product_id).update(**flags)
    among = Variation.objects.select_related("product")
    asked = [
        *parts,
        "t",
        "l",
        "TEA",
        "tea-",
        "000",
        "00042",
        "000420",
        "te po",
        "ligh blu se",
        "ea",
    ]
    asked += [" ".join(chance.choices(asked, k=2)) for _ in range(20)]
    for text in asked:
        for only in (None, "sold", "kept"):
            for limit in (3, 20, 200):
                options: Any = {"among": among, "only": only, "limit": limit}
                at_once = [row.pk for row in find(text, **options)]
                assert at_once == [row.pk for row in portable(text, **options)], (text, options)


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


@pytest.mark.parametrize("few", [0, 1, 1000])
def test_variations_are_named_or_found_by_their_words(
    shelf: Shop, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same ones, whether few or many have the words, also those of another table's rows."""
    monkeypatch.setattr(search, "FEW", few)
    for n in range(3):
        make_product(f"Teapot {n} cyan", sku=f"CYAN{n}")
    for text, expected in (
        ("cyan", ["CYAN0", "CYAN1", "CYAN2"]),
        ("tea cya", ["CYAN0", "CYAN1", "CYAN2"]),
        ("cyan 1", ["CYAN1"]),
        ("cosy cosy", ["MUG-10"]),
        ("cyan cosy", []),
    ):
        found = Variation.objects.filter(words(text)).order_by("sku")
        assert [row.sku for row in found] == expected, text
        named = SearchWord.objects.filter(words(text, "variation"))
        assert sorted({row.variation.sku for row in named}) == expected, text


def test_words_that_nothing_has_ask_for_no_rows(shelf: Shop) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert not Product.objects.filter(variations__in=Variation.objects.filter(words("zzz")))
    assert len(queries) == 1


@pytest.mark.parametrize(
    ("text", "beyond"),
    [("ab", "ac"), ("a\U0010ffff", "b"), ("\ud7ff", "\ue000"), ("\U0010ffff", None), ("9", ":")],
)
def test_the_text_after_all_that_begin_so(text: str, beyond: str | None) -> None:
    assert _beyond(text) == beyond
