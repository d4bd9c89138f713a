"""The tables of the catalogue (`catalogue.py`), its search (`search.py`) and pictures
(`pictures.py`), and of stock (`stock.py`)."""

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
from inventory.models.pictures import PictureFile
from inventory.models.search import SearchWord
from inventory.models.stock import StockDocument, StockLevel, StockMovement

__all__ = [
    "Barcode",
    "Brand",
    "Category",
    "LocationPrice",
    "PictureFile",
    "Product",
    "SearchWord",
    "StockDocument",
    "StockLevel",
    "StockMovement",
    "TaxRate",
    "Unit",
    "Variation",
]
