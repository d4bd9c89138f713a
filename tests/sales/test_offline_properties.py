"""Sales with a line and without, repeated and mixed in any manner: each once, and the books hold.

`STATE_MACHINE_EXAMPLES=200` runs more than the few of every day.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from accounts.bodies import Body
from accounts.models import Membership
from archive.verify import verify
from inventory.models import StockLevel, Variation
from sales.api.reading import read_sale
from sales.checkout import checkout
from sales.models import NumberSeries, ReviewItem, Sale, Shift
from sales.pricing import LineInput, price_sale
from sales.series import make_series
from sales.shifts import close_shift, expected_cash, open_shift
from tenants.context import business
from tenants.errors import Refused
from tests.factories import Shop, make_shift, make_shop
from tests.sales.offline_sales import number, offline_body, offline_line, online_body
from tests.sales.reviewing import hand_in

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "3"))
SALES = 6

a_sale = st.tuples(
    st.integers(1, 4),  # mugs
    st.sampled_from(["5.00", "4.00", "0.33"]),  # at what price
    st.booleans(),  # numbered by the till
    st.sampled_from(["0.00", "0.00", "0.00", "1.00"]),  # how wrong its total is
)
a_step = st.one_of(
    st.tuples(
        st.sampled_from(["online", "offline", "offline", "offline"]), st.integers(0, SALES - 1)
    ),
    st.tuples(st.just("all"), st.permutations(range(SALES))),
    st.tuples(st.just("shift"), st.just(0)),
    st.tuples(st.just("price"), st.sampled_from(["5.00", "4.00", "6.00"])),
    st.tuples(st.just("switch"), st.booleans()),
)


@contextmanager
def a_shop() -> Iterator[Shop]:
    with transaction.atomic():
        shop = make_shop("acme")
        with business(shop.business):
            make_shift(shop)
            yield shop
        transaction.set_rollback(True)


def bodies_of(shop: Shop, sales: list[Any], series: NumberSeries) -> list[dict[str, Any]]:
    bodies = []
    for index, (mugs, price, is_numbered, off) in enumerate(sales):
        priced = price_sale(
            [LineInput("x", Decimal(mugs), Decimal(price), Decimal(20), True)], digits=2
        )
        line = offline_line(shop.mug, str(mugs), unit_price=price)
        own: dict[str, Any] = {"number": number(shop, series, index + 1)} if is_numbered else {}
        bodies.append(offline_body(shop, line, total=f"{priced.total + Decimal(off)}", **own))
    return bodies


def online(shop: Shop, body: dict[str, Any]) -> None:
    member = Membership.objects.select_related("role", "user").get(user=shop.cashier)
    try:
        with transaction.atomic():
            checkout(actor=member, request=read_sale(Body(online_body(body))))
    except Refused:
        pass


def work(shop: Shop, bodies: list[dict[str, Any]], step: tuple[str, Any]) -> None:
    what, which = step
    if what == "online":
        online(shop, bodies[which])
    elif what == "offline":
        hand_in(shop, bodies[which])
    elif what == "all":
        for index in which:
            hand_in(shop, bodies[index])
    elif what == "price":
        Variation.objects.filter(pk=shop.mug.pk).update(price=Decimal(which))
    elif what == "switch":
        Variation.objects.filter(pk=shop.mug.pk).update(is_active=which)
    else:
        shift = Shift.objects.filter(closed_at=None).first()
        if shift is None:
            open_shift(actor=shop.cashier, register=shop.register, opening_float=Decimal(7))
        else:
            close_shift(actor=shop.cashier, shift=shift, counted_cash=Decimal(9))


def look(shop: Shop, bodies: list[dict[str, Any]], frozen: dict[Any, Any]) -> None:
    sold = {str(one.pk): one for one in Sale.objects.all()}
    kept = set(
        map(str, ReviewItem.objects.filter(kind="held").values_list("request_id", flat=True))
    )
    assert not kept & sold.keys(), "in the books and held"
    assert kept | sold.keys() <= {one["id"] for one in bodies}
    for body in bodies:
        if body["id"] in sold:
            assert sold[body["id"]].total == Decimal(body["total"]), "as it was charged"
    mugs = sum(
        (Decimal(one["lines"][0]["quantity"]) for one in bodies if one["id"] in sold), Decimal(0)
    )
    level = StockLevel.objects.get(variation=shop.mug, location=shop.high_street)
    assert level.quantity == 10 - mugs
    for shift in Shift.objects.exclude(closed_at=None):
        now = (shift.expected_cash, shift.difference)
        assert frozen.setdefault(shift.pk, now) == now, "a closed shift changed"
        assert expected_cash(shift) == shift.expected_cash


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("start", range(3))
def test_each_once_and_the_books_hold(start: int) -> None:
    @seed(start)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(a_sale, min_size=SALES, max_size=SALES),
        st.lists(a_step, min_size=4, max_size=14),
    )
    def run(sales: list[Any], steps: list[tuple[str, Any]]) -> None:
        with a_shop() as shop:
            bodies = bodies_of(shop, sales, make_series(register=shop.register))
            frozen: dict[Any, Any] = {}
            for step in steps:
                work(shop, bodies, step)
                look(shop, bodies, frozen)
            # In the end every device has a line, and hands in whatever it still has.
            answers = [hand_in(shop, body) for body in bodies]
            look(shop, bodies, frozen)
            right = [one for one, sale in zip(answers, sales, strict=True) if sale[3] == "0.00"]
            assert all(one.number for one in right), "what adds up is in the books"
            assert [one.status for one in answers if one not in right] == ["held"] * (
                len(answers) - len(right)
            )
            again = [hand_in(shop, body) for body in reversed(bodies)]
            assert {one.status for one in again} <= {"already", "held"}
            found = verify().found
            assert [one.rule for one in found if one.rule != "series_has_no_gaps"] == []

    run()
