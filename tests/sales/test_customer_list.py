"""The list of customers, and finding them by what is encrypted."""

from __future__ import annotations

import pytest
from django.test import Client

from sales.models import Customer
from tests.factories import Shop, signed_in
from tests.sales.selling import counted


@pytest.fixture
def customers(inside: Shop) -> Shop:
    """Carla, whom the shop has, Ömer, and Zoe who is inactive."""
    Customer.objects.create(name="Ömer Can", phone="020-555 0101", email="Omer@Mail.example")
    Customer.objects.create(name="Zoe", is_active=False)
    return inside


def names(client: Client, shop: Shop, **query: str) -> list[str]:
    response = client.get(shop.url("customers/"), query)
    assert response.status_code == 200
    return [customer.name for customer in response.context["page"]]


def test_by_name(owner: Client, customers: Shop) -> None:
    assert names(owner, customers) == ["Carla of acme", "Ömer Can"]
    assert sorted(names(owner, customers, state="all")) == ["Carla of acme", "Zoe", "Ömer Can"]
    text = owner.get(customers.url("customers/")).content.decode()
    assert "020-555 0101" in text
    assert "Omer@Mail.example" in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mer c", ["Ömer Can"]),
        ("0205550101", ["Ömer Can"]),
        ("(020) 555 01 01", ["Ömer Can"]),
        ("0205550", []),
        ("omer@mail.EXAMPLE", ["Ömer Can"]),
        ("mail.example", []),
        ("a", ["Carla of acme", "Ömer Can"]),
        ("nobody", []),
    ],
)
def test_what_is_found(owner: Client, customers: Shop, text: str, found: list[str]) -> None:
    assert names(owner, customers, q=text) == found


def test_a_colleague_and_the_cashier_see_them(
    manager: Client, cashier: Client, customers: Shop
) -> None:
    assert names(manager, customers) == names(cashier, customers) == ["Carla of acme", "Ömer Can"]


def test_a_stranger_is_told_nothing(stranger: Client, customers: Shop, other_shop: Shop) -> None:
    assert stranger.get(customers.url("customers/")).status_code == 404
    assert names(stranger, other_shop) == ["Carla of rival"]
    assert names(stranger, other_shop, q="0205550101") == []


def test_without_the_permission(shop: Shop) -> None:
    client = signed_in(shop.people["Stock keeper"])
    assert client.get(shop.url("customers/")).status_code == 403


def test_only_reading(owner: Client, shop: Shop) -> None:
    assert owner.post(shop.url("customers/")).status_code == 405


def test_nothing_found_says_what_helps(owner: Client, shop: Shop) -> None:
    assert b"No customer matches" in owner.get(shop.url("customers/?q=nobody")).content


def test_the_statements_do_not_grow_with_the_list(owner: Client, inside: Shop) -> None:
    counts = []
    for _round in range(2):
        for number in range(30):
            Customer.objects.create(name=f"Customer {number}", phone="1")
        with counted() as queries:
            names(owner, inside)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12
