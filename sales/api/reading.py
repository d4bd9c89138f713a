"""A request for a sale, read from JSON: strict, and without asking the database anything."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from accounts.bodies import Body
from sales.cards import holds_card_number
from sales.checkout import LineRequest, PaymentRequest, SaleRequest
from sales.judging import OfflineLine, OfflineSale
from sales.models import Payment
from sales.pricing import Discount, DiscountKind
from sales.sellable import MAX_LINES

MAX_PAYMENTS = 20
_LAST4 = re.compile("[0-9]{4}")


def read_sale(body: Body) -> SaleRequest:
    """What the till asks for. Raises Refused (400) naming every field that is wrong."""
    request = SaleRequest(
        id=body.uuid("id"),
        register_id=body.uuid("register"),
        lines=[read_line(part) for part in body.parts("lines", most=MAX_LINES)],
        payments=read_payments(body),
        total=body.amount("total"),
        discount=_discount(body.optional_part("discount")),
        customer_id=body.optional_uuid("customer"),
        note=safe_text(body, "note", most=500),
    )
    body.finish()
    return request


def read_offline(body: Body) -> OfflineSale:
    """A sale that was made offline. What is wrong stands in `body` alone, until it is finished:
    such a sale is held, and not refused."""
    return OfflineSale(
        id=body.uuid("id"),
        register_id=body.uuid("register"),
        lines=[_offline_line(part) for part in body.parts("lines", most=MAX_LINES)],
        payments=[_payment(part) for part in body.parts("payments", most=MAX_PAYMENTS)],
        total=body.amount("total"),
        sold_at=body.moment("sold_at"),
        number=body.text("number", most=40),
        discount=_discount(body.optional_part("discount")),
        customer_id=body.optional_uuid("customer"),
        operator_id=body.optional_uuid("operator"),
        cash_step=body.optional_amount("cash_step"),
        note=safe_text(body, "note", most=500),
    )


def _offline_line(part: Body) -> OfflineLine:
    return OfflineLine(
        variation_id=part.uuid("variation"),
        quantity=part.amount("quantity"),
        unit_price=part.amount("unit_price"),
        tax_rate=part.amount("tax_rate"),
        tax_inclusive=part.flag("tax_inclusive", required=True),
        tax_name=part.text("tax_name", most=100),
        discount=_discount(part.optional_part("discount")),
        own_price=part.flag("own_price"),
    )


def read_line(part: Body) -> LineRequest:
    return LineRequest(
        variation_id=part.uuid("variation"),
        quantity=part.amount("quantity"),
        discount=_discount(part.optional_part("discount")),
        unit_price=part.optional_amount("unit_price"),
    )


def _discount(part: Body | None) -> Discount | None:
    if part is None:
        return None
    return Discount(kind=part.choice("kind", DiscountKind), value=part.amount("value"))


def read_payments(body: Body) -> list[PaymentRequest]:
    return [_payment(part) for part in body.parts("payments", most=MAX_PAYMENTS)]


def _payment(part: Body) -> PaymentRequest:
    last4 = part.text("card_last4", most=100)
    if last4 and not _LAST4.fullmatch(last4):
        part.problem("card_last4", _("Send the last four digits of the card and nothing else."))
        last4 = ""
    return PaymentRequest(
        method=part.choice("method", Payment.Method),
        amount=part.amount("amount"),
        card_brand=safe_text(part, "card_brand", most=20),
        card_last4=last4,
        reference=safe_text(part, "reference", most=60),
    )


def safe_text(body: Body, name: str, *, most: int, required: bool = False) -> str:
    """Text that holds no card number: those are refused before anything is stored."""
    value = body.text(name, most=most, required=required)
    if holds_card_number(value):
        body.problem(name, _("This looks like a card number. Card numbers must not be stored."))
        return ""
    return value
