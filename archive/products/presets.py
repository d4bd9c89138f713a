"""The tables of other systems: which of their columns is which field, and how rows make products.

Names are compared in the form of `synonyms.simple`. A preset's `shape` is how its rows are read:
see archive/products/shapes/.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from archive.products.synonyms import WORDS, simple, simple_without_notes

#: Columns that differ by location: a pattern for the header, and the field.
Patterns = tuple[tuple[re.Pattern[str], str], ...]


@dataclass(slots=True, frozen=True)
class Preset:
    """`signs` are headers that all have to be there for the preset to be recognised; of those
    that are alternatives to each other, one. `by_name` also takes headers by our synonyms."""

    key: str
    label: str | Promise
    shape: str
    columns: dict[str, tuple[str, ...]]
    signs: tuple[tuple[str, ...], ...] = ()
    patterns: Patterns = ()
    by_position: tuple[str, ...] = ()
    by_name: bool = False

    def recognises(self, headers: Sequence[str]) -> bool:
        forms = {
            form for header in headers for form in (simple(header), simple_without_notes(header))
        }
        return bool(self.signs) and all(
            any(simple(word) in forms for word in words) for words in self.signs
        )


def _columns(**fields: str) -> dict[str, tuple[str, ...]]:
    return {
        field: tuple(simple(word) for word in words.split(",")) for field, words in fields.items()
    }


def _patterns(**fields: str) -> Patterns:
    return tuple((re.compile(pattern, re.IGNORECASE), field) for field, pattern in fields.items())


_BRACKETS: Final = r"\s*\[\s*(?P<location>[^\]]+?)\s*\]"

TILLBOOK: Final = Preset(
    key="tillbook",
    label=gettext_lazy("Tillbook's own template"),
    shape="plain",
    columns=WORDS,
    signs=(("Name",), ("Variation",), ("SKU",), ("Prices include tax",), ("Warn below",)),
    patterns=_patterns(price=rf"price{_BRACKETS}", stock=rf"(opening )?stock{_BRACKETS}"),
    by_name=True,
)

#: The 37 columns in their order; "" is one that we have no use for.
_ULTIMATEPOS_ORDER: Final = (
    "name", "brand", "unit", "category", "subcategory", "sku", "", "is_stocked", "alert_quantity",
    "", "", "tax_rate", "tax_inclusive", "kind", "option1_name", "option1_value", "variation_skus",
    "cost_with_tax", "cost", "margin", "price", "stock", "location", "", "", "", "", "", "",
    "image", "description", "", "", "", "", "not_for_sale", "",
)  # fmt: skip

ULTIMATEPOS: Final = Preset(
    key="ultimatepos",
    label="UltimatePOS",
    shape="piped",
    columns=_columns(
        name="Name, Product Name",
        brand="Brand",
        unit="Unit",
        category="Category",
        subcategory="Sub-category",
        sku="SKU",
        is_stocked="Manage Stock",
        alert_quantity="Alert quantity",
        tax_rate="Applicable Tax",
        tax_inclusive="Selling Price Tax Type",
        kind="Product Type",
        option1_name="Variation Name",
        option1_value="Variation Values",
        variation_skus="Variation SKUs",
        cost_with_tax="Purchase Price Including Tax",
        cost="Purchase Price Excluding Tax",
        margin="Profit Margin, Profit Margin %",
        price="Selling Price",
        stock="Opening Stock",
        location="Opening stock location",
        image="Image",
        description="Product Description",
        not_for_sale="Not for selling",
    ),
    signs=(
        ("Variation Values",),
        ("Selling Price Tax Type",),
        ("Purchase Price (Including Tax)", "Purchase Price (Excluding Tax)"),
    ),
    by_position=_ULTIMATEPOS_ORDER,
)

_OPTIONS: Final = {
    f"option{number}_{part}": f"Option{number} {part}"
    for number in (1, 2, 3)
    for part in ("name", "value")
}

SHOPIFY: Final = Preset(
    key="shopify",
    label="Shopify",
    shape="options",
    columns=_columns(
        reference="Handle, URL handle",
        name="Title",
        description="Body (HTML), Description",
        brand="Vendor",
        category="Type, Product Category",
        sku="Variant SKU, SKU",
        barcode="Variant Barcode, Barcode",
        price="Variant Price, Price",
        cost="Cost per item",
        stock="Variant Inventory Qty, Inventory quantity",
        tracker="Variant Inventory Tracker, Inventory tracker",
        is_active="Status",
        image="Image Src, Product image URL",
        **_OPTIONS,
    ),
    signs=(("Handle", "URL handle"), ("Title",), ("Option1 Value",), ("Variant Price", "Price")),
)

WOOCOMMERCE: Final = Preset(
    key="woocommerce",
    label="WooCommerce",
    shape="parents",
    columns=_columns(
        reference="ID",
        kind="Type, Typ",
        sku="SKU, Artikelnummer",
        barcode="GTIN, UPC, EAN, GTIN UPC EAN or ISBN, GTIN UPC EAN oder ISBN",
        name="Name",
        is_active="Published, Veröffentlicht",
        description="Description, Beschreibung, Short description, Kurzbeschreibung",
        tax_rate="Tax class, Steuerklasse",
        stock="Stock, Lager, Bestand, Lagerbestand",
        alert_quantity="Low stock amount, Geringe Lagermenge",
        price="Regular price, Regulärer Preis",
        cost="Cost of goods, Cost",
        category="Categories, Kategorien",
        brand="Brands, Brand, Marken",
        image="Images, Bilder",
        parent="Parent, Übergeordnetes Produkt",
        **{
            f"option{number}_{part}": f"Attribute {number} {word}, Attribut {number} {german}"
            for number in (1, 2, 3, 4)
            for part, word, german in (("name", "name", "Name"), ("value", "value(s)", "Wert(e)"))
        },
    ),
    signs=(
        ("Type", "Typ"),
        ("Parent", "Übergeordnetes Produkt"),
        ("Regular price", "Regulärer Preis"),
    ),
)

SQUARE: Final = Preset(
    key="square",
    label="Square",
    shape="square",
    columns=_columns(
        reference="Reference Handle, Token",
        name="Item Name",
        variation="Variation Name",
        sku="SKU",
        barcode="GTIN",
        description="Description",
        category="Category, Categories, Reporting Category",
        price="Price",
        cost="Default Unit Cost",
        is_for_sale="Sellable",
        is_stocked="Stockable",
        is_archived="Archived",
        **{
            f"option{number}_{part}": f"Option {part} {number}"
            for number in (1, 2, 3)
            for part in ("name", "value")
        },
    ),
    signs=(("Item Name",), ("Variation Name",), ("Token", "Reference Handle", "GTIN")),
    patterns=_patterns(
        stock=r"current quantity (?P<location>.+)",
        new_stock=r"new quantity (?P<location>.+)",
        alert_quantity=r"stock alert count (?P<location>.+)",
        price=r"price (?P<location>.+)",
        tax=r"tax - (?P<location>.+)",
    ),
)

LOYVERSE: Final = Preset(
    key="loyverse",
    label="Loyverse",
    shape="options",
    columns=_columns(
        reference="Handle",
        sku="SKU",
        name="Name",
        category="Category",
        description="Description",
        by_weight="Sold by weight",
        price="Default price, Price",
        cost="Cost",
        barcode="Barcode",
        part="SKU of included item",
        is_stocked="Track stock",
        is_for_sale="Available for sale",
        stock="In stock",
        alert_quantity="Low stock",
        **{
            f"option{number}_{part}": f"Option {number} {part}"
            for number in (1, 2, 3)
            for part in ("name", "value")
        },
    ),
    signs=(("Handle",), ("Sold by weight",), ("Option 1 value",)),
    patterns=_patterns(
        price=rf"price{_BRACKETS}",
        stock=rf"in stock{_BRACKETS}",
        alert_quantity=rf"low stock{_BRACKETS}",
        is_for_sale=rf"available for sale{_BRACKETS}",
        tax=r"tax - (?P<location>.+)",
    ),
)

PRESETS: Final[dict[str, Preset]] = {
    preset.key: preset for preset in (TILLBOOK, ULTIMATEPOS, SHOPIFY, WOOCOMMERCE, SQUARE, LOYVERSE)
}

#: Any other table: a row is a product, or a variation where a column names it.
BY_NAME: Final = Preset(
    key="",
    label=gettext_lazy("By the names of the columns"),
    shape="plain",
    columns=WORDS,
    patterns=TILLBOOK.patterns,
    by_name=True,
)


def preset_of(key: str) -> Preset:
    """Raises KeyError for one that there is not."""
    return PRESETS[key] if key else BY_NAME


def recognise(headers: Sequence[str]) -> Preset:
    """The preset that the headers speak for; else by name."""
    return next((one for one in PRESETS.values() if one.recognises(headers)), BY_NAME)
