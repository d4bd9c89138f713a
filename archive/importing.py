"""Moving in: writes a checked export into the database, all of it or nothing.

Works as the ordinary runtime role: each business is bound while its rows are written, all within
one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.utils.text import slugify

from accounts.audit import record
from accounts.models import Membership
from archive.arriving import arrive, make_way
from archive.exportfile import ExportFileError
from archive.exporting.shop import NOTES
from archive.import_books import bring_books, bring_tills
from archive.import_catalogue import (
    bring_categories,
    bring_contacts,
    bring_products,
    bring_small_tables,
    bring_stock,
    bring_variations,
)
from archive.import_people import People, bring_locations, bring_roles
from archive.import_staff import Staff
from archive.keys import Keys
from archive.references import SOURCE, Arrival, Counts, Move, fingerprint
from archive.rows import BusinessRow, Fault
from archive.validation import Export
from inventory import pictures
from reports.folding import fold
from tenants import context
from tenants.bulk import long_work
from tenants.models import Business


class ImportRefused(Exception):
    """Nothing was written. The message is one sentence; `faults` name every row that is wrong."""

    def __init__(self, message: str, faults: list[Fault] | None = None) -> None:
        super().__init__(message)
        self.faults = faults or []


@dataclass(slots=True)
class Moved:
    """What became of one business of the file."""

    name: str
    slug: str
    created: bool
    counts: dict[str, Counts]
    notes: list[str] = field(default_factory=list)
    #: The row as it is afterwards, or would be.
    business: Business = field(kw_only=True)


def choose(export: Export, wanted: str | None) -> list[BusinessRow]:
    """The businesses to import: all, or the one with this id or name. Raises ImportRefused."""
    rows = [export.businesses[key] for key in sorted(export.businesses)]
    if wanted is None:
        return rows
    text = wanted.strip()
    found = [r for r in rows if str(r.id) == text]
    found = found or [r for r in rows if r.name.casefold() == text.casefold()]
    if not found:
        there = ", ".join(f"{r.name} ({r.id})" for r in rows) or "none"
        raise ImportRefused(f"The file holds no business “{wanted}”; it holds: {there}.")
    if len(found) > 1:
        ids = ", ".join(str(r.id) for r in found)
        raise ImportRefused(f"Several businesses are called “{wanted}”; choose by id: {ids}.")
    return found


def import_export(
    export: Export,
    *,
    only: str | None = None,
    rename: str | None = None,
    into: Business | None = None,
    by: Membership | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[Moved]:
    """Write the export, or with `dry_run` find out what would be written.

    A business that came in before is brought up to date with what has changed in the file since;
    under another `rename` it comes in anew. Raises ImportRefused, before anything is written, when
    the file has faults or the choice does not fit it.

    With `into`, which must be bound, the one chosen business of the file becomes that one, in the
    name of its owner `by`, by the rules of archive/arriving.py; that raises Refused, and a failure
    of the database as it is.
    """
    if (into is None) != (by is None):
        raise ValueError("Who brings a file into a business is always said.")
    rows = _chosen(export, only, rename, into)
    total = _row_count(export, rows)
    written = 0

    def wrote(number: int) -> None:
        nonlocal written
        written += number
        if progress is not None:
            progress(written, total)

    arrival = Arrival(by, dry_run) if by is not None else None
    shared = Keys(), dict[int, Any]()

    def brought(row: BusinessRow) -> Move:
        if into is None or arrival is None:
            return _brought(export, row, rename, wrote, shared)
        return _arrived(export, row, into, arrival, wrote)

    stored: list[str] = []
    with _nothing_left(stored, retried=into is not None), long_work():
        moves = {row.id: brought(row) for row in rows}
        if export.is_own:
            bring_books(export, moves, stored=stored, dry_run=dry_run)
        for move in moves.values():
            with context.business(move.business):
                move.at_last()
                fold()
        moved = [_finished(move) for move in moves.values()]
        if dry_run:
            transaction.set_rollback(True)
    return moved


def _chosen(
    export: Export, only: str | None, rename: str | None, into: Business | None
) -> list[BusinessRow]:
    """The businesses to import. Raises ImportRefused for a faulty file and a choice that does not
    fit it."""
    if export.faults:
        number = len(export.faults)
        plural = "fault" if number == 1 else "faults"
        raise ImportRefused(f"The file has {number} {plural}; nothing was imported.", export.faults)
    rows = choose(export, only)
    if rename is not None and len(rows) != 1:
        raise ImportRefused("A new name is for one business; say which one with --business.")
    if rename is not None and not rename.strip():
        raise ImportRefused("The new name is empty.")
    if into is not None and len(rows) != 1:
        raise ImportRefused("The file holds several businesses; say which one this is to become.")
    return rows


@contextmanager
def _nothing_left(stored: list[str], *, retried: bool) -> Iterator[None]:
    """Whatever fails leaves no pictures behind; what a person can act upon becomes ImportRefused.

    With `retried`, a database that did not answer is left to whoever tries again.
    """
    try:
        yield
    except BaseException as error:
        # Files are no part of the transaction that was rolled back.
        pictures.discard(stored)
        if isinstance(error, ExportFileError):
            raise ImportRefused(f"{error} Nothing was imported.") from error
        if isinstance(error, IntegrityError):
            raise ImportRefused(
                "The database refused a row of the file, so nothing was imported: "
                f"{_reason(error)}."
            ) from error
        if isinstance(error, OperationalError) and not retried:
            raise ImportRefused(
                "The database did not let the import through, so nothing was imported; perhaps "
                f"another one is at work. Try again: {_reason(error)}."
            ) from error
        raise


def _brought(
    export: Export,
    row: BusinessRow,
    rename: str | None,
    wrote: Callable[[int], None],
    shared: tuple[Keys, dict[int, Any]],
) -> Move:
    """One business of the file, found again or new."""
    business, counts = _business(row, rename.strip() if rename else None)
    keys, persons = shared
    move = Move(
        export, row, business, is_new=bool(counts.created), keys=keys, persons=persons, wrote=wrote
    )
    move.counts["businesses"] = counts
    with context.business(business):
        # Whoever imports into it as well waits until this is over.
        Business.objects.select_for_update(no_key=True).get(pk=business.pk)
        _bring(move, People(move))
    return move


def _arrived(
    export: Export,
    row: BusinessRow,
    into: Business,
    arrival: Arrival,
    wrote: Callable[[int], None],
) -> Move:
    """The business of the file in the one that is bound."""
    business, counts, is_new = arrive(row, into)
    move = Move(export, row, business, is_new=is_new, arrival=arrival, wrote=wrote)
    move.counts["businesses"] = counts
    with context.business(business):
        if is_new:
            make_way(move)
        _bring(move, Staff(move))
    return move


def _reason(error: DatabaseError) -> str:
    return str(error).splitlines()[0].strip().rstrip(".")


def _row_count(export: Export, rows: list[BusinessRow]) -> int:
    ids = {row.id for row in rows}
    tables = (
        "categories", "brands", "units", "taxRates", "suppliers", "customers", "products",
        "productVariations", "roles", "locations", "barcodes", "locationPrices", "devices",
        "registers", "shifts", "creditAccounts", "stockDocuments",
    )  # fmt: skip
    known = [table for table in tables if export.is_own or table not in export.own]
    total = sum(r.business_id in ids for t in known for r in export.table(t).values())
    total += sum(number for (_, business), number in export.streamed.items() if business in ids)
    stock = [r for r in export.stock.values() if export.locations[r.location_id].business_id in ids]
    return total + len(stock) + sum(r.price is not None for r in stock)


def _bring(move: Move, people: People) -> None:
    """All but what is streamed; the business is bound."""
    bring_locations(move)
    bring_roles(move)
    people.bring()
    bring_categories(move)
    brands = bring_small_tables(move)
    bring_contacts(move)
    bring_variations(move, bring_products(move, brands))
    bring_stock(move)
    if move.export.is_own:
        bring_tills(move)


def _finished(move: Move) -> Moved:
    with context.business(move.business):
        if any(c.created or c.changed for c in move.counts.values()):
            told = {name: [None, c.created + c.changed] for name, c in move.counts.items()}
            actor = move.arrival.by.user if move.arrival is not None else None
            record(actor=actor, action="data.import", target=move.business, changes=told)
    business = move.business
    return Moved(
        business.name, business.slug, move.is_new, move.counts, move.notes, business=business
    )


def _business(row: BusinessRow, rename: str | None) -> tuple[Business, Counts]:
    """The business that this row is here: found again by where it came from, or new."""
    origin = {"source": SOURCE, "id": row.id, "created": row.created, "as": rename or ""}
    told = fingerprint(row)
    values: dict[str, Any] = {
        "name": rename or row.name,
        "currency": row.currency,
        "time_zone": row.time_zone,
        "locale": row.locale or ("en_US" if row.currency == "USD" else "en_GB"),
        "tax_label": row.tax_label or "Tax",
        "tax_number": row.tax_number,
        "prices_include_tax": row.sell_price_tax == "includes",
    }
    if row.cash_step is not None:
        values["cash_step"] = row.cash_step
    if row.is_active is not None:
        values["is_active"] = row.is_active
    known = Business.objects.filter(settings__origin=origin).first()
    if known is None:
        said = {key: value for key, value in (row.settings or {}).items() if key not in NOTES}
        settings = {**said, "origin": origin, "fingerprint": told}
        slug = _free_slug(row.slug if row.slug and rename is None else values["name"])
        if row.made is not None:
            values["created_at"] = row.made
        return Business.objects.create(slug=slug, settings=settings, **values), Counts(created=1)
    if known.settings.get("fingerprint") == told:
        return known, Counts(same=1)
    for name, value in values.items():
        setattr(known, name, value)
    known.settings["fingerprint"] = told
    known.save(update_fields=[*values, "settings"])
    return known, Counts(changed=1)


def _free_slug(name: str) -> str:
    base = slugify(name)[:50].strip("-") or "shop"
    if base in Business.RESERVED_SLUGS:
        base += "-shop"
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(slug for slug in names if not Business.objects.filter(slug=slug).exists())
