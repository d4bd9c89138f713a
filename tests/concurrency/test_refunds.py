"""Many people who take the same sale back at several registers: never more than was sold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum

from archive.verify import check_books
from sales import returning
from sales.checkout import LineRequest
from sales.exchanges import ExchangeRequest, exchange
from sales.models import Payment, Register, Sale, SaleLine
from sales.refundable import refundable
from sales.refunds import RefundRequest, refund_sale
from sales.returning import ReturnRequest
from sales.voids import void_sale
from tenants.ids import uuid7
from tests.concurrency.crowd import Market, make_market, meeting, patiently, refusals, together
from tests.conftest import ON_POSTGRES

pytestmark = pytest.mark.usefixtures("committed_db")
CROWD = 20 if ON_POSTGRES else 6


def boss(market: Market) -> Any:
    with market.bound(), transaction.atomic():
        rows = type(market.member).objects.select_related("role", "user")
        return rows.get(user=market.shop.manager)


def asking(market: Market, sale: Sale, till: int, **fields: Any) -> RefundRequest:
    """One mug back at that till, its 5.00 in cash."""
    values: dict[str, Any] = {
        "id": uuid7(),
        "sale_id": sale.pk,
        "register_id": market.registers[till % len(market.registers)].pk,
        "lines": [ReturnRequest(1, Decimal(1))],
        "reason": "Too small",
    }
    return RefundRequest(**{**values, **fields})


def giving_back(market: Market, who: Any, request: RefundRequest) -> Callable[[], Sale]:
    def work() -> Sale:
        with market.bound(), transaction.atomic():
            return refund_sale(actor=who, request=request)

    return partial(patiently, work)


def total_back(market: Market) -> tuple[Any, Any]:
    """Quantity and money of all that came back."""
    with market.bound(), transaction.atomic():
        lines = SaleLine.objects.filter(refunds__isnull=False)
        sums = lines.aggregate(quantity=Sum("quantity"), total=Sum("total"))
        cash = Payment.objects.filter(amount__lt=0).aggregate(sum=Sum("amount"))["sum"]
        assert sums["total"] == cash
        return -sums["quantity"], -cash


def books_hold(market: Market) -> None:
    market.check_numbers()
    with market.bound(), transaction.atomic():
        assert check_books() == []
        for register in Register.objects.all():
            given = Sale.objects.filter(register=register, kind="refund")
            counters = sorted(given.values_list("counter", flat=True))
            assert counters == list(range(1, register.refund_counter + 1))


def test_a_crowd_at_two_registers_takes_back_what_was_sold() -> None:
    """Ten mugs of one sale, and twice as many who bring one: at its own register and at another."""
    market = make_market(tills=2, stock=CROWD)
    half = CROWD // 2
    sale = market.sell(market.request(0, (market.shop.mug, half)))
    who = boss(market)
    work = [giving_back(market, who, asking(market, sale, till)) for till in range(CROWD)]
    refused = refusals(together(work))
    assert refused == ["refund_too_large"] * (CROWD - half)
    assert total_back(market) == (half, 5 * half)
    assert market.stock() == CROWD
    books_hold(market)


def test_uneven_parts_at_many_registers() -> None:
    """Threes of ten: three get theirs, and one is left."""
    market = make_market(tills=5, stock=10)
    sale = market.sell(market.request(0, (market.shop.mug, 10)))
    who = boss(market)
    lines = [ReturnRequest(1, Decimal(3))]
    work = [giving_back(market, who, asking(market, sale, n, lines=lines)) for n in range(8)]
    assert Counter(refusals(together(work))) == {"refund_too_large": 5}
    assert total_back(market) == (9, 45)
    books_hold(market)


def test_the_same_request_from_everywhere_is_one_refund() -> None:
    market = make_market(tills=2, stock=10)
    sale = market.sell(market.request(0, (market.shop.mug, 2)))
    request, who = asking(market, sale, 1), boss(market)
    answers = together([giving_back(market, who, request)] * 5)
    assert refusals(answers) == []
    assert {one.pk for one in answers} == {request.id}
    assert [one.was_recorded for one in answers].count(False) == 1
    assert total_back(market) == (1, 5)
    books_hold(market)


def test_the_same_id_at_two_registers_is_one_refund() -> None:
    market = make_market(tills=2, stock=10)
    sale = market.sell(market.request(0, (market.shop.mug, 2)))
    first, who = asking(market, sale, 0), boss(market)
    second = asking(market, sale, 1, id=first.id)
    work = [giving_back(market, who, one) for one in (first, second)]
    assert refusals(together(work)) == ["id_taken"]
    assert total_back(market) == (1, 5)
    books_hold(market)


def test_voided_or_refunded_but_not_both() -> None:
    """The void is at the sale's register, the refund at another: they do not wait for one lock of a
    register."""
    market = make_market(tills=2, stock=20)
    who = boss(market)
    for _round in range(8 if ON_POSTGRES else 2):
        sale = market.sell(market.request(0, (market.shop.mug, 1)))

        def undo(sale: Sale = sale) -> Sale:
            with market.bound(), transaction.atomic():
                found = Sale.objects.select_related("register").get(pk=sale.pk)
                return void_sale(actor=who, sale=found, reason="Wrong", void_id=uuid7())

        work: list[Callable[[], Any]] = [
            partial(patiently, undo),
            giving_back(market, who, asking(market, sale, 1)),
        ]
        (code,) = refusals(together(work))
        assert code in {"already_voided", "has_refunds"}
    assert market.stock() == 20
    books_hold(market)


def test_exchanges_in_opposite_order_do_not_wait_for_ever() -> None:
    """Each brings what the other takes, of one sale, at two registers."""
    market = make_market(tills=2, stock=40)
    shop, who = market.shop, boss(market)
    sale = market.sell(market.request(0, (shop.mug, 20), (shop.wrapping, 20)))

    def swap(till: int, line: int, other: Any, total: str) -> Sale:
        request = ExchangeRequest(
            uuid7(), sale.pk, market.registers[till].pk, [ReturnRequest(line, Decimal(1))],
            [LineRequest(other.pk, Decimal(1))], "Other", Decimal(total),
            method=Payment.Method.CASH,
        )  # fmt: skip
        with market.bound(), transaction.atomic():
            return exchange(actor=who, request=request)

    work: list[Callable[[], Any]] = []
    for _pair in range(CROWD // 2):
        work.append(partial(patiently, partial(swap, 0, 1, shop.wrapping, "-3.50")))
        work.append(partial(patiently, partial(swap, 1, 2, shop.mug, "3.50")))
    assert refusals(together(work)) == []
    assert market.count(Sale.objects.filter(kind="exchange")) == 2 * (CROWD // 2)
    books_hold(market)


@pytest.mark.postgres
def test_the_race_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock on the sale two registers give the same mug back twice."""
    market = make_market(tills=2, stock=10)
    who = boss(market)
    sale = market.sell(market.request(0, (market.shop.mug, 1)))
    meet = meeting(2)

    def read_together(document: Sale) -> Any:
        found = refundable(document)
        meet()
        return found

    monkeypatch.setattr(returning, "lock_document", lambda document_id: None)
    monkeypatch.setattr("sales.refunds.refundable", read_together)
    work = [giving_back(market, who, asking(market, sale, till)) for till in range(2)]
    assert refusals(together(work)) == []
    with market.bound(), transaction.atomic():
        found = {one.rule for one in check_books()}
    assert "nothing_comes_back_that_was_not_sold" in found
