"""Stock that an import of products brings: the ledger's writer for it, and its taking back.

What `ledger.py` guarantees holds: each movement is recorded and added to its level in one
transaction. Only an import's own opening, of levels that saw nothing else, can be taken back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from inventory.ledger_history import PastMovement, lock_levels, record_history
from inventory.models import StockDocument, StockLevel, StockMovement
from tenants.errors import Refused
from tenants.ids import uuid7
from tenants.models import Location
from webhooks import outbox
from webhooks.kinds import STOCK_MOVED

_PREFIX = {StockDocument.Kind.OPENING: "OPEN", StockDocument.Kind.CORRECTION: "COR"}
_BATCH = 5000

# {location: {variation: …}}
Places = Mapping[uuid.UUID, Mapping[uuid.UUID, "Stated"]]


@dataclass(frozen=True, slots=True)
class Stated:
    """How much of a variation there is, as a file says."""

    variation_id: uuid.UUID
    quantity: Decimal
    unit_cost: Decimal


class ImportedStock:
    """The stock documents of one import, made when they are first needed: an opening and a
    correction for each location at most. Must live within the import's transaction."""

    def __init__(self, *, actor: User | None, note: str) -> None:
        self.actor = actor
        self.note = note[:500]
        self.documents: dict[tuple[uuid.UUID, StockDocument.Kind], StockDocument] = {}
        self._lines: dict[uuid.UUID, int] = {}

    def open(self, location_id: uuid.UUID, stated: Sequence[Stated]) -> None:
        """Opening stock of variations that were made just now; may be zero, and negative."""
        self._post(location_id, StockDocument.Kind.OPENING, stated)

    def settle(self, opening: Places, counted: Places) -> None:
        """Opening stock of variations that others see, and levels made what was counted, by their
        difference at this moment. What has moved meanwhile is not opened any more.

        All levels are locked first, in the order of their keys: tills hold the same ones.
        """
        lock_levels(
            (place, key) for one in (opening, counted) for place in one for key in one[place]
        )
        for place in sorted({*opening, *counted}):
            here = opening.get(place, {})
            moved = self._moved(place, list(here))
            self.open(place, [here[key] for key in sorted(here) if key not in moved])
            here = counted.get(place, {})
            differences = [
                Stated(key, here[key].quantity - level, here[key].unit_cost)
                for key, level in self._levels(place, sorted(here))
                if here[key].quantity != level
            ]
            self._post(place, StockDocument.Kind.CORRECTION, differences)

    @staticmethod
    def _moved(location_id: uuid.UUID, keys: Sequence[uuid.UUID]) -> set[uuid.UUID]:
        found: set[uuid.UUID] = set()
        for start in range(0, len(keys), _BATCH):
            rows = StockMovement.objects.filter(
                level__location=location_id, level__variation__in=keys[start : start + _BATCH]
            )
            found |= set(rows.order_by().values_list("level__variation_id", flat=True))
        return found

    @staticmethod
    def _levels(
        location_id: uuid.UUID, keys: Sequence[uuid.UUID]
    ) -> Iterable[tuple[uuid.UUID, Decimal]]:
        for start in range(0, len(keys), _BATCH):
            rows = StockLevel.objects.filter(
                location=location_id, variation__in=keys[start : start + _BATCH]
            )
            yield from rows.order_by("variation_id").values_list("variation_id", "quantity")

    def _post(
        self, location_id: uuid.UUID, kind: StockDocument.Kind, stated: Sequence[Stated]
    ) -> None:
        if not stated:
            return
        document = self._document(location_id, kind)
        line = self._lines.get(document.pk, 0)
        self._lines[document.pk] = line + len(stated)
        record_history(
            PastMovement(
                location_id=location_id,
                variation_id=one.variation_id,
                kind=kind.value,
                quantity=one.quantity,
                document_id=document.pk,
                document_number=document.number,
                line=number,
                created_at=document.created_at,
                unit_cost=one.unit_cost,
                actor_id=self.actor.pk if self.actor else None,
            )
            for number, one in enumerate(stated, line + 1)
        )
        outbox.record(STOCK_MOVED, document.pk)

    def _document(self, location_id: uuid.UUID, kind: StockDocument.Kind) -> StockDocument:
        found = self.documents.get((location_id, kind))
        if found is None:
            key = uuid7()
            is_opening = kind == StockDocument.Kind.OPENING
            reasons = StockDocument.Reason
            found = StockDocument.objects.create(
                pk=key,
                kind=kind,
                number=f"{_PREFIX[kind]}-{timezone.now():%y%m%d}-{key.hex[-6:].upper()}",
                location_id=location_id,
                reason=reasons.OPENING if is_opening else reasons.OTHER,
                note=self.note,
                actor=self.actor,
            )
            self.documents[location_id, kind] = found
        return found


def moved_since(documents: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Up to three variations whose levels moved after one of these documents moved them."""
    ours = list(documents)
    if not ours:
        return []
    own = StockMovement.objects.filter(document_id__in=ours)
    # A level that an import corrected moved before; what counts is what came after.
    before = own.filter(level=OuterRef("level"), pk__lt=OuterRef("pk"))
    later = StockMovement.objects.filter(level__in=own.values("level_id")).exclude(
        document_id__in=ours
    )
    found = later.filter(Exists(before)).order_by().values_list("level__variation_id", flat=True)
    return list(found.distinct()[:3])


def take_back_opening(*, actor: User | None, document: StockDocument) -> None:
    """Remove an opening document with its movements and levels, as if it had never been posted.

    Must run in the transaction that takes its import back. Raises Refused when one of the levels
    saw anything else since.
    """
    assert connection.in_atomic_block, "an import is taken back in one transaction"
    assert document.kind == StockDocument.Kind.OPENING, "nothing else is ever removed"
    own = StockMovement.objects.filter(document_id=document.pk)
    levels = list(own.order_by("level__variation_id").values_list("level_id", flat=True))
    for start in range(0, len(levels), _BATCH):
        keys = levels[start : start + _BATCH]
        locked = StockLevel.objects.filter(pk__in=keys).order_by("variation_id")
        list(locked.select_for_update().values_list("pk"))
        others = StockMovement.objects.filter(level__in=keys).exclude(document_id=document.pk)
        if others.exists():
            raise Refused("stock_moved_since", _("Some of this stock has moved since."))
        StockMovement.objects.filter(level__in=keys).delete()
        StockLevel.objects.filter(pk__in=keys).delete()
    record(
        actor=actor,
        action="stock.opening_taken_back",
        target=document,
        changes={"lines": [len(levels), None]},
    )
    document.delete()


def reverse_correction(*, actor: User | None, document: StockDocument, note: str) -> None:
    """Post the opposite of a correction at its location: the levels are as before it."""
    stock = ImportedStock(actor=actor, note=note)
    rows = StockMovement.objects.filter(document_id=document.pk).order_by("level__variation_id")
    values = rows.values_list("level__variation_id", "quantity", "unit_cost")
    opposite = [Stated(key, -quantity, cost) for key, quantity, cost in values]
    location: Location = document.location
    stock._post(location.pk, StockDocument.Kind.CORRECTION, opposite)
