"""Calls of the pricing functions as data: strings in, strings out, as the vectors hold them.

`tests/js/calls.cjs` does the same for the browser's twin.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sales import pricing
from sales.pricing import Discount, DiscountKind, LineInput, PricedLine, Tender, TenderKind

Args = Mapping[str, Any]


def answer(call: str, args: Args) -> dict[str, Any]:
    """The result as JSON, or the code, field and text of the refusal."""
    try:
        return {"result": as_json(CALLS[call](args))}
    except pricing.PricingError as error:
        return {"error": {"code": str(error.code), "field": error.field, "message": str(error)}}


def as_json(value: object) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {f.name: as_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return value


def line_input(data: Args) -> LineInput:
    return LineInput(
        key=data["key"],
        quantity=Decimal(data["quantity"]),
        unit_price=Decimal(data["unit_price"]),
        tax_rate=Decimal(data["tax_rate"]),
        tax_inclusive=data["tax_inclusive"],
        discount=discount(data.get("discount")),
    )


def discount(data: Args | None) -> Discount | None:
    return Discount(DiscountKind(data["kind"]), Decimal(data["value"])) if data else None


def sold_line(data: Args) -> PricedLine:
    amounts = ("quantity", "unit_price", "discount", "sale_discount", "net", "tax", "total")
    return PricedLine(
        key="sold",
        gross=Decimal(0),
        tax_rate=Decimal(data["tax_rate"]),
        tax_inclusive=data["tax_inclusive"],
        **{name: Decimal(data[name]) for name in amounts},
    )


def _price_sale(args: Args) -> object:
    return pricing.price_sale(
        [line_input(line) for line in args["lines"]],
        discount=discount(args.get("discount")),
        digits=args["digits"],
    )


def _allocate(args: Args) -> object:
    weights = [Decimal(weight) for weight in args["weights"]]
    return pricing.allocate(Decimal(args["amount"]), weights, digits=args["digits"])


def _cash_round(args: Args) -> object:
    return pricing.cash_round(Decimal(args["total"]), Decimal(args["step"]), digits=args["digits"])


def _change_due(args: Args) -> object:
    return pricing.change_due(
        Decimal(args["total"]),
        cash=None if args["cash"] is None else Decimal(args["cash"]),
        other=Decimal(args["other"]),
        digits=args["digits"],
        cash_step=Decimal(args["cash_step"]),
    )


def _settle(args: Args) -> object:
    return pricing.settle(
        Decimal(args["total"]),
        [Tender(TenderKind(t["kind"]), Decimal(t["amount"])) for t in args["tenders"]],
        digits=args["digits"],
        cash_step=Decimal(args["cash_step"]),
    )


def _refund_split(args: Args) -> object:
    """Refund the line in parts, one after the other."""
    line = sold_line(args["line"])
    refunded = Decimal(0)
    shares = []
    for part in map(Decimal, args["parts"]):
        shares.append(
            pricing.refund_share(line, refunded=refunded, quantity=part, digits=args["digits"])
        )
        refunded += part
    return shares


CALLS: dict[str, Callable[[Args], object]] = {
    "price_sale": _price_sale,
    "allocate": _allocate,
    "cash_round": _cash_round,
    "change_due": _change_due,
    "settle": _settle,
    "refund_split": _refund_split,
}
