"""Our own table of products, to be downloaded and filled in: the columns, and an example of each.

The headers are the same in every language, so that they are known again. (archive/products/presets.py)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import IO, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from archive.tables.writing import Value, write_csv, write_xlsx

#: Each column with what it is for.
COLUMNS: Final[dict[str, str | Promise]] = {
    "Name": gettext_lazy("What it is called. The rows of one product follow each other."),
    "Variation": gettext_lazy("Blank, or what tells it from the others of the same name."),
    "SKU": gettext_lazy("Your own code. The product with this code is changed, not made again."),
    "Barcode": gettext_lazy("One or several, with | between them."),
    "Category": gettext_lazy("With > between the levels."),
    "Brand": gettext_lazy("Made where there is none of this name."),
    "Unit": gettext_lazy("What a quantity counts: pc, kg, box."),
    "Description": gettext_lazy("As many lines as you like."),
    "Cost": gettext_lazy("What one costs you, without tax."),
    "Price": gettext_lazy("What one sells for."),
    "Tax rate": gettext_lazy("A percentage, or the name of a rate."),
    "Prices include tax": gettext_lazy("yes or no"),
    "Keep stock": gettext_lazy("yes, or no for services"),
    "Stock": gettext_lazy("How many there are."),
    "Location": gettext_lazy("Where they are. Blank where there is but one location."),
    "Warn below": gettext_lazy("Listed as low stock under this quantity."),
    "Can be sold": gettext_lazy("yes or no"),
    "Active": gettext_lazy("yes or no"),
    "Picture": gettext_lazy("An address, or the name of a file in the archive of pictures."),
}

_EXAMPLE: Final[list[dict[str, Value]]] = [
    {
        "Name": "Ground coffee 500 g", "SKU": "000123", "Barcode": "4006381333931",
        "Category": "Groceries > Coffee", "Brand": "Alba", "Unit": "pc",
        "Description": "Medium roast.\nKeep it dry.", "Cost": Decimal("4.20"),
        "Price": Decimal("6.99"), "Tax rate": "20%", "Prices include tax": "yes",
        "Keep stock": "yes", "Stock": 24, "Warn below": 6, "Can be sold": "yes", "Active": "yes",
        "Picture": "https://example.com/coffee.jpg",
    },
    {
        "Name": "T-shirt", "Variation": "Small", "SKU": "TS-S", "Barcode": "036000291452",
        "Category": "Clothing", "Unit": "pc", "Cost": Decimal("5.00"), "Price": Decimal("14.90"),
        "Tax rate": "20%", "Prices include tax": "yes", "Keep stock": "yes", "Stock": 10,
    },
    {
        "Name": "T-shirt", "Variation": "Large", "SKU": "TS-L", "Cost": Decimal("5.00"),
        "Price": Decimal("15.90"), "Stock": 8,
    },
    {
        "Name": "Mountain cheese", "SKU": "CH-1", "Category": "Groceries > Cheese", "Unit": "kg",
        "Cost": Decimal("11.40"), "Price": Decimal("19.80"), "Tax rate": "10%",
        "Prices include tax": "yes", "Keep stock": "yes", "Stock": Decimal("7.25"),
    },
    {
        "Name": "-20 °C cooling pack", "SKU": "CP-20", "Barcode": "96385074|CP-BOX", "Unit": "pc",
        "Cost": Decimal("0.80"), "Price": Decimal("1.95"), "Tax rate": "20%",
        "Prices include tax": "yes", "Keep stock": "yes", "Stock": 100, "Warn below": 20,
    },
    {
        "Name": "Gift wrapping", "SKU": "WRAP", "Price": Decimal("2.50"), "Tax rate": "20%",
        "Prices include tax": "yes", "Keep stock": "no", "Can be sold": "yes",
    },
]  # fmt: skip


def columns(locations: Sequence[str] = ()) -> list[str]:
    """The headers; with several locations a column of stock and one of prices for each."""
    if len(locations) < 2:
        return list(COLUMNS)
    names: list[str] = []
    for name in COLUMNS:
        if name == "Stock":
            names += [f"Stock [{location}]" for location in locations]
        elif name == "Price":
            names += [name, *(f"Price [{location}]" for location in locations)]
        elif name != "Location":
            names.append(name)
    return names


def rows(locations: Sequence[str] = ()) -> Iterator[list[Value]]:
    """The header, and the example beneath it."""
    header = columns(locations)
    yield list(header)
    stock = f"Stock [{locations[0]}]" if len(locations) > 1 else "Stock"
    for example in _EXAMPLE:
        values = {**example, stock: example.get("Stock")}
        yield [values.get(name) for name in header]


def as_csv(file: IO[bytes], locations: Sequence[str] = ()) -> None:
    """Write the template as CSV."""
    write_csv(file, rows(locations))


def as_xlsx(file: IO[bytes], locations: Sequence[str] = ()) -> None:
    """Write the template as a workbook, in which a second sheet explains the columns."""
    explained: list[list[Value]] = [[_("Column"), _("What it is for")]]
    explained += [[name, str(told)] for name, told in COLUMNS.items()]
    write_xlsx(file, [(_("Products"), rows(locations)), (_("Explained"), explained)])
