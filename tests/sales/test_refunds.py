"""Refunds: never more than was sold, exactly what it was sold for, and only to those who may."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from accounts.models import AuditEntry
from archive.verify import check_books
from inventory.models import StockLevel, StockMovement
from sales.errors import NoOpenShift, OtherRequest
from sales.models import CreditEntry, Payment, Sale
from sales.shifts import close_shift, expected_cash, open_shift
from tenants.errors import Refused
from tests.factories import Shop, make_person, make_shift
from tests.sales.crediting import asking, do, grant, ledger, voucher
from tests.sales.refunding import (
    asking_back,
    back,
    paid,
    refund,
    second_till,
    send_back,
)
from tests.sales.selling import fixed, market_shift, percent, sell, void

CASH, CARD, CREDIT = Payment.Method.CASH, Payment.Method.CARD, Payment.Method.CREDIT
SUMS = ("item_count", "subtotal", "discount", "net", "tax", "total")


@pytest.fixture
def sale(inside: Shop) -> Sale:
    """Three mugs at 10% off, half a kilo of tea, wrapping, 1.00 off it all: 20.50, in cash."""
    make_shift(inside)
    return sell(
        inside,
        (inside.mug, "3", percent(10)),
        (inside.tea, "0.5"),
        (inside.wrapping, "1"),
        discount=fixed("1.00"),
        customer=True,
    )


def stock(shop: Shop) -> dict[Any, Decimal]:
    rows = StockLevel.objects.filter(location=shop.high_street)
    return dict(rows.values_list("variation", "quantity"))


def refused(shop: Shop, sale: Sale, *lines: Any, **fields: Any) -> Refused:
    with pytest.raises(Refused) as raised:
        refund(shop, sale, *lines, **fields)
    return raised.value


# -- what it does ---------------------------------------------------------------------------------


def test_a_part_comes_back(inside: Shop, sale: Sale) -> None:
    before = expected_cash(sale.shift)
    document = refund(inside, sale, back(1, "2"), back(2, "0.125"))
    document.refresh_from_db()
    assert (document.kind, document.number, document.reverses) == ("refund", "ACM1-R000001", sale)
    assert (document.reason, document.customer) == ("Too small", inside.customer)
    mugs, tea = document.lines.all()
    assert (mugs.quantity, mugs.refunds, mugs.refunds_line) == (-2, sale, 1)
    assert mugs.total == -round(sale.lines.get(line=1).total * 2 / 3, 2)
    assert (tea.quantity, tea.name, tea.unit_price) == (
        Decimal("-0.125"),
        "Green tea",
        inside.tea.price,
    )
    assert document.total == mugs.total + tea.total == document.net + document.tax
    assert paid(document) == [(CASH, document.total)]
    assert expected_cash(sale.shift) == before + document.total
    assert stock(inside) == {inside.mug.pk: 9, inside.tea.pk: Decimal("4.125")}
    kinds = StockMovement.objects.filter(document_id=document.pk).values_list("kind", flat=True)
    assert list(kinds) == ["refund", "refund"]
    entry = AuditEntry.objects.get(action="sale.refund")
    assert (entry.actor, entry.object_text) == (inside.manager, sale.number)
    assert check_books() == []


def test_all_in_three_refunds_is_the_sale(inside: Shop, sale: Sale) -> None:
    parts = [
        refund(inside, sale, back(1, "1"), back(2, "0.2")),
        refund(inside, sale, back(1, "1"), back(3)),
        refund(inside, sale, back(2, "0.3"), back(1, "1")),
    ]
    for name in SUMS:
        assert (
            sum(getattr(one, name) for one in parts) + getattr(sale, name) == 0
            or name == "item_count"
        )
    for line in sale.lines.all():
        shares = list(sale.refund_lines.filter(refunds_line=line.line))
        for name in ("quantity", "discount", "sale_discount", "net", "tax", "total"):
            assert sum(getattr(one, name) for one in shares) == -getattr(line, name)
    assert sum(one.to_pay for one in parts) == -sale.to_pay
    assert stock(inside) == {inside.mug.pk: 10, inside.tea.pk: Decimal("4.5")}
    assert expected_cash(sale.shift) == 50
    assert [one.number for one in parts] == [f"ACM1-R00000{n}" for n in (1, 2, 3)]
    assert check_books() == []


@pytest.mark.parametrize("step", ["0.05", "0.10", "0.50"])
def test_cash_in_coins_sums_to_what_was_paid(inside: Shop, step: str) -> None:
    inside.business.cash_step = Decimal(step)
    inside.business.save()
    make_shift(inside)
    sale = sell(inside, (inside.tea, "1.111"), (inside.mug, "3", percent(7)), cash="100.00")
    for quantity in ("0.111", "0.333", "0.333", "0.334"):
        document = refund(inside, sale, back(1, quantity))
        assert document.to_pay % Decimal(step) == 0
    for _mug in range(3):
        refund(inside, sale, back(2))
    refunds = Sale.objects.filter(kind="refund")
    assert sum(one.to_pay for one in refunds) == -sale.to_pay
    assert sum(one.total for one in refunds) == -sale.total
    assert expected_cash(sale.shift) == 50
    assert check_books() == []


def test_what_is_less_than_a_coin_is_made_up_for(inside: Shop) -> None:
    inside.business.cash_step = Decimal("0.05")
    inside.business.save()
    make_shift(inside)
    sale = sell(inside, (inside.tea, "0.010"), cash="5.00")  # 0.13, paid with 0.15
    first = refund(inside, sale, back(1, "0.001"))
    assert (first.total, paid(first)) == (Decimal("-0.01"), [(CASH, 0)])
    last = refund(inside, sale, back(1, "0.009"))
    assert (last.total, last.to_pay) == (Decimal("-0.12"), Decimal("-0.15"))
    assert check_books() == []


def test_goods_that_are_broken_stay_away_and_cost_what_they_cost(inside: Shop, sale: Sale) -> None:
    document = refund(inside, sale, back(1, "1", restock=False), back(1, "1"))
    broken, whole = document.lines.all()
    assert (broken.is_stocked, broken.unit_cost) == (False, 0)
    assert (whole.is_stocked, whole.unit_cost) == (True, 2)
    assert stock(inside)[inside.mug.pk] == 8
    movement = StockMovement.objects.get(document_id=document.pk)
    assert (movement.quantity, movement.line, movement.unit_cost) == (1, 2, 2)
    assert check_books() == []


def test_at_another_register_into_its_own_drawer(inside: Shop, sale: Sale) -> None:
    other = second_till(inside)
    shift = open_shift(actor=inside.cashier, register=other, opening_float=Decimal(30))
    close_shift(actor=inside.cashier, shift=sale.shift, counted_cash=Decimal(0))
    document = refund(inside, sale, back(3), register_id=other.pk)
    assert document.number == "ACM2-R000001"
    assert expected_cash(shift) == 30 + document.to_pay
    assert check_books() == []


def test_at_another_location_goods_come_into_its_stock(inside: Shop, sale: Sale) -> None:
    shift = market_shift(inside)
    refund(inside, sale, back(1, "2"), register_id=shift.register_id)
    level = StockLevel.objects.get(variation=inside.mug, location=inside.market)
    assert level.quantity == 2
    assert stock(inside)[inside.mug.pk] == 7
    assert check_books() == []


# -- never too much -------------------------------------------------------------------------------


def test_never_more_than_is_left(inside: Shop, sale: Sale) -> None:
    refund(inside, sale, back(1, "2"))
    said = refused(inside, sale, back(3), back(1, "2"))
    assert (said.code, said.status) == ("refund_too_large", 409)
    assert list(said.fields) == ["lines.1.quantity"]
    assert "only 1 can" in str(said)
    assert refused(inside, sale, back(1), back(1)).code == "refund_too_large"
    refund(inside, sale, back(1))
    assert refused(inside, sale, back(1, "0.0001")).status == 400
    assert Sale.objects.filter(kind="refund").count() == 2


@pytest.mark.parametrize("quantity", ["0", "-1", "0.5", "1.00001"])
def test_quantities_that_are_none(inside: Shop, sale: Sale, quantity: str) -> None:
    assert refused(inside, sale, back(1, quantity)).status == 400
    assert not Sale.objects.filter(kind="refund").exists()


def test_lines_that_are_not_there(inside: Shop, sale: Sale) -> None:
    assert refused(inside, sale, back(4)).fields == {
        "lines.0.line": ["There is no such line to refund."]
    }
    assert refused(inside, sale, lines=()).code == "no_lines"


def test_a_voided_sale_and_other_documents_are_not_refunded(inside: Shop, sale: Sale) -> None:
    part = refund(inside, sale)
    assert refused(inside, part).code == "not_a_sale"
    other = sell(inside)
    reversal = void(inside, other)
    assert refused(inside, other).code == "already_voided"
    assert refused(inside, reversal).code == "not_a_sale"


def test_a_sale_with_refunds_is_not_voided(inside: Shop, sale: Sale) -> None:
    refund(inside, sale)
    with pytest.raises(Refused) as raised:
        void(inside, sale)
    assert raised.value.code == "has_refunds"
    assert "ACM1-R000001" in str(raised.value)
    assert check_books() == []


# -- asked again ----------------------------------------------------------------------------------


def test_the_same_request_again_is_the_same_refund(inside: Shop, sale: Sale) -> None:
    request = asking_back(inside, sale, back(1, "3"))
    first, second = send_back(inside, request), send_back(inside, request)
    assert (first.pk, second.was_recorded) == (second.pk, True)
    assert stock(inside)[inside.mug.pk] == 10


def test_the_same_id_for_another_is_refused(inside: Shop, sale: Sale) -> None:
    document = refund(inside, sale)
    for fields in ({"lines": [back(2, "0.1")]}, {"reason": "Other"}, {"total": Decimal(1)}):
        with pytest.raises(OtherRequest):
            refund(inside, sale, **{"id": document.pk, "lines": [back(1)], **fields})
    for taken in (sale, sell(inside)):
        with pytest.raises(OtherRequest):
            refund(inside, sale, id=taken.pk)


def test_another_worth_is_refused_with_the_right_one(inside: Shop, sale: Sale) -> None:
    said = refused(inside, sale, back(3), total=Decimal("1.50"))
    assert (said.code, said.status) == ("other_total", 422)
    right = Decimal(said.fields["total"])
    assert refund(inside, sale, back(3), total=right).total == -right


# -- by which way ---------------------------------------------------------------------------------


def test_it_goes_back_the_way_it_was_paid(inside: Shop) -> None:
    make_shift(inside)
    sale = sell(inside, (inside.mug, "4"), card="12.00", cash="10.00")
    first = refund(inside, sale, back(1, "2"))
    assert paid(first) == [(CARD, -10)]
    assert first.payments.get().card_last4 == "4242"
    assert paid(refund(inside, sale, back(1, "2"))) == [(CARD, -2), (CASH, -8)]


def test_other_ways_and_their_limits(inside: Shop) -> None:
    make_shift(inside)
    sale = sell(inside, (inside.mug, "4"), card="12.00", cash="8.00", customer=True)
    assert refused(inside, sale, back(1, "3"), ways=[(CARD, "15")]).code == "too_much_by_method"
    assert refused(inside, sale, back(1), ways=[(CASH, "4.99")]).code == "other_amount"
    said = refused(inside, sale, back(1), ways=[(CARD, "5.01")])
    assert (said.code, said.fields) == ("other_amount", {"to_pay": "5.00"})
    assert refused(inside, sale, back(1), ways=[]).code == "other_amount"
    assert refused(inside, sale, back(1), ways=[(CARD, "6"), (CASH, "-1")]).code == "other_amount"
    assert paid(refund(inside, sale, back(1), ways=[(CASH, "5")])) == [(CASH, -5)]
    refund(inside, sale, back(1), ways=[(CREDIT, "5")])
    assert ledger(inside)[-1] == ("refunded", 5, 5)
    assert check_books() == []


def test_credit_is_somebodys(inside: Shop) -> None:
    make_shift(inside)
    sale = sell(inside, (inside.mug, "2"))
    assert refused(inside, sale, ways=[(CREDIT, "5")]).code == "needs_customer"
    document = refund(inside, sale, ways=[(CREDIT, "5")], customer_id=inside.customer.pk)
    assert document.customer == inside.customer
    assert ledger(inside) == [("refunded", 5, 5)]


def test_what_was_paid_by_credit_stays_credit(inside: Shop) -> None:
    make_shift(inside)
    until = date(2099, 1, 31)
    grant(inside, "5.00", until=until)
    sale = do(inside, asking(inside, (inside.mug, "2"), pay=[(CREDIT, "5.00"), (CASH, "5.00")]))
    assert refused(inside, sale, back(1, "2"), ways=[(CASH, "10")]).code == "credit_only"
    # Five as they were, to be spent until the same day, and five that are new.
    document = refund(inside, sale, back(1, "2"), ways=[(CREDIT, "10")])
    assert paid(document) == [(CREDIT, -5), (CREDIT, -5)]
    entries = CreditEntry.objects.filter(document_id=document.pk).order_by("pk")
    assert list(entries.values_list("amount", "expires_on")) == [(5, until), (5, None)]
    assert check_books() == []


def test_the_way_back_begins_with_credit(inside: Shop) -> None:
    make_shift(inside)
    grant(inside, "5.00", until=date(2099, 1, 31))
    sale = do(inside, asking(inside, (inside.mug, "2"), pay=[(CREDIT, "5.00"), (CASH, "5.00")]))
    assert paid(refund(inside, sale)) == [(CREDIT, -5)]
    assert paid(refund(inside, sale)) == [(CASH, -5)]
    assert CreditEntry.objects.get(kind="refunded").expires_on == date(2099, 1, 31)


def test_bought_credit_comes_back_while_it_is_there(inside: Shop) -> None:
    make_shift(inside)
    sale = do(inside, asking(inside, (voucher(inside, "10.00"), "2"), pay=[(CASH, "20.00")]))
    refund(inside, sale)
    assert ledger(inside)[-1] == ("bought", -10, 10)
    do(inside, asking(inside, (inside.mug, "1"), pay=[(CREDIT, "5.00")]))
    assert refused(inside, sale).code == "credit_spent"
    assert check_books() == []


# -- who may --------------------------------------------------------------------------------------


def test_a_reason_and_a_shift_are_needed(inside: Shop, sale: Sale) -> None:
    assert refused(inside, sale, reason="  ").code == "no_reason"
    close_shift(actor=inside.cashier, shift=sale.shift, counted_cash=Decimal(0))
    with pytest.raises(NoOpenShift):
        refund(inside, sale)
    assert not Sale.objects.filter(kind="refund").exists()


def test_only_with_the_right_and_at_the_location(inside: Shop, sale: Sale) -> None:
    request = asking_back(inside, sale)
    with pytest.raises(PermissionDenied):
        send_back(inside, request, user=inside.cashier)
    elsewhere = make_person("acme.stall", inside.roles["Manager"], locations=[inside.market])
    with pytest.raises(Http404):
        send_back(inside, request, user=elsewhere)
    here = make_person("acme.street", inside.roles["Manager"], locations=[inside.high_street])
    shift = market_shift(inside)
    with pytest.raises(Http404):
        send_back(inside, asking_back(inside, sale, register_id=shift.register_id), user=here)
    assert not Sale.objects.filter(kind="refund").exists()
