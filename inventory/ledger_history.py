"""Movements that happened elsewhere, recorded afterwards: the ledger's second writer.

What `ledger.py` guarantees holds for them too: each movement is recorded and added to its level in
one transaction, its balance runs with its level's, and one document's line moves a kind once. What
it asks of a sale, that there is enough, was decided back then and is not asked again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection

from inventory.ledger import add_to_levels
from inventory.models import StockMovement
from tenants.bulk import insert_rows

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


def lock_levels(places: Iterable[Place]) -> None:
    """Make the missing levels of these (location, variation) and lock all, in key order.

    For whoever records in several steps while tills sell: levels that are locked as they come
    could meet a sale's in a circle. Give only what will move.
    """
    wanted: dict[uuid.UUID, dict[uuid.UUID, Decimal]] = {}
    for location_id, variation_id in places:
        wanted.setdefault(location_id, {})[variation_id] = ZERO
    for location_id in sorted(wanted):
        add_to_levels(location_id, wanted[location_id])


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
        for variation_id, (level_id, after) in add_to_levels(location_id, here).items():
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
