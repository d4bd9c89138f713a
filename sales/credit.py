"""The only writer of customer credit: each entry is recorded and added to its account together.

The account's row is the lock: it is changed first, by one statement that cannot take it below zero,
so that however many tills spend at once, what they spend is what was there. Amounts are in the
business's currency. Days are those of the business's zone; `expires_on` is the last day on which
credit can be spent, and what has expired is booked before anything else happens to the account.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Device, User
from sales import lots
from sales.errors import OtherRequest
from sales.models import CreditAccount, CreditEntry, Customer
from sales.standings import business_day, movement, movements, standing
from tenants import formats
from tenants.context import business, current, require_id
from tenants.errors import Refused, is_unique_violation
from tenants.ids import uuid7
from tenants.models import Business
from tenants.spelling import plain_money

ZERO = Decimal(0)
Kind = CreditEntry.Kind
# Changed at once by hand; it leaves room for the sum.
MOST = Decimal(10) ** 11
# Accounts whose expired credit is booked in one transaction.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One entry to be: positive comes in, negative goes out. `expires_on` on what comes in.

    `is_new` says of money given back that it was no credit before.
    """

    kind: CreditEntry.Kind
    amount: Decimal
    line: int = 0
    expires_on: date | None = None
    is_new: bool = False


class NotEnoughCredit(Refused):
    """The account holds less than is to be taken. `fields` say what is there. Nothing is kept."""

    status = 409

    def __init__(self, available: Decimal) -> None:
        super().__init__(
            "not_enough_credit",
            _("There is not enough credit: %(credit)s is there.")
            % {"credit": formats.money(available)},
            {"credit": plain_money(available, current().digits)},
        )
        self.available = available


