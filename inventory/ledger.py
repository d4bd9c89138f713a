"""The only writer of stock: each movement is recorded and added to its level in one transaction.

`post()` is set-based: on PostgreSQL one call of `sql/inventory_post_v1.sql`, elsewhere one statement
for all levels of a document and one for all its movements, however many lines. Levels are locked in
the order of their keys, so two documents never wait for each other in a circle.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Device, User
from inventory.models import StockDocument, StockLevel, StockMovement, Variation
from tenants.context import require_id
from tenants.errors import Refused
from tenants.functions import call, refusal
from tenants.ids import uuid7
from tenants.models import Location
from tenants.spelling import plain_number
from webhooks import outbox
from webhooks.kinds import STOCK_MOVED

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line's change: positive comes in, negative goes out; at most four decimals.

    `kind` where it is not that of the whole document.
    """

    line: int
    variation_id: uuid.UUID
    quantity: Decimal
    unit_cost: Decimal = ZERO
    kind: StockMovement.Kind | None = None


class OutOfStock(Refused):
    """A level would fall below zero where the location refuses that. Nothing was written.

    `fields` maps each variation's id to what is there, as text.
    """

    status = 409

    def __init__(self, missing: Mapping[uuid.UUID, Decimal]) -> None:
        super().__init__(
            "out_of_stock",
            _("There is not enough stock."),
            {str(key): f"{value.normalize():f}" for key, value in missing.items()},
        )
        self.missing = dict(missing)


