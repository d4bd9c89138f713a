"""GET items and items/lookup: what can be sold, with price and stock of the register's location."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import Barcode, LocationPrice
from sales.api import items
from sales.models import Register
from tenants.context import business
from tests.api.calls import NOWHERE, said
from tests.factories import Shop, make_device, make_person, make_product, signed_in, with_token


def items_url(shop: Shop, query: str = "") -> str:
    return f"/api/v1/items?register={shop.register.pk}{query}"


def lookup_url(shop: Shop, code: str) -> str:
    return f"/api/v1/items/lookup?register={shop.register.pk}&code={code}"


def skus(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [item["sku"] for item in response.json()["results"]]


def test_an_item_says_what_the_till_needs_and_no_cost(shop: Shop, terminal: Client) -> None:
    mug = terminal.get(items_url(shop)).json()["results"][0]
    assert mug == {
        "id": str(shop.mug.pk),
        "product": str(shop.mug.product_id),
        "name": "Blue mug",
        "sku": "MUG-1",
        "barcodes": ["5901234123457"],
        "price": "5.00",
        "tax_rate": "20",
        "tax_name": "VAT 20%",
        "tax_inclusive": True,
        "unit": "pc",
        "allow_decimal": False,
        "is_stocked": True,
        "adds_credit": False,
        "stock": "10",
        "category": "Kitchen",
        "image": None,
    }


def test_a_picture_is_an_address_for_who_asks(
    shop: Shop, terminal: Client, cashier: Client
) -> None:
    with business(shop.business):
        shop.mug.product.image = "products/1/mug.webp"
        shop.mug.product.save()
    url = lookup_url(shop, "MUG-1")
    mug = terminal.get(url).json()
    assert mug["image"] == f"/api/v1/products/{shop.mug.product_id}/picture?v=mug"
    seen = cashier.get(shop.url(url[1:])).json()
    assert seen["image"] == f"/b/acme/products/{shop.mug.product_id}/image/"


def test_stock_and_price_are_those_of_the_register(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        stall = Register.objects.create(name="Stall", location=shop.market, prefix="MK1")
        LocationPrice.objects.create(
            variation=shop.tea, location=shop.market, price=Decimal("11.5")
        )
    seen = {}
    for register in (shop.register, stall):
        url = shop.url(f"api/v1/items?register={register.pk}")
        seen[register.name] = {
            item["sku"]: (item["price"], item["stock"]) for item in owner.get(url).json()["results"]
        }
    assert seen == {
        "Till 1": {"MUG-1": ("5.00", "10"), "TEA": ("12.99", "4.5"), "WRAP": ("1.50", None)},
        "Stall": {"MUG-1": ("5.00", "0"), "TEA": ("11.50", "0"), "WRAP": ("1.50", None)},
    }


def test_stock_is_absent_for_who_may_not_see_it(shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        shop.roles["Cashier"].permissions = ["sell.create"]
        shop.roles["Cashier"].save()
    assert {item["stock"] for item in terminal.get(items_url(shop)).json()["results"]} == {None}


def test_only_what_is_for_sale(shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        shop.mug.product.is_for_sale = False
        shop.mug.product.save()
        shop.tea.is_active = False
        shop.tea.save()
    assert skus(terminal.get(items_url(shop))) == ["WRAP"]
    said(terminal.get(lookup_url(shop, "5901234123457")), 404, "not_found")


def test_search_by_code_and_by_words(shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        make_product("Tea pot", sku="TEAPOT", unit=shop.piece)
    assert skus(terminal.get(items_url(shop, "&q=tea")))[:2] == ["TEA", "TEAPOT"]
    assert skus(terminal.get(items_url(shop, "&q=5901234123457"))) == ["MUG-1"]
    assert skus(terminal.get(items_url(shop, "&q=mug blue"))) == ["MUG-1"]
    assert skus(terminal.get(items_url(shop, "&q=mug green"))) == []


def test_search_has_no_second_page(
    shop: Shop, terminal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "FOUND", 1)
    content = terminal.get(items_url(shop, "&q=g")).json()
    assert (len(content["results"]), content["next"]) == (1, None)


def test_pages_show_everything_once_while_items_are_added(
    shop: Shop, terminal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "PAGE", 2)
    first = terminal.get(items_url(shop)).json()
    with business(shop.business):
        make_product("Aardvark", sku="AARDVARK", unit=shop.piece)
    second = terminal.get(first["next"]).json()
    shown = [item["sku"] for item in (*first["results"], *second["results"])]
    # Those of the beginning may be of one millisecond: among them any order.
    assert sorted(shown[:3]) == ["MUG-1", "TEA", "WRAP"] and shown[3:] == ["AARDVARK"]
    assert second["next"] is None


@pytest.mark.parametrize("cursor", ["x", "p=nope", "o=-1", "p=\0", "p=2026-01-01T00%3A00Z"])
@pytest.mark.parametrize("path", ["items?register={register}", "sales?", "customers?"])
def test_a_cursor_from_elsewhere(
    shop: Shop, managers_terminal: Client, path: str, cursor: str
) -> None:
    encoded = b64encode(cursor.encode()).decode() if "=" in cursor else cursor
    url = "/api/v1/" + path.format(register=shop.register.pk)
    response = managers_terminal.get(f"{url}&cursor={quote(encoded)}")
    # Both are told the newest first: a time is a place among them.
    if path.startswith(("customers", "sales")) and cursor == "p=2026-01-01T00%3A00Z":
        assert response.status_code == 200
    else:
        assert list(said(response, 400, "invalid")) == ["cursor"]


@pytest.mark.parametrize("query", ["&q=%00", "&q=" + "x" * 101])
def test_a_query_that_no_database_takes(shop: Shop, terminal: Client, query: str) -> None:
    assert list(said(terminal.get(items_url(shop, query)), 400, "invalid")) == ["q"]


def test_the_statements_do_not_grow_with_the_items(shop: Shop, terminal: Client) -> None:
    counts = []
    for round_ in range(2):
        with business(shop.business):
            for n in range(10):
                make_product(
                    f"Thing {n}", sku=f"T{round_}{n}", barcode=f"9{round_}{n}", unit=shop.piece
                )
        with CaptureQueriesContext(connection) as queries:
            terminal.get(items_url(shop))
        counts.append(len(queries))
    # device; savepoint, role, register, items, barcodes, release
    assert counts == [7, 7]


def test_lookup_finds_by_barcode_and_sku(shop: Shop, terminal: Client) -> None:
    for code in ("5901234123457", "MUG-1", "mug-1"):
        assert terminal.get(lookup_url(shop, code)).json()["id"] == str(shop.mug.pk)


def test_lookup_by_id_for_what_has_no_code(shop: Shop, other_shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        ribbon = make_product("Ribbon", sku="")
    by_id = lookup_url(shop, "") + "&id="
    assert terminal.get(f"{by_id}{ribbon.pk}").json()["name"] == "Ribbon"
    said(terminal.get(f"{by_id}{other_shop.mug.pk}"), 404, "not_found")
    said(terminal.get(f"{by_id}nonsense"), 400, "invalid")


def test_a_barcode_counts_before_the_sku_of_another(shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        Barcode.objects.create(variation=shop.wrapping, code="MUG-1")
    assert terminal.get(lookup_url(shop, "MUG-1")).json()["sku"] == "WRAP"


def test_lookup_finds_whole_codes_only(shop: Shop, terminal: Client) -> None:
    for code in ("590123412345", "MUG", "nothing", ""):
        said(terminal.get(lookup_url(shop, code)), 404, "not_found")


@pytest.mark.parametrize("path", ["items", "items/lookup"])
def test_a_register_that_one_may_not_use_does_not_exist(
    shop: Shop, other_shop: Shop, terminal: Client, path: str
) -> None:
    with business(shop.business):
        stall = Register.objects.create(name="Stall", location=shop.market, prefix="MK1")
        ann = make_person("ann", shop.roles["Cashier"], locations=[shop.market])
    answers = [
        terminal.get(f"/api/v1/{path}?register={register}&code=TEA")
        for register in (NOWHERE, other_shop.register.pk, stall.pk)
    ]
    answers.append(
        signed_in(ann).get(shop.url(f"api/v1/{path}?register={shop.register.pk}&code=TEA"))
    )
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}
    for register in ("", "7", "x" * 36):
        response = terminal.get(f"/api/v1/{path}?register={register}&code=TEA")
        assert list(said(response, 400, "invalid")) == ["register"]


def test_a_terminal_keeps_to_its_own_register(shop: Shop) -> None:
    device, token = make_device(shop)
    with business(shop.business):
        own = Register.objects.create(
            name="Till 2", location=shop.high_street, prefix="HS2", device=device
        )
    terminal = with_token(token)
    said(terminal.get(items_url(shop)), 404, "not_found")
    assert terminal.get(f"/api/v1/items?register={own.pk}").status_code == 200


def test_a_register_that_is_switched_off(shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        shop.register.is_active = False
        shop.register.save()
    said(terminal.get(items_url(shop)), 409, "register_inactive")


def test_two_businesses_in_turn_through_one_view(
    shop: Shop, other_shop: Shop, terminal: Client, strange_terminal: Client
) -> None:
    """Nothing that was made for the first stays for the second; both have a mug with this SKU."""
    for _turn in range(2):
        for client, place in ((terminal, shop), (strange_terminal, other_shop)):
            assert client.get(lookup_url(place, "MUG-1")).json()["id"] == str(place.mug.pk)
            listed = client.get(items_url(place)).json()["results"]
            assert {item["id"] for item in listed} == {
                str(one.pk) for one in (place.mug, place.tea, place.wrapping)
            }
