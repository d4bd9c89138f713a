"""What customers have to spend today. Reads only; `sales/credit.py` writes.

Days are those of the business's zone. Credit that has expired is not there any more, whether or not
that is booked already.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from sales import lots
from sales.models import CreditAccount, CreditEntry, Customer
from tenants.context import current

ZERO = Decimal(0)


def business_day(moment: datetime | None = None) -> date:
    """The date in the bound business's zone, now or at that moment."""
    return (moment or timezone.now()).astimezone(current().zone).date()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a customer can spend today, and the last day of what expires first."""

    balance: Decimal = ZERO
    next_expiry: date | None = None
    # Expired, and not booked yet: still in the account's balance.
    expired: Decimal = ZERO


def standings(
    customer_ids: Iterable[uuid.UUID], *, today: date | None = None
) -> dict[uuid.UUID, Standing]:
    """The standing of each of these customers; in one statement, or two where credit has expired."""
    day = today or business_day()
    wanted = list(customer_ids)
    found = dict.fromkeys(wanted, Standing())
    accounts = list(CreditAccount.objects.filter(customer__in=wanted)) if wanted else []
    overdue = [one.pk for one in accounts if one.next_expiry and one.next_expiry < day]
    past = movements(overdue)
    for one in accounts:
        left, _uses = lots.replay(past.get(one.pk, ()))
        gone = lots.expired(left, day)
        alive = [lot for lot in left if not lot.has_expired(day)]
        following = lots.next_expiry(alive) if one.pk in past else one.next_expiry
        found[one.customer_id] = Standing(one.balance - gone, following, gone)
    return found


def standing(customer_id: uuid.UUID, *, today: date | None = None) -> Standing:
    return standings([customer_id], today=today)[customer_id]


def entries_of(customer: Customer) -> QuerySet[CreditEntry]:
    """What has happened to a customer's credit, the latest first, with who did it."""
    entries = CreditEntry.objects.filter(account__customer=customer)
    return entries.select_related("actor").order_by("-pk")


def movements(account_ids: Sequence[int]) -> dict[int, list[lots.Movement]]:
    """The entries of accounts, oldest first, as `lots` reads them; all of them in one statement."""
    found: dict[int, list[lots.Movement]] = {}
    if not account_ids:
        return found
    rows = CreditEntry.objects.filter(account__in=account_ids).order_by("pk")
    for account, kind, amount, expires_on, document in rows.values_list(
        "account_id", "kind", "amount", "expires_on", "document_id"
    ):
        found.setdefault(account, []).append(movement(kind, amount, expires_on, document))
    return found


def movement(
    kind: str, amount: Decimal, expires_on: date | None, document: uuid.UUID | None
) -> lots.Movement:
    return lots.Movement(amount, expires_on, document, takes_last=kind == CreditEntry.Kind.BOUGHT)
