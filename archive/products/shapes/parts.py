"""What a row says about a product and about a variation, alike in every shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _

from archive.products.cells import Line
from archive.products.drafts import ERROR, WARNING, Problem, ProductDraft, VariationDraft
from archive.products.fields import one_line

_DEEPEST: Final = 10
_LONGEST_CATEGORY: Final = 200
_ARROWS: Final = re.compile(r"\s*(?:>|»|→|\|)\s*")
_PERCENTAGE: Final = re.compile(r"\(\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*\)")

#: A product with more variations than this is none: a column was taken for the wrong field.
MOST_VARIATIONS: Final = 2000


def product_of(line: Line, markup: Callable[[str], str] | None = None) -> ProductDraft:
    """A draft with what the row says about the product as a whole, and no variation yet."""
    draft = ProductDraft(line.row, problems=line.problems)
    draft.name = line.text("name") or ""
    draft.description = line.body("description", markup)
    draft.category = category_of(line)
    draft.brand = line.text("brand")
    draft.unit = line.text("unit")
    draft.tax_rate = _tax_rate(line)
    draft.tax_inclusive = line.flag("tax_inclusive")
    draft.is_stocked = line.flag("is_stocked")
    draft.is_for_sale = _is_for_sale(line)
    draft.alert_quantity = line.quantity("alert_quantity")
    for _location, key in line.locations("alert_quantity"):
        found = line.quantity(key)
        draft.alert_quantity = found if draft.alert_quantity is None else draft.alert_quantity
    draft.is_active = line.flag("is_active")
    archived = line.flag("is_archived")
    if archived is not None:
        draft.is_active = not archived
    draft.image = line.text("image")
    draft.sku = line.sku("product_sku")
    draft.reference = line.text("reference") or ""
    return draft


def category_of(line: Line) -> tuple[str, ...] | None:
    """The path, at most ten deep; a column for the subcategory adds to it."""
    path = [part for part in _ARROWS.split(line.text("category") or "") if part]
    below = line.text("subcategory")
    if below:
        path.append(below)
    if len(path) > _DEEPEST:
        line.complain("category", " > ".join(path), _("is more than ten levels deep"))
        return None
    if any(len(part) > _LONGEST_CATEGORY for part in path):
        line.complain("category", " > ".join(path), _("has a name of more than 200 characters"))
        return None
    return tuple(path) or None


def _tax_rate(line: Line) -> str | None:
    found = line.tax_rate()
    for name, key in line.locations("tax"):
        if line.flag(key):
            if found is not None:
                line.complain(key, name, _("is a second tax; a product has one"), WARNING)
                continue
            percentage = _PERCENTAGE.search(name)
            found = f"{percentage[1]}%" if percentage else one_line(name)
    return found


def _is_for_sale(line: Line) -> bool | None:
    found = line.flag("is_for_sale")
    places = [line.flag(key) for _location, key in line.locations("is_for_sale")]
    told = [place for place in places if place is not None]
    if told and found is None:
        found = any(told)
    refused = line.flag("not_for_sale")
    return not refused if refused is not None else found


def variation_of(line: Line, name: str = "") -> VariationDraft:
    """What the row says about what is sold, with its prices and stock by location."""
    draft = VariationDraft(line.row, name, line.sku(), line.barcodes())
    draft.cost = line.amount("cost")
    draft.price = line.amount("price")
    prices_of(line, draft)
    stock_of(line, draft)
    return draft


def prices_of(line: Line, draft: VariationDraft) -> None:
    """Prices by location; without a price of its own, the variation's is that of the first."""
    for location, key in line.locations("price"):
        found = line.amount(key)
        if found is None:
            continue
        if draft.price is None:
            draft.price = found
        elif found != draft.price:
            draft.prices[location] = found


def stock_of(line: Line, draft: VariationDraft) -> None:
    found = line.quantity("stock")
    if found is not None:
        draft.stock[line.text("location") or ""] = found
    for field in ("stock", "new_stock"):  # what the file wants to set goes before what it shows
        for location, key in line.locations(field):
            found = line.quantity(key)
            if found is not None:
                draft.stock[location] = found


def says_something(line: Line, *fields: str) -> bool:
    return any(line.cell(field) for field in fields)


def options_of(line: Line) -> list[str]:
    """The values of the options, in their order."""
    found = (line.text(f"option{number}_value") for number in (1, 2, 3, 4))
    return [value for value in found if value]


def add_variation(product: ProductDraft, variation: VariationDraft) -> None:
    """Take a variation in, with a problem where the product has one of that name already."""
    if len(product.variations) >= MOST_VARIATIONS:
        if len(product.variations) == MOST_VARIATIONS:
            reason = _("has more than %d variations") % MOST_VARIATIONS
            if not any(problem.reason == reason for problem in product.problems):
                product.problems.append(Problem(variation.row, "", product.name, reason))
        return
    product.variations.append(variation)


def finished(product: ProductDraft) -> ProductDraft:
    """The draft with its kind and code, after its last row; checks that names tell things apart."""
    if len(product.variations) == 1 and not product.variations[0].name:
        product.kind = "single"
        product.sku = product.variations[0].sku or product.sku
        product.variations[0].sku = product.sku
        return product
    product.kind = "variable"
    seen: dict[str, int] = {}
    for variation in product.variations:
        if not variation.name:
            reason = _("is one of several variations and has no name")
            _add(product, Problem(variation.row, "", variation.sku or product.name, reason, ERROR))
            continue
        before = seen.setdefault(variation.name.casefold(), variation.row)
        if before != variation.row or _is_twice(product, variation):
            reason = _("is a variation that stands in row %d already") % before
            _add(product, Problem(variation.row, "", variation.name, reason, ERROR))
    return product


def _is_twice(product: ProductDraft, variation: VariationDraft) -> bool:
    """Whether another of the same row has the name: a cell may list several."""
    name = variation.name.casefold()
    first = next(one for one in product.variations if one.name.casefold() == name)
    return first is not variation


def _add(product: ProductDraft, problem: Problem) -> None:
    if len(product.problems) < 200:
        product.problems.append(problem)


def orphan(line: Line, reason: str) -> ProductDraft:
    """A draft for a row that belongs to no product."""
    line.complain("", line.cell("name") or line.cell("sku") or line.cell("reference"), reason)
    draft = ProductDraft(line.row, line.cell("name"), problems=line.problems)
    draft.variations = [VariationDraft(line.row)]
    return draft


def unreadable(line: Line) -> ProductDraft:
    """A draft for a row whose cells are not where they belong; the line has said why."""
    return ProductDraft(line.row, variations=[VariationDraft(line.row)], problems=line.problems)
