"""A shop with many products, written set by set."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from inventory.ledger_history import PastMovement, record_history
from inventory.models import Barcode, Product, StockMovement, Variation
from tenants.bulk import insert_rows, long_work
from tenants.context import business
from tenants.ids import uuid7
from tests.factories import Shop


def fill(shop: Shop, count: int, *, each: int = 1) -> None:
    """So many variations with opening stock, committed: `each` to a product, one of which has a
    barcode."""
    now, location = timezone.now(), shop.high_street.pk
    products = [uuid7() for _ in range(-(-count // each))]
    keys = [(products[n // each], uuid7(), uuid7()) for n in range(count)]
    with business(shop.business), long_work():
        insert_rows(
            Product,
            (
                "id", "name", "kind", "sku", "description", "unit_id", "tax_rate_id",
                "tax_inclusive", "is_stocked", "is_for_sale", "adds_credit", "image",
                "is_active", "created_at", "updated_at",
            ),
            (
                (product, f"Thing “{n}” of oak", "single", "", "", shop.piece.pk, shop.tax.pk,
                 True, True, True, False, "", True, now, now)
                for n, product in enumerate(products)
            ),
        )  # fmt: skip
        insert_rows(
            Variation,
            ("id", "product_id", "name", "sku", "cost", "price", "position", "is_active",
             "search_text"),
            (
                (variation, product, "", f"SKU-{n:06d}", Decimal(2), Decimal(n % 900 + 1) / 4, 0,
                 True, f"thing {n}")
                for n, (product, variation, _barcode) in enumerate(keys)
            ),
        )  # fmt: skip
        insert_rows(
            Barcode,
            ("id", "variation_id", "code"),
            (
                (barcode, variation, f"{n:013d}")
                for n, (_, variation, barcode) in enumerate(keys)
                if n % each == 0
            ),
        )
        document, kind = uuid7(), StockMovement.Kind.OPENING
        record_history(
            PastMovement(location, variation, kind, Decimal(n % 50), document, "OPEN", n + 1, now)
            for n, (_, variation, _) in enumerate(keys)
        )
