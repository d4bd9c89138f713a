"""Which part of a customer's credit is spent first, and what of it expires when. Pure functions.

Credit comes in as lots, each with the last day on which it can be spent, or none. What expires
first is spent first; credit that was bought and is taken back goes the other way round.
"""

from __future__ import annotations

import uuid
from bisect import insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of an account, in the order of the entries. Negative goes out.

    `takes_last` says that it goes out of what expires last.
    """

    amount: Decimal
    expires_on: date | None = None
    document_id: uuid.UUID | None = None
    takes_last: bool = False


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one entry that came in."""

    amount: Decimal
    expires_on: date | None = None

    def has_expired(self, today: date) -> bool:
        return self.expires_on is not None and self.expires_on < today


@dataclass(frozen=True, slots=True)
class Use:
    """What a document took out of one lot."""

    document_id: uuid.UUID | None
    amount: Decimal
    expires_on: date | None


def replay(movements: Iterable[Movement]) -> tuple[list[Lot], list[Use]]:
    """The lots that are left, in the order in which they are spent, and what used the others up.

    What goes out beyond all lots takes nothing: the amounts then are not an account's.
    """
    lots: list[Lot] = []
    uses: list[Use] = []
    for movement in movements:
        if movement.amount > 0:
            # Behind those of the same day: equal ones leave in the order in which they came.
            insort(lots, Lot(movement.amount, movement.expires_on), key=_order)
            continue
        rest = -movement.amount
        while rest > 0 and lots:
            at = len(lots) - 1 if movement.takes_last else 0
            lot = lots[at]
            taken = min(rest, lot.amount)
            rest -= taken
            uses.append(Use(movement.document_id, taken, lot.expires_on))
            if taken == lot.amount:
                del lots[at]
            else:
                lots[at] = Lot(lot.amount - taken, lot.expires_on)
    return lots, uses


def _order(lot: Lot) -> date:
    return lot.expires_on or date.max


def expired(lots: Iterable[Lot], today: date) -> Decimal:
    """How much of the lots could be spent until yesterday or before."""
    return sum((lot.amount for lot in lots if lot.has_expired(today)), ZERO)


def next_expiry(lots: Iterable[Lot]) -> date | None:
    """The last day of what expires first; None where nothing does."""
    return min((lot.expires_on for lot in lots if lot.expires_on is not None), default=None)


def expiry_of_refund(
    uses: Sequence[Use], documents: Collection[uuid.UUID], today: date
) -> date | None:
    """Until when credit can be spent that comes back from these documents.

    The latest day of what it was taken from, and never before `today`: who gets it back can at
    least pay again.
    """
    days = [use.expires_on for use in uses if use.document_id in documents]
    if not days or None in days:
        return None
    return max(today, *(day for day in days if day is not None))
