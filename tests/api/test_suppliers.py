"""Suppliers over the API: found, added once, changed and switched off."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from purchasing.api import suppliers
from purchasing.models import Supplier
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, ask, post, said
from tests.factories import Shop, make_device, with_token

URL = "/api/v1/suppliers"
FULL = {
    "name": "Tea & Co",
    "contact": "Femke",
    "phone": "020 777",
    "email": "tea@example.com",
    "address": "Kade 3\n1011 AB Amsterdam",
    "tax_number": "NL1",
    "payment_days": 30,
}


@pytest.fixture
def keeper(shop: Shop) -> Client:
    return with_token(make_device(shop, user=shop.owner)[1])


def names(client: Client, query: str = "") -> list[str]:
    return [row["name"] for row in client.get(URL + query).json()["results"]]


def test_one_is_made_once_and_changed(shop: Shop, keeper: Client) -> None:
    sent = {"id": str(uuid7()), **FULL}
    made = post(keeper, URL, sent)
    assert made.status_code == 201, made.content
    told = made.json()
    assert told == {
        **sent,
        "is_active": True,
        "version": told["version"],
        "created_at": told["created_at"],
    }
    again = post(keeper, URL, sent)
    assert (again.status_code, again.json()) == (200, told)
    said(post(keeper, URL, {**sent, "payment_days": 31}), 409, "id_taken")
    one = f"{URL}/{sent['id']}"
    after = ask(keeper, "PATCH", one, {"phone": "020 888", "payment_days": None})
    changed = {"phone": "020 888", "payment_days": None, "version": after.json()["version"]}
    assert after.json() == {**told, **changed}
    assert after["ETag"] == keeper.get(one)["ETag"] != made["ETag"]
    assert ask(keeper, "PATCH", one, {}).json() == after.json()
    with business(shop.business):
        entries = AuditEntry.objects.filter(object_id=sent["id"]).order_by("pk")
        assert [entry.action for entry in entries] == ["supplier.create", "supplier.update"]
        assert entries[1].changes == {"phone": ["***", "***"], "payment_days": [30, None]}
        assert all(entry.device is not None for entry in entries)


def test_without_an_id_each_request_makes_one(shop: Shop, keeper: Client) -> None:
    first, second = (post(keeper, URL, {"name": "Mill"}).json() for _time in range(2))
    assert first["id"] != second["id"]
    assert {**first, "id": "", "version": "", "created_at": ""} == {
        **second, "id": "", "version": "", "created_at": "",
    }  # fmt: skip


def test_the_list_and_what_narrows_it(
    shop: Shop, keeper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with business(shop.business):
        Supplier.objects.create(name="Old mill", is_active=False)
        for number in range(3):
            Supplier.objects.create(name=f"Tea {number}")
    assert sorted(names(keeper)) == ["Tea 0", "Tea 1", "Tea 2"]
    assert names(keeper, "?status=off") == ["Old mill"]
    assert sorted(names(keeper, "?status=all&q=MILL")) == ["Old mill"]
    assert names(keeper, "?q=nothing") == []
    said(keeper.get(f"{URL}?q=%00"), 400, "invalid")
    monkeypatch.setattr(suppliers, "PAGE", 2)
    seen, url = [], URL
    while url:
        content = keeper.get(url).json()
        seen += [row["name"] for row in content["results"]]
        url = content["next"]
    assert sorted(seen) == ["Tea 0", "Tea 1", "Tea 2"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": 7}, ["name"]),
        ({"email": "x"}, ["email"]),
        ({"phone": "1" * 41}, ["phone"]),
        ({"contact": "x" * 201}, ["contact"]),
        ({"address": "nul \0"}, ["address"]),
        ({"payment_days": -1}, ["payment_days"]),
        ({"payment_days": 366}, ["payment_days"]),
        ({"payment_days": 10**12}, ["payment_days"]),
        ({"payment_days": "30"}, ["payment_days"]),
        ({"payment_days": True}, ["payment_days"]),
        ({"is_active": True}, ["is_active"]),
        ({"business": 1}, ["business"]),
    ],
)
def test_what_is_wrong_is_named(
    shop: Shop, keeper: Client, fields: dict[str, Any], wrong: list[str]
) -> None:
    assert [*said(post(keeper, URL, {**FULL, **fields}), 400, "invalid")] == wrong
    with business(shop.business):
        assert not Supplier.objects.exists()


def test_not_over_somebody_else(shop: Shop, keeper: Client) -> None:
    made = post(keeper, URL, FULL)
    one = f"{URL}/{made.json()['id']}"
    ask(keeper, "PATCH", one, {"name": "Tea & Sons"})
    late = keeper.patch(
        one, {"is_active": False}, content_type="application/json",
        headers={"If-Match": made["ETag"]},
    )  # fmt: skip
    said(late, 412, "changed_meanwhile")
    assert keeper.get(one).json()["is_active"] is True
    assert ask(keeper, "PATCH", one, {"is_active": False}).json()["is_active"] is False
    assert keeper.get(one).status_code == 200


def test_suppliers_of_another_business_are_none(
    shop: Shop, other_shop: Shop, keeper: Client
) -> None:
    with business(other_shop.business):
        theirs = Supplier.objects.create(name="Theirs")
    for verb in ("GET", "PATCH"):
        said(ask(keeper, verb, f"{URL}/{theirs.pk}", {}), 404, "not_found")
    assert names(keeper, "?status=all") == []
    said(post(keeper, URL, {**FULL, "id": str(theirs.pk)}), 409, "id_taken")
    said(keeper.get(f"{URL}/{NOWHERE}"), 404, "not_found")


def test_who_may_what(shop: Shop, terminal: Client, stranger: Client) -> None:
    with business(shop.business):
        one = Supplier.objects.create(name="Mill")
    said(terminal.get(URL), 403, "permission_denied")
    said(post(terminal, URL, FULL), 403, "permission_denied")
    for verb in ("GET", "PATCH"):
        said(ask(terminal, verb, f"{URL}/{one.pk}", {}), 403, "permission_denied")
        said(ask(stranger, verb, shop.url(f"api/v1/suppliers/{one.pk}"), {}), 404, "not_found")
    said(ask(terminal, "DELETE", f"{URL}/{one.pk}"), 405, "method_not_allowed")


def test_who_changes_one_sees_it(shop: Shop) -> None:
    """As on the page, whose form shows what it changes."""
    with business(shop.business):
        one = Supplier.objects.create(name="Mill", phone="020 777")
        shop.roles["Cashier"].permissions = ["supplier.update"]
        shop.roles["Cashier"].save()
    client = with_token(make_device(shop)[1])
    answer = ask(client, "PATCH", f"{URL}/{one.pk}", {"name": "Old mill"})
    said(answer, 403, "permission_denied")
    assert b"020 777" not in answer.content
