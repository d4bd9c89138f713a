"""Taking an import of products back: the tables are as before it, or nothing happens.

Refused, with examples, once anything that it made or changed was sold, moved or edited since. What
it made of categories, brands, units and tax rates goes where nothing else uses it by now.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from archive.models import BatchPart, ImportBatch
from archive.products.apply import TABLES
from archive.products.journal import PRINTED, Notes, fingerprint, plain
from inventory import pictures
from inventory.ledger_imports import moved_since, reverse_correction, take_back_opening
from inventory.models import (
    Barcode,
    Category,
    LocationPrice,
    Product,
    SearchWord,
    StockDocument,
    StockMovement,
    Unit,
    Variation,
)
from inventory.words import write_words_of
from sales.models import SaleLine
from tenants.bulk import update_rows
from tenants.errors import Refused
from webhooks import outbox
from webhooks.kinds import Kind

#: What depends on others goes first.
_ORDER: Final = ("location_price", "barcode", "variation", "product")
#: So many examples stand in a refusal.
_EXAMPLES: Final = 3
#: Columns that other work writes of itself, which is no edit.
_UNWATCHED: Final = frozenset({"updated_at", "search_text"})
#: Columns that a sale does not show.
_UNSEEN: Final = _UNWATCHED | {"image"}
#: How the lines of sales are found that a changed row has to do with.
_SOLD_BY: Final = {
    "product": "variation__product__in",
    "variation": "variation__in",
    "barcode": "variation__barcodes__in",
    "location_price": "variation__location_prices__in",
}


def take_back(batch: ImportBatch, *, actor: User | None) -> None:
    """Must run in a transaction in which no other import is at work. Raises Refused."""
    TakeBack(batch, actor).run()


class TakeBack:
    """What an import made of products, on its way back: first `refuse()`, then `remove()`.

    `sales` is a query of the ids of documents that go with it, which are no obstacle.
    """

    def __init__(self, batch: ImportBatch, actor: User | None, *, sales: Any = ()) -> None:
        self.batch = batch
        self.actor = actor
        self.sales = sales
        self.notes = Notes(batch)
        #: {table: ids of the rows that the import made}, as far as they were asked for.
        self._made: dict[str, set[uuid.UUID]] = {}

    def run(self) -> None:
        documents = self._documents()
        self.refuse([one.pk for one in documents])
        for document in documents:
            if document.kind == StockDocument.Kind.OPENING:
                take_back_opening(actor=self.actor, document=document)
            else:
                note = _("Import taken back: %(file)s") % {"file": self.batch.file_name}
                reverse_correction(actor=self.actor, document=document, note=note)
        self.remove()

    def lock(self) -> None:
        """Nobody sells or moves what the import made until the transaction ends.

        Whoever holds such a row sells it at this moment and may be waiting for one of ours: instead
        of waiting for them in a circle this raises OperationalError.
        """
        for _table, rows in self.notes.created("variation"):
            found = Variation.objects.filter(pk__in=list(rows)).order_by("pk")
            list(found.select_for_update(nowait=True).values_list("pk"))

    def refuse(self, documents: Sequence[uuid.UUID] = ()) -> None:
        """Raise Refused where something stands against it; `documents` are its stock documents."""
        self._refuse_sold()
        self._refuse_moved(documents)
        self._refuse_edited()

    def remove(self) -> None:
        self._restore()
        self._remove()
        self._remove_unused()

    # -- what the import noted ------------------------------------------------------------------

    def _parts(self, action: str, *tables: str) -> Iterator[tuple[str, list[Any]]]:
        return self.notes.parts(action, *(tables or TABLES))

    def _created(self, *tables: str) -> Iterator[tuple[str, dict[uuid.UUID, str]]]:
        return self.notes.created(*tables)

    def _documents(self) -> list[StockDocument]:
        keys = [key for _table, rows in self._created("stock_document") for key in rows]
        return list(StockDocument.objects.filter(pk__in=keys).order_by("location_id", "pk"))

    # -- what stands against it -----------------------------------------------------------------

    def _refuse(self, code: str, sentence: str, found: Iterable[uuid.UUID]) -> None:
        """Raise, with the names of up to three variations."""
        keys = list(found)[:_EXAMPLES]
        if not keys:
            return
        rows = Variation.objects.filter(pk__in=keys).select_related("product")
        names = [" ".join(part for part in (row.full_name, row.sku) if part) for row in rows]
        raise Refused(code, sentence % {"names": ", ".join(names)}, {"examples": names})

    def _refuse_sold(self) -> None:
        """What it made was sold at all, or what it changed was sold as it became."""
        for _table, rows in self._created("variation"):
            sold = SaleLine.objects.filter(variation__in=list(rows))
            self._refuse_lines(sold.exclude(sale__in=self.sales))
        since = SaleLine.objects.filter(sale__created_at__gt=self.batch.applied_at)
        for table, data in self._parts(BatchPart.Action.CHANGED, *_ORDER):
            keys = [uuid.UUID(key) for key, changes in data if changes.keys() - _UNSEEN]
            self._refuse_lines(since.filter(**{_SOLD_BY[table]: keys}))
        for table, rows in self._created("location_price", "barcode"):
            self._refuse_lines(since.filter(**{_SOLD_BY[table]: list(rows)}))

    def _refuse_lines(self, sold: Any) -> None:
        self._refuse(
            "sold_since",
            _("Some of what came in was sold since: %(names)s."),
            sold.order_by().values_list("variation_id", flat=True).distinct()[:_EXAMPLES],
        )

    def _refuse_moved(self, documents: Sequence[uuid.UUID]) -> None:
        sentence = _("Stock of what came in has moved since: %(names)s.")
        self._refuse("stock_moved_since", sentence, moved_since(documents))
        for _table, rows in self._created("variation"):
            others = StockMovement.objects.filter(level__variation__in=list(rows)).order_by()
            others = others.exclude(document_id__in=documents).exclude(document_id__in=self.sales)
            found = others.values_list("level__variation_id", flat=True).distinct()
            self._refuse("stock_moved_since", sentence, found[:_EXAMPLES])

    def _refuse_edited(self) -> None:
        sentence = _("Some of what came in was edited since: %(names)s.")
        for table, rows in self._created(*_ORDER):
            edited = [
                key for key, told in self._prints(table, list(rows)).items() if told != rows[key]
            ]
            self._refuse("edited_since", sentence, self._variations_of(table, edited))
            if table in ("product", "variation"):
                self._refuse("edited_since", sentence, self._added(table, list(rows)))
        # Later notes of a row come first: what it is now must be what it became last.
        seen: set[tuple[str, str, str]] = set()
        for table, data in self._parts(BatchPart.Action.CHANGED):
            edited = self._edited(table, data, seen)
            self._refuse("edited_since", sentence, self._variations_of(table, edited))

    @staticmethod
    def _prints(table: str, keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
        rows = TABLES[table].objects.filter(pk__in=keys).order_by()
        return {pk: fingerprint(values) for pk, *values in rows.values_list("pk", *PRINTED[table])}

    def _edited(
        self, table: str, data: list[Any], seen: set[tuple[str, str, str]]
    ) -> list[uuid.UUID]:
        """The rows of a part in which a column is not what it became; a missing row is one."""
        columns = sorted({name for _key, changes in data for name in changes} - _UNWATCHED)
        if not columns or table == "reference":
            return []
        keys = [uuid.UUID(key) for key, _changes in data]
        rows = TABLES[table].objects.filter(pk__in=keys).order_by().values_list("pk", *columns)
        now = {pk: dict(zip(columns, values, strict=True)) for pk, *values in rows}
        found = []
        for key, changes in data:
            for name, (_before, after) in changes.items():
                if name in _UNWATCHED or (table, key, name) in seen:
                    continue
                seen.add((table, key, name))
                current = now.get(uuid.UUID(key))
                if current is None or plain(current[name]) != after:
                    found.append(uuid.UUID(key))
                    break
        return found

    @staticmethod
    def _variations_of(table: str, keys: Sequence[uuid.UUID]) -> Iterable[uuid.UUID]:
        """Variations to name for these rows; any key at all where nothing is left to name."""
        if not keys:
            return []
        first = list(keys)[:_EXAMPLES]
        if table == "variation":
            return first
        if table == "product":
            rows = Variation.objects.filter(product__in=first).order_by("product_id", "position")
            return list(rows.values_list("pk", flat=True)[:_EXAMPLES]) or first
        rows = TABLES[table].objects.filter(pk__in=first).order_by()
        return list(rows.values_list("variation_id", flat=True)) or first

    def _added(self, table: str, keys: Sequence[uuid.UUID]) -> Iterable[uuid.UUID]:
        """Variations with something that others gave to rows which the import made."""
        ours = self._ours("variation" if table == "product" else "barcode")
        if table == "product":
            rows = Variation.objects.filter(product__in=keys).order_by()
            found = [pk for pk in rows.values_list("pk", flat=True) if pk not in ours]
            return found or self._variations_of("product", self._pictured(keys))
        found = [
            variation
            for pk, variation in Barcode.objects.filter(variation__in=keys)
            .order_by()
            .values_list("pk", "variation_id")
            if pk not in ours
        ]
        ours = self._ours("location_price")
        prices = LocationPrice.objects.filter(variation__in=keys).order_by()
        return found + [
            variation
            for pk, variation in prices.values_list("pk", "variation_id")
            if pk not in ours
        ]

    def _pictured(self, keys: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """Made products with a picture that the import did not bring."""
        there = Product.objects.filter(pk__in=keys).exclude(image="").order_by()
        pictured = set(there.values_list("pk", flat=True))
        if pictured:
            for _table, data in self._parts(BatchPart.Action.CHANGED, "product"):
                pictured -= {uuid.UUID(key) for key, changes in data if "image" in changes}
        return sorted(pictured)

    def _ours(self, table: str) -> set[uuid.UUID]:
        if table not in self._made:
            self._made[table] = {key for _table, rows in self._created(table) for key in rows}
        return self._made[table]

    # -- going back -----------------------------------------------------------------------------

    def _restore(self) -> None:
        for table, data in self._parts(BatchPart.Action.CHANGED):
            model = TABLES[table]
            by_column: dict[str, list[tuple[uuid.UUID, Any]]] = defaultdict(list)
            for key, changes in data:
                for name, (before, after) in changes.items():
                    value = model._meta.get_field(name).to_python(before)
                    by_column[name].append((uuid.UUID(key), value))
                    if table == "product" and name == "image":
                        self._forget_picture(uuid.UUID(key), after)
            for name, rows in by_column.items():
                update_rows(model, (name,), rows)
            if table == "product":
                outbox.record_all(Kind.PRODUCT_CHANGED, (uuid.UUID(key) for key, _c in data))
            if "search_text" in by_column:
                write_words_of(dict(by_column["search_text"]))

    @staticmethod
    def _forget_picture(key: uuid.UUID, name: str) -> None:
        pictures.forget(Product(pk=key), name)

    def _remove(self) -> None:
        for table in _ORDER:
            for _table, rows in self._created(table):
                keys = list(rows)
                if table == "variation":
                    SearchWord.objects.filter(variation__in=keys).delete()
                # Without asking what depends on each: the keys of the database know.
                found = TABLES[table].objects.filter(pk__in=keys)
                found._raw_delete(found.db)
                if table == "product":
                    outbox.record_all(Kind.PRODUCT_CHANGED, keys)
        for _table, rows in self._created("reference"):
            TABLES["reference"].objects.filter(pk__in=list(rows)).delete()

    def _remove_unused(self) -> None:
        """Children before parents: what was made last lies deepest."""
        for table, rows in self._created("category", "brand", "unit", "tax_rate"):
            model = TABLES[table]
            prints = self._prints(table, list(rows))
            column = f"{table}__in"
            used = set(
                Product.objects.filter(Q(**{column: list(rows)}))
                .order_by()
                .values_list(f"{table}_id", flat=True)
                .distinct()
            )
            for key in reversed(rows):
                unchanged = prints.get(key) == rows[key]
                if key in used or not unchanged or self._has_below(table, key):
                    continue
                model.objects.filter(pk=key).delete()

    @staticmethod
    def _has_below(table: str, key: uuid.UUID) -> bool:
        if table == "category":
            return bool(Category.objects.filter(parent=key).exists())
        if table == "unit":
            return bool(Unit.objects.filter(base_unit=key).exists())
        return False
