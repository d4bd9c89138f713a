"""WooCommerce: a row for a product, and rows of variations that name it by its id or SKU.

Variations stand anywhere in the file. A first pass notes the last row that speaks of each parent,
so that the second holds a product no longer than until then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from django.utils.translation import gettext as _

from archive.products.cells import Line
from archive.products.drafts import WARNING, Problem, ProductDraft, VariationDraft
from archive.products.markup import plain_text
from archive.products.shapes.parts import (
    add_variation,
    finished,
    options_of,
    orphan,
    product_of,
    unreadable,
    variation_of,
)

_WITHOUT_CLASS = frozenset({"", "standard", "parent", "none"})
_LEFT_ASIDE = frozenset({"grouped", "external"})


class _Family:
    """A parent and its variations while the file is read."""

    __slots__ = ("lines", "product", "variations")

    def __init__(self) -> None:
        self.product: ProductDraft | None = None
        self.variations: list[VariationDraft] = []
        self.lines: list[Line] = []


def read(lines: Iterable[Line], again: Callable[[], Iterable[Line]]) -> Iterator[ProductDraft]:
    """`again` gives the rows once more, from the first."""
    last, names = _last_rows(again())
    families: dict[str, _Family] = {}
    for line in lines:
        if not line.is_readable:
            yield unreadable(line)
            continue
        kind = _kind(line)
        key = _parent(line, names) if kind == "variation" else _own_key(line)
        if kind == "variation":
            if key not in last:
                yield orphan(line, _("is a variation of a product that is not in the file"))
                continue
            _take_variation(families.setdefault(key, _Family()), line)
        elif key and last.get(key, 0):
            family = families.setdefault(key, _Family())
            if family.product is not None:
                yield orphan(line, _("is the same product again"))
            else:
                family.product = _product(line)
        else:
            yield _alone(line)
        if key and last.get(key) == line.row:
            yield from _done(families.pop(key, None))
    for family in families.values():
        yield from _done(family)


def _kind(line: Line) -> str:
    words = re.split(r"\s*,\s*", line.cell("kind").casefold())
    return next(
        (word for word in words if word in ("variation", "variable", *_LEFT_ASIDE)), "simple"
    )


def _own_key(line: Line) -> str:
    number = line.cell("reference")
    return f"id:{number}" if number else f"sku:{line.cell('sku')}" if line.cell("sku") else ""


def _parent(line: Line, names: dict[str, str]) -> str:
    told = line.cell("parent")
    number = re.fullmatch(r"id:\s*(\d+)", told, re.IGNORECASE)
    return f"id:{number[1]}" if number else names.get(told, f"sku:{told}")


def _last_rows(lines: Iterable[Line]) -> tuple[dict[str, int], dict[str, str]]:
    """For each product with variations the last row of it, and the keys of products by SKU."""
    names: dict[str, str] = {}
    parents: dict[str, int] = {}
    told: dict[str, int] = {}
    for line in lines:
        if not line.is_readable:
            continue
        if _kind(line) == "variation":
            told[_parent(line, {})] = line.row
        elif _kind(line) == "variable":
            key = _own_key(line)
            parents.setdefault(key, line.row)
            if line.cell("sku"):
                names.setdefault(line.cell("sku"), key)
    last = dict(parents)
    for parent, row in told.items():
        key = names.get(parent.removeprefix("sku:"), parent)
        if key in last:
            last[key] = max(last[key], row)
    return last, names


def _product(line: Line) -> ProductDraft:
    product = product_of(line, plain_text)
    product.sku = line.sku()
    if (line.cell("tax_rate") or "").casefold() in _WITHOUT_CLASS:
        product.tax_rate = None
    if product.image:
        product.image = product.image.split(",")[0].strip()
    first = re.split(r"(?<!\\),", line.cell("category"))[0].replace("\\,", ",")
    product.category = tuple(part.strip() for part in first.split(">") if part.strip()) or None
    return product


def _take_variation(family: _Family, line: Line) -> None:
    variation = variation_of(line, " / ".join(options_of(line)) or _name_behind(line))
    variation.is_active = line.flag("is_active")
    holder = ProductDraft(line.row, variations=family.variations)
    add_variation(holder, variation)
    if line.problems or holder.problems:
        line.problems += holder.problems
        family.lines.append(line)


def _name_behind(line: Line) -> str:
    """“Shirt - Red, L” names the variation after the product."""
    return (line.text("name") or "").rpartition(" - ")[2]


def _alone(line: Line) -> ProductDraft:
    product = _product(line)
    kind = _kind(line)
    if kind in _LEFT_ASIDE:
        line.complain("kind", line.cell("kind"), _("is no product that a till can sell"), WARNING)
        product.is_for_sale = False
    if kind == "variable":
        line.complain("kind", line.cell("kind"), _("has variations, and none is in the file"))
    product.variations.append(variation_of(line))
    _keeps_stock(product, line.has("stock"))
    return finished(product)


def _done(family: _Family | None) -> Iterator[ProductDraft]:
    if family is None:
        return
    for line in family.lines if family.product is None else ():
        yield orphan(line, _("is a variation of a product that is not in the file"))
    product = family.product
    if product is None:
        return
    product.variations = family.variations
    for line in family.lines:
        product.problems += line.problems
    if not product.variations:
        reason = _("has variations, and none of them is in the file")
        product.problems.append(Problem(product.row, "", product.name, reason))
        product.variations.append(VariationDraft(product.row))
    _keeps_stock(product, True)
    yield finished(product)


def _keeps_stock(product: ProductDraft, is_told: bool) -> None:
    if is_told and product.is_stocked is None:
        product.is_stocked = any(one.stock for one in product.variations)
