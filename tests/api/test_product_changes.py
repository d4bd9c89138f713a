"""Changing and removing products over the API: only what was sent, and never over somebody else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from inventory.models import Barcode, LocationPrice, Product, Variation
from tenants.context import business
from tests.api.calls import NOWHERE, ask, post, said
from tests.factories import Shop, make_device, make_product, with_token

URL = "/api/v1/products"


@pytest.fixture
def keeper(shop: Shop) -> Client:
    """A terminal at the high street in the name of somebody who keeps the catalogue."""
    return with_token(make_device(shop, user=shop.owner)[1])


def one(shop: Shop) -> str:
    return f"{URL}/{shop.mug.product_id}"


def change(client: Client, shop: Shop, **fields: Any) -> Any:
    return ask(client, "PATCH", one(shop), fields)


def mug(shop: Shop, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": str(shop.mug.pk), **fields}]


def test_only_what_is_sent_changes(shop: Shop, keeper: Client) -> None:
    before = keeper.get(one(shop)).json()
    after = change(keeper, shop, alert_quantity="3", category=None).json()
    assert {name for name in before if before[name] != after[name]} == {
        "alert_quantity", "category", "updated_at", "version",
    }  # fmt: skip
    after = change(keeper, shop, variations=mug(shop, price="5.905")).json()
    assert after["variations"] == [{**before["variations"][0], "price": "5.905"}]
    with business(shop.business):
        entries = AuditEntry.objects.filter(action="product.update").order_by("pk")
        assert [entry.device is not None for entry in entries] == [True, True]
        assert "MUG-1 price" in entries[1].changes


def test_nothing_sent_changes_nothing(shop: Shop, keeper: Client) -> None:
    before = keeper.get(one(shop)).json()
    bodies: list[dict[str, Any]] = [{}, {"variations": []}, {"variations": mug(shop)}]
    for body in (*bodies, {"name": "Blue mug"}):
        after = ask(keeper, "PATCH", one(shop), body).json()
        assert after["variations"] == before["variations"]
    with business(shop.business):
        assert not AuditEntry.objects.filter(action="product.update").exists()


def test_barcodes_are_those_that_are_sent(shop: Shop, keeper: Client) -> None:
    codes = ["77", "5901234123457"]
    after = change(keeper, shop, variations=mug(shop, barcodes=codes)).json()
    assert sorted(after["variations"][0]["barcodes"]) == sorted(codes)
    assert change(keeper, shop, variations=mug(shop, barcodes=[])).json()["variations"][0][
        "barcodes"
    ] == []  # fmt: skip
    with business(shop.business):
        assert not Barcode.objects.filter(variation=shop.mug).exists()


def test_one_variation_becomes_several(shop: Shop, keeper: Client) -> None:
    new = {"name": "Red", "price": "6", "sku": "MUG-R"}
    wrong = said(change(keeper, shop, variations=[new]), 400, "invalid")
    assert list(wrong) == ["variations"]
    both = change(keeper, shop, variations=[new, *mug(shop, name="Blue")]).json()
    assert both["kind"] == "variable"
    assert [row["name"] for row in both["variations"]] == ["Blue", "Red"]
    red = both["variations"][1]["id"]
    gone = change(keeper, shop, variations=[{"id": red, "remove": True}]).json()
    assert [row["name"] for row in gone["variations"]] == ["Blue"]
    # With a history it is kept, but not as the last one.
    last = said(change(keeper, shop, variations=mug(shop, is_active=False)), 400, "invalid")
    assert list(last) == ["variations"]


def test_switching_off_and_on(shop: Shop, keeper: Client) -> None:
    assert change(keeper, shop, is_active=False).json()["is_active"] is False
    with business(shop.business):
        Variation.objects.filter(pk=shop.mug.pk).update(is_active=False)
        thief = make_product("Red mug", sku="MUG-1")
    wrong = said(change(keeper, shop, is_active=True), 400, "invalid")
    assert wrong == {"variations": ["Another product has this SKU."]}
    with business(shop.business):
        Variation.objects.filter(pk=thief.pk).update(sku="RED")
    woken = change(keeper, shop, is_active=True).json()
    assert (woken["is_active"], woken["variations"][0]["is_active"]) == (True, True)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": None}, ["name"]),
        ({"adds_credit": True}, ["adds_credit"]),
        ({"kind": "single"}, ["kind"]),
        ({"is_active": None}, ["is_active"]),
        ({"variations": [{"id": NOWHERE}]}, ["variations.0.id"]),
        ({"variations": [{"id": 7}]}, ["variations.0.id"]),
        ({"variations": [{"price": "-1"}]}, ["variations", "variations.0.name",
                                             "variations.0.price"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    shop: Shop, keeper: Client, body: dict[str, Any], fields: list[str]
) -> None:
    assert sorted(said(ask(keeper, "PATCH", one(shop), body), 400, "invalid")) == fields


def test_what_others_have_is_named_beside_the_field(
    shop: Shop, other_shop: Shop, keeper: Client
) -> None:
    wrong = said(
        change(keeper, shop, variations=mug(shop, sku="TEA", barcodes=["5901234123457"])),
        400,
        "invalid",
    )
    assert wrong == {"variations.0.sku": ["Another product has this SKU."]}
    with business(shop.business):
        Barcode.objects.create(variation=shop.tea, code="12")
    wrong = said(change(keeper, shop, variations=mug(shop, barcodes=["12"])), 400, "invalid")
    assert wrong == {"variations.0.barcodes": ["Another product has the barcode 12."]}
    twice = [*mug(shop, price="1"), *mug(shop, price="2")]
    for rows in (twice, [{"id": str(other_shop.mug.pk)}], [{"id": str(shop.tea.pk)}]):
        wrong = said(change(keeper, shop, variations=rows), 400, "invalid")
        assert wrong == {"variations.0.id": ["This product has no such variation."]}


def test_a_version_that_is_over_is_refused(shop: Shop, keeper: Client) -> None:
    old = keeper.get(one(shop))["ETag"]
    tag = {"If-Match": old}
    url = one(shop)
    fresh = keeper.patch(url, {"name": "Cup"}, content_type="application/json", headers=tag)
    assert fresh.status_code == 200 and fresh["ETag"] != old
    for answer in (
        keeper.patch(url, {"name": "Jug"}, content_type="application/json", headers=tag),
        keeper.patch(f"{url}/prices", {"prices": []}, content_type="application/json", headers=tag),
        keeper.delete(url, headers=tag),
    ):
        said(answer, 412, "changed_meanwhile")
    for now in (fresh["ETag"], f'"x", W/{fresh["ETag"]}', "*"):
        again = keeper.patch(
            url, {"name": "Cup"}, content_type="application/json", headers={"If-Match": now}
        )
        assert again.status_code == 200


def test_every_part_of_it_is_in_its_version(shop: Shop, keeper: Client) -> None:
    seen = {keeper.get(one(shop))["ETag"]}
    with business(shop.business):
        shop.mug.cost = Decimal("2.01")
        shop.mug.save()
        seen.add(keeper.get(one(shop))["ETag"])
        Barcode.objects.create(variation=shop.mug, code="1")
        seen.add(keeper.get(one(shop))["ETag"])
        LocationPrice.objects.create(variation=shop.mug, location=shop.market, price=Decimal(4))
        seen.add(keeper.get(one(shop))["ETag"])
        Product.objects.filter(pk=shop.mug.product_id).update(name="Cup")
        seen.add(keeper.get(one(shop))["ETag"])
    assert len(seen) == 5


# -- prices at locations --------------------------------------------------------------------------


def price(shop: Shop, location: Any, amount: str | None, variation: Any = None) -> dict[str, Any]:
    return {
        "variation": str(variation or shop.mug.pk),
        "location": str(location),
        "price": amount,
    }


def test_prices_at_locations(shop: Shop, keeper: Client) -> None:
    url, here, there = f"{one(shop)}/prices", shop.high_street.pk, shop.market.pk
    body = {"prices": [price(shop, here, "6.5"), price(shop, there, "4")]}
    for _time in range(2):
        answer = ask(keeper, "PATCH", url, body)
        assert answer.status_code == 200, answer.content
        # The market is not the terminal's own: it may set the price there, and is not told it.
        assert answer.json()["variations"][0]["prices"] == [
            {"location": str(here), "price": "6.50"}
        ]
    ask(keeper, "PATCH", url, {"prices": [price(shop, here, None)]})
    with business(shop.business):
        row = LocationPrice.objects.get()
        assert (row.location, row.price) == (shop.market, Decimal(4))
        assert AuditEntry.objects.filter(action="product.prices").count() == 2


def test_prices_that_are_wrong(shop: Shop, other_shop: Shop, keeper: Client) -> None:
    url, here = f"{one(shop)}/prices", shop.high_street.pk
    for row, field in (
        (price(shop, other_shop.high_street.pk, "1"), "location"),
        (price(shop, NOWHERE, "1"), "location"),
        (price(shop, here, "1", other_shop.mug.pk), "variation"),
        (price(shop, here, "1", shop.tea.pk), "variation"),
        (price(shop, here, "-1"), "price"),
        (price(shop, here, "1.00001"), "price"),
        ({**price(shop, here, "1"), "x": 1}, "x"),
        ({"variation": str(shop.mug.pk), "location": str(here)}, "price"),
    ):
        wrong = said(ask(keeper, "PATCH", url, {"prices": [row]}), 400, "invalid")
        assert list(wrong) == [f"prices.0.{field}"]
    twice = {"prices": [price(shop, here, "3"), price(shop, here, "4")]}
    assert list(said(ask(keeper, "PATCH", url, twice), 400, "invalid")) == ["prices.1"]
    below = {"prices": [price(shop, here, "1")]}
    assert "below the cost" in said(ask(keeper, "PATCH", url, below), 422, "implausible")[
        "confirm"
    ][0]  # fmt: skip
    assert ask(keeper, "PATCH", url, {**below, "confirm": True}).status_code == 200


def test_prices_at_own_locations_alone(shop: Shop) -> None:
    with business(shop.business):
        role = shop.roles["Cashier"]
        role.permissions = ["product.view", "product.price.edit"]
        role.save()
    clerk, url = with_token(make_device(shop)[1]), f"{one(shop)}/prices"
    elsewhere = ask(clerk, "PATCH", url, {"prices": [price(shop, shop.market.pk, "9")]})
    assert list(said(elsewhere, 400, "invalid")) == ["prices.0.location"]
    own = ask(clerk, "PATCH", url, {"prices": [price(shop, shop.high_street.pk, "1")]})
    # Nothing is said of a cost that one may not see.
    assert own.status_code == 200


# -- removing -------------------------------------------------------------------------------------


def test_removing_deletes_what_has_no_history(shop: Shop, keeper: Client) -> None:
    body = {"name": "Spoon", "variations": [{"price": "1"}]}
    url = f"{URL}/{post(keeper, URL, body).json()['id']}"
    assert ask(keeper, "DELETE", url).json() == {"deleted": True}
    said(ask(keeper, "DELETE", url), 404, "not_found")
    assert ask(keeper, "DELETE", one(shop)).json() == {"deleted": False}
    assert keeper.get(one(shop)).json()["is_active"] is False
    with business(shop.business):
        assert AuditEntry.objects.get(action="product.deactivate").device is not None
