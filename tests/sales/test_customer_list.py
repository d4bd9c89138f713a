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
    return [customer.name for customer, _credit in response.context["rows"]]


def test_the_newest_first(owner: Client, customers: Shop) -> None:
    assert names(owner, customers) == ["Ömer Can", "Carla of acme"]
    assert names(owner, customers, state="all") == ["Zoe", "Ömer Can", "Carla of acme"]
    text = owner.get(customers.url("customers/")).content.decode()
    assert "Newest first." in text
    assert "020-555 0101" in text
    assert "Omer@Mail.example" in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("om", ["Ömer Can"]),
        ("ÖMER", ["Ömer Can"]),
        ("can öm", ["Ömer Can"]),
        ("omer o", ["Ömer Can"]),
        ("ömer carla", []),
        ("mer", []),
        ("omerc", []),
        ("ca", ["Carla of acme", "Ömer Can"]),
        ("0205550101", ["Ömer Can"]),
        ("(020) 555 01 01", ["Ömer Can"]),
        ("0205550", []),
        ("omer@mail.EXAMPLE", ["Ömer Can"]),
        ("mail.example", []),
        ("a", []),
        ("-", []),
        ("nobody", []),
    ],
)
def test_what_is_found(owner: Client, customers: Shop, text: str, found: list[str]) -> None:
    assert names(owner, customers, q=text) == found


def test_a_colleague_and_the_cashier_see_them(
    manager: Client, cashier: Client, customers: Shop
) -> None:
    assert names(manager, customers) == names(cashier, customers) == ["Ömer Can", "Carla of acme"]


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


@pytest.mark.parametrize("query", [{}, {"q": "cust"}, {"q": "cust", "page": "2"}])
def test_the_statements_do_not_grow_with_the_list(
    owner: Client, inside: Shop, query: dict[str, str]
) -> None:
    counts = []
    for _round in range(2):
        for number in range(30):
            Customer.objects.create(name=f"Customer {number}", phone="1")
        with counted() as queries:
            names(owner, inside, **query)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_pages_of_what_was_found(owner: Client, inside: Shop) -> None:
    for number in range(60):
        Customer.objects.create(name=f"Customer {number:02}")
    first, second = (names(owner, inside, q="customer", page=page) for page in ("1", "2"))
    assert first + second == [f"Customer {number:02}" for number in range(60)]
    assert len(first) == 50


def test_more_than_can_be_put_in_order(
    owner: Client, inside: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 3, 2):
        Customer.objects.create(name=f"Customer {number}")
    said = "customers match. Here are the"
    for most, found in (
        (3, ["Customer 1", "Customer 2", "Customer 3"]),
        (2, ["Customer 2", "Customer 3"]),
    ):
        monkeypatch.setattr("sales.customers.MOST_FOUND", most)
        assert names(owner, inside, q="cust") == found
        assert (said in owner.get(inside.url("customers/?q=cust")).content.decode()) == (most == 2)


def test_a_new_name_is_found_and_the_old_one_is_not(owner: Client, inside: Shop) -> None:
    customer = Customer.objects.create(name="Anna Smith", is_active=True)
    customer.name = "Anna O'Dowd"
    customer.save(update_fields=["name"])
    assert names(owner, inside, q="smith") == []
    for text in ("odowd", "o'dowd", "dowd", "anna o'd"):
        assert names(owner, inside, q=text) == ["Anna O'Dowd"], text
    customer.delete()
    assert names(owner, inside, q="anna") == []
