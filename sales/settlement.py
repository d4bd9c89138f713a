"""Who pays what: change, cash rounding and several tenders in one sale. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sales.exact import (
    ZERO,
    PricingError,
    Problem,
    check_digits,
    money,
    not_negative,
    scaled,
    to_step,
)


class TenderKind(StrEnum):
    """Cash gives change and is rounded to coins; everything else pays an exact amount."""

    CASH = "cash"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Tender:
    """What a customer puts down: for cash the notes and coins given, before any change."""

    kind: TenderKind
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CashBalance:
    """`rounding` to coins, what is still `missing`, and the `change` to give; one of the last
    two is zero."""

    rounding: Decimal
    missing: Decimal
    change: Decimal


@dataclass(frozen=True, slots=True)
class Settlement:
    """`due == total + rounding == sum(applied)`, and the tenders add up to `due + change`.

    `applied` has one amount for each tender, in their order: what it paid after change, which is
    taken back from the last cash given first.
    """

    due: Decimal
    rounding: Decimal
    applied: tuple[Decimal, ...]
    change: Decimal


def cash_round(total: Decimal, step: Decimal, *, digits: int) -> Decimal:
    """Round to what can be paid in coins: the nearest multiple of `step`, half up.

    A step of zero means that every minor unit has a coin and changes nothing.
    """
    check_digits(digits)
    units = scaled(total, "total", digits)
    return money(to_step(units, not_negative(step, "cash_step", digits)), digits)


def change_due(
    total: Decimal,
    *,
    cash: Decimal | None,
    other: Decimal = ZERO,
    digits: int,
    cash_step: Decimal = ZERO,
) -> CashBalance:
    """Say what is missing or to be given back when `other` was paid exactly and `cash` handed over.

    Only what is left for cash is rounded, and nothing where `cash` is None. Raises `PricingError`
    where `other` alone exceeds the total, or the cash is no multiple of `cash_step`.
    """
    check_digits(digits)
    due = not_negative(total, "total", digits)
    step = not_negative(cash_step, "cash_step", digits)
    rest = due - not_negative(other, "other", digits)
    if rest < 0:
        raise PricingError(Problem.OVERPAID, "other", excess=money(-rest, digits))
    given = 0 if cash is None else not_negative(cash, "cash", digits)
    if step and given % step:
        raise PricingError(Problem.CASH_STEP, "cash", step=money(step, digits))
    rounded = rest if cash is None else to_step(rest, step)
    return CashBalance(
        rounding=money(rounded - rest, digits),
        missing=money(max(rounded - given, 0), digits),
        change=money(max(given - rounded, 0), digits),
    )


def settle(
    total: Decimal, tenders: Sequence[Tender], *, digits: int, cash_step: Decimal = ZERO
) -> Settlement:
    """Check that `tenders` pay `total` and say how much each of them paid.

    Only cash may exceed what is due, and gives change. Cash of zero says that the rest is paid in
    cash though it rounds away; any other tender must be positive. A total of zero needs no tender.
    Raises `PricingError` (`underpaid`, `overpaid`, `cash_step`) otherwise.
    """
    check_digits(digits)
    cash: Decimal | None = None
    other = ZERO
    for index, tender in enumerate(tenders):
        field = f"tenders.{index}.amount"
        units = not_negative(tender.amount, field, digits)
        if TenderKind(tender.kind) is TenderKind.CASH:
            cash = (cash or ZERO) + tender.amount
        elif units == 0:
            raise PricingError(Problem.NOT_POSITIVE, field)
        else:
            other += tender.amount
    try:
        balance = change_due(total, cash=cash, other=other, digits=digits, cash_step=cash_step)
    except PricingError as error:
        if error.field in {"cash", "other"}:
            raise PricingError(error.code, "tenders", **error.params) from None
        raise
    if balance.missing:
        raise PricingError(Problem.UNDERPAID, "tenders", missing=balance.missing)
    return Settlement(
        due=money(scaled(total + balance.rounding, "total", digits), digits),
        rounding=balance.rounding,
        applied=_applied(tenders, balance.change, digits),
        change=balance.change,
    )


def _applied(tenders: Sequence[Tender], change: Decimal, digits: int) -> tuple[Decimal, ...]:
    """What each tender paid, the change taken from the last cash first."""
    applied: list[Decimal] = []
    for tender in reversed(tenders):
        is_cash = TenderKind(tender.kind) is TenderKind.CASH
        back = min(change, tender.amount) if is_cash else ZERO
        change -= back
        applied.append(money(scaled(tender.amount - back, "tenders", digits), digits))
    return tuple(reversed(applied))
