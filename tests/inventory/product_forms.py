"""What the form of a product posts, and what it answers."""

from __future__ import annotations

from typing import Any

from inventory.models import Variation
from tests.factories import Shop


def single(**fields: str) -> dict[str, str]:
    """What the form of a product with one variation posts."""
    values = {
        "name": "Bread board",
        "kind": "single",
        "is_stocked": "on",
        "is_for_sale": "on",
        "tax_inclusive": "on",
        "rows": "1",
        "row-0-price": "12.50",
        "row-0-cost": "5",
        "row-0-sku": "BOARD",
        "row-0-barcodes": "0012345, 998",
    }
    return values | fields


def stored(shop: Shop, variation: Variation, **fields: str) -> dict[str, str]:
    """The same for the mug as it is stored."""
    return single(
        **{
            "name": "Blue mug",
            "is_active": "on",
            "unit": str(shop.piece.pk),
            "tax_rate": str(shop.tax.pk),
            "category": str(shop.category.pk),
            "row-0-id": str(variation.pk),
            "row-0-price": "5.00",
            "row-0-cost": "2.00",
            "row-0-sku": "MUG-1",
            "row-0-barcodes": "5901234123457",
        }
        | fields
    )


def errors(answer: Any) -> dict[str, Any]:
    """{field: its errors} of the product and of all rows."""
    assert answer.status_code == 200, answer.get("Location")
    rows = answer.context["rows"]
    found = dict(answer.context["form"].errors)
    for index, form in enumerate(rows.forms):
        found |= {f"row-{index}-{name}": texts for name, texts in form.errors.items()}
    if rows.errors:
        found["rows"] = rows.errors
    return found
