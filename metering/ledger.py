"""API credits: given, bought, used, corrected. The only writer of their ledger.

Each function locks the account's row before it writes, so entries are one after the other: numbers
without gaps, and each with the balance after it. A reference is one entry however often it comes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.bodies import printable
from accounts.models import User
from metering.models import ApiAccount, ApiEntry, KeyDay
from tenants.context import business
from tenants.errors import Refused
from tenants.models import Business

Kind = ApiEntry.Kind
#: More than anybody is given at once: a slip of the hand.
MOST: Final = 10**12
INITIAL: Final = "initial"
#: Days of keys that one transaction books.
BATCH: Final = 500


def balance() -> ApiAccount:
    """The account of the bound business; one with nothing in it, unsaved, where there is none."""
    return ApiAccount.objects.first() or ApiAccount(balance=0, pending=0, entries_made=0)


@transaction.atomic
def post(
    *,
    kind: Kind,
    amount: int,
    reason: str,
    reference: str = "",
    actor: User | None = None,
) -> tuple[ApiEntry, bool]:
    """Change the credits of the bound business: the entry, and whether it was made now.

    The same reference again is the first entry, whatever the reason says; with another kind or
    amount it raises Refused. A correction may be negative, and may not take more than is left.
    """
    reason, reference = printable(reason).strip()[:200], printable(reference).strip()[:80]
    _demand_sensible(kind, amount, reason)
    account = _locked()
    if reference:
        earlier: ApiEntry | None = ApiEntry.objects.filter(reference=reference).first()
        if earlier is not None:
            if (earlier.kind, earlier.amount) != (kind, amount):
                said = _("This reference is that of another entry (%(kind)s %(amount)s).")
                said %= {"kind": earlier.get_kind_display(), "amount": earlier.amount}
                raise Refused("reference_taken", said, {"reference": [said]}, status=409)
            return earlier, False
    if amount < 0 and account.left + amount < 0:
        said = _("Only %(left)s credits are left.") % {"left": max(account.left, 0)}
        raise Refused("not_enough_credits", said, {"amount": [said]}, status=422)
    entry = _entry(account, kind, amount, reason=reason, reference=reference, actor=actor)
    account.save(update_fields=["balance", "entries_made"])
    audit.record(
        actor=actor,
        action=f"api_credit.{kind}",
        target=entry,
        changes={
            "credits": [str(entry.balance - amount), str(entry.balance)],
            "reason": [None, reason],
        },
    )
    return entry, True


def _demand_sensible(kind: Kind, amount: int, reason: str) -> None:
    said = ""
    if kind == Kind.USED:
        raise ValueError("What was used is counted and never posted by hand.")
    if amount == 0 or (amount < 0 and kind != Kind.CORRECTED):
        said = _("Enter a whole number of more than zero; only a correction may be negative.")
    elif abs(amount) > MOST:
        said = _("This is more than anybody is given at once. Check the number.")
    if said:
        raise Refused("bad_amount", said, {"amount": [said]}, status=400)
    if not reason:
        raise Refused("no_reason", _("Say why."), {"reason": [_("Say why.")]}, status=400)


def _locked() -> ApiAccount:
    """The account of the bound business, made where there is none, and locked."""
    ApiAccount.objects.bulk_create(
        [ApiAccount(balance=0, pending=0, entries_made=0)], ignore_conflicts=True
    )
    account: ApiAccount = ApiAccount.objects.select_for_update().get()
    return account


def _entry(account: ApiAccount, kind: Kind, amount: int, **fields: object) -> ApiEntry:
    """The next entry; the account is changed and not yet saved."""
    account.balance += amount
    account.entries_made += 1
    entry: ApiEntry = ApiEntry.objects.create(
        account=account,
        number=account.entries_made,
        kind=kind,
        amount=amount,
        balance=account.balance,
        **fields,
    )
    return entry


def give_initial() -> None:
    """What a new business begins with, as the settings say; once, whoever asks again."""
    amount = settings.METERING.initial
    if amount:
        post(kind=Kind.GRANTED, amount=amount, reason=_("To begin with"), reference=INITIAL)


def fold(*, now: datetime | None = None) -> int:
    """Book what keys of the bound business used on days that are over: how many requests.

    One entry for each key and day, and another for what is counted late. Running it again, or twice
    at once, books nothing twice. Outside a transaction.
    """
    today = (now or timezone.now()).astimezone(UTC).date()
    booked = 0
    while True:
        with transaction.atomic():
            count, found = _fold(today)
        booked += count
        if found < BATCH:
            return booked


def _fold(today: date) -> tuple[int, int]:
    """The days of keys before the account, as they are locked everywhere."""
    due = KeyDay.objects.filter(charged__gt=F("folded"), day__lt=today)
    ordered = due.select_related("device").order_by("device_id", "day")
    days: list[KeyDay] = list(ordered.select_for_update(of=("self",))[:BATCH])
    if not days:
        return 0, 0
    account = _locked()
    total = 0
    for one in days:
        used = one.charged - one.folded
        _entry(account, Kind.USED, -used, device=one.device, day=one.day, upto=one.charged)
        one.folded = one.charged
        total += used
    account.pending -= total
    account.save(update_fields=["balance", "pending", "entries_made"])
    KeyDay.objects.bulk_update(days, ["folded"])
    return total, len(days)


def fold_everywhere() -> int:
    """`fold()` in every business; how many requests were booked."""
    booked = 0
    for company in Business.objects.order_by("pk"):
        with business(company):
            booked += fold()
    return booked
