"""Customer credit that was kept elsewhere: whole accounts with their entries, as they were.

Besides `credit.py` this is the only writer of credit. Nothing is asked and nothing expires here: what
was decided then is recorded, and the next change of an account goes on from it.

Entries are never removed, but for these: together, when the import that brought them is taken back and
nothing came after them on their accounts. They are still in the books that they came from; a correction
instead would leave the entries, and the same file could not come in again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _

from sales.models import CreditAccount, CreditEntry, Customer
from tenants.bulk import insert_rows, update_rows
from tenants.errors import Refused

# Accounts that are locked or read at once.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class PastAccount:
    """An account as it stands; `balance` is the sum of the entries that will be recorded for it."""

    customer_id: uuid.UUID
    balance: Decimal
    next_expiry: date | None = None


@dataclass(frozen=True, slots=True)
class PastEntry:
    """An entry as `CreditEntry` has it, of the account of this customer."""

    customer_id: uuid.UUID
    kind: str
    amount: Decimal
    balance: Decimal
    document_id: uuid.UUID
    created_at: datetime
    expires_on: date | None = None
    document_number: str = ""
    line: int = 0
    reason: str = ""
    actor_id: Any = None


ACCOUNT_COLUMNS = ("customer_id", "balance", "next_expiry")
ENTRY_COLUMNS = (
    "account_id", "kind", "amount", "balance", "expires_on", "document_id", "document_number",
    "line", "reason", "actor_id", "created_at",
)  # fmt: skip


def open_accounts(accounts: Iterable[PastAccount]) -> int:
    """Write accounts of customers that have none yet, in their order; returns how many.

    Must run in one transaction with `record_past()`, after which balances and entries have to
    agree. Raises IntegrityError for a customer who has an account.
    """
    assert connection.in_atomic_block, "an account and its entries are one transaction"
    rows = ((one.customer_id, one.balance, one.next_expiry) for one in accounts)
    return insert_rows(CreditAccount, ACCOUNT_COLUMNS, rows)


def record_past(
    entries: Iterable[PastEntry], *, wrote: Callable[[int], None] = lambda entries: None
) -> int:
    """Write the entries of accounts that `open_accounts()` made, in their order; how many.

    Raises IntegrityError for one that is recorded already.
    """
    assert connection.in_atomic_block, "an account and its entries are one transaction"
    accounts = dict(CreditAccount.objects.values_list("customer_id", "pk"))
    rows = (
        (
            accounts[one.customer_id], one.kind, one.amount, one.balance, one.expires_on,
            one.document_id, one.document_number, one.line, one.reason, one.actor_id,
            one.created_at,
        )
        for one in entries
    )  # fmt: skip
    return insert_rows(CreditEntry, ENTRY_COLUMNS, rows, wrote=wrote)


# How an account stands: its columns, and the id of its last entry.
State = dict[str, Any]
NONE: State = {"balance": None, "next_expiry": None, "last_entry": None}


def lock_accounts(ids: Collection[int]) -> None:
    """Nobody spends from them until the transaction ends; locked in the order in which expiring does
    it."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        rows = CreditAccount.objects.filter(pk__in=ordered[start : start + BATCH]).order_by("pk")
        list(rows.select_for_update().values_list("pk"))


def account_states(ids: Collection[int]) -> dict[int, State]:
    """How these accounts stand, as far as there are such accounts."""
    ordered = sorted(ids)
    found: dict[int, State] = {}
    for start in range(0, len(ordered), BATCH):
        keys = ordered[start : start + BATCH]
        entries = CreditEntry.objects.filter(account__in=keys).order_by()
        last = dict(entries.values_list("account_id").annotate(Max("pk")))
        for pk, balance, expiry in CreditAccount.objects.filter(pk__in=keys).values_list(
            "pk", "balance", "next_expiry"
        ):
            found[pk] = {"balance": balance, "next_expiry": expiry, "last_entry": last.get(pk)}
    return found


def take_back_past(changes: Mapping[int, tuple[State, State]]) -> None:
    """Set accounts back to what they were: {account: (how it stood before, and after)}.

    Entries that came after the last one before are removed; an account that stood at NONE goes with
    them. Must run in one transaction, the accounts locked by `lock_accounts()`. Raises Refused, with
    examples, where one does not stand as it did after: its credit was spent, granted or has expired.
    """
    assert connection.in_atomic_block, "an account and its entries are one transaction"
    now = account_states(changes)
    moved = [pk for pk, (_before, after) in changes.items() if now.get(pk, NONE) != after]
    if moved:
        found = Customer.objects.filter(credit_accounts__in=moved[:3]).order_by()
        names = sorted(found.values_list("name", flat=True))
        raise Refused(
            "credit_moved_since",
            _("Credit of customers who came in has changed since: %(names)s.")
            % {"names": ", ".join(names)},
            {"examples": names},
        )
    # Entries of different accounts are numbered as they came: one number does not part them.
    made = [pk for pk, (before, _after) in changes.items() if before == NONE]
    rows = CreditEntry.objects.filter(account__in=made)
    rows._raw_delete(rows.db)
    accounts = CreditAccount.objects.filter(pk__in=made)
    accounts._raw_delete(accounts.db)
    lived = {pk: before for pk, (before, _after) in changes.items() if before != NONE}
    for pk, before in lived.items():
        rows = CreditEntry.objects.filter(account=pk, pk__gt=before["last_entry"] or 0)
        rows._raw_delete(rows.db)
    update_rows(
        CreditAccount,
        ("balance", "next_expiry"),
        ((pk, before["balance"], before["next_expiry"]) for pk, before in lived.items()),
    )
