"""Bringing in a JSON file store: customers and their credit, all of it or nothing.

An entry's id here is made from where it came from, so that it comes in once however often the folder
is imported. Entries that are new since the last time follow what was done here in between.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.beginnings import first_owner
from accounts.models import User
from archive.file_store.mapping import StoreMap
from archive.file_store.reading import (
    Store,
    StoredBalance,
    StoredCustomer,
    StoredEntry,
    StoreFault,
)
from archive.file_store.report import Report, StoreRefused
from archive.made_customers import note_references, write_customers
from archive.models import ImportBatch
from archive.products.journal import Journal
from archive.references import BATCH, fingerprint
from archive.remembered import known_customers
from archive.turns import lock_business
from sales import credit, lots
from sales.credit_history import (
    NONE,
    PastAccount,
    PastEntry,
    account_states,
    lock_accounts,
    open_accounts,
    record_past,
)
from sales.models import CreditAccount, CreditEntry, Customer
from sales.standings import movement
from tenants.bulk import long_work
from tenants.context import current
from tenants.errors import Refused

ZERO = Decimal(0)
#: What the journal calls accounts of credit.
ACCOUNT = "credit_account"
OPENING = "Balance brought along"
Kind = CreditEntry.Kind


def import_store(
    folder: Path,
    asked: StoreMap,
    *,
    by: User | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
    batch: ImportBatch | None = None,
    listen: Callable[[StoreFault], None] | None = None,
) -> Report:
    """Bring the folder into the bound business, or with `dry_run` find out what that would do.

    `by` is who does it, else the owner; `batch` the row that stands for it, else one is made when
    something was new; `listen` hears of every fault, while the report lists the first. Raises
    StoreRefused where anything is wrong, and StoreError
    where a file cannot be read; either way nothing is written. Another import of the business waits.
    """
    with long_work():
        lock_business()
        store = Store(folder, asked, digits=current().digits, zone=current().zone)
        store.faults.listen = listen
        report = Report(faults=store.faults)
        by = by or first_owner()
        row: ImportBatch = batch or ImportBatch.objects.create(
            kind=ImportBatch.Kind.FILE_STORE,
            file_name=asked.source[:200],
            file_hash=fingerprint(asked),
            created_by=by,
        )
        work = _Work(store, report, by, progress or (lambda done, total: None), row)
        work.run()
        if report.faults.count:
            plural = "fault" if report.faults.count == 1 else "faults"
            raise StoreRefused(
                f"The files have {report.faults.count} {plural}; nothing was imported.", report
            )
        if dry_run or (batch is None and not report.is_new):
            transaction.set_rollback(True)
        elif batch is None:
            row.state, row.applied_at = ImportBatch.State.APPLIED, work.now
            row.report = report.as_json()
            row.save(update_fields=["state", "applied_at", "report"])
            report.batch = row
    return report


@dataclass(frozen=True, slots=True)
class _Recorded:
    """An entry that an import of this source made."""

    customer_id: uuid.UUID
    kind: str
    amount: Decimal
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.amount.normalize():f}"


class _Work:
    def __init__(
        self,
        store: Store,
        report: Report,
        by: User | None,
        progress: Callable[[int, int], None],
        batch: ImportBatch,
    ) -> None:
        self.store, self.report, self.by, self.progress = store, report, by, progress
        self.batch, self.journal = batch, Journal(batch)
        self.map = store.map
        self.space = uuid.uuid5(uuid.NAMESPACE_URL, f"tillbook:{current().pk}:{self.map.source}")
        self.now = timezone.now()
        #: Customers of the store: their key there → their id here.
        self.ids: dict[str, uuid.UUID] = {}

    def run(self) -> None:
        self._customers(list(self.store.customers()))
        by_customer = self._entries()
        self._balances(by_customer)
        if self.report.faults.count:
            return
        self._write(by_customer)
        self.journal.close()
        if self.report.is_new:
            self._note()

    # -- customers --------------------------------------------------------------------------------

    def _customers(self, rows: list[StoredCustomer]) -> None:
        """Make those that did not come in before; what people changed here since stays."""
        known = known_customers(self.map.source, [row.key for row in rows])
        there = set(Customer.objects.values_list("pk", flat=True))
        for start in range(0, len(rows), BATCH):
            new, known_as = [], []
            for row in rows[start : start + BATCH]:
                if len(row.key) > 100:
                    self._fault(row, "id", row.key, "is longer than 100 characters")
                    continue
                pk = uuid.UUID(known[row.key].object_id) if row.key in known else None
                if pk in there:
                    assert pk is not None
                    self.ids[row.key] = pk
                    self.report.customers_same += 1
                    continue
                customer = Customer(**row.values, is_active=row.is_active)
                self.ids[row.key] = customer.pk
                new.append(customer)
                known_as.append((row.key, customer.pk, fingerprint(row)))
            write_customers(new, self.journal)
            note_references(self.journal, self.map.source, known_as)
            self.report.customers_created += len(new)
            self.progress(start + len(new), len(rows))

    def _fault(self, row: Any, name: str, value: Any, reason: str) -> None:
        part = self.map.customers
        if isinstance(row, StoredEntry):
            source = self.map.balances if row.reason == OPENING else self.map.entries
            part = source or self.map.entries or part
        elif isinstance(row, StoredBalance):
            part = self.map.balances or part
        self.store.faults.add(part.file, row.key, ", ".join(part.fields.get(name, (name,))),
                              value, reason)  # fmt: skip

    # -- credit -----------------------------------------------------------------------------------

    def _entries(self) -> dict[str, list[StoredEntry]]:
        """Each customer's entries in the order of their times, none of which overdraws."""
        found: dict[str, list[StoredEntry]] = defaultdict(list)
        for entry in self.store.entries() if self.map.entries else ():
            if entry.customer not in self.ids:
                self._fault(entry, "customer", entry.customer, "is no customer of the store")
            else:
                found[entry.customer].append(entry)
        for entries in found.values():
            entries.sort(key=lambda one: one.time)
            balance = ZERO
            for entry in entries:
                balance += entry.amount
                if balance < 0:
                    reason = f"the customer's credit would be {balance} after it"
                    self._fault(entry, "amount", entry.amount, reason)
                    break
        return found

    def _balances(self, by_customer: dict[str, list[StoredEntry]]) -> None:
        """Compare the balances that the store states; without entries they are the opening."""
        seen: set[str] = set()
        for row in self.store.balances() if self.map.balances else ():
            if row.customer not in self.ids:
                self._fault(row, "customer", row.customer, "is no customer of the store")
                continue
            if row.customer in seen:
                self._fault(row, "customer", row.customer, "has two balances")
                continue
            seen.add(row.customer)
            entries = by_customer[row.customer]
            difference = row.amount - sum((one.amount for one in entries), ZERO)
            if not difference:
                continue
            if entries and self.map.difference == "refuse":
                reason = f"the entries come to {row.amount - difference}"
                self._fault(row, "amount", row.amount, reason)
                continue
            if entries:
                self.report.corrected += 1
            kind = Kind.CORRECTED if entries else Kind.GRANTED
            at = entries[-1].time if entries else self.now
            entries.append(
                StoredEntry(f"balance of {row.key}", row.customer, kind, difference, at, OPENING,
                            row.expires_on if difference > 0 else None)
            )  # fmt: skip

    def _document(self, entry: StoredEntry) -> uuid.UUID:
        return uuid.uuid5(self.space, entry.key)

    def _write(self, by_customer: dict[str, list[StoredEntry]]) -> None:
        there = self._recorded()
        self._compare_openings(by_customer, there)
        accounts = dict(CreditAccount.objects.values_list("customer_id", "pk"))
        living: dict[uuid.UUID, list[StoredEntry]] = {}
        past: list[PastEntry] = []
        opened: list[PastAccount] = []
        for done, (key, entries) in enumerate(by_customer.items(), start=1):
            customer_id = self.ids[key]
            self.report.credit += sum((one.amount for one in entries), ZERO)
            new = [one for one in entries if not self._is_there(one, there)]
            self.report.entries_same += len(entries) - len(new)
            if not new:
                continue
            if customer_id in accounts:
                living[customer_id] = new
            else:
                opened.append(_account(customer_id, new))
                past += self._past(customer_id, new)
            for one in new:
                self.report.entries_created += 1
                self.report.by_kind[one.kind] += one.amount
            if done % BATCH == 0:
                self.progress(done, len(by_customer))
        self._go_on({accounts[one]: (one, new) for one, new in living.items()})
        if not self.report.faults.count:
            open_accounts(opened)
            record_past(past)
            self._note_accounts([one.customer_id for one in opened])

    def _go_on(self, living: dict[int, tuple[uuid.UUID, list[StoredEntry]]]) -> None:
        """New entries of accounts that are here already."""
        lock_accounts(living)
        before = account_states(living)
        for customer_id, new in living.values():
            self._append(customer_id, new)
        after = account_states(living)
        self.journal.changed(ACCOUNT, ((pk, before[pk], after[pk]) for pk in living))

    def _note_accounts(self, customers: list[uuid.UUID]) -> None:
        for start in range(0, len(customers), BATCH):
            some = customers[start : start + BATCH]
            rows = CreditAccount.objects.filter(customer__in=some).order_by("pk")
            states = account_states(rows.values_list("pk", flat=True))
            self.journal.changed(ACCOUNT, ((pk, NONE, state) for pk, state in states.items()))

    def _recorded(self) -> dict[uuid.UUID, _Recorded]:
        """What came in from this source before, by document. Not by kind: who mends the map's
        kinds would bring everything in once more."""
        rows = CreditEntry.objects.filter(document_number=self.map.source).values_list(
            "document_id", "account__customer_id", "kind", "amount", "reason"
        )
        return {document: _Recorded(*facts) for document, *facts in rows}

    def _is_there(self, entry: StoredEntry, there: dict[uuid.UUID, _Recorded]) -> bool:
        found = there.get(self._document(entry))
        if found is None:
            return False
        if found.customer_id != self.ids[entry.customer]:
            reason = f"came in before as {found}, of another customer"
        elif found.kind != entry.kind or found.amount != entry.amount:
            reason = f"came in before as {found}"
        else:
            return True
        self._fault(entry, "amount", f"{entry.kind} {entry.amount.normalize():f}", reason)
        return True

    def _compare_openings(
        self, by_customer: dict[str, list[StoredEntry]], there: dict[uuid.UUID, _Recorded]
    ) -> None:
        """Balances that were brought along before and are not now: nothing, or explained by entries
        that would come in on top."""
        now = {self._document(one) for entries in by_customer.values() for one in entries}
        keys = {pk: key for key, pk in self.ids.items()}
        part = self.map.balances or self.map.entries or self.map.customers
        for document, found in there.items():
            if found.reason == OPENING and document not in now and found.customer_id in keys:
                reason = f"a balance came in before as {found}, and is not among the balances now"
                names = part.fields.get("amount", ("amount",))
                key = keys[found.customer_id]
                self.store.faults.add(part.file, key, ", ".join(names), None, reason)

    def _past(self, customer_id: uuid.UUID, entries: Iterable[StoredEntry]) -> list[PastEntry]:
        balance = ZERO
        rows = []
        for one in entries:
            balance += one.amount
            rows.append(
                PastEntry(
                    customer_id=customer_id,
                    kind=one.kind,
                    amount=one.amount,
                    balance=balance,
                    document_id=self._document(one),
                    document_number=self.map.source,
                    created_at=one.time,
                    expires_on=one.expires_on if one.amount > 0 else None,
                    reason=one.reason,
                    actor_id=self.by.pk if self.by else None,
                )
            )
        return rows

    def _append(self, customer_id: uuid.UUID, entries: Iterable[StoredEntry]) -> None:
        """New entries of a customer whose account lives on here: each as a change of today."""
        for one in entries:
            change = credit.Change(
                Kind(one.kind), one.amount, expires_on=one.expires_on if one.amount > 0 else None
            )
            try:
                with transaction.atomic():
                    credit.post(
                        customer_id=customer_id,
                        changes=[change],
                        document_id=self._document(one),
                        document_number=self.map.source,
                        actor=self.by,
                        reason=one.reason,
                        at=self.now,
                    )
            except Refused as refused:
                self._fault(one, "amount", one.amount, f"cannot be booked: {refused}")
                return

    def _note(self) -> None:
        counts = {
            "customers": [None, self.report.customers_created],
            "entries": [None, self.report.entries_created],
        }
        record(actor=self.by, action="credit.import", target=self.batch, changes=counts)


def _account(customer_id: uuid.UUID, entries: list[StoredEntry]) -> PastAccount:
    moves = [movement(one.kind, one.amount, one.expires_on, None) for one in entries]
    left, _uses = lots.replay(moves)
    balance = sum((one.amount for one in entries), ZERO)
    return PastAccount(customer_id, balance, lots.next_expiry(left))
