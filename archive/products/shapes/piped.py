"""UltimatePOS: a row is a product; what belongs to its variations stands apart by | in one cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from archive.products.cells import Line
from archive.products.drafts import ERROR, WARNING, Level, ProductDraft, VariationDraft
from archive.products.fields import tidy
from archive.products.shapes.parts import (
    MOST_VARIATIONS,
    finished,
    orphan,
    product_of,
    says_something,
    unreadable,
    variation_of,
)

_CENT = Decimal("0.01")


def read(lines: Iterable[Line]) -> Iterator[ProductDraft]:
    for line in lines:
        if not line.is_readable:
            yield unreadable(line)
        elif not says_something(line, "name", "sku"):
            yield orphan(line, _("has no name and no SKU, so it means no product"))
        elif _is_variable(line):
            yield finished(_variable(line))
        else:
            yield finished(_single(line))


def _is_variable(line: Line) -> bool:
    kind = line.cell("kind").casefold()
    if kind not in ("", "single", "variable"):
        level: Level = WARNING if kind == "combo" else ERROR
        line.complain("kind", line.cell("kind"), _("is neither single nor variable"), level)
    return kind == "variable" or (kind == "" and "|" in line.cell("option1_value"))


def _single(line: Line) -> ProductDraft:
    product = product_of(line)
    one = variation_of(line)
    if one.cost is None:
        one.cost = line.amount("cost_with_tax")
    if one.price is None:
        one.price = _price_by_margin(one.cost, line.percent("margin"))
    product.variations.append(one)
    return product


def _variable(line: Line) -> ProductDraft:
    product = product_of(line)
    product.sku = line.sku()
    names = _split(line, "option1_value")
    if not names:
        line.complain("option1_value", "", _("is blank, but the product has variations"))
    if len(names) > MOST_VARIATIONS:
        line.complain("option1_value", "", _("lists more than %d variations") % MOST_VARIATIONS)
        names = []
    skus = _for_each(line, "variation_skus", len(names))
    costs = _for_each(line, "cost", len(names))
    if not any(costs):
        costs = _for_each(line, "cost_with_tax", len(names))
    prices = _for_each(line, "price", len(names))
    stocks = _for_each(line, "stock", len(names))
    margin = None if any(prices) else line.percent("margin")
    location = line.text("location") or ""
    for name, sku, cost, price, stock in zip(names, skus, costs, prices, stocks, strict=True):
        one = VariationDraft(line.row, name, line.sku("variation_skus", sku))
        one.cost = line.amount("cost", cost)
        one.price = line.amount("price", price)
        if one.price is None:
            one.price = _price_by_margin(one.cost, margin)
        quantity = line.quantity("stock", stock)
        if quantity is not None:
            one.stock[location] = quantity
        product.variations.append(one)
    if not product.variations:
        product.variations.append(VariationDraft(line.row))
    return product


def _split(line: Line, key: str) -> list[str]:
    raw = line.cell(key)
    parts = [tidy(part) for part in raw.split("|")] if raw else []
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _for_each(line: Line, key: str, count: int) -> list[str]:
    """One value for each variation: as many as there are names, or one that holds for all."""
    parts = _split(line, key)
    if len(parts) == 1 and key in ("cost", "cost_with_tax", "price"):
        return parts * count
    if len(parts) > count:
        reason = _("lists %(values)d values for %(names)d variations") % {
            "values": len(parts),
            "names": count,
        }
        line.complain(key, line.cell(key), reason)
    return (parts + [""] * count)[:count]


def _price_by_margin(cost: Decimal | None, margin: Decimal | None) -> Decimal | None:
    """What the other system would have computed, to two decimals, half up."""
    if cost is None or margin is None:
        return None
    return (cost * (100 + margin) / 100).quantize(_CENT, ROUND_HALF_UP)
