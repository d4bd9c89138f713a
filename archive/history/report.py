"""The account of a sales file: every line by kind, what it comes to, and what is odd about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from archive.history.documents import OldDocument
from archive.history.reading import Faults, Line, RowFault

#: Called with what is wrong or doubted, and whether it is wrong.
Listen = Callable[[RowFault, bool], None]
ZERO = Decimal(0)
#: What is listed is listed up to here; the counts are always whole.
MOST = 200
MOST_CODES = 10_000
#: A quantity or price beyond these is more often a slip of the finger than a sale.
MUCH = Decimal(10_000)
CHEAP = Decimal("0.01")


@dataclass(slots=True)
class Tally:
    """A number of documents and lines, and what the lines come to: quantity x price."""

    documents: int = 0
    lines: int = 0
    sum: Decimal = ZERO

    def add(self, other: Tally) -> None:
        self.documents += other.documents
        self.lines += other.lines
        self.sum += other.sum

    def as_json(self) -> dict[str, Any]:
        return {"documents": self.documents, "lines": self.lines, "sum": exact(self.sum)}


@dataclass(slots=True)
class Report:
    """What a file holds and what becomes of it.

    `kinds` accounts for the lines, each once, so that their numbers add up to `lines` and their
    sums to `sum`; so does `items` (goods, services, vouchers). `new`, `same` and `refused` account
    for the documents.
    """

    lines: int = 0
    documents: int = 0
    sum: Decimal = ZERO
    #: What is stored: other than `sum` where lines have discounts, taxes or were rounded.
    total: Decimal = ZERO
    kinds: dict[str, Tally] = field(default_factory=dict)
    items: dict[str, Tally] = field(default_factory=dict)
    new: Tally = field(default_factory=Tally)
    same: Tally = field(default_factory=Tally)
    refused: Tally = field(default_factory=Tally)
    refusals: list[RowFault] = field(default_factory=list)
    first: date | None = None
    last: date | None = None
    codes: Counter[str] = field(default_factory=Counter)
    missing: list[dict[str, Any]] = field(default_factory=list)
    customers: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)
    implausible: list[dict[str, Any]] = field(default_factory=list)
    stock: Counter[str] = field(default_factory=Counter)
    faults: Faults = field(default_factory=Faults)
    notes: list[str] = field(default_factory=list)
    #: Hears of every document that is refused and every line that is doubted.
    listen: Listen | None = None

    def hear(self, listen: Listen | None) -> None:
        self.listen = listen
        if listen is not None:
            self.faults.listen = lambda fault: listen(fault, True)

    @property
    def is_good(self) -> bool:
        return not self.faults.count

    def account(self, document: OldDocument, items: Iterable[str], day: date) -> Tally:
        """Take in a document; `items` says of each line what it sold. Returns the document's own."""
        self.documents += 1
        self.first = day if self.first is None else min(self.first, day)
        self.last = day if self.last is None else max(self.last, day)
        own = Tally(documents=1)
        seen: Counter[tuple[Any, ...]] = Counter()
        kinds, sorts = set(), set()
        for line, item in zip(document.lines, items, strict=True):
            amount = line.quantity * line.price
            kind = document.line_kind(line)
            for tally in (
                own,
                self.kinds.setdefault(kind, Tally()),
                self.items.setdefault(item, Tally()),
            ):
                tally.lines += 1
                tally.sum += amount
            kinds.add(kind)
            sorts.add(item)
            seen[line.code, line.name, line.quantity, line.price, line.time] += 1
            self._wonder(line)
        for kind in kinds:
            self.kinds[kind].documents += 1
        for item in sorts:
            self.items[item].documents += 1
        self.lines += own.lines
        self.sum += own.sum
        self.odd["doubled_lines"] += sum(times - 1 for times in seen.values())
        self.odd["several_times"] += len({line.time for line in document.lines}) > 1
        return own

    def _wonder(self, line: Line) -> None:
        price = abs(line.price)
        self.odd["price_zero"] += not price
        self.odd["price_tiny"] += ZERO < price < CHEAP
        self.odd["negative_price"] += line.price < 0
        self.odd["no_customer"] += not line.customer
        self.odd["no_name"] += not line.name
        if abs(line.quantity) >= MUCH or price >= MUCH:
            self.odd["implausible"] += 1
            if self.listen is not None:
                told = f"{exact(line.quantity)} × {exact(line.price)}"
                self.listen(RowFault(line.row, "", told, _("is a lot")), False)
            if len(self.implausible) < MOST:
                self.implausible.append(
                    {
                        "row": line.row,
                        "number": line.number,
                        "code": line.code,
                        "quantity": exact(line.quantity),
                        "price": exact(line.price),
                    }
                )

    def refuse(self, document: OldDocument, own: Tally, reason: str) -> None:
        self.refused.add(own)
        fault = RowFault(document.row, "", document.number, reason)
        if self.listen is not None:
            self.listen(fault, True)
        if len(self.refusals) < MOST:
            self.refusals.append(fault)

    def as_json(self) -> dict[str, Any]:
        """Amounts as text, exact; lists cut at MOST (codes at MOST_CODES), counts whole."""
        return {
            "lines": self.lines,
            "documents": self.documents,
            "sum": exact(self.sum),
            "total": exact(self.total),
            "kinds": {name: tally.as_json() for name, tally in self.kinds.items()},
            "items": {name: tally.as_json() for name, tally in self.items.items()},
            "new": self.new.as_json(),
            "same": self.same.as_json(),
            "refused": self.refused.as_json(),
            "refusals": [_fault(one) for one in self.refusals],
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "codes": dict(self.codes),
            "missing": self.missing[:MOST_CODES],
            "customers": dict(self.customers),
            "odd": {name: count for name, count in self.odd.items() if count},
            "implausible": self.implausible,
            "stock": dict(self.stock),
            "fault_count": self.faults.count,
            "faults": [_fault(one) for one in self.faults.rows],
            "notes": self.notes,
        }


def _fault(one: RowFault) -> dict[str, Any]:
    return {"row": one.row, "column": one.column, "value": one.value, "reason": one.reason}


def exact(value: Decimal) -> str:
    """All digits and no more: 4397950.761."""
    return f"{value.normalize() + 0:f}"
