"""Customer credit that was kept elsewhere: whole accounts with their entries, as they were.

Besides `credit.py` this is the only writer of credit. Nothing is asked and nothing expires here: what
was decided then is recorded, and the next change of an account goes on from it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from sales.models import CreditAccount, CreditEntry
from tenants.bulk import insert_rows


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
