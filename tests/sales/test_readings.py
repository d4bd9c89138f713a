"""X and Z readings, and a register's day: sums of the rows, in a fixed number of statements."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.http import Http404

from sales.cash import Kind
from sales.errors import OtherRequest
from sales.models import Payment, Register, Sale, Shift, ZReading
from sales.readings import (
    Figures,
    closing,
    day_figures,
    reading_hash,
    reading_of_shift,
    shift_figures,
    shifts_of_day,
    take_z,
    uncovered,
)
from sales.shifts import close_shift, expected_cash, open_shift
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.factories import Shop, make_person, make_shift
from tests.sales.moving_cash import member, move, read_z
from tests.sales.selling import counted, market_register, market_shift, percent, sell, void


def closed(shop: Shop, shift: Shift, off: str = "0") -> Shift:
    cash = expected_cash(shift) + Decimal(off)
    return close_shift(actor=shop.manager, shift=shift, counted_cash=max(cash, Decimal(0)))


def worked(shop: Shop) -> Shift:
    """An open shift with sales of two rates, a discount, a void, cards and cash movements."""
    shift = make_shift(shop)
    sell(shop, (shop.mug, "2"), cash="20.00")
    sell(shop, (shop.tea, "1"), (shop.mug, "1", percent(10)), card="17.49")
    void(shop, sell(shop, (shop.mug, "1")))
    move(shop, shift, Kind.IN, "25")
    move(shop, shift, Kind.OUT, "4.40")
    move(shop, shift, Kind.OPEN)
    return shift


def test_an_x_reading_is_the_sum_of_the_rows(inside: Shop) -> None:
    shift = worked(inside)
    figures = shift_figures(shift)
    assert [(one.kind, one.count, one.first, one.last, one.total) for one in figures.documents] == [
        ("sale", 3, "ACM1-000001", "ACM1-000003", Decimal("32.49")),
        ("void", 1, "ACM1-V000001", "ACM1-V000001", Decimal(-5)),
    ]
    assert [(one.method, one.count, one.amount) for one in figures.payments] == [
        ("card", 1, Decimal("17.49")),
        ("cash", 3, Decimal(10)),
    ]
    assert [(one.kind, one.count, one.amount) for one in figures.movements] == [
        ("in", 1, Decimal(25)),
        ("out", 1, Decimal("-4.4")),
        ("open", 1, Decimal(0)),
    ]
    sales = list(Sale.objects.filter(shift=shift))
    for name in ("net", "tax", "rounding", "total"):
        assert figures.sum_of(name) == sum(getattr(one, name) for one in sales), name
    lines = [line for sale in sales for line in sale.lines.all()]
    for rate in figures.taxes:
        of_rate = [line for line in lines if line.tax_rate == rate.rate]
        assert rate.net == sum(x.net for x in of_rate)
        assert rate.tax == sum(x.tax for x in of_rate)
    assert sum(one.net + one.tax for one in figures.taxes) == figures.total
    drawer = figures.drawer
    assert drawer is not None
    assert (drawer.opening_float, drawer.expected) == (Decimal(50), expected_cash(shift))
    assert (drawer.counted, drawer.difference) == (None, None)
    assert figures.sum_of("discount") == Decimal("0.5")


def test_an_x_reading_of_a_closed_shift_says_what_was_counted(inside: Shop) -> None:
    shift = closed(inside, worked(inside), "-0.60")
    drawer = shift_figures(shift).drawer
    assert drawer is not None
    assert (drawer.expected, drawer.difference) == (shift.expected_cash, Decimal("-0.6"))


def test_readings_ask_the_same_statements_however_much_was_sold(inside: Shop) -> None:
    asked = []
    for number in (1, 4):
        shift = make_shift(inside)
        for _time in range(number):
            sell(inside, (inside.wrapping, "1"))
            move(inside, shift, Kind.IN, "1")
        with counted() as statements:
            shift_figures(shift)
        assert len(statements) == 4
        closed(inside, shift)
        with counted() as statements:
            read_z(inside)
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 17


def test_a_z_reading_covers_every_shift_since_the_last(inside: Shop) -> None:
    first = closed(inside, worked(inside), "1")
    second = make_shift(inside, opening_float="10")
    sell(inside)
    closed(inside, second, "-2")
    one = read_z(inside)
    assert (one.number, one.first_shift, one.last_shift) == (1, 1, 2)
    assert (one.began_at, one.total, one.grand_total) == (
        first.opened_at,
        Decimal("32.49"),
        Decimal("32.49"),
    )
    figures = Figures.of_plain(one.figures)
    drawer = figures.drawer
    assert drawer is not None
    assert (drawer.opening_float, drawer.difference) == (Decimal(60), Decimal(-1))
    assert drawer.expected == 60 + figures.cash_taken + figures.cash_moved
    third = closed(inside, make_shift(inside))
    two = read_z(inside)
    assert (two.number, two.first_shift, two.last_shift) == (2, 3, 3)
    assert (two.total, two.grand_total, two.previous_hash) == (0, one.total, one.content_hash)
    assert [reading_of_shift(shift) for shift in (first, third)] == [one, two]
    assert reading_of_shift(make_shift(inside)) is None


def test_a_z_reading_can_be_computed_again_to_the_byte(inside: Shop) -> None:
    for _time in range(2):
        closed(inside, worked(inside) if _time == 0 else make_shift(inside))
        read_z(inside)
    before = None
    for kept in ZReading.objects.order_by("number"):
        shifts = Shift.objects.filter(number__range=(kept.first_shift, kept.last_shift))
        again = closing(inside.register, before, shifts)
        again.taken_at = kept.taken_at
        assert again.figures == kept.figures
        assert Figures.of_plain(kept.figures).plain() == kept.figures
        assert reading_hash(again) == kept.content_hash
        before = kept


def test_what_comes_after_changes_no_reading(inside: Shop) -> None:
    make_shift(inside)
    sale = sell(inside)
    closed(inside, Shift.objects.get())
    kept = read_z(inside)
    make_shift(inside)
    void(inside, sale)
    closed(inside, Shift.objects.get(number=2))
    assert read_z(inside).grand_total == 0
    again = ZReading.objects.get(pk=kept.pk)
    assert (again.figures, again.content_hash) == (kept.figures, kept.content_hash)


def test_a_z_reading_waits_for_the_drawer_to_be_counted(inside: Shop) -> None:
    for code, then in (("nothing_to_close", make_shift), ("shift_open", None)):
        with pytest.raises(Refused) as refused:
            read_z(inside)
        assert (refused.value.code, refused.value.status) == (code, 409)
        if then is not None:
            then(inside)
    closed(inside, Shift.objects.get())
    read_z(inside)
    with pytest.raises(Refused) as refused:
        read_z(inside)
    assert refused.value.code == "nothing_to_close"


def test_the_same_reading_again_is_the_same(inside: Shop) -> None:
    closed(inside, make_shift(inside))
    ask: dict[str, Any] = {"actor": member(inside.manager), "reading_id": uuid7()}
    first = take_z(register=inside.register, **ask)
    again = take_z(register=inside.register, **ask)
    assert (again, again.was_recorded, ZReading.objects.count()) == (first, True, 1)
    with pytest.raises(OtherRequest):
        take_z(register=market_register(inside), **ask)


def test_who_may_take_one(inside: Shop) -> None:
    closed(inside, make_shift(inside))
    ask: dict[str, Any] = {"reading_id": uuid7(), "register": inside.register}
    with pytest.raises(PermissionDenied):
        take_z(actor=member(inside.cashier), **ask)
    ann = make_person("acme.ann", inside.roles["Manager"], locations=[inside.market])
    with pytest.raises(Http404):
        take_z(actor=member(ann), **ask)


def test_each_register_has_numbers_of_its_own(inside: Shop) -> None:
    there = market_shift(inside)
    closed(inside, there)
    closed(inside, make_shift(inside))
    stall = Register.objects.get(pk=there.register_id)
    assert [read_z(inside, one).number for one in (inside.register, stall)] == [1, 1]


def test_a_day_is_that_of_the_location(inside: Shop) -> None:
    """A shift over midnight is of two days; what was sold is of the day on which it was sold."""
    inside.high_street.own_time_zone = "Asia/Manila"
    inside.high_street.save()
    evening = dt.datetime(2026, 3, 1, 15, 0, tzinfo=dt.UTC)  # 23:00 in Manila
    with time_machine.travel(evening, tick=False):
        shift = open_shift(
            actor=inside.cashier, register=inside.register, opening_float=Decimal(50)
        )
        sell(inside, at=evening)
        move(inside, shift, Kind.IN, "1")
    later = evening + dt.timedelta(hours=2)
    with time_machine.travel(later, tick=False):
        sell(inside, (inside.mug, "2"), at=later)
        move(inside, shift, Kind.OUT, "2")
        closed(inside, shift)
    register = Register.objects.select_related("location").get(pk=inside.register.pk)
    days = [dt.date(2026, 3, day) for day in (1, 2, 3)]
    with counted() as statements:
        found = [day_figures(register, day) for day in days]
    assert len(statements) == 12
    assert [one.total for one in found] == [5, 10, 0]
    assert [one.cash_moved for one in found] == [1, -2, 0]
    assert [list(shifts_of_day(register, day)) for day in days] == [[shift], [shift], []]
    # The reading is of the day on which its shift began.
    assert read_z(inside).business_date == days[0]


def test_the_days_of_a_register_come_to_its_shifts(inside: Shop) -> None:
    shift = worked(inside)
    register = Register.objects.select_related("location").get(pk=inside.register.pk)
    days = {sale.business_date for sale in Sale.objects.all()}
    sums = [day_figures(register, day) for day in days]
    assert sum(one.total for one in sums) == shift_figures(shift).total
    paid = Payment.objects.filter(method="cash").values_list("amount", flat=True)
    assert sum(one.cash_taken for one in sums) == sum(paid)
    assert uncovered(register, None).get() == shift
