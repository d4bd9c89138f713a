"""Checks the stock rows of an export, which bear no business of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.rows import StockRow

if TYPE_CHECKING:
    from archive.validation import Reading


def check_stock(reading: Reading) -> None:
    """Each quantity is of a variation at a location of the same business, and stands once."""
    places: dict[tuple[int, int], int] = {}
    for row in reading.export.stock.values():
        other = places.setdefault((row.variation_id, row.location_id), row.id)
        if other != row.id:
            reason = f"repeats variation and location of stock {other}"
            reading.fault("stock", row.id, "locationId", reason, row.location_id)
        variation = _exists(
            reading, row, "productVariationId", "productVariations", row.variation_id
        )
        location = _exists(reading, row, "locationId", "locations", row.location_id)
        _exists(reading, row, "productId", "products", row.product_id)
        if variation is None:
            continue
        if variation.product_id != row.product_id:
            reason = f"is not the product of variation {row.variation_id}"
            reading.fault("stock", row.id, "productId", reason, row.product_id)
        if location is not None and location.business_id != variation.business_id:
            reason = (
                f"belongs to business {location.business_id} "
                f"and the product to {variation.business_id}"
            )
            reading.fault("stock", row.id, "locationId", reason, row.location_id)


def _exists(reading: Reading, row: StockRow, name: str, target: str, target_id: int) -> Any:
    if target in reading.absent or (target == "locations" and "businesses" in reading.absent):
        return None
    found = reading.export.table(target).get(target_id)
    if found is None and target_id not in reading.broken[target]:
        reading.fault("stock", row.id, name, f"refers to no row of {target}", target_id)
    return found
