"""Exchanges: one document with what comes back and what is sold for it, and one total."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import AuditEntry
from archive.verify import check_books
from inventory.ledger import OutOfStock
from inventory.models import StockLevel, StockMovement
from sales.checkout import LineRequest
from sales.errors import NoOpenShift, OtherRequest, OtherTotal
from sales.models import CreditEntry, Payment, Sale
from sales.shifts import close_shift, expected_cash
from tenants.errors import Refused
from tests.factories import Shop, make_shift
from tests.sales.crediting import asking, do, grant, ledger, voucher
from tests.sales.refunding import back, paid, refund, swap
from tests.sales.selling import percent, sell, void

CASH, CARD, CREDIT = Payment.Method.CASH, Payment.Method.CARD, Payment.Method.CREDIT


@pytest.fixture
def sale(inside: Shop) -> Sale:
    """Four mugs at 10% off: 18.00, in cash."""
    make_shift(inside)
    return sell(inside, (inside.mug, "4", percent(10)), customer=True)


def stock(shop: Shop) -> dict[Any, Decimal]:
    rows = StockLevel.objects.filter(location=shop.high_street)
    return dict(rows.values_list("variation", "quantity"))


def test_the_customer_pays_the_difference(inside: Shop, sale: Sale) -> None:
    before = expected_cash(sale.shift)
    document = swap(
        inside, sale, [back(1)], (inside.tea, "1"), (inside.wrapping, "1"),
        total="9.99", ways=[(CASH, "20.00")],
    )  # fmt: skip
    document.refresh_from_db()
    assert (document.kind, document.number, document.reverses) == ("exchange", "ACM1-E000001", sale)
    assert (document.total, document.item_count) == (Decimal("9.99"), 1)
    lines = list(document.lines.all())
    assert [(one.quantity, one.refunds_line) for one in lines] == [(-1, 1), (1, None), (1, None)]
    assert [one.total for one in lines] == [Decimal("-4.50"), Decimal("12.99"), Decimal("1.50")]
    (payment,) = document.payments.all()
    assert (payment.amount, payment.tendered, payment.change) == (
        Decimal("9.99"), 20, Decimal("10.01"),
    )  # fmt: skip
    assert expected_cash(sale.shift) == before + Decimal("9.99")
    assert stock(inside) == {inside.mug.pk: 7, inside.tea.pk: Decimal("3.5")}
    moved = StockMovement.objects.filter(document_id=document.pk).order_by("line")
    assert list(moved.values_list("kind", "quantity")) == [("refund", 1), ("sale", -1)]
    assert AuditEntry.objects.get(action="sale.exchange").object_text == sale.number
    assert check_books() == []


def test_money_goes_back_where_less_is_taken(inside: Shop, sale: Sale) -> None:
    document = swap(inside, sale, [back(1, "2")], (inside.wrapping, "1"), total="-7.50")
    assert (document.total, paid(document)) == (Decimal("-7.50"), [(CASH, Decimal("-7.50"))])
    assert check_books() == []


def test_for_the_same_nothing_is_paid(inside: Shop) -> None:
    """A broken mug for a whole one: the broken one does not go on the shelf."""
    make_shift(inside)
    sale = sell(inside)
    document = swap(inside, sale, [back(1, restock=False)], (inside.mug, "1"), total="0")
    assert (document.total, paid(document)) == (0, [])
    assert stock(inside)[inside.mug.pk] == 8
    assert check_books() == []


def test_the_last_one_may_be_exchanged_for_itself(inside: Shop) -> None:
    make_shift(inside)
    sale = sell(inside, (inside.mug, "10"))
    swap(inside, sale, [back(1)], (inside.mug, "1"), total="0")
    with pytest.raises(OutOfStock):
        swap(inside, sale, [back(1, restock=False)], (inside.mug, "1"), total="0")


@pytest.mark.parametrize(("total", "coins"), [("9.99", "10.00"), ("-2.97", "-2.95")])
def test_each_direction_is_rounded_to_coins(inside: Shop, total: str, coins: str) -> None:
    inside.business.cash_step = Decimal("0.05")
    inside.business.save()
    make_shift(inside)
    sale = sell(inside, (inside.mug, "3"))
    if Decimal(total) > 0:
        document = swap(
            inside, sale, [back(1, "1")], (inside.tea, "1.154"), total=total, ways=[(CASH, coins)]
        )
    else:
        document = swap(inside, sale, [back(1, "1")], (inside.tea, "0.156"), total=total)
    assert (document.total, document.to_pay) == (Decimal(total), Decimal(coins))
    assert check_books() == []


def test_what_was_exchanged_comes_back_in_its_turn(inside: Shop, sale: Sale) -> None:
    first = swap(inside, sale, [back(1, "2")], (inside.mug, "2"), total="1.00", ways=[(CASH, "1")])
    # The returned line is not sold by it.
    with pytest.raises(Refused):
        refund(inside, first, back(1))
    second = swap(inside, first, [back(2)], (inside.wrapping, "2"), total="-2.00")
    assert second.reverses == first
    refund(inside, second, back(2, "2"))
    refund(inside, first, back(2))
    refund(inside, sale, back(1, "2"))
    assert expected_cash(sale.shift) == 50
    assert stock(inside)[inside.mug.pk] == 10
    assert check_books() == []


def test_credit_stays_credit_on_the_way(inside: Shop) -> None:
    """Nobody makes money of credit by exchanging first."""
    make_shift(inside)
    until = date(2099, 1, 31)
    grant(inside, "5.00", until=until)
    sale = do(inside, asking(inside, (inside.mug, "1"), pay=[(CREDIT, "5.00")]))
    document = swap(inside, sale, [back(1)], (inside.mug, "1"), total="0")
    with pytest.raises(Refused) as raised:
        refund(inside, document, back(2), ways=[(CASH, "5")])
    assert raised.value.code == "credit_only"
    assert paid(refund(inside, document, back(2))) == [(CREDIT, -5)]
    assert ledger(inside)[-1] == ("refunded", 5, 5)
    assert CreditEntry.objects.get(kind="refunded").expires_on == until
    assert check_books() == []


def test_credit_is_not_bought_but_pays(inside: Shop, sale: Sale) -> None:
    grant(inside, "20.00")
    with pytest.raises(Refused) as raised:
        swap(inside, sale, [back(1)], (voucher(inside, "4.50"), "1"), total="0")
    assert raised.value.code == "cannot_sell"
    document = swap(
        inside, sale, [back(1)], (inside.mug, "1"), total="0.50", ways=[(CREDIT, "0.50")]
    )
    assert ledger(inside)[-1][:2] == ("spent", Decimal("-0.50"))
    assert paid(document) == [(CREDIT, Decimal("0.50"))]
    assert check_books() == []


def test_another_total_is_refused_with_the_difference(inside: Shop, sale: Sale) -> None:
    with pytest.raises(OtherTotal) as raised:
        swap(inside, sale, [back(1)], (inside.mug, "1"), total="0")
    assert raised.value.fields == {"total": "0.50", "difference": "0.50"}


@pytest.mark.parametrize(
    ("total", "ways"),
    [("0.50", None), ("0.50", [(CARD, "0.60")]), ("0.50", [(CASH, "0.40")])],
)
def test_it_has_to_be_paid(inside: Shop, sale: Sale, total: str, ways: Any) -> None:
    with pytest.raises(Refused):
        swap(inside, sale, [back(1)], (inside.mug, "1"), total=total, ways=ways)
    assert not Sale.objects.filter(kind="exchange").exists()


@pytest.mark.parametrize("returns", [[], [back(1, "5")], [back(2)], [back(1, "-1")]])
def test_what_cannot_come_back(inside: Shop, sale: Sale, returns: Any) -> None:
    with pytest.raises(Refused):
        swap(inside, sale, returns, (inside.mug, "1"), total="0.50", ways=[(CASH, "0.50")])


def test_something_has_to_be_sold(inside: Shop, sale: Sale) -> None:
    with pytest.raises(Refused) as raised:
        swap(inside, sale, [back(1)], total="-4.50")
    assert raised.value.code == "no_lines"


def test_the_same_request_again_is_the_same_exchange(inside: Shop, sale: Sale) -> None:
    asked: dict[str, Any] = {"total": "0.50", "ways": [(CARD, "0.50")]}
    first = swap(inside, sale, [back(1)], (inside.mug, "1"), **asked)
    again = swap(inside, sale, [back(1)], (inside.mug, "1"), id=first.pk, **asked)
    assert (again.pk, again.was_recorded) == (first.pk, True)
    with pytest.raises(OtherRequest):
        swap(inside, sale, [back(1)], (inside.mug, "2"), id=first.pk, **asked)
    assert stock(inside)[inside.mug.pk] == 6


def test_a_sale_with_an_exchange_is_not_voided_nor_a_voided_one_exchanged(
    inside: Shop, sale: Sale
) -> None:
    swap(inside, sale, [back(1)], (inside.mug, "1"), total="0.50", ways=[(CARD, "0.50")])
    with pytest.raises(Refused) as raised:
        void(inside, sale)
    assert raised.value.code == "has_refunds"
    other = sell(inside)
    void(inside, other)
    with pytest.raises(Refused) as raised:
        swap(inside, other, [back(1)], (inside.mug, "1"), total="0")
    assert raised.value.code == "already_voided"


def test_only_with_the_rights_and_an_open_shift(inside: Shop, sale: Sale) -> None:
    asked: dict[str, Any] = {"total": "0.50", "ways": [(CARD, "0.50")]}
    with pytest.raises(PermissionDenied):
        swap(inside, sale, [back(1)], (inside.mug, "1"), user=inside.cashier, **asked)
    role = inside.roles["Cashier"]
    role.permissions = [*role.permissions, "sell.exchange"]
    role.save()
    cheaper = LineRequest(inside.mug.pk, Decimal(1), unit_price=Decimal("4.50"))
    with pytest.raises(PermissionDenied):
        swap(inside, sale, [back(1)], total="0", lines=[cheaper], user=inside.cashier)
    swap(inside, sale, [back(1)], (inside.mug, "1"), user=inside.cashier, **asked)
    close_shift(actor=inside.cashier, shift=sale.shift, counted_cash=Decimal(0))
    with pytest.raises(NoOpenShift):
        swap(inside, sale, [back(1)], (inside.mug, "1"), **asked)
