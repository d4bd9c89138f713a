"""The account of a sales file in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

KINDS = {
    "sale": "Sales",
    "free": "Given away (price 0)",
    "return": "Returns",
    "adjustment": "Adjustments",
    "write_off": "Stock write-offs",
}
ITEMS = {"goods": "Goods", "service": "Services", "voucher": "Gift vouchers"}
DOCUMENTS = {"new": "New", "same": "Here already", "refused": "Refused"}
ODD = {
    "doubled_lines": "lines that stand twice in their document; each was kept",
    "several_times": "documents whose lines have several times; the first one counts",
    "codes_of_several_cases": "codes in several letter cases, taken as one",
    "codes_of_several_names": "codes with several descriptions; the most frequent one names it",
    "price_zero": "lines with the price 0",
    "price_tiny": "lines with a price below 0.01",
    "negative_price": "lines with a negative price",
    "no_name": "lines without a description",
    "no_customer": "lines without a customer",
    "implausible": "lines with an implausible quantity or price",
}
MOST = 20


def told(report: dict[str, Any], *, only: str = "") -> Iterator[str]:
    """The report (`Report.as_json()`) as lines of text; `only` one part of it."""
    parts = {"account": _account, "odd": _odd, "missing": _missing, "refused": _refused}
    for name, part in parts.items():
        if not only or name == only:
            yield from part(report)


def _account(report: dict[str, Any]) -> Iterator[str]:
    days = f" of {report['first']} to {report['last']}" if report["first"] else ""
    yield f"{_count(report['lines'])} lines in {_count(report['documents'])} documents{days}"
    for part, names in (("kinds", KINDS), ("items", ITEMS)):
        yield _row("", "documents", "lines", "quantity x price")
        for name in names:
            if tally := report[part].get(name):
                yield _tally(names[name], tally)
        yield _row("  Sum", "", _count(report["lines"]), _money(report["sum"]))
    if Decimal(report["total"]) != Decimal(report["sum"]):
        yield f"With discounts, taxes and rounding to four places: {_money(report['total'])}"
    yield _row("", "documents", "lines", "quantity x price")
    for name, label in DOCUMENTS.items():
        yield _tally(label, report[name])
    codes, customers = report["codes"], report["customers"]
    made = f", {_count(codes['made'])} made" if "made" in codes else ""
    yield f"Codes: {_count(codes.get('all', 0))}, {_count(codes.get('found', 0))} found{made}"
    made = f", {_count(customers['made'])} made" if "made" in customers else ""
    found = customers.get("found", 0)
    yield f"Customers: {_count(customers.get('all', 0))}, {_count(found)} found{made}"
    if report["stock"]:
        stock = report["stock"]
        yield (
            f"Stock: {_count(stock['movements'])} movements; "
            f"{_count(stock['below_zero'])} levels are below zero now"
        )
    for note in report["notes"]:
        yield f"Note: {note}"


def _odd(report: dict[str, Any]) -> Iterator[str]:
    for name, label in ODD.items():
        if count := report["odd"].get(name):
            yield f"  {_count(count):>9} {label}"
    for one in report["implausible"][:MOST]:
        yield (
            f"            row {one['row']}, {one['number']}, {one['code']}: "
            f"{one['quantity']} x {one['price']}"
        )


def _missing(report: dict[str, Any]) -> Iterator[str]:
    missing = report["missing"]
    if not missing:
        return
    verb = "were made" if "made" in report["codes"] else "--create-missing makes them"
    yield f"Codes that the catalogue lacked ({verb}):"
    for one in missing[:MOST]:
        yield f"  {one['code']:<20} {one['name'][:50]:<50} {_count(one['lines']):>7} lines"
    if len(missing) > MOST:
        more = report["codes"]["missing"] - MOST
        yield f"  and {_count(more)} more; --json lists them all"


def _refused(report: dict[str, Any]) -> Iterator[str]:
    for one in report["refusals"]:
        yield f"Refused: row {one['row']}, {one['value']} {one['reason']}"
    if (more := report["refused"]["documents"] - len(report["refusals"])) > 0:
        yield f"Refused: {_count(more)} more documents"
    for one in report["faults"]:
        column = f", {one['column']}" if one["column"] else ""
        yield f"Fault: row {one['row']}{column} “{one['value']}”: {one['reason']}"
    if (more := report["fault_count"] - len(report["faults"])) > 0:
        yield f"Fault: {_count(more)} more"


def _tally(label: str, tally: dict[str, Any]) -> str:
    return _row(
        f"  {label}", _count(tally["documents"]), _count(tally["lines"]), _money(tally["sum"])
    )


def _row(label: str, documents: str, lines: str, amount: str) -> str:
    return f"{label:<26}{documents:>10}{lines:>10}{amount:>20}"


def _count(value: int) -> str:
    return f"{value:,}"


def _money(text: str) -> str:
    return f"{Decimal(text):,}"
