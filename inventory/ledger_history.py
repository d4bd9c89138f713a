"""Movements that happened elsewhere, recorded afterwards: the ledger's second writer.

Movements are never removed, but for these: together with their documents, when the import that
brought them is taken back and nothing moved their levels since.

What `ledger.py` guarantees holds for them too: each movement is recorded and added to its level in
one transaction, its balance runs with its level's, and one document's line moves a kind once. What
it asks of a sale, that there is enough, was decided back then and is not asked again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from inventory.ledger import add_to_levels
from inventory.models import StockLevel, StockMovement, Variation
from tenants.bulk import array, insert_rows, update_rows
from tenants.context import require_id
from tenants.errors import Refused

ZERO = Decimal(0)
BATCH = 5000

Place = tuple[uuid.UUID, uuid.UUID]


@dataclass(slots=True)
class PastMovement:
    """A movement as it happened: positive came in, negative went out; at most four decimals."""

    location_id: uuid.UUID
    variation_id: uuid.UUID
    kind: str
    quantity: Decimal
    document_id: uuid.UUID
    document_number: str
    line: int
    created_at: datetime
    unit_cost: Decimal = ZERO
    actor_id: Any = None


COLUMNS = (
    "level_id", "kind", "quantity", "balance", "unit_cost", "document_id", "document_number",
    "line", "actor_id", "created_at",
)  # fmt: skip


def lock_levels(places: Iterable[Place]) -> list[int]:
    """Make the missing levels of these (location, variation) and lock all, in key order; the ids of
    those that were missing.

    For whoever records in several steps while tills sell: levels that are locked as they come
    could meet a sale's in a circle. Give only what will move.
    """
    wanted: dict[uuid.UUID, dict[uuid.UUID, Decimal]] = {}
    for location_id, variation_id in places:
        wanted.setdefault(location_id, {})[variation_id] = ZERO
    made: list[int] = []
    for location_id in sorted(wanted):
        here = wanted[location_id]
        there = set(
            StockLevel.objects.filter(location=location_id)
            .order_by()
            .values_list("variation_id", flat=True)
        )
        found = add_to_levels(location_id, here)
        made += [pk for key, (pk, _quantity) in found.items() if key not in there]
    return made


def record_history(
    movements: Iterable[PastMovement],
    *,
    wrote: Callable[[int], None] = lambda movements: None,
) -> int:
    """Record these movements in their order after all that is there; returns how many.

    Levels change by their sums, and may fall below zero. Movements of nothing are left out, as
    the ledger does, unless they are openings. Two statements for every five thousand. Must run in
    the transaction of their documents. Raises IntegrityError for a movement that is there already.
    """
    assert connection.in_atomic_block, "documents and their movements are one transaction"
    remaining = iter(movements)
    total = 0
    while batch := list(islice(remaining, BATCH)):
        opening = StockMovement.Kind.OPENING
        rows = [one for one in batch if one.quantity or one.kind == opening]
        insert_rows(StockMovement, COLUMNS, _rows(rows))
        total += len(rows)
        wrote(len(batch))
    return total


def take_back_history(documents: Any, *, made: Collection[int] = ()) -> int:
    """Remove the movements of these documents, a query of their ids; how many levels they moved.

    Each level is then what it was before the first of them; one of those that `lock_levels()` made
    goes, unless something else moved it. Levels are locked in key order before anything is looked
    at. Must run in the transaction that removes the documents. Raises Refused, with examples, where
    a level moved after them: the balances since then go on from theirs.
    """
    assert connection.in_atomic_block, "documents and their movements are one transaction"
    own = StockMovement.objects.filter(document_id__in=documents).order_by()
    moved = set(own.values_list("level_id", flat=True).distinct()) | set(made)
    chunks = _locked(moved)
    firsts: dict[int, int] = {}
    others: dict[int, int] = {}
    for chunk in chunks:
        here = StockMovement.objects.filter(level__in=chunk).order_by().values_list("level_id")
        firsts |= here.filter(document_id__in=documents).annotate(Min("pk"))
        others |= here.exclude(document_id__in=documents).annotate(Max("pk"))
        _refuse_moved([pk for pk in chunk if others.get(pk, 0) > firsts.get(pk, others.get(pk, 0))])
    for chunk in chunks:
        keys = [firsts[pk] for pk in chunk if pk in firsts]
        first = StockMovement.objects.filter(pk__in=keys).values_list(
            "level_id", "balance", "quantity"
        )
        before = {pk: balance - quantity for pk, balance, quantity in first}
        rows = StockMovement.objects.filter(level__in=chunk, document_id__in=documents)
        rows._raw_delete(rows.db)
        gone = [pk for pk in chunk if pk in made and pk not in others]
        update_rows(StockLevel, ("quantity",), before.items())
        levels = StockLevel.objects.filter(pk__in=gone)
        levels._raw_delete(levels.db)
    return len(moved)


def _locked(levels: Collection[int]) -> list[list[int]]:
    """These levels, locked in the order in which the ledger locks them; in chunks."""
    rows = StockLevel.objects.order_by("location_id", "variation_id").values_list("pk", flat=True)
    ordered = [pk for pk in rows.iterator(chunk_size=BATCH) if pk in levels] if levels else []
    chunks = [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]
    for chunk in chunks:
        locked = StockLevel.objects.filter(pk__in=chunk).order_by("location_id", "variation_id")
        list(locked.select_for_update().values_list("pk"))
    return chunks


def _refuse_moved(levels: Sequence[int]) -> None:
    if not levels:
        return
    found = Variation.objects.filter(levels__in=levels[:3]).select_related("product")
    names = [" ".join(part for part in (one.full_name, one.sku) if part) for one in found]
    raise Refused(
        "stock_moved_since",
        _("Stock of what came in has moved since: %(names)s.") % {"names": ", ".join(names)},
        {"examples": names},
    )


# `add_to_levels()` for thousands of levels: two parameters instead of four for each.
_ADD = """
INSERT INTO inventory_stocklevel (business_id, variation_id, location_id, quantity)
SELECT %s, new.variation_id, %s, new.quantity
  FROM unnest(%s::uuid[], %s::numeric[]) AS new (variation_id, quantity)
