"""customers: found by name, phone or e-mail; added at the till."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from sales.api import customers
from sales.models import Customer
from tenants.context import business
from tests.api.calls import post, said
from tests.factories import Shop

URL = "/api/v1/customers"


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


def test_found_by_the_beginning_of_the_name_or_a_whole_contact(
    shop: Shop, terminal: Client
) -> None:
    for text in (
        "carla",
        "ca",
        "acme car",
        "carla@acme.example",
        "%2B31612345678",
        "31-6 1234 5678",
    ):
        assert names(terminal.get(f"{URL}?q={text}")) == ["Carla of acme"], text
    for text in ("Zoe", "arl", "carla@xy", "1234"):
        assert names(terminal.get(f"{URL}?q={text}")) == [], text


def test_never_those_of_another_business(
    shop: Shop, other_shop: Shop, terminal: Client, strange_terminal: Client
) -> None:
    for _turn in range(2):
        assert names(terminal.get(URL)) == ["Carla of acme"]
        assert names(strange_terminal.get(f"{URL}?q=carla")) == ["Carla of rival"]


def test_the_inactive_are_found_where_they_are_asked_for(shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        shop.customer.is_active = False
        shop.customer.save()
        Customer.objects.create(name="Carlo")
    for query, expected in {
        "": ["Carlo"],
        "?status=active": ["Carlo"],
        "?status=off": ["Carla of acme"],
        "?status=all": ["Carlo", "Carla of acme"],
        "?q=carl": ["Carlo"],
        "?q=carl&status=off": ["Carla of acme"],
        "?q=carl&status=all": ["Carla of acme", "Carlo"],
    }.items():
        assert names(terminal.get(f"{URL}{query}")) == expected, query
    (row,) = terminal.get(f"{URL}?status=off").json()["results"]
    assert row["is_active"] is False
    assert "status" in said(terminal.get(f"{URL}?status=gone"), 400, "invalid")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Bo C", "Dirk", "Bo A", "Bo B", "Carla of acme"]),
        ("?q=bo", ["Bo A", "Bo B", "Bo C"]),
    ],
)
def test_pages(
    shop: Shop,
    terminal: Client,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    expected: list[str],
) -> None:
    """The newest first; who is searched for, by name."""
    monkeypatch.setattr(customers, "PAGE", 2)
    with business(shop.business):
        for name in ("Bo B", "Bo A", "Dirk", "Bo C"):
            Customer.objects.create(name=name)
    seen: list[str] = []
    url = f"{URL}{query}"
    while url:
        content = terminal.get(url).json()
        seen += [row["name"] for row in content["results"]]
        url = content["next"]
    assert seen == expected


@pytest.mark.parametrize("cursor", ["x", "-1", "²", "1234567"])
def test_a_cursor_that_was_not_made_here(terminal: Client, cursor: str) -> None:
    response = terminal.get(URL, {"q": "carla", "cursor": cursor})
    assert said(response, 400, "invalid") == {"cursor": ["Begin again without the cursor."]}


def test_a_customer_is_added(shop: Shop, terminal: Client) -> None:
    body = {"name": " Dirk ", "phone": "+31 6 8765 4321", "email": "dirk@example.com"}
    response = post(terminal, URL, body)
    assert response.status_code == 201
    dirk = response.json()
    given = {"id": dirk["id"], "version": dirk["version"], "created_at": dirk["created_at"]}
    rest = {"address": "", "tax_number": "", "note": "", "is_active": True}
    credit = {"credit": "0.00", "credit_expires": None}
    assert dirk == {**body, **given, **rest, **credit, "name": "Dirk"}
    assert response["ETag"] == f'"{dirk["version"]}"'
    assert names(terminal.get(f"{URL}?q=31687654321")) == ["Dirk"]
    with business(shop.business):
        entry = AuditEntry.objects.get(action="customer.create")
        assert (str(entry.object_id), entry.actor) == (dirk["id"], shop.cashier)
        assert entry.device is not None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name"]),
        ({"name": "  "}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": 7}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": "nul \0"}, ["name"]),
        ({"name": "half \ud800"}, ["name"]),
        ({"name": "4111 1111 1111 1111"}, ["name"]),
        ({"name": "Dirk", "email": "dirk"}, ["email"]),
        ({"name": "Dirk", "phone": "1" * 41}, ["phone"]),
        ({"name": "Dirk", "business": 1, "business_id": 2}, ["business", "business_id"]),
        ({"name": "Dirk", "id": "x"}, ["id"]),
    ],
)
def test_what_is_wrong_is_named(
    shop: Shop, terminal: Client, body: dict[str, Any], fields: list[str]
) -> None:
    assert sorted(said(post(terminal, URL, body), 400, "invalid")) == fields
    with business(shop.business):
        assert Customer.objects.count() == 1
