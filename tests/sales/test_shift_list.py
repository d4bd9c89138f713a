"""The list of shifts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from sales.models import Shift
from sales.shifts import close_shift
from tests.factories import Shop, make_shift, signed_in
from tests.sales.selling import counted, market_manager, market_shift, sell


@pytest.fixture
def shifts(inside: Shop) -> Shop:
    """A closed shift with a shortage and an open one of the cashier, and one at the market."""
    first = make_shift(inside)
    sell(inside)
    close_shift(actor=inside.cashier, shift=first, counted_cash=Decimal("54.00"))
    make_shift(inside)
    market_shift(inside)
    return inside


def shown(client: Client, shop: Shop, **query: str) -> list[str]:
    response = client.get(shop.url("shifts/"), query)
    assert response.status_code == 200
    return [str(shift) for shift in response.context["shifts"]]


def test_newest_first_with_what_was_counted(owner: Client, shifts: Shop) -> None:
    assert shown(owner, shifts) == ["Stall #1", "Till 1 #2", "Till 1 #1"]
    text = owner.get(shifts.url("shifts/")).content.decode()
    assert "€54.00" in text
    assert "-€1.00" in text


def test_open_ones_and_wrong_ones(owner: Client, shifts: Shop) -> None:
    assert shown(owner, shifts, state="open") == ["Stall #1", "Till 1 #2"]
    assert shown(owner, shifts, state="different") == ["Till 1 #1"]


def test_a_colleague_sees_all(manager: Client, shifts: Shop) -> None:
    assert len(shown(manager, shifts)) == 3


def test_the_cashier_sees_their_own(cashier: Client, shifts: Shop) -> None:
    assert shown(cashier, shifts) == ["Till 1 #2", "Till 1 #1"]


def test_who_is_confined_sees_that_location(shifts: Shop) -> None:
    assert shown(market_manager(shifts), shifts) == ["Stall #1"]


def test_a_stranger_is_told_nothing(stranger: Client, shifts: Shop) -> None:
    assert stranger.get(shifts.url("shifts/")).status_code == 404


def test_without_the_permission(shop: Shop) -> None:
    client = signed_in(shop.people["Stock keeper"])
    assert client.get(shop.url("shifts/")).status_code == 403


def test_only_reading(owner: Client, shop: Shop) -> None:
    assert owner.post(shop.url("shifts/")).status_code == 405


def test_an_empty_list_says_what_to_do(owner: Client, shop: Shop) -> None:
    assert b"No shifts yet" in owner.get(shop.url("shifts/")).content


def test_the_statements_do_not_grow_with_the_list(owner: Client, inside: Shop) -> None:
    counts = []
    for _round in range(2):
        for _time in range(3):
            shift = make_shift(inside)
            close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(50))
        with counted() as queries:
            owner.get(inside.url("shifts/"))
        counts.append(len(queries))
    assert counts == [7, 7]
    assert Shift.objects.count() == 6