class CreditSpent(Refused):
    """Credit that a sale brought cannot be taken back, because it was spent. Nothing is kept."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "credit_spent",
            _(
                "The customer has spent the credit from this sale already, so it cannot be taken back."
            ),
        )


# -- changing it ----------------------------------------------------------------------------------


def post(
    *,
    customer_id: uuid.UUID,
    changes: Sequence[Change],
    document_id: uuid.UUID,
    document_number: str = "",
    actor: User | None,
    reason: str = "",
    gives_back: Collection[uuid.UUID] = (),
    at: datetime | None = None,
) -> list[CreditEntry]:
    """Record the changes of one document in their order, and return their entries.

    Must run inside the document's own transaction, which has to be rolled back after an exception:
    NotEnoughCredit or CreditSpent where an account would fall below zero at any of them,
    IntegrityError for a document, kind and line that is recorded already. `gives_back` are the
    documents whose payments come back: they can be spent as long as what they were taken from.
    """
    assert connection.in_atomic_block, "a document and its entries are one transaction"
    changes = [change for change in changes if change.amount]
    if not changes:
        return []
    moment = at or timezone.now()
    today = business_day(moment)
    total = sum((change.amount for change in changes), ZERO)
    row = _add(customer_id, total)
    if row is None:
        raise _refusal(changes, standing(customer_id, today=today).balance)
    account_id, after, expiry = row
    before = after - total
    dated = expiry is not None or bool(gives_back) or any(one.expires_on for one in changes)
    past = movements([account_id]).get(account_id, []) if dated else []
    left, uses = lots.replay(past)
    gone = lots.expired(left, today)
    if gives_back:
        until = lots.expiry_of_refund(uses, gives_back, today)
        changes = [
            replace(one, expires_on=until) if one.kind == Kind.REFUNDED and not one.is_new else one
            for one in changes
        ]
    entries = _expiry(account_id, gone, before, moment)
    balance = before - gone
    for change in changes:
        balance += change.amount
        if balance < 0:
            raise _refusal(changes, before - gone)
        entries.append(
            CreditEntry(
                account_id=account_id,
                kind=change.kind,
                amount=change.amount,
                balance=balance,
                expires_on=change.expires_on,
                document_id=document_id,
                document_number=document_number,
                line=change.line,
                reason=reason,
                actor=actor,
                created_at=moment,
            )
        )
    CreditEntry.objects.bulk_create(entries)
    if dated:
        new = [movement(one.kind, one.amount, one.expires_on, None) for one in entries]
        following = lots.next_expiry(lots.replay([*past, *new])[0])
        if gone or following != expiry:
            CreditAccount.objects.filter(pk=account_id).update(
                balance=balance, next_expiry=following
            )
    return [entry for entry in entries if entry.kind != Kind.EXPIRED]


def _refusal(changes: Sequence[Change], available: Decimal) -> Refused:
    if any(change.kind == Kind.BOUGHT and change.amount < 0 for change in changes):
        return CreditSpent()
    return NotEnoughCredit(max(available, ZERO))


def _expiry(account_id: int, gone: Decimal, before: Decimal, moment: datetime) -> list[CreditEntry]:
    """The entry that takes out what has expired; none where nothing has."""
    if not gone:
        return []
    return [
        CreditEntry(
            account_id=account_id,
            kind=Kind.EXPIRED,
            amount=-gone,
            balance=before - gone,
            document_id=uuid7(),
            created_at=moment,
        )
    ]


# One statement makes the row or locks it, adds, and answers. What goes out has a statement of its
# own: PostgreSQL checks a row that is to be inserted, and a negative balance, before it looks for
# one that is there already.
_UPSERT = """
INSERT INTO sales_creditaccount (business_id, customer_id, balance) VALUES (%s, %s, %s)
ON CONFLICT (business_id, customer_id) DO UPDATE SET balance = {sum}
RETURNING id, balance, next_expiry
"""
_TAKE = """
UPDATE sales_creditaccount SET balance = {sum}
WHERE business_id = %s AND customer_id = %s AND {sum} >= 0
RETURNING id, balance, next_expiry
"""


def _add(customer_id: uuid.UUID, amount: Decimal) -> tuple[int, Decimal, date | None] | None:
    """(account, new balance, next expiry) after adding; None where less is there than is taken."""
    model = CreditAccount._meta
    business_id = require_id()
    customer = model.get_field("customer").get_db_prep_save(customer_id, connection)
    delta = model.get_field("balance").get_db_prep_save(amount, connection)
    if amount < 0:
        total, statement = "balance + %s", _TAKE
        params: list[Any] = [delta, business_id, customer, delta]
    else:
        total, statement = "sales_creditaccount.balance + excluded.balance", _UPSERT
        params = [business_id, customer, delta]
    # SQLite stores decimals as floating point: rounding keeps the sum exact to the column's places.
    if connection.vendor == "sqlite":
        total = f"round({total}, 4)"
    with connection.cursor() as cursor:
        cursor.execute(statement.format(sum=total), params)
        row = cursor.fetchone()
    if row is None:
        return None
    expiry = model.get_field("next_expiry").to_python(row[2])
    return row[0], Decimal(str(row[1])), expiry


# -- by hand --------------------------------------------------------------------------------------


def grant(
    *,
    actor: User,
    customer: Customer,
    amount: Decimal,
    reason: str,
    request_id: uuid.UUID,
    expires_on: date | None = None,
    device: Device | None = None,
    at: datetime | None = None,
) -> CreditEntry:
    """Give credit, to be spent until `expires_on` at the latest; rounded half up to minor units.

    The same `request_id` again returns the first entry, `was_recorded`, whatever has happened since;
    for other content, also of a correction, it raises OtherRequest.
    Raises Refused without a reason, for an amount that is not positive, and for a day in the past.
    """
    if amount <= 0:
        raise _bad_amount(_("Enter an amount of more than zero."))
    change = Change(Kind.GRANTED, _rounded(amount), expires_on=expires_on)
    return _by_hand(actor, customer, change, reason, request_id, device, at)


def correct(
    *,
    actor: User,
    customer: Customer,
    amount: Decimal,
    reason: str,
    request_id: uuid.UUID,
    device: Device | None = None,
    at: datetime | None = None,
) -> CreditEntry:
    """Add to credit, or take from it where `amount` is negative; otherwise like `grant`.

    Raises NotEnoughCredit where less is there than is taken.
    """
    change = Change(Kind.CORRECTED, _rounded(amount))
    return _by_hand(actor, customer, change, reason, request_id, device, at)


def _rounded(amount: Decimal) -> Decimal:
    if abs(amount) > MOST:
        raise _bad_amount(_("This is more than anyone has to spend. Check the amount."))
    rounded = amount.quantize(Decimal(1).scaleb(-current().digits), ROUND_HALF_UP)
    if not rounded:
        raise _bad_amount(_("Enter an amount that is not zero."))
    return rounded


def _bad_amount(said: str) -> Refused:
    return Refused("bad_amount", said, {"amount": [said]}, status=400)


def _by_hand(
    actor: User,
    customer: Customer,
    change: Change,
    reason: str,
    request_id: uuid.UUID,
    device: Device | None,
    at: datetime | None,
) -> CreditEntry:
    reason = reason.strip()[:200]
    if not reason:
        raise Refused("no_reason", _("Say why."), {"reason": [_("Say why.")]}, status=400)
    try:
        with transaction.atomic():
            # Locks the account, so that the same request twice at once is one after the other.
            _add(customer.pk, ZERO)
            earlier = CreditEntry.objects.select_related("account").filter(document_id=request_id)
            for entry in earlier:
                _same(entry, customer, change, reason)
                entry.was_recorded = True
                return entry
            # Only now: what was given until a day that is over by now is given all the same.
            if change.expires_on is not None and change.expires_on < business_day(at):
                said = _("This day has passed.")
                raise Refused("bad_date", said, {"expires_on": [said]}, status=400)
            (entry,) = post(
                customer_id=customer.pk,
                changes=[change],
                document_id=request_id,
                actor=actor,
                reason=reason,
                at=at,
            )
            _say(actor, customer, entry, device)
            return entry
    except IntegrityError as error:
        # Another customer's account was locked, and the id is taken there.
        if is_unique_violation(error):
            raise OtherRequest from error
        raise


def _same(entry: CreditEntry, customer: Customer, change: Change, reason: str) -> None:
    """Raises OtherRequest where the entry was written for something else."""
    asked = (customer.pk, change.kind, change.amount, change.expires_on, reason)
    if asked != (
        entry.account.customer_id, entry.kind, entry.amount, entry.expires_on, entry.reason
    ):  # fmt: skip
        raise OtherRequest


def _say(actor: User, customer: Customer, entry: CreditEntry, device: Device | None) -> None:
    """The audit entry of a change by hand."""
    digits = current().digits
    old, new = entry.balance - entry.amount, entry.balance
    changes: dict[str, Any] = {
        "credit": [plain_money(old, digits), plain_money(new, digits)],
        "reason": [None, entry.reason],
    }
    if entry.expires_on is not None:
        changes["expires"] = [None, entry.expires_on.isoformat()]
    verb = "grant" if entry.kind == Kind.GRANTED else "correct"
    record(actor=actor, action=f"credit.{verb}", target=customer, changes=changes, device=device)


# -- expiring -------------------------------------------------------------------------------------


def overdue(*, today: date | None = None) -> list[int]:
    """The accounts of the bound business that hold credit which has expired and is not booked."""
    accounts = CreditAccount.objects.filter(next_expiry__lt=today or business_day())
    return list(accounts.order_by("pk").values_list("pk", flat=True))


def expire(*, at: datetime | None = None) -> tuple[int, Decimal]:
    """Book what has expired in the bound business: how many accounts, and how much of it.

    A few hundred accounts a transaction; running it again changes nothing.
    """
    moment = at or timezone.now()
    today = business_day(moment)
    # Each of its own: PostgreSQL knows the business from the transaction.
    with transaction.atomic():
        ids = overdue(today=today)
    count, amount = 0, ZERO
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            taken = _expire(ids[start : start + BATCH], today, moment)
        count += len(taken)
        amount += sum(taken, ZERO)
    return count, amount


def expire_everywhere() -> int:
    """`expire()` in every business, by its own calendar; how many accounts."""
    count = 0
    for company in Business.objects.order_by("pk"):
        with business(company):
            count += expire()[0]
    return count


def _expire(ids: Sequence[int], today: date, moment: datetime) -> list[Decimal]:
    locked = CreditAccount.objects.select_for_update().filter(pk__in=ids, next_expiry__lt=today)
    accounts = list(locked.order_by("pk"))
    past = movements([one.pk for one in accounts])
    entries: list[CreditEntry] = []
    for one in accounts:
        left, _uses = lots.replay(past.get(one.pk, ()))
        gone = lots.expired(left, today)
        entries += _expiry(one.pk, gone, one.balance, moment)
        one.balance -= gone
        one.next_expiry = lots.next_expiry(lot for lot in left if not lot.has_expired(today))
    CreditEntry.objects.bulk_create(entries)
    CreditAccount.objects.bulk_update(accounts, ["balance", "next_expiry"])
    return [-entry.amount for entry in entries]
