"""What is asked several times at once happens once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from accounts.models import Membership
from inventory import ledger
from inventory.models import StockMovement
from sales.errors import NoOpenShift
from sales.models import Payment, Sale, Shift
from sales.shifts import close_shift, open_shift
from sales.voids import void_sale
from tenants.ids import uuid7
from tests.concurrency.altered import LEDGER, MEET, altered
from tests.concurrency.crowd import (
    WAITED_FOR,
    Market,
    is_deadlock,
    make_market,
    patiently,
    refusals,
    together,
)
from tests.conftest import ON_POSTGRES
from tests.factories import make_product

pytestmark = pytest.mark.usefixtures("committed_db")
SALES = 100 if ON_POSTGRES else 10


def test_a_sale_posted_five_times_is_one_sale() -> None:
    market = make_market(tills=2, stock=SALES)
    for number in range(SALES):
        request = market.request(number)
        results = together([partial(patiently, partial(market.sell, request))] * 5)
        assert refusals(results) == []
        assert len({sale.number for sale in results if isinstance(sale, Sale)}) == 1
    assert market.count(Sale.objects.all()) == SALES
    assert market.count(StockMovement.objects.filter(kind="sale")) == SALES
    assert market.stock() == 0
    market.check_numbers()


def test_with_an_id_each_it_would_be_five() -> None:
    market = make_market(tills=2, stock=5)
    requests = [market.request() for _copy in range(5)]
    refusals(together([partial(patiently, partial(market.sell, one)) for one in requests]))
    assert market.count(Sale.objects.all()) == 5


def test_one_id_at_five_tills_is_one_sale() -> None:
    """Nobody's register is the lock of all: the key of the row decides."""
    market = make_market(tills=5, stock=10)
    chosen = uuid7()
    requests = [market.request(till, id=chosen) for till in range(5)]
    results = together([partial(patiently, partial(market.sell, one)) for one in requests])
    assert refusals(results) == ["id_taken"] * 4
    assert market.stock() == 9
    market.check_numbers()


def manager_of(market: Market) -> Membership:
    with market.bound(), transaction.atomic():
        member: Membership = Membership.objects.select_related("role", "user").get(
            user=market.shop.manager
        )
        return member


def void(market: Market, manager: Membership, sale: Sale, void_id: Any) -> Sale:
    with market.bound(), transaction.atomic():
        return void_sale(actor=manager, sale=sale, reason="mistake", void_id=void_id)


def test_ten_voids_at_once_reverse_once() -> None:
    market = make_market(tills=1, stock=3)
    manager = manager_of(market)
    sale = market.sell(market.request())
    work = [partial(patiently, partial(void, market, manager, sale, uuid7())) for _n in range(10)]
    assert refusals(together(work)) == ["already_voided"] * 9
    assert market.stock() == 3
    assert market.count(Sale.objects.filter(kind=Sale.Kind.VOID)) == 1
    market.check_numbers()


def test_one_void_sent_ten_times_is_one_void() -> None:
    market = make_market(tills=1, stock=3)
    manager = manager_of(market)
    sale = market.sell(market.request())
    work = [partial(patiently, partial(void, market, manager, sale, uuid7()))] * 10
    results = together(work)
    assert refusals(results) == []
    assert len({one.pk for one in results if isinstance(one, Sale)}) == 1
    assert market.stock() == 3


def test_a_shift_opened_five_times_at_once_is_open_once() -> None:
    market = make_market(tills=1, stock=3)
    register = market.registers[0]

    def close() -> None:
        with market.bound(), transaction.atomic():
            shift = Shift.objects.get(register=register, closed_at=None)
            close_shift(actor=market.shop.cashier, shift=shift, counted_cash=Decimal(0))

    def open_again() -> Shift:
        with market.bound():
            return open_shift(
                actor=market.shop.cashier, register=register, opening_float=Decimal(7)
            )

    close()
    results = together([partial(patiently, open_again)] * 5)
    assert refusals(results) == ["shift_open"] * 4
    assert market.count(Shift.objects.filter(register=register, closed_at=None)) == 1
    assert refusals(together([partial(patiently, close)] * 1)) == []


