"""Opening and closing shifts, and what must be in the drawer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEntry
from sales.models import Register
from sales.shifts import close_shift, expected_cash, open_shift
from tenants.errors import Refused
from tests.factories import Shop, make_shift
from tests.sales.selling import sell, void


def test_a_shift_opens_with_its_float(inside: Shop) -> None:
    shift = make_shift(inside, opening_float="20.00")
    assert (shift.number, shift.opened_by, shift.is_open) == (1, inside.cashier, True)
    assert expected_cash(shift) == Decimal(20)
    assert AuditEntry.objects.filter(action="shift.open", object_id=shift.pk).count() == 1


def test_the_drawer_after_sales_a_void_and_change(inside: Shop) -> None:
    shift = make_shift(inside)
    sell(inside, (inside.mug, "2"), cash="50.00")  # 10.00, change 40.00
    sell(inside, (inside.tea, "1"), card="12.99")  # nothing in cash
    sell(inside, (inside.mug, "1"), card="2.00", cash="5.00")  # 3.00, change 2.00
    voided = sell(inside, (inside.mug, "1"), cash="20.00")
    assert expected_cash(shift) == Decimal("68.00")
    void(inside, voided)
    assert expected_cash(shift) == Decimal("63.00")


def test_the_drawer_after_a_voided_card_sale(inside: Shop) -> None:
    shift = make_shift(inside)
    void(inside, sell(inside, card="5.00"))
    assert expected_cash(shift) == Decimal(50)


def test_cash_that_was_rounded_is_what_lies_there(inside: Shop) -> None:
    inside.business.cash_step = Decimal("0.05")
    inside.business.save()
    shift = make_shift(inside)
    sale = sell(inside, (inside.tea, "1"), cash="20.00")
    assert expected_cash(shift) == Decimal(63)
    void(inside, sale)
    assert expected_cash(shift) == Decimal(50)


def test_cash_leaves_the_drawer_of_the_shift_that_voids(inside: Shop) -> None:
    first = make_shift(inside)
    sale = sell(inside)
    close_shift(actor=inside.cashier, shift=first, counted_cash=Decimal(55))
    second = make_shift(inside)
    reversal = void(inside, sale)
    first.refresh_from_db()
    assert reversal.shift == second
    assert (first.expected_cash, first.difference) == (55, 0)
    assert expected_cash(second) == Decimal(45)


@pytest.mark.parametrize(("counted", "difference"), [("55", "0"), ("54.99", "-0.01"), ("60", "5")])
def test_closing_says_what_is_missing(inside: Shop, counted: str, difference: str) -> None:
    shift = make_shift(inside)
    sell(inside)
    closed = close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(counted))
    assert (closed.expected_cash, closed.difference) == (55, Decimal(difference))
    entry = AuditEntry.objects.get(action="shift.close")
    assert entry.changes["difference"] == [None, difference]


def test_numbers_go_on(inside: Shop) -> None:
    for number in (1, 2):
        shift = make_shift(inside)
        assert shift.number == number
        close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(50))


def test_what_is_refused(inside: Shop) -> None:
    ask: dict[str, Any] = {"actor": inside.cashier, "register": inside.register}
    with pytest.raises(Refused) as refused:
        open_shift(**ask, opening_float=Decimal(-1))
    assert refused.value.code == "negative"
    shift = open_shift(**ask, opening_float=Decimal(0))
    with pytest.raises(Refused) as refused:
        open_shift(**ask, opening_float=Decimal(0))
    assert refused.value.code == "shift_open"
    with pytest.raises(Refused) as refused:
        close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(-1))
    assert refused.value.code == "negative"
    close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(0))
    with pytest.raises(Refused) as refused:
        close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(0))
    assert refused.value.code == "shift_closed"
    Register.objects.update(is_active=False)
    with pytest.raises(Refused) as refused:
        open_shift(**ask, opening_float=Decimal(0))
    assert refused.value.code == "register_inactive"
