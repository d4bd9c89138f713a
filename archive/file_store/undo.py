"""Taking an import of customers and credit back: the tables are as before it, or nothing happens.

What it wrote on an account is the end of that account's entries. Refused once anything came after it
there, or a customer who came in was sold to or edited.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import islice

from django.utils.translation import gettext as _

from accounts.models import User
from archive.file_store.importing import ACCOUNT
from archive.made_customers import lock_customers, refuse_customers, remove_customers
from archive.models import BatchPart, ImportBatch
from archive.products.journal import Notes
from archive.products.undo import TakeBack
from archive.turns import no_record, taking_back
from sales.credit_history import State, lock_accounts, take_back_past
from tenants.errors import Refused

Change = tuple[int, tuple[State, State]]


def undo_store(batch: ImportBatch, *, actor: User | None) -> None:
    """Take an import of a file store back: entries, accounts, customers, and how they are known.

    Raises Refused, with the reason and examples; nothing is changed then.
    """
    if batch.kind != ImportBatch.Kind.FILE_STORE:
        raise Refused("not_applied", _("Only an import that was made can be taken back."))
    with taking_back(batch, actor=actor) as row:
        notes = Notes(row)
        report = row.report
        wrote = any(report.get(part, {}).get("created") for part in ("customers", "entries"))
        if wrote and not BatchPart.objects.filter(batch=row).exists():
            raise no_record()
        # Accounts first, as tills lock them, then the customers whom tills only refer to.
        lock_accounts([pk for pk, _change in _changes(notes)])
        lock_customers(notes)
        changes = _changes(notes)
        while some := dict(islice(changes, 1000)):
            take_back_past(some)
        refuse_customers(notes)
        TakeBack(row, actor).remove()
        remove_customers(notes)


def _changes(notes: Notes) -> Iterator[Change]:
    for _table, data in notes.parts(BatchPart.Action.CHANGED, ACCOUNT):
        for key, columns in data:
            yield int(key), (_state(columns, 0), _state(columns, 1))


def _state(columns: dict[str, list[str | None]], place: int) -> State:
    balance, expiry, last = (columns[n][place] for n in ("balance", "next_expiry", "last_entry"))
    return {
        "balance": None if balance is None else Decimal(balance),
        "next_expiry": None if expiry is None else date.fromisoformat(expiry),
        "last_entry": None if last is None else int(last),
    }
