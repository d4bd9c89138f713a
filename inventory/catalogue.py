"""Changing the catalogue: what more than one row of it must agree on."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable

from inventory.models import Variation

_BATCH = 1000


def search_form(text: str) -> str:
    """How texts are compared in search: compatible letters, no accents, lower case, one space."""
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
    """Write the search text of these products' variations anew, after any of its parts changed."""
    variations = (
        Variation.objects.filter(product__in=list(product_ids))
        .select_related("product__brand")
        .prefetch_related("barcodes")
    )
    rows = list(variations)
    for row in rows:
        row.search_text = search_text(row)
    Variation.objects.bulk_update(rows, ["search_text"], batch_size=_BATCH)
