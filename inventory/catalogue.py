"""Changing the catalogue: what more than one row of it must agree on."""

from __future__ import annotations

import unicodedata
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.audit import changed, record, snapshot
from accounts.models import Device, User
from inventory.models import Brand, Category, Product, TaxRate, Unit, Variation
from inventory.words import write_words

_BATCH = 1000

# The small tables that products are described with.
Entry = Category | Brand | Unit | TaxRate


def search_form(text: str) -> str:
    """How texts are compared in search: compatible letters, no accents, lower case, one space."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


def search_text(variation: Variation) -> str:
    """Everything a variation is found by; reads product, brand and barcodes."""
    product = variation.product
    parts = [product.name, variation.name, variation.sku, product.sku]
    parts += [barcode.code for barcode in variation.barcodes.all()]
    if product.brand is not None:
        parts.append(product.brand.name)
    return search_form(" ".join(part for part in parts if part))


def refresh_search(product_ids: Iterable[uuid.UUID]) -> None:
    """Write what these products' variations are found by anew, after any part of it changed."""
    variations = (
        Variation.objects.filter(product__in=list(product_ids))
        .select_related("product__brand")
        .prefetch_related("barcodes")
    )
    rows = list(variations)
    for row in rows:
        row.search_text = search_text(row)
    Variation.objects.bulk_update(rows, ["search_text"], batch_size=_BATCH)
    write_words(rows)


# -- the tree of categories -----------------------------------------------------------------------


def tree(categories: Iterable[Category]) -> list[Category]:
    """Each category after the one it lies in, brothers and sisters by name.

    Each gets a `depth` (0 at the top). One whose parent is not among them stands at the top.
    """
    rows = list(categories)
    present = {row.pk for row in rows}
    below: dict[uuid.UUID | None, list[Category]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.name.casefold()):
        below[row.parent_id if row.parent_id in present else None].append(row)
    ordered: list[Category] = []
    waiting = [(row, 0) for row in reversed(below[None])]
    while waiting:
        row, depth = waiting.pop()
        row.depth = depth  # type: ignore[attr-defined]
        ordered.append(row)
        waiting += [(child, depth + 1) for child in reversed(below[row.pk])]
    return ordered


def with_children(category_id: uuid.UUID, ordered: Sequence[Any]) -> list[uuid.UUID]:
    """The category and everything inside it, out of what `tree()` returned; [] if not there."""
    inside: list[uuid.UUID] = []
    top: int | None = None
    for row in ordered:
        if top is not None and row.depth <= top:
            break
        if row.pk == category_id:
            top = row.depth
        if top is not None:
            inside.append(row.pk)
    return inside


# -- categories, brands, units, tax rates ---------------------------------------------------------

_NAMES: dict[type, str] = {TaxRate: "tax_rate"}


def _name(entry: Entry | Product) -> str:
    return _NAMES.get(type(entry), entry._meta.model_name or "")


def save_entry(*, actor: User, entry: Entry, device: Device | None = None) -> None:
    """Create or change one row of a small table.

    A tax rate for new products is the only one of its kind afterwards. Products of a brand that
    was renamed are found by the new name.
    """
    with transaction.atomic():
        stored = type(entry).objects.filter(pk=entry.pk).first()
        changes = changed(snapshot(stored) if stored else {}, snapshot(entry))
        if stored is None:
            entry.save(force_insert=True)
        elif changes:
            entry.save(update_fields=list(changes))
        else:
            return
        if isinstance(entry, TaxRate) and entry.is_default:
            TaxRate.objects.filter(is_default=True).exclude(pk=entry.pk).update(is_default=False)
        if isinstance(entry, Brand) and stored is not None and "name" in changes:
            refresh_search(entry.products.values_list("pk", flat=True))
        verb = "create" if stored is None else "update"
        record(
            actor=actor,
            action=f"{_name(entry)}.{verb}",
            target=entry,
            changes=changes,
            device=device,
        )


def remove(*, actor: User, entry: Entry | Product, device: Device | None = None) -> bool:
    """Delete the row, or deactivate it where something refers to it. True when it was deleted."""
    name = _name(entry)
    try:
        with transaction.atomic():
            lost = {field: [value, None] for field, value in snapshot(entry).items()}
            record(actor=actor, action=f"{name}.delete", target=entry, changes=lost, device=device)
            type(entry).objects.get(pk=entry.pk).delete()
        return True
    except (ProtectedError, IntegrityError):
        with transaction.atomic():
            entry.is_active = False
            columns = ["is_active"]
            if isinstance(entry, TaxRate):
                entry.is_default = False
                columns.append("is_default")
            if isinstance(entry, Product):
                columns.append("updated_at")
            entry.save(update_fields=columns)
            record(
                actor=actor,
                action=f"{name}.deactivate",
                target=entry,
                changes={"is_active": [True, False]},
                device=device,
            )
        return False
