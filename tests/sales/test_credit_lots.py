"""What expires first is spent first, whatever came in and went out before."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales.lots import (
    Lot,
    Movement,
    Use,
    expired,
    expiry_of_refund,
    next_expiry,
    replay,
)

FIRST = date(2026, 1, 1)
CENT = Decimal("0.01")
days = st.one_of(st.none(), st.integers(0, 9).map(lambda n: FIRST + timedelta(days=n)))
cents = st.integers(1, 5000).map(lambda n: n * CENT)
moves = st.lists(st.tuples(st.booleans(), cents, days, st.booleans()), max_size=30)


def lot(amount: str, day: int | None = None) -> Lot:
    return Lot(Decimal(amount), None if day is None else date(2026, 1, day))


def came(amount: str, day: int | None = None) -> Movement:
    return Movement(Decimal(amount), None if day is None else date(2026, 1, day))


def went(amount: str, **more: object) -> Movement:
    return Movement(-Decimal(amount), **more)  # type: ignore[arg-type]


def account(drawn: list[tuple[bool, Decimal, date | None, bool]]) -> list[Movement]:
    """The movements of an account that never falls below zero: too much is taken only in part."""
    found: list[Movement] = []
    balance = Decimal(0)
    for comes, amount, day, last in drawn:
        change = amount if comes else -min(amount, balance)
        if change:
            found.append(Movement(change, day if comes else None, takes_last=last and not comes))
            balance += change
    return found


def test_what_expires_first_is_spent_first() -> None:
    left, uses = replay([came("10"), came("5", 20), came("3", 10), went("6")])
    assert left == [lot("2", 20), lot("10")]
    assert uses == [
        Use(None, Decimal(3), date(2026, 1, 10)),
        Use(None, Decimal(3), date(2026, 1, 20)),
    ]


def test_what_was_bought_goes_back_from_the_other_end() -> None:
    left, _uses = replay([came("50"), came("20", 20), went("50", takes_last=True)])
    assert left == [lot("20", 20)]


def test_of_equal_days_the_older_one_goes_first() -> None:
    left, _uses = replay([came("1", 5), came("2", 5), went("1.5")])
    assert left == [lot("1.5", 5)]


def test_the_last_day_still_counts() -> None:
    lots = [lot("3", 10), lot("4", 11), lot("5")]
    assert expired(lots, date(2026, 1, 10)) == 0
    assert expired(lots, date(2026, 1, 11)) == 3
    assert expired(lots, date(2026, 1, 12)) == 7
    assert next_expiry(lots) == date(2026, 1, 10)
    assert next_expiry([lot("5")]) is None


def test_a_refund_lasts_as_long_as_what_was_spent() -> None:
    mine, other = uuid.uuid4(), uuid.uuid4()
    movements = [came("5", 10), came("5", 20), came("5"), went("8", document_id=mine)]
    _left, uses = replay([*movements, went("4", document_id=other)])
    assert expiry_of_refund(uses, [mine], FIRST) == date(2026, 1, 20)
    assert expiry_of_refund(uses, [mine], date(2026, 2, 1)) == date(2026, 2, 1)
    # Partly of what never expires: neither does what comes back.
    assert expiry_of_refund(uses, [other], FIRST) is None


@given(moves)
def test_the_lots_come_to_the_balance(drawn: list[tuple[bool, Decimal, date | None, bool]]) -> None:
    movements = account(drawn)
    left, uses = replay(movements)
    assert sum(one.amount for one in left) == sum(one.amount for one in movements)
    assert sum(one.amount for one in uses) == -sum(m.amount for m in movements if m.amount < 0)
    assert all(lot.amount > 0 for lot in left)
    assert all(use.amount > 0 for use in uses)
    ordered = [one.expires_on or date.max for one in left]
    assert ordered == sorted(ordered)


@given(moves, cents)
def test_spending_leaves_what_lasts_longest(
    drawn: list[tuple[bool, Decimal, date | None, bool]], amount: Decimal
) -> None:
    before, _uses = replay(account(drawn))
    amount = min(amount, sum((one.amount for one in before), Decimal(0)))
    after, _uses = replay([*account(drawn), Movement(-amount)])
    assert sum(one.amount for one in after) == sum(one.amount for one in before) - amount
    # Cut anywhere: of what expires until that day no more is left than had to be.
    for day in {one.expires_on for one in before if one.expires_on}:
        early = sum((one.amount for one in before if one.has_expired(day)), Decimal(0))
        left = sum((one.amount for one in after if one.has_expired(day)), Decimal(0))
        assert left == max(early - amount, 0)


@given(moves, st.integers(0, 10))
def test_taking_out_what_expired_leaves_the_rest_as_it_was(
    drawn: list[tuple[bool, Decimal, date | None, bool]], number: int
) -> None:
    today = FIRST + timedelta(days=number)
    left, _uses = replay(account(drawn))
    gone = expired(left, today)
    after, _uses = replay([*account(drawn), *([Movement(-gone)] if gone else [])])
    assert after == [one for one in left if not one.has_expired(today)]