def test_what_is_sold_while_closing_is_counted_or_refused() -> None:
    market = make_market(tills=1, stock=8000)
    shift = open_shift_of(market)

    def sell_on() -> int:
        """Until the shift is closed."""
        sold = 0
        try:
            # Where nobody is refused, stock ends it, which is a refusal of another kind.
            while True:
                patiently(partial(market.sell, market.request()))
                sold += 1
        except NoOpenShift:
            return sold

    def close() -> int:
        while patiently(partial(market.count, Sale.objects.all())) < 10:
            time.sleep(0.01)
        with market.bound():
            patiently(
                lambda: close_shift(actor=market.shop.cashier, shift=shift, counted_cash=Decimal(0))
            )
        return 0

    results = together([close, *[sell_on] * 4])
    assert refusals(results) == []
    sold = sum(results)
    with market.bound(), transaction.atomic():
        shift.refresh_from_db()
        cash = Payment.objects.filter(sale__shift=shift).aggregate(sum=Sum("amount"))["sum"]
        assert shift.expected_cash == cash == 5 * sold
        assert Sale.objects.count() == sold


def open_shift_of(market: Market) -> Shift:
    with market.bound(), transaction.atomic():
        shift: Shift = Shift.objects.get(register=market.registers[0], closed_at=None)
        return shift


def opposite_orders(market: Market, rounds: int, ask: Any = patiently) -> Iterator[object]:
    with market.bound(), transaction.atomic():
        products = [
            make_product(f"Thing {n}", sku=f"T{n}", price="1.00", tax_rate=market.shop.tax)
            for n in range(60)
        ]
        market.shop.high_street.below_zero = "allow"
        market.shop.high_street.save()
    for _round in range(rounds):
        forward = [(one, 1) for one in products]
        asked = [
            market.request(0, *forward),
            market.request(1, *forward[::-1]),
            market.request(2, *forward),
            market.request(3, *forward[::-1]),
        ]
        yield from together([partial(ask, partial(market.sell, one)) for one in asked])


@pytest.mark.postgres
def test_documents_in_opposite_order_do_not_wait_in_a_circle() -> None:
    results = opposite_orders(make_market(tills=4, stock=1), rounds=10)
    assert [one for one in results if not isinstance(one, Sale)] == []


@pytest.mark.postgres
def test_without_the_order_they_would(owner_connection: Any) -> None:
    in_order_of_lines = ("ORDER BY entry.variation_id", "ORDER BY min(entry.place)")
    # With its first row each waits for one who begins at the other end. In the first round there are
    # no rows yet.
    meeting = ("known.quantity + excl", "known.quantity + tests_meet() + excl")
    market = make_market(tills=4, stock=1)
    with altered(owner_connection, LEDGER, in_order_of_lines, meeting, calls=MEET):
        # The last of a round meets nobody, and is not asked again.
        results = opposite_orders(market, rounds=5, ask=lambda sell: sell())
        assert any(is_deadlock(one) for one in results)


def test_a_document_does_not_post_twice_even_without_its_lock() -> None:
    """The last line: the key of the movements."""
    market = make_market(tills=1, stock=5)
    document = uuid7()

    def post() -> None:
        with market.bound(), transaction.atomic():
            ledger.post(
                actor=None,
                kind=StockMovement.Kind.SALE,
                location=market.shop.high_street,
                document_id=document,
                document_number="X",
                entries=[ledger.Entry(1, market.shop.mug.pk, Decimal(-1))],
            )

    results = together([post] * 4)
    assert sum(isinstance(one, IntegrityError) for one in results) == 3
    assert market.stock() == 4


@pytest.mark.postgres
def test_selling_waits_for_the_register_and_holds_nothing_else() -> None:
    """Who holds the register goes on to the shift; the other way round two could deadlock."""
    market = make_market(tills=1, stock=5)
    with psycopg.connect(os.environ["TEST_DIRECT_URL"]) as closing:
        closing.execute("SELECT 1 FROM sales_register FOR UPDATE")
        with ThreadPoolExecutor(1) as pool:
            selling = pool.submit(together, [partial(market.sell, market.request())])
            while not closing.execute(WAITED_FOR).fetchone():
                assert not selling.done(), selling.result()
                time.sleep(0.01)
            closing.execute("SELECT 1 FROM sales_shift FOR UPDATE NOWAIT")
            closing.rollback()
            assert refusals(selling.result()) == []
    assert market.stock() == 4
