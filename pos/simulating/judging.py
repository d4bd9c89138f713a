"""Whether the books are exactly what the terminals sold: nothing lost, nothing doubled, all in place.

The terminals' own queues are the one account, the database is the other; `verify_data` is asked too.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from tillbook_client import Entry
from tillbook_client.exact import read

from archive.verify import check_books
from inventory.models import StockLevel
from pos.simulating.shop import Market
from pos.simulating.terminals import Simulated, moved
from sales.models import CashMovement, ReviewItem, Sale
from tenants.context import business

Result = TypeVar("Result")
ZERO = Decimal(0)


@dataclass(slots=True)
class Verdict:
    """Every list is empty where the books are exact; the counts are for people."""

    sold: int = 0
    in_books: int = 0
    held: int = 0
    remarks: Counter[str] = field(default_factory=Counter)
    late: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    stock: list[str] = field(default_factory=list)
    drawers: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    books: list[str] = field(default_factory=list)

    def faults(self) -> dict[str, list[str]]:
        names = ("lost", "doubled", "unknown", "waiting", "stock", "drawers", "numbers", "books")
        return {name: getattr(self, name) for name in names}

    @property
    def is_exact(self) -> bool:
        return not any(self.faults().values())


@dataclass(frozen=True, slots=True)
class Books:
    """What the database has of these registers."""

    sales: dict[str, str]
    #: Voids, refunds and exchanges: their numbers by their ids, as of sales.
    others: dict[str, str]
    #: What the drawer gained by each cash movement.
    cash: dict[str, Decimal]
    held: dict[str, str]
    remarks: Counter[str]
    renumbered: set[str]
    levels: dict[UUID, Decimal]


def patiently(work: Callable[[], Result], *, seconds: float = 60) -> Result:
    """Again when the database was away."""
    until = time.monotonic() + seconds
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            connection.close()
            time.sleep(random.uniform(0.1, 0.5))  # noqa: S311 - chance for show


def read_books(market: Market) -> Books:
    with business(market.business), transaction.atomic():
        of_ours = Sale.objects.filter(register__in=market.registers)
        rows = list(of_ours.values_list("pk", "kind", "number"))
        items = list(
            ReviewItem.objects.filter(register__in=market.registers).values_list(
                "request_id", "kind", "number", "reasons"
            )
        )
        moves = CashMovement.objects.filter(shift__register__in=market.registers)
        levels = StockLevel.objects.filter(
            variation__in=market.opening, location=market.registers[0].location_id
        )
        return Books(
            sales={str(pk): number for pk, kind, number in rows if kind == Sale.Kind.SALE},
            others={str(pk): number for pk, kind, number in rows if kind != Sale.Kind.SALE},
            cash={str(pk): amount for pk, amount in moves.values_list("pk", "amount")},
            held={str(pk): number for pk, kind, number, _why in items if kind == "held"},
            remarks=Counter(one["code"] for *_rest, why in items for one in why),
            renumbered={
                str(pk)
                for pk, _kind, _number, why in items
                if "other_number" in {one["code"] for one in why}
            },
            levels=dict(levels.values_list("variation", "quantity")),
        )


def judge(
    market: Market, terminals: Sequence[Simulated], differences: Mapping[int, str]
) -> Verdict:
    """Compare. `differences` are what the server found when each terminal closed its drawer."""
    books = patiently(lambda: read_books(market))
    verdict = Verdict(remarks=books.remarks, held=len(books.held))
    accounted: set[str] = set()
    expected = dict(market.opening)
    for one in terminals:
        told = one.forgetful.told if one.forgetful is not None else None
        documents = {entry.id: entry for entry in one.till.queue.every()}
        _documents(verdict, books, one, documents, told, accounted)
        _stock(expected, documents, books, told)
    _numbers(verdict, books, terminals)
    everything = {*books.sales, *books.others, *books.cash}
    verdict.in_books = len(books.sales)
    verdict.unknown = sorted(everything - accounted)
    verdict.stock = [
        f"{key}: {level} is there, {expected[key]} should be"
        for key, level in books.levels.items()
        if level != expected[key]
    ]
    verdict.drawers += [
        f"terminal {number}: {difference}"
        for number, difference in differences.items()
        if Decimal(difference) != 0
    ]
    verdict.books = patiently(lambda: _faults(market))
    return verdict


def _documents(
    verdict: Verdict,
    books: Books,
    one: Simulated,
    documents: Mapping[str, Entry],
    told: Mapping[str, list[str]] | None,
    accounted: set[str],
) -> None:
    for key, entry in documents.items():
        tried = {key} if told is None else set(told.get(key, ()))
        here = tried & _of_kind(books, entry)
        accounted |= here
        if entry.state == "waiting":
            verdict.waiting.append(key)
        if len(here) > 1:
            verdict.doubled.append(f"{key} is {len(here)} sales")
        if entry.kind != "sale":
            if entry.state == "done" and not here:
                verdict.lost.append(key)
            if here and entry.kind == "cash" and books.cash[key] != moved(entry):
                verdict.drawers.append(
                    f"{key}: {moved(entry)} was moved, {books.cash[key]} is in the books"
                )
            continue
        is_sold = key in one.sold or entry.state == "done"
        verdict.sold += is_sold
        verdict.late += entry.state == "done" and key not in one.sold
        if is_sold and not here and not tried & books.held.keys():
            verdict.lost.append(key)
        if here and not is_sold:
            verdict.unknown.append(key)


def _of_kind(books: Books, entry: Entry) -> KeysView[str]:
    """The ids of all that is in the books of the kind of this entry."""
    if entry.kind == "sale":
        return books.sales.keys()
    return books.cash.keys() if entry.kind == "cash" else books.others.keys()


def _stock(
    expected: dict[UUID, Decimal],
    documents: Mapping[str, Entry],
    books: Books,
    told: Mapping[str, list[str]] | None,
) -> None:
    """By what the terminal sent: each sale once, what an exchange sold, and what was taken back to
    the shelf. Cash moves none."""
    for key, entry in documents.items():
        if entry.state != "done" or entry.kind == "cash" or key in books.held:
            continue
        body = read(entry.body)
        if entry.kind in ("sale", "exchange"):
            for line in body["lines"]:
                expected[UUID(line["variation"])] -= Decimal(line["quantity"])
        if entry.kind == "sale":
            continue
        sale = read(documents[entry.path.split("/")[1]].body)
        lines = body.get("returns" if entry.kind == "exchange" else "lines") or [
            {"line": n, "quantity": line["quantity"], "restock": True}
            for n, line in enumerate(sale["lines"], start=1)
        ]
        for line in lines:
            if line["restock"]:
                variation = UUID(sale["lines"][line["line"] - 1]["variation"])
                expected[variation] += Decimal(line["quantity"])


def _numbers(verdict: Verdict, books: Books, terminals: Sequence[Simulated]) -> None:
    """No two customers have one number, and each is that of the books, or the books say why not."""
    printed: defaultdict[str, list[str]] = defaultdict(list)
    for one in terminals:
        for key, sold in one.sold.items():
            if sold.number:
                printed[sold.number].append(key)
            in_books = books.sales.get(key, books.held.get(key, sold.number))
            if in_books != sold.number and key not in books.renumbered and sold.number:
                verdict.numbers.append(f"{sold.number} was printed, {in_books} is in the books")
        for entry in one.till.queue.every():
            if entry.kind in ("sale", "cash") or entry.state != "done" or not entry.number:
                continue
            printed[entry.number].append(entry.id)
            if books.others.get(entry.id, entry.number) != entry.number:
                in_books = books.others[entry.id]
                verdict.numbers.append(f"{entry.number} was printed, {in_books} is in the books")
    verdict.numbers += [
        f"{number} was printed {len(keys)} times"
        for number, keys in printed.items()
        if len(keys) > 1
    ]


def _faults(market: Market) -> list[str]:
    with business(market.business):
        return [str(one) for one in check_books()]


def summary(verdict: Verdict) -> dict[str, Any]:
    """The figures, for a report and for programs."""
    return {
        "sold": verdict.sold,
        "in the books": verdict.in_books,
        "held for review": verdict.held,
        "remarks": dict(verdict.remarks),
        "found after a refusal": verdict.late,
        **{f"{name} (should be 0)": len(found) for name, found in verdict.faults().items()},
        "exact": verdict.is_exact,
    }
