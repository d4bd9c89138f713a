"""The page of one shift, and that the drawer is counted blind."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from sales.models import Shift
from sales.shifts import close_shift, open_shift
from tests.factories import Shop, make_shift, signed_in
from tests.sales.selling import counted, market_manager, sell, void


@pytest.fixture
def shift(inside: Shop) -> Shift:
    """50.00 and a sale of 10.00 in cash, one by card, and one that is voided."""
    shift = make_shift(inside)
    sell(inside, (inside.mug, "2"), cash="20.00")
    sell(inside, (inside.tea, "1"), card="12.99")
    void(inside, sell(inside))
    return shift


def page(client: Client, shop: Shop, shift: Shift) -> str:
    response = client.get(shop.url(f"shifts/{shift.pk}/"))
    assert response.status_code == 200
    return response.content.decode()


def test_the_sums_add_up(owner: Client, inside: Shop, shift: Shift) -> None:
    response = owner.get(inside.url(f"shifts/{shift.pk}/"))
    assert response.context["expected"] == Decimal(60)
    assert response.context["methods"] == [("Card", Decimal("12.99")), ("Cash", Decimal(10))]
    assert response.context["totals"].total == Decimal("22.99")
    assert len(response.context["sales"]) == 4
    assert "€60.00" in response.content.decode()


def test_who_counts_does_not_see_what_is_expected(
    cashier: Client, inside: Shop, shift: Shift
) -> None:
    response = cashier.get(inside.url(f"shifts/{shift.pk}/"))
    assert not any(name in response.context for name in ("expected", "methods", "totals"))
    text = response.content.decode()
    assert "shown after counting" in text
    assert "€60.00" not in text
    assert "€22.99" not in text
    close = cashier.get(inside.url(f"shifts/{shift.pk}/close/"))
    assert "expected" not in close.context
    assert b"60.00" not in close.content


def test_after_counting_everybody_sees_the_difference(
    cashier: Client, inside: Shop, shift: Shift
) -> None:
    close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal("58.50"))
    text = page(cashier, inside, shift)
    for shown in ("€60.00", "€58.50", "-€1.50", "Cash is missing"):
        assert shown in text


def test_a_colleague_sees_it(manager: Client, inside: Shop, shift: Shift) -> None:
    assert "Till 1 #1" in page(manager, inside, shift)


def test_of_another_person(cashier: Client, inside: Shop) -> None:
    theirs = open_shift(actor=inside.manager, register=inside.register, opening_float=Decimal(0))
    assert cashier.get(inside.url(f"shifts/{theirs.pk}/")).status_code == 404


def test_of_another_location(inside: Shop, shift: Shift) -> None:
    assert market_manager(inside).get(inside.url(f"shifts/{shift.pk}/")).status_code == 404


def test_a_stranger_is_told_nothing(stranger: Client, inside: Shop, shift: Shift) -> None:
    assert stranger.get(inside.url(f"shifts/{shift.pk}/")).status_code == 404


def test_without_the_permission(inside: Shop, shift: Shift) -> None:
    client = signed_in(inside.people["Stock keeper"])
    assert client.get(inside.url(f"shifts/{shift.pk}/")).status_code == 403


def test_only_reading(owner: Client, inside: Shop, shift: Shift) -> None:
    assert owner.post(inside.url(f"shifts/{shift.pk}/")).status_code == 405


def test_the_statements_do_not_grow_with_the_sales(owner: Client, inside: Shop) -> None:
    shift = make_shift(inside)
    counts = []
    for _round in range(2):
        for _time in range(3):
            sell(inside)
        with counted() as queries:
            page(owner, inside, shift)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12
