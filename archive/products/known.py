"""What the database holds of the products in one batch of drafts, in a fixed number of statements.

Codes are looked up through their indexes as they are typed, in capitals and in small letters. Those
that are neither here, such as “Mug-1”, are read once for the whole file, so that letter case never
hides a product and no look-up reads the whole table.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models.functions import Lower, Upper

from archive.products.drafts import ProductDraft
from inventory.models import Barcode, LocationPrice, Product, StockLevel, Variation
from tenants.bulk import among
from tenants.models import ExternalReference

#: What an import compares and changes.
PRODUCT_COLUMNS = (
    "name", "kind", "sku", "description", "category_id", "brand_id", "unit_id", "tax_rate_id",
    "tax_inclusive", "is_stocked", "is_for_sale", "alert_quantity", "is_active", "image",
)  # fmt: skip
VARIATION_COLUMNS = ("name", "sku", "cost", "price", "position", "is_active")


@dataclass(slots=True)
class StoredVariation:
    id: uuid.UUID
    product_id: uuid.UUID
    values: dict[str, Any]
    search_text: str
    codes: list[str] = field(default_factory=list)
    #: {location: (id of the row, price)}
    prices: dict[uuid.UUID, tuple[uuid.UUID, Decimal]] = field(default_factory=dict)
    #: {location: quantity}
    levels: dict[uuid.UUID, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class StoredProduct:
    id: uuid.UUID
    values: dict[str, Any]
    updated_at: datetime
    adds_credit: bool = False
    variations: list[StoredVariation] = field(default_factory=list)


def reference_key(text: str) -> str:
    """What fits into the column, and differs where the text differs."""
    if len(text) <= 60:
        return text
    return f"{text[:40]} {hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"


def cases(code: str) -> list[str]:
    return list(dict.fromkeys([code, code.upper(), code.lower()]))


class MixedCase:
    """The SKUs that are written neither in capitals nor in small letters alone."""

    def __init__(self) -> None:
        self._found: dict[str, list[uuid.UUID]] = defaultdict(list)
        rows = (
            Variation.objects.exclude(sku="")
            .exclude(sku=Upper("sku"))
            .exclude(sku=Lower("sku"))
            .order_by()
        )
        for pk, sku in rows.values_list("pk", "sku"):
            self._found[sku.casefold()].append(pk)

    def __getitem__(self, sku: str) -> list[uuid.UUID]:
        return self._found.get(sku.casefold(), [])


class Known:
    """The rows that one batch of drafts may mean; `lock` holds them until the transaction ends.

    At most nine statements, however many drafts: what cannot be in a batch is not asked for.
    """

    def __init__(
        self,
        drafts: Sequence[ProductDraft],
        *,
        references: Iterable[str],
        source: str,
        mixed: MixedCase,
        stock: bool,
        lock: bool,
    ) -> None:
        self.products: dict[uuid.UUID, StoredProduct] = {}
        self.variations: dict[uuid.UUID, StoredVariation] = {}
        self._by_sku: dict[str, list[StoredVariation]] = defaultdict(list)
        self._by_fold: dict[str, list[StoredVariation]] = defaultdict(list)
        self._by_code: dict[str, StoredVariation] = {}
        self._by_product_code: dict[str, list[uuid.UUID]] = defaultdict(list)
        self.references = self._read_references(references, source)
        wanted = self._products_of_codes(drafts, mixed) | set(self.references.values())
        if wanted:
            self._read_products(wanted, lock)
            self._read_variations(wanted)
        if self.variations:
            self._read_codes()
            if any(one.prices for draft in drafts for one in draft.variations):
                self._read_prices()
            if stock and any(one.stock for draft in drafts for one in draft.variations):
                self._read_levels()
        self.references = {k: pk for k, pk in self.references.items() if pk in self.products}

    # -- what the drafts ask for --------------------------------------------------------------

    def with_sku(self, sku: str) -> list[StoredVariation]:
        """Exactly so, else whatever the letter case; those in use where there are any."""
        return self.exactly(sku) or _in_use(self._by_fold.get(sku.casefold(), []))

    def exactly(self, sku: str) -> list[StoredVariation]:
        return _in_use(self._by_sku.get(sku, []))

    def with_code(self, code: str) -> StoredVariation | None:
        return self._by_code.get(code)

    def with_product_code(self, code: str) -> list[StoredProduct]:
        keys = self._by_product_code.get(code, [])
        return [self.products[key] for key in keys if key in self.products]

    # -- reading ------------------------------------------------------------------------------

    def _read_references(self, references: Iterable[str], source: str) -> dict[str, uuid.UUID]:
        keys = list(references)
        if not keys:
            return {}
        rows = ExternalReference.objects.filter(
            source=source, table="products", external_id__in=keys
        )
        return {key: uuid.UUID(pk) for key, pk in rows.values_list("external_id", "object_id")}

    def _products_of_codes(
        self, drafts: Sequence[ProductDraft], mixed: MixedCase
    ) -> set[uuid.UUID]:
        variations = [one for draft in drafts for one in draft.variations]
        found: set[uuid.UUID] = set()
        skus = {case for one in variations if one.sku for case in cases(one.sku)}
        if skus:
            rows = Variation.objects.filter(among("sku", skus)).order_by()
            found |= set(rows.values_list("product_id", flat=True))
            keys = {key for one in variations if one.sku for key in mixed[one.sku]}
            if keys:
                rows = Variation.objects.filter(among("pk", keys)).order_by()
                found |= set(rows.values_list("product_id", flat=True))
        codes = {code for one in variations for code in one.barcodes}
        if codes:
            owners = Barcode.objects.filter(among("code", codes)).order_by()
            found |= set(owners.values_list("variation__product_id", flat=True))
        own = {draft.sku for draft in drafts if draft.sku and draft.kind == "variable"}
        if own:
            products = Product.objects.filter(sku__in=own).order_by()
            for sku, pk in products.values_list("sku", "pk"):
                self._by_product_code[sku].append(pk)
                found.add(pk)
        return found

    def _read_products(self, wanted: set[uuid.UUID], lock: bool) -> None:
        rows = Product.objects.filter(among("pk", wanted)).order_by("pk")
        if lock:
            rows = rows.select_for_update(no_key=True)
        names = ("pk", "updated_at", "adds_credit", *PRODUCT_COLUMNS)
        for pk, updated_at, adds_credit, *values in rows.values_list(*names):
            columns = dict(zip(PRODUCT_COLUMNS, values, strict=True))
            self.products[pk] = StoredProduct(pk, columns, updated_at, adds_credit)

    def _read_variations(self, wanted: set[uuid.UUID]) -> None:
        rows = Variation.objects.filter(product__in=wanted).order_by("position", "pk")
        columns = ("pk", "product_id", "search_text", *VARIATION_COLUMNS)
        for pk, product_id, text, *values in rows.values_list(*columns):
            stored = dict(zip(VARIATION_COLUMNS, values, strict=True))
            one = StoredVariation(pk, product_id, stored, text)
            self.variations[pk] = one
            self.products[product_id].variations.append(one)
            if stored["sku"]:
                self._by_sku[stored["sku"]].append(one)
                self._by_fold[stored["sku"].casefold()].append(one)

    def _read_codes(self) -> None:
        rows = Barcode.objects.filter(variation__in=list(self.variations)).order_by("code")
        for key, code in rows.values_list("variation_id", "code"):
            self.variations[key].codes.append(code)
            self._by_code[code] = self.variations[key]

    def _read_prices(self) -> None:
        rows = LocationPrice.objects.filter(variation__in=list(self.variations)).order_by()
        for pk, key, place, price in rows.values_list("pk", "variation_id", "location_id", "price"):
            self.variations[key].prices[place] = (pk, price)

    def _read_levels(self) -> None:
        rows = StockLevel.objects.filter(variation__in=list(self.variations)).order_by()
        for key, place, quantity in rows.values_list("variation_id", "location_id", "quantity"):
            self.variations[key].levels[place] = quantity


def _in_use(found: list[StoredVariation]) -> list[StoredVariation]:
    return [one for one in found if one.values["is_active"]] or found