def post(
    *,
    actor: User | None,
    kind: StockMovement.Kind,
    location: Location,
    document_id: uuid.UUID,
    document_number: str,
    entries: Sequence[Entry],
    at: datetime | None = None,
    guard: bool = True,
) -> dict[uuid.UUID, Decimal]:
    """Record the entries of one document and return the new balance of each variation.

    Must run inside the document's own transaction. With `guard`, and at a location that refuses to
    sell below zero, raises OutOfStock when an outgoing entry leaves less than nothing. Posting the
    same document, kind and line twice is an IntegrityError.
    """
    assert connection.in_atomic_block, "a document and its movements are one transaction"
    # An opening of zero is a statement: the product is kept here, and there is none of it.
    if kind != StockMovement.Kind.OPENING:
        entries = [entry for entry in entries if entry.quantity]
    if not entries:
        return {}
    asked = _Asked(actor, kind, location, document_id, document_number, at or timezone.now())
    guard = guard and location.below_zero == Location.BelowZero.REFUSE
    in_one_call = connection.vendor == "postgresql" and len(entries) <= _BATCH
    write = _by_function if in_one_call else _by_statements
    balances = write(asked, entries, guard)
    # What is sold is told of with its document, which is an event already.
    if kind != StockMovement.Kind.SALE and any(entry.quantity < 0 for entry in entries):
        outbox.record(STOCK_MOVED, document_id)
    return balances


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all movements of one document share."""

    actor: User | None
    kind: StockMovement.Kind
    location: Location
    document_id: uuid.UUID
    document_number: str
    at: datetime


def _by_function(asked: _Asked, entries: Sequence[Entry], guard: bool) -> dict[uuid.UUID, Decimal]:
    try:
        answer = call(
            "inventory_post_v1",
            asked.location.pk,
            asked.document_id,
            asked.document_number,
            None if asked.actor is None else asked.actor.pk,
            asked.at,
            guard,
            [entry.line for entry in entries],
            [entry.variation_id for entry in entries],
            [entry.quantity for entry in entries],
            [entry.unit_cost for entry in entries],
            [str(entry.kind or asked.kind) for entry in entries],
        )
    except DatabaseError as error:
        raise_refusal(error)
        raise
    return balances_of(answer)


def raise_refusal(error: DatabaseError) -> None:
    """Raises OutOfStock where the function said that there is too little."""
    code, detail = refusal(error)
    if code == "TB001":
        raise OutOfStock(balances_of(detail)) from error


def balances_of(answer: str) -> dict[uuid.UUID, Decimal]:
    """What the function answers, or says is missing."""
    return {uuid.UUID(key): Decimal(value) for key, value in json.loads(answer).items()}


def _by_statements(
    asked: _Asked, entries: Sequence[Entry], guard: bool
) -> dict[uuid.UUID, Decimal]:
    deltas: dict[uuid.UUID, Decimal] = {}
    for entry in entries:
        deltas[entry.variation_id] = deltas.get(entry.variation_id, ZERO) + entry.quantity
    levels = add_to_levels(asked.location.pk, deltas)
    if guard:
        missing = {
            key: levels[key][1] - delta
            for key, delta in deltas.items()
            if delta < 0 and levels[key][1] < 0
        }
        if missing:
            raise OutOfStock(missing)
    _record(asked, entries, deltas, levels)
    return {key: balance for key, (_id, balance) in levels.items()}


def _record(
    asked: _Asked,
    entries: Iterable[Entry],
    deltas: Mapping[uuid.UUID, Decimal],
    levels: Mapping[uuid.UUID, tuple[int, Decimal]],
) -> None:
    running = {key: levels[key][1] - delta for key, delta in deltas.items()}
    rows = []
    for entry in entries:
        running[entry.variation_id] += entry.quantity
        rows.append(
            StockMovement(
                level_id=levels[entry.variation_id][0],
                kind=entry.kind or asked.kind,
                quantity=entry.quantity,
                balance=running[entry.variation_id],
                unit_cost=entry.unit_cost,
                document_id=asked.document_id,
                document_number=asked.document_number,
                line=entry.line,
                actor=asked.actor,
                created_at=asked.at,
            )
        )
    StockMovement.objects.bulk_create(rows, batch_size=_BATCH)


# One statement changes every level of the document: it makes missing rows, locks the others in
# the order of its values, adds, and answers with the new balances. The values are sorted.
_UPSERT = """
INSERT INTO inventory_stocklevel (business_id, variation_id, location_id, quantity)
VALUES {values}
ON CONFLICT (business_id, variation_id, location_id)
DO UPDATE SET quantity = {sum}
RETURNING variation_id, id, quantity
"""
# Rows of one statement. What has more, an opening from a file, goes by statements everywhere.
_BATCH = 2000


def add_to_levels(
    location_id: uuid.UUID, deltas: Mapping[uuid.UUID, Decimal]
) -> dict[uuid.UUID, tuple[int, Decimal]]:
    """{variation: (level id, new quantity)} after adding; for the ledger's own writers alone."""
    business_id = require_id()
    field = StockLevel._meta.get_field("quantity")
    key_field = StockLevel._meta.get_field("id")
    uuid_of = Variation._meta.get_field("id")
    # SQLite stores decimals as floating point: rounding keeps the sum exact to the column's places.
    total = "inventory_stocklevel.quantity + excluded.quantity"
    if connection.vendor == "sqlite":
        total = f"round({total}, 4)"
    found: dict[uuid.UUID, tuple[int, Decimal]] = {}
    ordered = sorted(deltas)
    with connection.cursor() as cursor:
        for start in range(0, len(ordered), _BATCH):
            batch = ordered[start : start + _BATCH]
            params: list[Any] = []
            for key in batch:
                params += [
                    business_id,
                    uuid_of.get_db_prep_value(key, connection),
                    uuid_of.get_db_prep_value(location_id, connection),
                    field.get_db_prep_save(deltas[key], connection),
                ]
            values = ", ".join(["(%s, %s, %s, %s)"] * len(batch))
            cursor.execute(_UPSERT.format(values=values, sum=total), params)
            for variation_id, level_id, quantity in cursor.fetchall():
                key = (
                    variation_id if isinstance(variation_id, uuid.UUID) else uuid.UUID(variation_id)
                )
                found[key] = (key_field.to_python(level_id), Decimal(str(quantity)))
    return found


