"""Writing what was planned: set-based, batch by batch, within the import's one transaction."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from accounts.models import User
from archive.products.journal import PRINTED, Journal
from archive.products.known import VARIATION_COLUMNS
from archive.products.planned import ProductPlan, VariationPlan
from inventory.ledger_imports import ImportedStock, Stated
from inventory.models import (
    Barcode,
    Brand,
    Category,
    LocationPrice,
    Product,
    StockDocument,
    TaxRate,
    Unit,
    Variation,
)
from inventory.words import write_words_of
from tenants.bulk import insert_rows, update_rows
from tenants.ids import uuid7
from tenants.models import ExternalReference
from webhooks import outbox
from webhooks.kinds import Kind

#: The tables that a journal speaks of, by the names that it has for them.
TABLES: Final[dict[str, Any]] = {
    "product": Product,
    "variation": Variation,
    "barcode": Barcode,
    "location_price": LocationPrice,
    "category": Category,
    "brand": Brand,
    "unit": Unit,
    "tax_rate": TaxRate,
    "reference": ExternalReference,
    "stock_document": StockDocument,
}
_SMALL: Final = {Category: "category", Brand: "brand", Unit: "unit", TaxRate: "tax_rate"}

Change = tuple[uuid.UUID, dict[str, Any], dict[str, Any]]


class Writer:
    """Writes good plans in their order; `finish()` writes what has to come last.

    Stock of products that were here before is posted at the end, in the order of the keys: tills
    hold the same levels, and two who wait for each other in a circle is what the order prevents.
    """

    def __init__(self, journal: Journal, *, actor: User | None, source: str, note: str) -> None:
        self.journal = journal
        self.source = source
        self.now: datetime = timezone.now()
        self.stock = ImportedStock(actor=actor, note=note)
        self._opening: dict[uuid.UUID, dict[uuid.UUID, Stated]] = defaultdict(dict)
        self._counted: dict[uuid.UUID, dict[uuid.UUID, Stated]] = defaultdict(dict)

    def write(self, plans: Sequence[ProductPlan], small: Sequence[Any]) -> None:
        """One batch, with the categories, brands, units and tax rates that it needs."""
        self._small(small)
        differing = [plan for plan in plans if plan.differs]
        self._products(differing)
        outbox.record_all(Kind.PRODUCT_CHANGED, (plan.id for plan in differing))
        variations = [(plan, one) for plan in differing for one in plan.variations]
        self._variations(variations)
        self._codes([one for _plan, one in variations])
        self._location_prices([one for _plan, one in variations])
        self._references(plans)
        self._openings([one for _plan, one in variations])

    # -- products and what they are described with ------------------------------------------------

    def _small(self, rows: Sequence[Any]) -> None:
        for model, table in _SMALL.items():
            new = [row for row in rows if type(row) is model]
            if new:
                model.objects.bulk_create(new)
                columns = PRINTED[table]
                self.journal.printed(
                    table, ((row.pk, [getattr(row, name) for name in columns]) for row in new)
                )

    def _products(self, plans: Sequence[ProductPlan]) -> None:
        new = [plan for plan in plans if plan.new]
        columns = list(new[0].values) if new else []
        insert_rows(
            Product,
            ("id", *columns, "adds_credit", "created_at", "updated_at"),
            ((plan.id, *plan.values.values(), False, self.now, self.now) for plan in new),
        )
        printed = PRINTED["product"]
        self.journal.printed(
            "product", ((plan.id, [plan.values[name] for name in printed]) for plan in new)
        )
        # As saving does: a product is newer when anything of it or its variations is.
        self._change(
            "product",
            [
                (
                    plan.id,
                    {**plan.before, "updated_at": plan.updated_at},
                    {**plan.values, "updated_at": self.now},
                )
                for plan in plans
                if not plan.new
            ],
        )

    def _change(self, table: str, changes: Sequence[Change]) -> None:
        """A statement for each column that changes anywhere, and none for the others."""
        by_column: dict[str, list[tuple[uuid.UUID, Any]]] = defaultdict(list)
        for key, _before, after in changes:
            for name, value in after.items():
                by_column[name].append((key, value))
        for name, rows in by_column.items():
            update_rows(TABLES[table], (name,), rows)
        self.journal.changed(table, changes)

    # -- variations -----------------------------------------------------------------------------

    def _variations(self, pairs: Sequence[tuple[ProductPlan, VariationPlan]]) -> None:
        new = [(plan.id, one) for plan, one in pairs if one.new]
        columns = (*VARIATION_COLUMNS, "search_text")
        insert_rows(
            Variation,
            ("id", "product_id", *columns),
            ((one.id, key, *[one.values[name] for name in columns]) for key, one in new),
        )
        self.journal.printed(
            "variation",
            ((one.id, [key, *[one.values[n] for n in VARIATION_COLUMNS]]) for key, one in new),
        )
        changed = [one for _plan, one in pairs if not one.new and one.values]
        self._change("variation", [(one.id, one.before, one.values) for one in changed])
        write_words_of({one.id: one.values["search_text"] for _key, one in new}, fresh=True)
        found_anew = [one for one in changed if "search_text" in one.values]
        if found_anew:
            write_words_of({one.id: one.values["search_text"] for one in found_anew})

    def _codes(self, variations: Iterable[VariationPlan]) -> None:
        rows = [(uuid7(), one.id, code) for one in variations for code in one.codes]
        insert_rows(Barcode, ("id", "variation_id", "code"), rows)
        self.journal.printed("barcode", ((row[0], row[1:]) for row in rows))

    def _location_prices(self, variations: Iterable[VariationPlan]) -> None:
        new: list[tuple[Any, ...]] = []
        changed: list[Change] = []
        for one in variations:
            for place, row, old, price in one.prices:
                if row is None:
                    new.append((uuid7(), one.id, place, price))
                else:
                    changed.append((row, {"price": old}, {"price": price}))
        insert_rows(LocationPrice, ("id", "variation_id", "location_id", "price"), new)
        self.journal.printed("location_price", ((row[0], row[1:]) for row in new))
        self._change("location_price", changed)

    def _references(self, plans: Sequence[ProductPlan]) -> None:
        remembered = {plan.reference: plan.id for plan in plans if plan.reference}
        if not remembered:
            return
        # One whose product was deleted here stands for the new one from now on.
        stale = ExternalReference.objects.filter(
            source=self.source, table="products", external_id__in=list(remembered)
        )
        stale.delete()
        rows = [(uuid7(), key, str(pk)) for key, pk in remembered.items()]
        insert_rows(
            ExternalReference,
            ("id", "source", "table", "external_id", "object_id", "fingerprint"),
            ((pk, self.source, "products", key, product, "") for pk, key, product in rows),
        )
        self.journal.created("reference", (row[0] for row in rows))

    # -- stock ----------------------------------------------------------------------------------

    def _openings(self, variations: Iterable[VariationPlan]) -> None:
        """At once for what nobody else can see yet."""
        fresh: dict[uuid.UUID, list[Stated]] = defaultdict(list)
        for one in variations:
            for place, quantity in one.opening:
                stated = Stated(one.id, quantity, one.cost)
                if one.new:
                    fresh[place].append(stated)
                else:
                    self._opening[place][one.id] = stated
            for place, _level, quantity in one.counted:
                self._counted[place][one.id] = Stated(one.id, quantity, one.cost)
        for place in sorted(fresh):
            self.stock.open(place, fresh[place])

    def finish(self) -> None:
        """Post the stock of products that were here before."""
        self.stock.settle(self._opening, self._counted)
        self.journal.created("stock_document", (one.pk for one in self.stock.documents.values()))
