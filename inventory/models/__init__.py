"""The tables of the catalogue (`catalogue.py`) and of stock (`stock.py`)."""

from inventory.models.catalogue import (
    Barcode,
    Brand,
    Category,
    LocationPrice,
    Product,
    TaxRate,
    Unit,
    Variation,
)
from inventory.models.stock import StockDocument, StockLevel, StockMovement

__all__ = [
    "Barcode",
    "Brand",
    "Category",
    "LocationPrice",
    "Product",
    "StockDocument",
    "StockLevel",
    "StockMovement",
    "TaxRate",
    "Unit",
    "Variation",
]
