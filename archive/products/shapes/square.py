"""Square: each row is a variation; rows that share the item's name follow each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from archive.products.cells import Line
from archive.products.drafts import ProductDraft
from archive.products.shapes.parts import (
    add_variation,
    finished,
    options_of,
    orphan,
    product_of,
    unreadable,
    variation_of,
)

#: What Square calls the only variation of an item.
_ONLY = frozenset({"regular", "normal", "standard", "régulier"})


def read(lines: Iterable[Line]) -> Iterator[ProductDraft]:
    product: ProductDraft | None = None
    for line in lines:
        name = line.cell("name")
        if product is not None and line.is_readable and name == product.name:
            add_variation(product, variation_of(line, _variation_name(line)))
            product.problems += line.problems
            continue
        if product is not None:
            yield _finished(product)
        product = None
        if not line.is_readable:
            yield unreadable(line)
            continue
        if not name:
            yield orphan(line, _("has no name of an item"))
            continue
        product = product_of(line)
        product.variations.append(variation_of(line, _variation_name(line)))
    if product is not None:
        yield _finished(product)


def _variation_name(line: Line) -> str:
    return line.text("variation") or " / ".join(options_of(line))


def _finished(product: ProductDraft) -> ProductDraft:
    if len(product.variations) == 1 and product.variations[0].name.casefold() in _ONLY:
        product.variations[0].name = ""
    return finished(product)