def set_opening(
    *,
    actor: User | None,
    location: Location,
    quantities: Mapping[uuid.UUID, Decimal],
    costs: Mapping[uuid.UUID, Decimal] | None = None,
    at: datetime | None = None,
    note: str = "",
) -> StockDocument:
    """Opening stock of variations at a location, as one document; may be negative.

    Raises Refused when one of them already has movements there: then it is a correction.
    """
    with transaction.atomic():
        # Two imports at once must not both find that nothing has moved yet.
        Location.objects.select_for_update().get(pk=location.pk)
        started = StockMovement.objects.filter(
            level__location=location, level__variation_id__in=list(quantities)
        )
        if started.exists():
            raise Refused(
                "stock_already_opened",
                _("This product already has stock movements here. Make a correction instead."),
            )
        return _document(
            actor=actor,
            kind=StockDocument.Kind.OPENING,
            location=location,
            reason=StockDocument.Reason.OPENING,
            note=note,
            changes=quantities,
            costs=costs or {},
            at=at,
        )


def correct(
    *,
    actor: User,
    location: Location,
    reason: StockDocument.Reason,
    changes: Mapping[uuid.UUID, Decimal],
    note: str = "",
    document_id: uuid.UUID | None = None,
    device: Device | None = None,
) -> StockDocument:
    """Add to (or, negative, take from) stock with a reason. Raises OutOfStock below zero.

    With a `document_id` the same again returns the first document, with `was_recorded`; raises
    Refused (`id_taken`) where it has another content.
    """
    if not any(changes.values()):
        raise Refused("nothing_to_change", _("Enter a quantity that is not zero."))
    with transaction.atomic():
        earlier = StockDocument.objects.filter(pk=document_id).first() if document_id else None
        if earlier is not None:
            return _repeated(earlier, location, reason, changes, note)
        document = _document(
            document_id=document_id,
            actor=actor,
            kind=StockDocument.Kind.CORRECTION,
            location=location,
            reason=reason,
            note=note,
            changes=changes,
            costs={},
            at=None,
        )
        names = Variation.objects.select_related("product").in_bulk(list(changes))
        record(
            actor=actor,
            action="stock.correct",
            target=document,
            changes={
                f"{names[key].full_name} {names[key].sku}".strip(): [None, plain_number(value)]
                for key, value in changes.items()
            },
            device=device,
        )
        return document


def _repeated(
    earlier: StockDocument,
    location: Location,
    reason: StockDocument.Reason,
    changes: Mapping[uuid.UUID, Decimal],
    note: str,
) -> StockDocument:
    """The document that was written before; raises Refused where it says something else."""
    written = earlier.movements().filter(kind=StockMovement.Kind.CORRECTION)
    moved = dict(written.values_list("level__variation_id", "quantity"))
    wanted = {key: value for key, value in changes.items() if value}
    same = (earlier.location_id, earlier.reason, earlier.note) == (location.pk, reason, note)
    if not same or moved != wanted:
        said = _("Another document was recorded under this id.")
        raise Refused("id_taken", said, {"id": ["taken"]}, status=409)
    earlier.was_recorded = True
    return earlier


def _document(
    *,
    actor: User | None,
    kind: StockDocument.Kind,
    location: Location,
    reason: StockDocument.Reason,
    note: str,
    changes: Mapping[uuid.UUID, Decimal],
    costs: Mapping[uuid.UUID, Decimal],
    at: datetime | None,
    document_id: uuid.UUID | None = None,
) -> StockDocument:
    ordered = sorted(changes)
    if not costs:
        costs = dict(Variation.objects.filter(pk__in=ordered).values_list("pk", "cost"))
    prefix = "OPEN" if kind == StockDocument.Kind.OPENING else "COR"
    # Of a client that counts its ids the last digits need not be different ones.
    number_id = uuid7()
    document_id = document_id or number_id
    document = StockDocument.objects.create(
        pk=document_id,
        kind=kind,
        # Unique without a counter to lock; corrections need no gapless series.
        number=f"{prefix}-{timezone.now():%y%m%d}-{number_id.hex[-6:].upper()}",
        location=location,
        reason=reason,
        note=note,
        actor=actor,
        created_at=at or timezone.now(),
    )
    post(
        actor=actor,
        kind=StockMovement.Kind(kind.value),
        location=location,
        document_id=document.pk,
        document_number=document.number,
        entries=[
            Entry(line, key, changes[key], costs.get(key, ZERO))
            for line, key in enumerate(ordered, start=1)
        ],
        at=at,
        guard=kind == StockDocument.Kind.CORRECTION,
    )
    return document
