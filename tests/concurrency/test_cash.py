"""Cash that many people move at once, and a shift that is closed meanwhile."""

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
from sales import cash
from sales.cash import Kind, MovementRequest, move_cash
from sales.models import CashMovement, Shift, ZReading
from sales.readings import take_z
from sales.shifts import close_shift, expected_cash
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.concurrency.crowd import Market, make_market, patiently, together
from tests.conftest import ON_POSTGRES
from tests.sales.moving_cash import asking, member

pytestmark = pytest.mark.usefixtures("committed_db")
CROWD = 20 if ON_POSTGRES else 6


def inside(market: Market, work: Callable[[], Any]) -> Callable[[], Any]:
    def done() -> Any:
        with market.bound(), transaction.atomic():
            return work()

    return partial(patiently, done)


def boss(market: Market) -> Any:
    with market.bound(), transaction.atomic():
        return member(market.shop.manager)


def the_shift(market: Market) -> Shift:
    with market.bound(), transaction.atomic():
        shift: Shift = Shift.objects.select_related("register__location").get(closed_at=None)
        return shift


def test_pay_outs_at_once_are_all_in_the_drawer() -> None:
    market = make_market(tills=1, stock=10)
    shift, who = the_shift(market), boss(market)
    work = [
        inside(market, partial(move_cash, actor=who, request=asking(shift, Kind.OUT, "2.50")))
        for _one in range(CROWD)
    ]
    assert not [one for one in together(work) if isinstance(one, Exception)]
    with market.bound(), transaction.atomic():
        assert expected_cash(shift) == Decimal("-2.50") * CROWD


def test_one_movement_that_is_sent_many_times_is_one() -> None:
    market = make_market(tills=1, stock=10)
    shift, who = the_shift(market), boss(market)
    request = asking(shift, Kind.IN, "7.00")
    work = [inside(market, partial(move_cash, actor=who, request=request))] * CROWD
    answers = together(work)
    assert Counter(one.was_recorded for one in answers) == {False: 1, True: CROWD - 1}
    assert market.count(CashMovement.objects.all()) == 1


def _race(market: Market) -> tuple[Counter[str], Decimal, Decimal]:
    """Half of a crowd has moved cash when the shift is closed: what became of them, what was frozen,
    and what the rows come to."""
    shift, who = the_shift(market), boss(market)

    def moving(request: MovementRequest) -> str:
        try:
            return str(move_cash(actor=who, request=request).kind)
        except Refused as refused:
            return refused.code

    closing = partial(
        close_shift, actor=market.shop.manager, shift=shift, counted_cash=Decimal(100)
    )
    work = [
        inside(market, partial(moving, asking(shift, Kind.IN, "1.00"))) for _one in range(CROWD)
    ]
    work.insert(CROWD // 2, inside(market, closing))
    answers = together(work)
    assert not [one for one in answers if isinstance(one, Exception)], answers
    with market.bound(), transaction.atomic():
        frozen = Shift.objects.get(pk=shift.pk).expected_cash
        moved = CashMovement.objects.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
        return Counter(one for one in answers if isinstance(one, str)), frozen, moved


def test_no_movement_lands_in_a_shift_that_is_being_closed() -> None:
    market = make_market(tills=1, stock=10)
    told, frozen, moved = _race(market)
    assert told["in"] + told["shift_closed"] == CROWD
    assert frozen == moved == told["in"]
    with market.bound(), transaction.atomic():
        assert check_books() == []


@pytest.mark.postgres
def test_without_the_lock_some_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is there: with a look in the place of the lock the drawer is wrong."""
    market = make_market(tills=1, stock=10)
    shift, who = the_shift(market), boss(market)

    def looked(register_id: Any, device: Any = None) -> Shift | None:
        rows = Shift.objects.select_related("register__location")
        found: Shift | None = rows.filter(register=register_id, closed_at=None).first()
        # What another request does in this moment.
        closing = partial(
            close_shift, actor=market.shop.manager, shift=shift, counted_cash=Decimal(0)
        )
        [closed] = together([inside(market, closing)])
        assert isinstance(closed, Shift), closed
        return found

    monkeypatch.setattr(cash, "lock_open_shift", looked)
    with market.bound(), transaction.atomic():
        move_cash(actor=who, request=asking(shift, Kind.IN, "1.00"))
    with market.bound(), transaction.atomic():
        assert [one.rule for one in check_books()] == ["drawer_is_float_and_cash"]


def test_one_day_is_closed_once() -> None:
    market = make_market(tills=1, stock=10)
    shift, who = the_shift(market), boss(market)
    with market.bound(), transaction.atomic():
        close_shift(actor=market.shop.manager, shift=shift, counted_cash=Decimal(0))

    def reading() -> str:
        try:
            take_z(actor=who, reading_id=uuid7(), register=shift.register)
        except Refused as refused:
            return refused.code
        return "taken"

    answers = Counter(together([inside(market, reading) for _one in range(CROWD)]))
    assert answers == {"taken": 1, "nothing_to_close": CROWD - 1}
    assert market.count(ZReading.objects.all()) == 1
