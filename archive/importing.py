"""Moving in: writes a checked export into the database, all of it or nothing.

Works as the ordinary runtime role: each business is bound while its rows are written, all within
one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from accounts.audit import record
from archive.import_catalogue import (
    bring_categories,
    bring_contacts,
    bring_products,
    bring_small_tables,
    bring_stock,
    bring_variations,
)
from archive.import_people import People, bring_locations, bring_roles
from archive.references import SOURCE, Counts, Move, fingerprint
from archive.rows import BusinessRow, Fault
from archive.validation import Export
from tenants import context
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
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[Moved]:
    """Write the export, or with `dry_run` find out what would be written.

    A business that came in before is brought up to date with what has changed in the file since;
    under another `rename` it comes in anew. Raises ImportRefused, before anything is written, when
    the file has faults or the choice does not fit it.
    """
    if export.faults:
        number = len(export.faults)
        plural = "fault" if number == 1 else "faults"
        raise ImportRefused(f"The file has {number} {plural}; nothing was imported.", export.faults)
    rows = choose(export, only)
    if rename is not None and len(rows) != 1:
        raise ImportRefused("A new name is for one business; say which one with --business.")
    if rename is not None and not rename.strip():
        raise ImportRefused("The new name is empty.")
    total = _row_count(export, rows)
    written = 0

    def wrote(number: int) -> None:
        nonlocal written
        written += number
        if progress is not None:
            progress(written, total)

    with transaction.atomic():
        moved = [_import_business(export, row, rename, wrote) for row in rows]
        if dry_run:
            transaction.set_rollback(True)
    return moved


def _row_count(export: Export, rows: list[BusinessRow]) -> int:
    ids = {row.id for row in rows}
    tables = (
        "categories", "brands", "units", "taxRates", "suppliers", "customers", "products",
        "productVariations", "roles", "locations",
    )  # fmt: skip
    total = sum(r.business_id in ids for t in tables for r in export.table(t).values())
    stock = [r for r in export.stock.values() if export.locations[r.location_id].business_id in ids]
    return total + len(stock) + sum(r.price is not None for r in stock)


def _import_business(
    export: Export, row: BusinessRow, rename: str | None, wrote: Callable[[int], None]
) -> Moved:
    business, counts = _business(row, rename.strip() if rename else None)
    with context.business(business):
        move = Move(export, row, business, wrote=wrote)
        move.counts["businesses"] = counts
        bring_locations(move)
        bring_roles(move)
        People(move).bring()
        bring_categories(move)
        brands = bring_small_tables(move)
        bring_contacts(move)
        bring_variations(move, bring_products(move, brands))
        bring_stock(move)
        if any(c.created or c.changed for c in move.counts.values()):
            told = {name: [None, c.created + c.changed] for name, c in move.counts.items()}
            record(actor=None, action="data.import", target=business, changes=told)
    return Moved(business.name, business.slug, bool(counts.created), move.counts, move.notes)


def _business(row: BusinessRow, rename: str | None) -> tuple[Business, Counts]:
    """The business that this row is here: found again by where it came from, or new."""
    origin = {"source": SOURCE, "id": row.id, "created": row.created, "as": rename or ""}
    told = fingerprint(row)
    values: dict[str, Any] = {
        "name": rename or row.name,
        "currency": row.currency,
        "time_zone": row.time_zone,
        "locale": "en_US" if row.currency == "USD" else "en_GB",
        "tax_label": row.tax_label or "Tax",
        "tax_number": row.tax_number,
        "prices_include_tax": row.sell_price_tax == "includes",
    }
    known = Business.objects.filter(settings__origin=origin).first()
    if known is None:
        settings = {"origin": origin, "fingerprint": told}
        slug = _free_slug(values["name"])
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