ON CONFLICT (business_id, variation_id, location_id)
DO UPDATE SET quantity = inventory_stocklevel.quantity + excluded.quantity
RETURNING variation_id, id, quantity
"""


def _added(
    location_id: uuid.UUID, deltas: Mapping[uuid.UUID, Decimal]
) -> dict[uuid.UUID, tuple[int, Decimal]]:
    """{variation: (level id, new quantity)}, locked in the order of the keys."""
    if connection.vendor != "postgresql":
        return add_to_levels(location_id, deltas)
    ordered = sorted(deltas)
    values = [array(ordered), array([deltas[key] for key in ordered])]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [require_id(), location_id, *values])
        return {key: (level, after) for key, level, after in cursor.fetchall()}


def _rows(movements: Sequence[PastMovement]) -> Iterable[tuple[Any, ...]]:
    """Each movement's values with its level and the balance after it; changes the levels."""
    deltas: dict[uuid.UUID, dict[uuid.UUID, Decimal]] = {}
    for one in movements:
        here = deltas.setdefault(one.location_id, {})
        here[one.variation_id] = here.get(one.variation_id, ZERO) + one.quantity
    levels: dict[Place, int] = {}
    running: dict[Place, Decimal] = {}
    for location_id in sorted(deltas):
        here = deltas[location_id]
        for variation_id, (level_id, after) in _added(location_id, here).items():
            place = (location_id, variation_id)
            levels[place] = level_id
            running[place] = after - here[variation_id]
    for one in movements:
        place = (one.location_id, one.variation_id)
        running[place] += one.quantity
        yield (
            levels[place],
            one.kind,
            one.quantity,
            running[place],
            one.unit_cost,
            one.document_id,
            one.document_number,
            one.line,
            one.actor_id,
            one.created_at,
        )
