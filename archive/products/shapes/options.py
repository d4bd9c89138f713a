"""Shopify and Loyverse: rows that share a handle are one product, told apart by up to three options.

The first row has what belongs to the product; the others have a variation each, or, in Shopify,
nothing but one more picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from archive.products.cells import Line
from archive.products.drafts import WARNING, ProductDraft
from archive.products.markup import plain_text
from archive.products.shapes.parts import (
    add_variation,
    finished,
    options_of,
    orphan,
    product_of,
    says_something,
    unreadable,
    variation_of,
)

#: The value that Shopify gives to the only variation of a product without options.
_DEFAULT = "default title"


def read(lines: Iterable[Line]) -> Iterator[ProductDraft]:
    product: ProductDraft | None = None
    tracked = False
    for line in lines:
        if not line.is_readable:
            if product is not None:
                yield _finished(product, tracked)
            product = None
            yield unreadable(line)
            continue
        if product is not None and _continues(line, product):
            _add(product, line)
            tracked = tracked or bool(line.cell("tracker"))
            continue
        if product is not None:
            yield _finished(product, tracked)
        product = None
        if not line.cell("name"):
            yield orphan(line, _("continues a product whose first row is not above it"))
            continue
        product = _begun(line)
        tracked = not line.has("tracker") or bool(line.cell("tracker"))
    if product is not None:
        yield _finished(product, tracked)


def _continues(line: Line, product: ProductDraft) -> bool:
    handle = line.cell("reference")
    if handle and product.reference:
        return handle == product.reference
    return not handle and not line.cell("name")


def _begun(line: Line) -> ProductDraft:
    product = product_of(line, plain_text)
    if line.cell("tracker"):
        product.is_stocked = True
    if line.flag("by_weight") and product.unit is None:
        product.unit = "kg"
        line.complain("by_weight", line.cell("by_weight"), _("was taken for a sale by kg"), WARNING)
    if line.cell("part"):
        reason = _("is a bundle of other products; it comes in without its parts")
        line.complain("part", line.cell("part"), reason, WARNING)
    product.variations.append(variation_of(line, _variation_name(line)))
    return product


def _add(product: ProductDraft, line: Line) -> None:
    if says_something(line, "option1_value", "sku", "barcode", "price", "stock"):
        add_variation(product, variation_of(line, _variation_name(line)))
    product.problems += line.problems


def _variation_name(line: Line) -> str:
    values = options_of(line)
    if len(values) == 1 and values[0].casefold() == _DEFAULT:
        return ""
    return " / ".join(values)


def _finished(product: ProductDraft, tracked: bool) -> ProductDraft:
    """Stock that nobody keeps is still a quantity, but for zero, which then says nothing."""
    if not tracked and product.is_stocked is None:
        if any(any(one.stock.values()) for one in product.variations):
            return finished(product)
        product.is_stocked = False
        for one in product.variations:
            one.stock.clear()
    return finished(product)
