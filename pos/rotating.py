"""Bringing everything that is encrypted to the newest key, and what it is looked up by.

Columns are found by the classes of their fields, so that a new one is never forgotten. Each few
hundred rows are a transaction: who breaks it off begins again, and what was done is recognised.
Tills go on selling: every key opens, and every key's hash is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import ExpressionWrapper, F

from archive.remembered import keep, wrongly_kept
from sales.models import Customer, CustomerNameHash
from sales.models.customer import write_name_hashes
from sales.names import name_hashes
from tenants.bulk import update_rows
from tenants.checks import has_business
from tenants.context import business, require_id
from tenants.encryption import blind_columns, sealed_columns
from tenants.models import Business, ExternalReference

#: Rows at once, by the largest sort of column among them.
BATCH: Final = 500
BATCH_OF: Final[dict[type[models.Field[Any, Any]], int]] = {
    models.JSONField: 25,
    models.BinaryField: 5,
}


@dataclass(slots=True)
class Tally:
    """What became of the rows of one table."""

    table: str
    rewritten: int = 0
    fresh: int = 0
    unreadable: int = 0


Progress = Callable[[int, int], None]


def encrypted_models() -> list[type[models.Model]]:
    """Every model with an encrypted column, by the name of its table."""
    found = [one for one in apps.get_models() if sealed_columns(one)]
    return sorted(found, key=lambda one: one._meta.db_table)


def rotate(*, progress: Progress = lambda done, total: None) -> list[Tally]:
    """Go through every encrypted value once; write those anew that the first key does not open, and
    look-ups that it did not make. Values that stand in clear are encrypted; what no key opens stays
    as it is and is counted.

    To be called with no business bound and outside a transaction.
    """
    found = encrypted_models()
    total = sum(_count(model, rows) for model in found for rows in _parts(model))
    done = 0
    tallies = []
    for model in found:
        tally = Tally(model._meta.db_table)
        tallies.append(tally)
        for bound in _parts(model):
            with ExitStack() as stack:
                if bound is not None:
                    stack.enter_context(business(bound))
                for seen in _Table(model, tally).pieces():
                    done += seen
                    progress(done, total)
    return tallies


def _parts(model: type[models.Model]) -> Iterable[Business | None]:
    """The businesses whose rows are gone through one after the other; None for a platform table."""
    return list(Business.objects.order_by("pk")) if has_business(model) else [None]


def _count(model: type[models.Model], bound: Business | None) -> int:
    with ExitStack() as stack:
        if bound is not None:
            stack.enter_context(business(bound))
        stack.enter_context(transaction.atomic())
        count: int = model._default_manager.count()
        return count


class _Table:
    def __init__(self, model: type[models.Model], tally: Tally) -> None:
        self.model, self.tally = model, tally
        self.sealed, self.blind = sealed_columns(model), blind_columns(model)
        self.rows = model._default_manager.order_by("pk")
        sizes = [BATCH_OF.get(one.plain, BATCH) for one in self.sealed]
        self.size = min(sizes)

    def pieces(self) -> Iterator[int]:
        """Work, and tell of each piece how many rows were seen."""
        last: Any = None
        while True:
            # One transaction for each piece: on PostgreSQL there is no business outside of one.
            with transaction.atomic():
                stored = self._stored(last)
                stale = self._stale(stored)
                if stale:
                    self._write(stale)
            if stored:
                yield len(stored)
            if len(stored) < self.size:
                return
            last = stored[-1]["pk"]

    def _stored(self, last: Any) -> list[dict[str, Any]]:
        """The columns as they are in the database."""
        rows = self.rows if last is None else self.rows.filter(pk__gt=last)
        raw = {
            f"stored_{one.name}": ExpressionWrapper(F(one.name), output_field=one.plain())
            for one in self.sealed
        }
        columns = [one.name for one in self.blind]
        return list(rows.annotate(**raw).values("pk", *raw, *columns)[: self.size])

    def _stale(self, stored: list[dict[str, Any]]) -> list[Any]:
        """The keys of rows that have to be written."""
        found, names = [], {}
        for row in stored:
            try:
                # Each is asked, not only up to the first: any of them may be one that no key opens.
                fresh = [one.is_fresh(row[f"stored_{one.name}"]) for one in self.sealed]
                clear = {one.name: self._clear(one, row) for one in self.sealed}
            except InvalidToken:
                self.tally.unreadable += 1
                continue
            names[row["pk"]] = clear.get("name")
            found_by = all(row[one.name] == one.made(clear[one.of]) for one in self.blind)
            if not (all(fresh) and found_by):
                found.append(row["pk"])
            else:
                self.tally.fresh += 1
        wrong: list[Any] = []
        if self.model is Customer:
            wrong = _wrongly_found({pk: name for pk, name in names.items() if pk not in found})
        elif self.model is ExternalReference:
            wrong = wrongly_kept([pk for pk in names if pk not in found])
        self.tally.fresh -= len(wrong)
        return sorted([*found, *wrong])

    def _clear(self, column: Any, row: dict[str, Any]) -> Any:
        # Of others nobody asks, and they may be large.
        wanted = {one.of for one in self.blind} | {"name"}
        if column.name not in wanted:
            return None
        return column.from_db_value(row[f"stored_{column.name}"], None, connection)

    def _write(self, keys: list[Any]) -> None:
        names = [one.name for one in (*self.sealed, *self.blind)]
        # As they are now: somebody may have changed them since they were read.
        rows: list[Any] = list(self.rows.filter(pk__in=keys).select_for_update(no_key=True))
        for row in rows:
            for one in self.blind:
                setattr(row, one.name, one.made(getattr(row, one.of)))
        if has_business(self.model):
            values = ([row.pk, *(getattr(row, name) for name in names)] for row in rows)
            update_rows(self.model, names, values)
        else:
            self.model._default_manager.bulk_update(rows, names)
        if self.model is Customer:
            write_name_hashes(rows)
        elif self.model is ExternalReference:
            keep(rows)
        self.tally.rewritten += len(rows)


def _wrongly_found(names: dict[Any, Any]) -> list[Any]:
    """The customers among these whose name is not found by the newest key's hashes alone."""
    kept: dict[Any, set[int]] = {pk: set() for pk in names}
    rows = CustomerNameHash.objects.filter(customer__in=list(names))
    for pk, one in rows.values_list("customer_id", "hash"):
        kept[pk].add(one)
    bound = require_id()
    return [pk for pk, name in names.items() if kept[pk] != name_hashes(name, bound)]
