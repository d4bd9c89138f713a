"""The page of one customer, with what they bought as far as the reader may know."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts.permissions import Permission
from sales.models import Customer
from tenants.ids import uuid7
from tests.factories import Shop, make_shift, signed_in
from tests.sales.selling import market_manager, market_shift, sell, void


@pytest.fixture
def bought(inside: Shop) -> Shop:
    """A sale of 10.00, one that was voided, and one at the market of 12.99."""
    make_shift(inside)
    sell(inside, (inside.mug, "2"), customer=True)
    void(inside, sell(inside, customer=True))
    sell(inside)
    stall = market_shift(inside)
    sell(inside, (inside.tea, "1"), customer=True, user=inside.manager, register=stall.register)
    return inside


def get(client: Client, shop: Shop, customer: Customer | None = None):
    return client.get(shop.url(f"customers/{(customer or shop.customer).pk}/"))


def test_contact_sales_and_totals(owner: Client, bought: Shop) -> None:
    response = get(owner, bought)
    totals = response.context["totals"]
    assert (totals.total, totals.sales, totals.voids) == (Decimal("22.99"), 3, 1)
    assert len(response.context["sales"]) == 4
    text = response.content.decode()
    assert "+31 6 1234 5678" in text
    assert "carla@acme.example" in text
    assert "€22.99" in text


def test_a_colleague_sees_it(manager: Client, bought: Shop) -> None:
    assert len(get(manager, bought).context["sales"]) == 4


def test_the_cashier_sees_their_own_sales(cashier: Client, bought: Shop) -> None:
    assert get(cashier, bought).context["totals"].total == Decimal(10)


def test_who_is_confined_sees_that_location(bought: Shop) -> None:
    response = get(market_manager(bought), bought)
    assert response.context["totals"].total == Decimal("12.99")
    assert b"High Street" not in response.content


def test_without_a_right_to_sales_only_the_contact(bought: Shop) -> None:
    role = bought.roles["Viewer"]
    role.permissions = [Permission.CUSTOMER_VIEW]
    role.save()
    response = get(signed_in(bought.people["Viewer"]), bought)
    assert b"+31 6 1234 5678" in response.content
    assert b"ACM1" not in response.content
    assert "€" not in response.content.decode()


def test_a_stranger_is_told_nothing(stranger: Client, shop: Shop, other_shop: Shop) -> None:
    assert get(stranger, shop).status_code == 404
    assert get(stranger, other_shop, shop.customer).status_code == 404


def test_nobody_of_that_id(owner: Client, shop: Shop) -> None:
    assert owner.get(shop.url(f"customers/{uuid7()}/")).status_code == 404


def test_without_the_permission(shop: Shop) -> None:
    assert get(signed_in(shop.people["Stock keeper"]), shop).status_code == 403


def test_only_reading(owner: Client, shop: Shop) -> None:
    assert owner.post(shop.url(f"customers/{shop.customer.pk}/")).status_code == 405
