"""One row is one product, or one variation where a column names it. This is our own template too.

Rows of one product follow each other: the first has its name, the others have it again or leave
it blank. Rows that differ in nothing but the location are one thing, kept in several places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archive.products.cells import Line
from archive.products.drafts import ProductDraft
from archive.products.shapes.parts import (
    add_variation,
    finished,
    product_of,
    says_something,
    stock_of,
    unreadable,
    variation_of,
)


def read(lines: Iterable[Line]) -> Iterator[ProductDraft]:
    product: ProductDraft | None = None
    last: Line | None = None
    for line in lines:
        if not line.is_readable:
            if product is not None:
                yield finished(product)
            product = None
            yield unreadable(line)
            continue
        if product is not None and last is not None:
            if _is_elsewhere(line, last):
                stock_of(line, product.variations[-1])
                product.problems += line.problems
                continue
            if _continues(line, product):
                add_variation(product, variation_of(line, line.text("variation") or ""))
                product.problems += line.problems
                last = line
                continue
            yield finished(product)
        last = line
        product = None
        product = product_of(line)
        product.variations.append(variation_of(line, line.text("variation") or ""))
    if product is not None:
        yield finished(product)


def _continues(line: Line, product: ProductDraft) -> bool:
    if not line.cell("variation") or not product.variations[0].name:
        return False
    name = line.cell("name")
    return not name or name.casefold() == product.name.casefold()


def _is_elsewhere(line: Line, last: Line) -> bool:
    """Whether the row is the one before it, at another location."""
    if not line.cell("location") or line.cell("location") == last.cell("location"):
        return False
    same = ("name", "variation", "sku", "barcode")
    return says_something(line, "sku", "barcode") and all(
        line.cell(field) == last.cell(field) for field in same
    )
