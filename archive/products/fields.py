"""Our fields of a product, and how the text of a cell becomes a value of each.

Every parser returns a value or raises Unfit, whose message goes on after the value: “is neither
yes nor no”. What is likely wrong but possible is said by a `doubt` instead. Numbers are in
numbers.py, barcodes in gtin.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from archive.fitting import Unfit


@dataclass(slots=True, frozen=True)
class Field:
    """A field that a column can be. With `per_location` there is one column for each location."""

    key: str
    label: str | Promise
    longest: int = 200
    per_location: bool = False


def _fields(*fields: Field) -> dict[str, Field]:
    return {field.key: field for field in fields}


FIELDS: Final = _fields(
    Field("name", gettext_lazy("Name"), 300),
    Field("variation", gettext_lazy("Variation")),
    Field("sku", gettext_lazy("SKU"), 100),
    Field("barcode", gettext_lazy("Barcode"), 2000),
    Field("category", gettext_lazy("Category"), 1000),
    Field("subcategory", gettext_lazy("Subcategory")),
    Field("brand", gettext_lazy("Brand")),
    Field("unit", gettext_lazy("Unit"), 100),
    Field("description", gettext_lazy("Description"), 100_000),
    Field("cost", gettext_lazy("Cost")),
    Field("price", gettext_lazy("Price"), per_location=True),
    Field("tax_rate", gettext_lazy("Tax rate"), 100),
    Field("tax_inclusive", gettext_lazy("Prices include tax")),
    Field("is_stocked", gettext_lazy("Keep stock")),
    Field("stock", gettext_lazy("Stock"), per_location=True),
    Field("location", gettext_lazy("Location of the stock")),
    Field("alert_quantity", gettext_lazy("Warn below"), per_location=True),
    Field("is_for_sale", gettext_lazy("Can be sold"), per_location=True),
    Field("not_for_sale", gettext_lazy("Not for sale")),
    Field("is_active", gettext_lazy("Active")),
    Field("is_archived", gettext_lazy("Archived")),
    Field("image", gettext_lazy("Picture"), 2000),
    Field("product_sku", gettext_lazy("SKU of the product"), 100),
    Field("reference", gettext_lazy("Name in the other system"), 300),
    Field("parent", gettext_lazy("Product that it varies")),
    Field("kind", gettext_lazy("Kind")),
    Field("variation_skus", gettext_lazy("SKUs of the variations"), 10_000),
    Field("cost_with_tax", gettext_lazy("Cost with tax")),
    Field("margin", gettext_lazy("Margin in percent")),
    Field("new_stock", gettext_lazy("New stock"), per_location=True),
    Field("tracker", gettext_lazy("Stock is kept by")),
    Field("by_weight", gettext_lazy("Sold by weight")),
    Field("part", gettext_lazy("Part of a bundle")),
    Field("tax", gettext_lazy("Tax applies"), per_location=True),
    *(
        Field(f"option{number}_{part}", label, 10_000)
        for number in (1, 2, 3, 4)
        for part, label in (
            ("name", gettext_lazy("Name of an option")),
            ("value", gettext_lazy("Value of an option")),
        )
    ),
)


# --- Text ---------------------------------------------------------------------------------------

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
#: They reorder what a person reads, so that it is not what is stored. Joiners are left alone.
_REORDERING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def tidy(text: str) -> str:
    """Text in form C, stripped, without control characters and without those that reorder it."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _REORDERING.sub("", _CONTROL.sub("", unicodedata.normalize("NFC", text)))
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def one_line(text: str) -> str:
    return " ".join(text.split()) if "\n" in text or "\t" in text else text


def doubt_text(raw: str, text: str) -> str:
    """What is odd about a text that was taken in, or ""."""
    if raw.isascii() and raw.isprintable():
        return ""
    if _CONTROL.search(raw):
        return _("holds control characters; they were left out")
    if _REORDERING.search(raw):
        return _("holds characters that turn the direction of writing; they were left out")
    if "\ufffd" in text:
        return _("holds characters that could not be read")
    return ""


# --- Yes and no ---------------------------------------------------------------------------------

_YES: Final = frozenset(
    re.split(
        r"\s+",
        "1 1.0 y yes true t on x ✓ ✔ ja j wahr aktiv oui o vrai si sí sì verdadero vero sim tak "
        "prawda ano да д истина evet doğru نعم כן active enabled visible instock available publish "
        "published shopify inclusive",
    )
)
_NO: Final = frozenset(
    re.split(
        r"\s+",
        "0 0.0 -1 n no false f off - ✗ ✘ nein falsch inaktiv non faux falso não nao nie fałsz ne "
        "нет н ложь hayır yanlış لا לא inactive disabled hidden outofstock unavailable draft "
        "archived private none exclusive",
    )
)


def yes_or_no(text: str) -> bool:
    """What a cell answers, in one of many spellings and languages."""
    told = text.strip().casefold()
    if told in _YES:
        return True
    if told in _NO:
        return False
    raise Unfit(_("is neither yes nor no"))


def longest(limit: int) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if len(text) > limit:
            raise Unfit(_("is longer than %d characters") % limit)
        return text

    return convert
