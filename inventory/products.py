"""Saving a product with its variations, and prices per location."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, ProtectedError

from accounts.audit import changed, record, snapshot
from accounts.models import Device, User
from inventory import catalogue, ledger, pictures
from inventory.catalogue import refresh_search
from inventory.models import Barcode, LocationPrice, Product, Variation
from tenants.models import Location
from webhooks import outbox
from webhooks.kinds import Kind


@dataclass
class Row:
    """One variation as it shall be. `barcodes` are all its codes; None leaves them as they are."""

    variation: Variation
    barcodes: Sequence[str] | None = None
    opening: Mapping[Location, Decimal] = field(default_factory=dict)
    remove: bool = False


def save_product(
    *,
    actor: User,
    product: Product,
    rows: Sequence[Row],
    picture: bytes | None = None,
    remove_picture: bool = False,
    device: Device | None = None,
) -> None:
    """Create or change a product and the variations in `rows`; others of it stay untouched.

    A variation with `remove` is deleted, or deactivated where it has a history. Raises
    IntegrityError when a SKU or barcode is taken, Refused from the ledger; nothing is kept then.
    """
    with transaction.atomic():
        stored = Product.objects.select_for_update().filter(pk=product.pk).first()
        before = snapshot(stored) if stored else {}
        old_picture = product.image.name or ""
        if picture is not None:
            pictures.attach(product, picture)
        elif remove_picture:
            product.image = ""
        changes = changed(before, snapshot(product))
        if stored is None:
            product.save(force_insert=True)
        else:
            product.save(update_fields=[*changes, "updated_at"])
        if old_picture and old_picture != product.image.name:
            pictures.forget(product, old_picture)
        changes |= _save_rows(product, rows, woken="is_active" in changes and product.is_active)
        _open_stock(actor, rows)
        refresh_search([product.pk])
        if changes:
            verb = "create" if stored is None else "update"
            record(
                actor=actor,
                action=f"product.{verb}",
                target=product,
                changes=changes,
                device=device,
            )
            outbox.record(Kind.PRODUCT_CHANGED, product.pk)


def _save_rows(product: Product, rows: Sequence[Row], *, woken: bool) -> dict[str, Any]:
    """Write the variations and their codes; returns what changed, for the audit log."""
    changes: dict[str, Any] = {}
    stored = {row.pk: row for row in Variation.objects.filter(product=product)}
    kept = [row for row in rows if not row.remove]
    # What goes, goes first: its codes may be on another row already.
    for row in rows:
        if row.remove and row.variation.pk in stored:
            gone = _remove(stored[row.variation.pk])
            changes[_label(row.variation)] = [True, "deleted" if gone else "deactivated"]
    last = Variation.objects.filter(product=product).aggregate(last=Max("position"))["last"]
    new_codes = _drop_codes([row for row in kept if row.barcodes is not None])
    for row in kept:
        variation = row.variation
        old = stored.get(variation.pk)
        if woken and product.kind == Product.Kind.SINGLE:
            variation.is_active = True
        differs = changed(snapshot(old) if old else {}, snapshot(variation))
        if old is None:
            last = 0 if last is None else last + 1
            variation.product, variation.position = product, last
            variation.save(force_insert=True)
        elif differs:
            variation.save(update_fields=list(differs))
        label = _label(variation)
        changes |= {f"{label} {name}": pair for name, pair in differs.items() if name != "product"}
    for variation, code in new_codes:
        changes[f"{_label(variation)} barcode {code}"] = [None, code]
    Barcode.objects.bulk_create(
        [Barcode(variation=variation, code=code) for variation, code in new_codes]
    )
    return changes


def _label(variation: Variation) -> str:
    return variation.sku or variation.name or "variation"


def _remove(variation: Variation) -> bool:
    """True when it could be deleted; with a history it is deactivated."""
    pk = variation.pk
    try:
        with transaction.atomic():
            variation.delete()
        return True
    except (ProtectedError, IntegrityError):
        Variation.objects.filter(pk=pk).update(is_active=False)
        return False


def _drop_codes(rows: Sequence[Row]) -> list[tuple[Variation, str]]:
    """Delete the codes that the rows no longer have; returns those that are new."""
    present: dict[uuid.UUID, set[str]] = defaultdict(set)
    dropped = []
    wanted = {row.variation.pk: set(row.barcodes or ()) for row in rows}
    for barcode in Barcode.objects.filter(variation__in=list(wanted)):
        present[barcode.variation_id].add(barcode.code)
        if barcode.code not in wanted[barcode.variation_id]:
            dropped.append(barcode.pk)
    if dropped:
        Barcode.objects.filter(pk__in=dropped).delete()
    return [
        (row.variation, code)
        for row in rows
        for code in row.barcodes or ()
        if code not in present[row.variation.pk]
    ]


def _open_stock(actor: User, rows: Sequence[Row]) -> None:
    by_location: dict[Location, dict[uuid.UUID, Decimal]] = defaultdict(dict)
    for row in rows:
        if not row.remove:
            for location, quantity in row.opening.items():
                by_location[location][row.variation.pk] = quantity
    for location in sorted(by_location, key=lambda place: str(place.pk)):
        ledger.set_opening(actor=actor, location=location, quantities=by_location[location])


def remove_product(*, actor: User, product: Product, device: Device | None = None) -> bool:
    """Delete the product with its variations, or deactivate it where it has a history.

    True when it was deleted.
    """
    picture = product.image.name or ""
    with transaction.atomic():
        gone = catalogue.remove(actor=actor, entry=product, device=device)
        outbox.record(Kind.PRODUCT_CHANGED, product.pk)
    if gone:
        pictures.forget(product, picture)
    return gone


def set_location_prices(
    *,
    actor: User,
    product: Product,
    prices: Mapping[tuple[uuid.UUID, uuid.UUID], Decimal | None],
    device: Device | None = None,
) -> None:
    """Set prices by (variation, location); None takes the variation's own price again."""
    with transaction.atomic():
        Product.objects.select_for_update().get(pk=product.pk)
        stored = {
            (row.variation_id, row.location_id): row
            for row in LocationPrice.objects.filter(variation__product=product)
        }
        names = Variation.objects.select_related("product").filter(product=product).in_bulk()
        places = Location.objects.in_bulk([location_id for _variation, location_id in prices])
        changes = {}
        new, dearer, gone = [], [], []
        for (variation_id, location_id), price in prices.items():
            row = stored.get((variation_id, location_id))
            old = row.price if row else None
            if old == price:
                continue
            changes[f"{places[location_id].code} {names[variation_id]}"] = [
                _text(old),
                _text(price),
            ]
            if row is None:
                new.append(
                    LocationPrice(variation_id=variation_id, location_id=location_id, price=price)
                )
            elif price is None:
                gone.append(row.pk)
            else:
                row.price = price
                dearer.append(row)
        LocationPrice.objects.filter(pk__in=gone).delete()
        LocationPrice.objects.bulk_update(dearer, ["price"])
        LocationPrice.objects.bulk_create(new)
        if changes:
            record(
                actor=actor,
                action="product.prices",
                target=product,
                changes=changes,
                device=device,
            )
            outbox.record(Kind.PRODUCT_CHANGED, product.pk)


def _text(price: Decimal | None) -> str | None:
    return None if price is None else f"{price.normalize():f}"
