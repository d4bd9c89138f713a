"""Refunds and exchanges: what they would come to, and recording them exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.bodies import Body
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from sales.api import refund_schema, schema
from sales.api.reading import read_line, read_payments, safe_text
from sales.api.registers import register_or_404
from sales.api.sales import recorded, sale_or_404
from sales.exchanges import ExchangeRequest, Swap, exchange, plan_exchange
from sales.models import Payment
from sales.refundable import refundable
from sales.refunds import Plan, RefundRequest, plan_refund, refund_sale
from sales.returning import Return, ReturnRequest
from sales.sellable import MAX_LINES
from tenants.context import current
from tenants.spelling import plain_money, plain_number

ZERO = Decimal(0)
Shape = dict[str, Any]


class RefundsView(BusinessView):
    needs = {"POST": Permission.SELL_REFUND}

    @extend_schema(
        operation_id="sale_refund",
        request=refund_schema.NewRefund,
        responses={201: schema.SaleDocument, 200: schema.SaleDocument},
        tags=["Refunds and exchanges"],
    )
    def post(self, request: BusinessRequest, sale_id: uuid.UUID) -> Response:
        """Take lines of a sale back, and give the money back: 201. The same request again: 200.

        Money leaves the drawer of the asked register, which may be another than that of the sale.
        It goes back by `payments`; by `method` alone; or, without either, the way it was paid. 409:
        `refund_too_large` (less is left of a line), `too_much_by_method`, `credit_only`,
        `credit_spent`, `already_voided`, `no_open_shift`. 422: `other_total` and `other_amount` hold
        the right figures.
        """
        asked = read_refund(body_of(request), sale_id)
        sale_or_404(request, sale_id)
        register_or_404(request, asked.register_id)
        refund = refund_sale(
            actor=request.membership,
            request=asked,
            device=request.device,
        )
        return recorded(request, refund)


class RefundQuoteView(BusinessView):
    needs = {"POST": Permission.SELL_REFUND}

    @extend_schema(
        operation_id="sale_refund_quote",
        request=refund_schema.RefundQuestion,
        responses=refund_schema.RefundQuote,
        tags=["Refunds and exchanges"],
    )
    def post(self, request: BusinessRequest, sale_id: uuid.UUID) -> Response:
        """What a refund of these lines would give back now, and by which ways. Records nothing."""
        asked = read_refund(body_of(request), sale_id, is_question=True)
        sale = sale_or_404(request, sale_id)
        return Response(_refund_quote(plan_refund(refundable(sale), asked)))


class ExchangesView(BusinessView):
    needs = {"POST": Permission.SELL_EXCHANGE}

    @extend_schema(
        operation_id="sale_exchange",
        request=refund_schema.NewExchange,
        responses={201: schema.SaleDocument, 200: schema.SaleDocument},
        tags=["Refunds and exchanges"],
    )
    def post(self, request: BusinessRequest, sale_id: uuid.UUID) -> Response:
        """Take lines of a sale back and sell others, with one total: 201. The same again: 200.

        `total` is what the customer pays, negative where money goes back. `payments` are in that
        direction, always as positive amounts. Refused like a sale and like a refund.
        """
        asked = read_exchange(body_of(request), sale_id)
        sale_or_404(request, sale_id)
        register_or_404(request, asked.register_id)
        document = exchange(actor=request.membership, request=asked, device=request.device)
        return recorded(request, document)


class ExchangeQuoteView(BusinessView):
    needs = {"POST": Permission.SELL_EXCHANGE}

    @extend_schema(
        operation_id="sale_exchange_quote",
        request=refund_schema.ExchangeQuestion,
        responses=refund_schema.ExchangeQuote,
        tags=["Refunds and exchanges"],
    )
    def post(self, request: BusinessRequest, sale_id: uuid.UUID) -> Response:
        """What such an exchange would come to now. Records nothing."""
        asked = read_exchange(body_of(request), sale_id, is_question=True)
        sale = sale_or_404(request, sale_id)
        location = register_or_404(request, asked.register_id).location
        return Response(_exchange_quote(plan_exchange(refundable(sale), asked, location)))


# -- reading --------------------------------------------------------------------------------------


def read_refund(body: Body, sale_id: uuid.UUID, *, is_question: bool = False) -> RefundRequest:
    """Raises Refused (400) naming every field that is wrong. A question has neither id nor reason."""
    request = RefundRequest(
        **_common(body, sale_id, is_question),
        register_id=_nobody() if is_question else body.uuid("register"),
        lines=[_return(part) for part in body.parts("lines", most=MAX_LINES)],
        total=body.optional_amount("total"),
    )
    body.finish()
    return request


def read_exchange(body: Body, sale_id: uuid.UUID, *, is_question: bool = False) -> ExchangeRequest:
    request = ExchangeRequest(
        **_common(body, sale_id, is_question),
        register_id=body.uuid("register"),
        returns=[_return(part) for part in body.parts("returns", most=MAX_LINES)],
        lines=[read_line(part) for part in body.parts("lines", most=MAX_LINES)],
        total=body.optional_amount("total") if is_question else body.amount("total"),
    )
    body.finish()
    return request


def _common(body: Body, sale_id: uuid.UUID, is_question: bool) -> dict[str, Any]:
    return {
        "id": _nobody() if is_question else body.uuid("id"),
        "sale_id": sale_id,
        "reason": "" if is_question else safe_text(body, "reason", most=200, required=True),
        "payments": read_payments(body) if body.has("payments") else None,
        "method": body.choice("method", Payment.Method) if body.has("method") else None,
        "reference": safe_text(body, "reference", most=60),
        "customer_id": body.optional_uuid("customer"),
    }


def _nobody() -> uuid.UUID:
    """Of a question: it is not recorded under any id."""
    return uuid.UUID(int=0)


def _return(part: Body) -> ReturnRequest:
    return ReturnRequest(
        line=part.count("line"),
        quantity=part.amount("quantity"),
        restock=part.flag("restock") if part.has("restock") else True,
    )


# -- answering ------------------------------------------------------------------------------------


def _refund_quote(plan: Plan) -> Shape:
    return {
        "total": _money(plan.value),
        "rounding": _money(plan.given - plan.value),
        "to_pay": _money(plan.given),
        "lines": [_returned(one) for one in plan.returns],
        "payments": _ways(plan.ways),
    }


def _exchange_quote(plan: Swap) -> Shape:
    return {
        "total": _money(plan.total),
        "returned": _money(plan.back.total),
        "sold": _money(plan.sold.total),
        "returns": [_returned(one) for one in plan.returns],
        "payments": _ways(plan.payments),
    }


def _returned(one: Return) -> Shape:
    return {
        "line": one.line.line,
        "name": one.line.name,
        "quantity": plain_number(one.asked.quantity),
        "restock": one.asked.restock,
        "net": _money(one.part.net),
        "tax": _money(one.part.tax),
        "total": _money(one.part.total),
    }


def _ways(ways: Iterable[Any]) -> list[Shape]:
    return [
        {
            "method": str(way.method),
            "amount": _money(abs(way.amount)),
            "card_brand": way.card_brand,
            "card_last4": way.card_last4,
            "reference": way.reference,
        }
        for way in ways
    ]


def _money(amount: Decimal) -> str:
    return plain_money(amount, current().digits)
