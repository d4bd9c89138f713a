"""Telling a plan in a report: counts, and old and new values as people read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from archive.products.planned import ProductPlan, VariationPlan
from archive.products.report import SHOWN, Report
from archive.products.shelves import Shelves
from tenants.spelling import plain_number

#: How columns are called in reports; the others have the names of their fields.
_NAMES = {
    "category_id": "category",
    "brand_id": "brand",
    "unit_id": "unit",
    "tax_rate_id": "tax_rate",
}
_LONGEST = 200


def tell_plan(report: Report, plan: ProductPlan, shelves: Shelves) -> None:
    counts = report.counts
    counts["products"] += 1
    counts["rows"] += max(1, len(plan.draft.variations))
    for problem in plan.problems:
        report.tell(problem)
    if not plan.is_good:
        counts["wrong"] += 1
        return
    counts["new" if plan.new else "changed" if plan.differs else "same"] += 1
    counts["stock_left"] += plan.left
    counts["stock_of_services"] += plan.services
    for one in plan.variations:
        counts["variations_new"] += one.new
        counts["variations_changed"] += not one.new and one.differs
        counts["barcodes"] += len(one.codes)
        counts["location_prices"] += len(one.prices)
        counts["stock_opened"] += len(one.opening)
        counts["stock_counted"] += len(one.counted)
    if plan.new and len(report.new) < SHOWN:
        report.new.append(_new(plan, shelves))
    elif not plan.new and plan.differs and len(report.changed) < SHOWN:
        report.changed.append(_changed(plan, shelves))


def _head(plan: ProductPlan) -> dict[str, Any]:
    first = next(iter(plan.draft.variations), None)
    return {
        "row": plan.draft.row,
        "name": plan.draft.name,
        "sku": plan.draft.sku or (first.sku if first else ""),
    }


def _new(plan: ProductPlan, shelves: Shelves) -> dict[str, Any]:
    prices = sorted({one.values["price"] for one in plan.variations})
    stock = sum((quantity for one in plan.variations for _at, quantity in one.opening), Decimal(0))
    span = [prices[0], prices[-1]] if len(prices) > 1 else prices
    return {
        **_head(plan),
        "variations": len(plan.variations),
        "category": shelves.path(plan.values["category_id"]),
        "price": " – ".join(plain_number(price) for price in span),
        "stock": plain_number(stock) if any(one.opening for one in plan.variations) else "",
        "barcodes": [code for one in plan.variations for code in one.codes][:5],
    }


def _changed(plan: ProductPlan, shelves: Shelves) -> dict[str, Any]:
    changes = _pairs(plan.before, plan.values, shelves, "")
    for one in plan.variations:
        changes += _of_variation(one, shelves)
    return {**_head(plan), "changes": changes[:50]}


def _of_variation(one: VariationPlan, shelves: Shelves) -> list[dict[str, Any]]:
    label = one.label
    found = [] if one.new else _pairs(one.before, one.values, shelves, label)
    if one.new:
        found.append(_change("variation", label, None, one.draft.name or label))
    found += [_change("barcode", label, None, code) for code in one.codes]
    for place, _row, old, price in one.prices:
        name = f"price: {shelves.locations[place].code}"
        found.append(_change(name, label, _text(old), _text(price)))
    for place, quantity in one.opening:
        found.append(_change(_at(shelves, place), label, None, _text(quantity)))
    for place, level, quantity in one.counted:
        found.append(_change(_at(shelves, place), label, _text(level), _text(quantity)))
    return found


def _at(shelves: Shelves, place: Any) -> str:
    return f"stock: {shelves.locations[place].code}"


def _pairs(
    before: dict[str, Any], after: dict[str, Any], shelves: Shelves, label: str
) -> list[dict[str, Any]]:
    found = []
    for name, value in after.items():
        # What it is found by follows from the rest.
        if name == "search_text":
            continue
        old, new = before.get(name), value
        if name in _NAMES:
            old, new = shelves.name(name, old), shelves.name(name, new)
        found.append(_change(_NAMES.get(name, name), label, _text(old), _text(new)))
    return found


def _change(field: str, variation: str, old: str | None, new: str | None) -> dict[str, Any]:
    return {"field": field, "variation": variation, "old": old, "new": new}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)[:_LONGEST]
