"""Closing a shift from its page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from sales.models import Shift
from sales.shifts import open_shift
from tests.factories import Shop, make_shift, signed_in
from tests.sales.selling import market_manager, sell


@pytest.fixture
def shift(inside: Shop) -> Shift:
    shift = make_shift(inside)
    sell(inside, (inside.mug, "2"), cash="50.00")
    return shift


def post(client: Client, shop: Shop, shift: Shift, counted: str = "60.00", note: str = ""):
    url = shop.url(f"shifts/{shift.pk}/close/")
    return client.post(url, {"counted_cash": counted, "note": note})


def test_it_closes_with_the_difference(cashier: Client, inside: Shop, shift: Shift) -> None:
    response = post(cashier, inside, shift, "59.00", "One coin rolled away")
    assert response.url == inside.url(f"shifts/{shift.pk}/")
    shift.refresh_from_db()
    assert (shift.expected_cash, shift.counted_cash, shift.difference) == (60, 59, -1)
    assert (shift.closed_by, shift.note) == (inside.cashier, "One coin rolled away")


def test_twice_is_once(cashier: Client, inside: Shop, shift: Shift) -> None:
    post(cashier, inside, shift)
    response = post(cashier, inside, shift, "1.00")
    assert "closed already" in str(response.context["form"].errors)
    shift.refresh_from_db()
    assert shift.counted_cash == Decimal(60)


@pytest.mark.parametrize("counted", ["", "-1", "1.234", "much"])
def test_a_count_that_cannot_be(cashier: Client, inside: Shop, shift: Shift, counted: str) -> None:
    assert "counted_cash" in post(cashier, inside, shift, counted).context["form"].errors
    shift.refresh_from_db()
    assert shift.is_open


def test_a_colleague_may_close_it_with_the_right(
    manager: Client, inside: Shop, shift: Shift
) -> None:
    assert (
        "€60.00 is expected"
        in manager.get(inside.url(f"shifts/{shift.pk}/close/")).content.decode()
    )
    post(manager, inside, shift)
    shift.refresh_from_db()
    assert shift.closed_by == inside.manager


def test_a_colleague_without_it_may_not(inside: Shop, shift: Shift) -> None:
    role = inside.roles["Viewer"]
    role.permissions = ["shift.view_all", "shift.close"]
    role.save()
    assert post(signed_in(inside.people["Viewer"]), inside, shift).status_code == 403


def test_of_another_person(cashier: Client, inside: Shop) -> None:
    theirs = open_shift(actor=inside.manager, register=inside.register, opening_float=Decimal(0))
    assert post(cashier, inside, theirs).status_code == 404
    theirs.refresh_from_db()
    assert theirs.is_open


def test_of_another_location(inside: Shop, shift: Shift) -> None:
    assert post(market_manager(inside), inside, shift).status_code == 404


def test_a_stranger_is_told_nothing(stranger: Client, inside: Shop, shift: Shift) -> None:
    assert post(stranger, inside, shift).status_code == 404
    shift.refresh_from_db()
    assert shift.is_open


def test_without_the_permission(inside: Shop, shift: Shift) -> None:
    assert post(signed_in(inside.people["Stock keeper"]), inside, shift).status_code == 403


def test_only_these_verbs(owner: Client, inside: Shop, shift: Shift) -> None:
    assert owner.delete(inside.url(f"shifts/{shift.pk}/close/")).status_code == 405


def test_a_note_holds_no_card_number(cashier, inside) -> None:
    shift = make_shift(inside)
    data = {"counted_cash": "50", "note": "Paid with 4111 1111 1111 1111"}
    page = cashier.post(inside.url(f"shifts/{shift.pk}/close/"), data).content.decode()
    assert "looks like a card number" in page
    shift.refresh_from_db()
    assert shift.is_open
