"""Products over the API: found, made exactly once, changed, removed, and who may see their costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from inventory.api import products
from inventory.models import Barcode, Category, LocationPrice, Product, StockLevel, Variation
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, ask, post, said
from tests.factories import Shop, make_device, make_product, with_token

URL = "/api/v1/products"


@pytest.fixture
def keeper(shop: Shop) -> Client:
    """A terminal at the high street in the name of somebody who keeps the catalogue."""
    return with_token(make_device(shop, user=shop.owner)[1])


def board(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "name": "Bread board",
        "variations": [{"sku": "BOARD", "price": "12.50", "cost": "5", "barcodes": ["0012345"]}],
        **fields,
    }


def one(shop: Shop) -> str:
    return f"{URL}/{shop.mug.product_id}"


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return sorted(row["name"] for row in response.json()["results"])


# -- reading --------------------------------------------------------------------------------------


def test_a_product_says_all_of_itself(shop: Shop, keeper: Client) -> None:
    response = keeper.get(one(shop))
    mug = response.json()
    assert response["ETag"] == f'"{mug.pop("version")}"'
    assert mug.pop("created_at") and mug.pop("updated_at")
    assert mug == {
        "id": str(shop.mug.product_id),
        "name": "Blue mug",
        "kind": "single",
        "sku": "",
        "description": "",
        "category": {"id": str(shop.category.pk), "name": "Kitchen"},
        "brand": None,
        "unit": {"id": str(shop.piece.pk), "name": "Pieces"},
        "tax_rate": {"id": str(shop.tax.pk), "name": "VAT 20%", "rate": "20"},
        "tax_inclusive": True,
        "is_stocked": True,
        "is_for_sale": True,
        "adds_credit": False,
        "alert_quantity": None,
        "image": None,
        "is_active": True,
        "variations": [
            {
                "id": str(shop.mug.pk),
                "name": "",
                "sku": "MUG-1",
                "price": "5.00",
                "cost": "2.00",
                "barcodes": ["5901234123457"],
                "prices": [],
                "is_active": True,
            }
        ],
    }


def test_costs_and_prices_elsewhere_are_left_out(
    shop: Shop, terminal: Client, keeper: Client
) -> None:
    with business(shop.business):
        for place, price in ((shop.high_street, "5.5"), (shop.market, "4.5")):
            LocationPrice.objects.create(variation=shop.mug, location=place, price=Decimal(price))
    for client, sees in ((terminal, False), (keeper, True)):
        for url in (one(shop), f"{URL}?code=MUG-1"):
            content = client.get(url).json()
            (variation,) = content.get("results", [content])[0]["variations"]
            assert ("cost" in variation) is sees
            assert variation["prices"] == [{"location": str(shop.high_street.pk), "price": "5.50"}]


def test_the_list_is_narrowed(shop: Shop, keeper: Client) -> None:
    with business(shop.business):
        cups = Category.objects.create(name="Cups", parent=shop.category)
        make_product("Tea cup", sku="CUP", category=cups)
        off = make_product("Old cup", sku="OLD", category=cups)
        Product.objects.filter(pk=off.product_id).update(is_active=False)
    everything = ["Blue mug", "Gift wrapping", "Green tea", "Tea cup"]
    for query, expected in {
        "": everything,
        f"?category={shop.category.pk}": everything,
        f"?category={cups.pk}": ["Tea cup"],
        "?status=off": ["Old cup"],
        "?status=all&q=cup": ["Old cup", "Tea cup"],
        "?q=tea": ["Green tea", "Tea cup"],
        "?q=mu": ["Blue mug"],
        "?q=ug": ["Blue mug"],
        "?code=5901234123457": ["Blue mug"],
        "?code=590": [],
        "?stocked=false": ["Gift wrapping"],
        "?stocked=true&q=gi": [],
    }.items():
        assert names(keeper.get(URL + query)) == expected, query
    for wrong in ("status=x", "category=7", "brand=x", "stocked=1", "q=%00", "code=" + "x" * 101):
        assert list(said(keeper.get(f"{URL}?{wrong}"), 400, "invalid")) == [wrong.split("=")[0]]


def test_pages_show_everything_once(
    shop: Shop, keeper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "PAGE", 2)
    first = keeper.get(URL).json()
    with business(shop.business):
        make_product("Aardvark", sku="AARDVARK")
    second = keeper.get(first["next"]).json()
    assert second["next"] is None
    shown = [row["name"] for row in (*first["results"], *second["results"])]
    assert sorted(shown) == ["Aardvark", "Blue mug", "Gift wrapping", "Green tea"]


def test_a_page_has_500_rows_in_few_statements(shop: Shop, keeper: Client) -> None:
    with business(shop.business):
        rows = Product.objects.bulk_create([Product(name=f"Thing {n:03}") for n in range(500)])
        things = Variation.objects.bulk_create(
            [Variation(product=row, sku=f"T{n}", price=1) for n, row in enumerate(rows)]
        )
        Barcode.objects.bulk_create(
            [Barcode(variation=row, code=f"9{n}") for n, row in enumerate(things)]
        )
    with CaptureQueriesContext(connection) as queries:
        content = keeper.get(URL).json()
    assert len(content["results"]) == 500 and content["next"]
    assert len([q for q in queries if "app.business_id" not in q["sql"]]) <= 12
    assert len(keeper.get(content["next"]).json()["results"]) == 3


def test_another_business_and_nobody_are_the_same(
    shop: Shop, other_shop: Shop, keeper: Client
) -> None:
    for verb in ("GET", "PATCH", "DELETE"):
        answers = [
            ask(keeper, verb, f"{URL}/{key}") for key in (NOWHERE, other_shop.mug.product_id)
        ]
        assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}
    for query in ("category", "brand"):
        for key in (NOWHERE, other_shop.category.pk):
            said(keeper.get(f"{URL}?{query}={key}"), 404, "not_found")


# -- making ---------------------------------------------------------------------------------------


def test_a_product_is_made_once(shop: Shop, keeper: Client) -> None:
    body = board()
    first = post(keeper, URL, body)
    assert first.status_code == 201, first.content
    made = first.json()
    assert (made["id"], made["kind"]) == (body["id"], "single")
    assert (made["tax_rate"]["name"], made["tax_inclusive"]) == ("VAT 20%", True)
    again = post(keeper, URL, dict(reversed(body.items())))
    assert (again.status_code, again.json()) == (200, made)
    said(post(keeper, URL, {**body, "name": "Board"}), 409, "id_taken")
    # Also after it was changed since: the request is the same one.
    assert ask(keeper, "PATCH", f"{URL}/{made['id']}", {"name": "Plank"}).status_code == 200
    assert post(keeper, URL, body).json()["name"] == "Plank"
    said(post(keeper, URL, {**body, "name": "Plank"}), 409, "id_taken")
    with business(shop.business):
        entry = AuditEntry.objects.get(action="product.create")
        assert (str(entry.object_id), entry.actor) == (made["id"], shop.owner)
        assert entry.device is not None
        assert Barcode.objects.filter(code="0012345").count() == 1


def test_without_an_id_each_request_is_one(shop: Shop, keeper: Client) -> None:
    body = board(variations=[{"price": "1"}])
    del body["id"]
    keys = {post(keeper, URL, body).json()["id"] for _time in range(2)}
    assert len(keys) == 2


def test_an_id_of_another_business_is_taken(shop: Shop, other_shop: Shop, keeper: Client) -> None:
    said(post(keeper, URL, board(id=str(other_shop.mug.product_id))), 409, "id_taken")
    said(post(keeper, URL, board(id=str(shop.mug.product_id))), 409, "id_taken")


def test_several_variations_with_opening_stock(shop: Shop, keeper: Client) -> None:
    here = str(shop.high_street.pk)
    body = board(
        category=str(shop.category.pk),
        unit=str(shop.kilo.pk),
        tax_rate=None,
        alert_quantity="2.5",
        variations=[
            {"name": "Small", "price": "9.995", "sku": "S"},
            {
                "name": "Large",
                "price": "19",
                "opening_stock": [{"location": here, "quantity": "1.5"}],
            },
        ],
    )
    made = post(keeper, URL, body).json()
    assert [row["name"] for row in made["variations"]] == ["Small", "Large"]
    assert [row["price"] for row in made["variations"]] == ["9.995", "19.00"]
    assert (made["kind"], made["tax_rate"], made["alert_quantity"]) == ("variable", None, "2.5")
    with business(shop.business):
        level = StockLevel.objects.get(variation=made["variations"][1]["id"])
        assert (level.location, level.quantity) == (shop.high_street, Decimal("1.5"))


def test_credit_has_neither_stock_nor_tax(shop: Shop, keeper: Client) -> None:
    made = post(keeper, URL, board(name="Voucher", adds_credit=True)).json()
    assert (made["adds_credit"], made["is_stocked"], made["tax_rate"]) == (True, False, None)
    wrong = board(adds_credit=True, is_stocked=True, tax_rate=str(shop.tax.pk))
    wrong["variations"] = [{"price": "1"}]
    assert sorted(said(post(keeper, URL, wrong), 400, "invalid")) == ["is_stocked", "tax_rate"]


V = "variations.0."


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": "nul \0"}, ["name"]),
        ({"name": "x" * 301}, ["name"]),
        ({"colour": "red"}, ["colour"]),
        ({"business": 1}, ["business"]),
        ({"id": "x"}, ["id"]),
        ({"category": NOWHERE}, ["category"]),
        ({"tax_rate": NOWHERE, "brand": NOWHERE, "unit": 7}, ["unit"]),
        ({"tax_rate": NOWHERE, "brand": NOWHERE}, ["brand", "tax_rate"]),
        ({"is_stocked": None}, ["is_stocked"]),
        ({"is_stocked": "yes"}, ["is_stocked"]),
        ({"alert_quantity": "-1"}, ["alert_quantity"]),
        ({"alert_quantity": 1.5}, ["alert_quantity"]),
        ({"variations": []}, ["variations"]),
        ({"variations": None}, ["variations"]),
        ({"variations": "x"}, ["variations"]),
        ({"variations": [7]}, ["variations.0"]),
        ({"variations": [{}]}, [f"{V}price"]),
        ({"variations": [{"price": "-1"}]}, [f"{V}price"]),
        ({"variations": [{"price": "1.00001"}]}, [f"{V}price"]),
        ({"variations": [{"price": "9" * 20}]}, [f"{V}price"]),
        ({"variations": [{"price": 1.5}]}, [f"{V}price"]),
        ({"variations": [{"price": "1", "cost": "x"}]}, [f"{V}cost"]),
        ({"variations": [{"price": "1", "id": NOWHERE}]}, [f"{V}id"]),
        ({"variations": [{"price": "1", "sku": "MUG-1"}]}, [f"{V}sku"]),
        ({"variations": [{"price": "1", "sku": "a\0"}]}, [f"{V}sku"]),
        ({"variations": [{"price": "1", "barcodes": ["5901234123457"]}]}, [f"{V}barcodes"]),
        ({"variations": [{"price": "1", "barcodes": "1"}]}, [f"{V}barcodes"]),
        ({"variations": [{"price": "1", "barcodes": [""]}]}, [f"{V}barcodes"]),
        ({"variations": [{"price": "1", "barcodes": ["1,2"]}]}, [f"{V}barcodes"]),
        ({"variations": [{"price": "1", "barcodes": ["1" * 65]}]}, [f"{V}barcodes"]),
        ({"variations": [{"name": "A", "price": "1"}, {"price": "1"}]}, ["variations.1.name"]),
        (
            {"variations": [{"name": "A", "price": "1", "sku": "Q"}, {"name": "B", "price": "1",
                                                                      "sku": "Q"}]},
            ["variations.1.sku"],
        ),
        (
            {"variations": [{"price": "1", "opening_stock": [{"location": NOWHERE,
                                                              "quantity": "1"}]}]},
            [f"{V}opening_stock.0.location"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    shop: Shop, keeper: Client, changes: dict[str, Any], fields: list[str]
) -> None:
    wrong = said(post(keeper, URL, board(**changes)), 400, "invalid")
    assert sorted(wrong) == fields
    assert all(sentence for sentences in wrong.values() for sentence in sentences)
    with business(shop.business):
        assert Product.objects.count() == 3


def test_rows_of_another_business_are_none(shop: Shop, other_shop: Shop, keeper: Client) -> None:
    theirs = {
        "category": str(other_shop.category.pk),
        "unit": str(other_shop.piece.pk),
        "tax_rate": str(other_shop.tax.pk),
    }
    expected = said(post(keeper, URL, board(**dict.fromkeys(theirs, NOWHERE))), 400, "invalid")
    assert said(post(keeper, URL, board(**theirs)), 400, "invalid") == expected
    assert said(ask(keeper, "PATCH", one(shop), theirs), 400, "invalid") == expected
    for place in (other_shop.high_street, shop.market):
        opening = [{"location": str(place.pk), "quantity": "1"}]
        body = board(variations=[{"price": "1", "opening_stock": opening}])
        wrong = said(post(keeper, URL, body), 400, "invalid")
        assert list(wrong) == ["variations.0.opening_stock.0.location"]


def test_unusual_prices_are_confirmed(shop: Shop, keeper: Client) -> None:
    body = board(variations=[{"price": "1", "cost": "2"}])
    (sentence,) = said(post(keeper, URL, body), 422, "implausible")["confirm"]
    assert "above the price" in sentence
    assert post(keeper, URL, {**body, "confirm": True}).status_code == 201


def test_a_cost_or_opening_stock_that_one_may_not_set(shop: Shop, keeper: Client) -> None:
    with business(shop.business):
        role = shop.roles["Cashier"]
        role.permissions = ["product.view", "product.create", "product.update"]
        role.save()
    clerk = with_token(make_device(shop)[1])
    said(post(clerk, URL, board()), 403, "permission_denied")
    opening = [{"location": str(shop.high_street.pk), "quantity": "1"}]
    body = board(variations=[{"price": "1", "opening_stock": opening}])
    said(post(clerk, URL, body), 403, "permission_denied")
    made = post(clerk, URL, board(variations=[{"price": "3.99"}]))
    assert made.status_code == 201
    assert "cost" not in made.json()["variations"][0]
    mug = {"variations": [{"id": str(shop.mug.pk), "price": "6"}]}
    said(ask(clerk, "PATCH", one(shop), mug), 403, "permission_denied")
    assert ask(clerk, "PATCH", one(shop), {"name": "Mug"}).json()["name"] == "Mug"
    with business(shop.business):
        shop.mug.refresh_from_db()
        assert (shop.mug.cost, shop.mug.price) == (Decimal(2), Decimal(5))


# -- the five stories, of every verb --------------------------------------------------------------


def test_who_may_what(shop: Shop, terminal: Client, stranger: Client, manager: Client) -> None:
    """A cashier sees products and changes none; a manager does; a stranger finds no business."""
    assert terminal.get(one(shop)).status_code == 200
    for verb, url in (("POST", URL), ("PATCH", one(shop)), ("DELETE", one(shop))):
        said(ask(terminal, verb, url, {}), 403, "permission_denied")
    said(ask(terminal, "PATCH", f"{one(shop)}/prices", {}), 403, "permission_denied")
    inside = shop.url(f"api/v1/products/{shop.mug.product_id}")
    assert ask(manager, "PATCH", inside, {"description": "Blue"}).status_code == 200
    for verb in ("GET", "PATCH", "DELETE"):
        said(ask(stranger, verb, inside, {}), 404, "not_found")
    for verb, url in (("DELETE", URL), ("POST", one(shop)), ("GET", f"{one(shop)}/prices")):
        said(ask(terminal, verb, url), 405, "method_not_allowed")
