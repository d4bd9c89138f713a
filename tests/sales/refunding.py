"""Refunds and exchanges for the tests: asked for by the manager at the shop's register."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import Membership, User
from inventory.models import Variation
from sales.checkout import LineRequest, PaymentRequest
from sales.exchanges import ExchangeRequest, exchange
from sales.models import Payment, Register, Sale
from sales.refunds import RefundRequest, refund_sale
from sales.returning import ReturnRequest
from tenants.ids import uuid7
from tests.factories import Shop

Ways = Sequence[tuple[Payment.Method, str]]


def back(number: int, quantity: str = "1", restock: bool = True) -> ReturnRequest:
    """So much of that line."""
    return ReturnRequest(number, Decimal(quantity), restock)


def ways_of(ways: Ways | None) -> list[PaymentRequest] | None:
    if ways is None:
        return None
    return [PaymentRequest(method, Decimal(amount)) for method, amount in ways]


def asking_back(
    shop: Shop, sale: Sale, *lines: ReturnRequest, ways: Ways | None = None, **fields: Any
) -> RefundRequest:
    """Without lines: one piece of the first."""
    values: dict[str, Any] = {
        "id": uuid7(),
        "sale_id": sale.pk,
        "register_id": shop.register.pk,
        "lines": lines or [back(1)],
        "reason": "Too small",
        "payments": ways_of(ways),
    }
    return RefundRequest(**{**values, **fields})


def member(shop: Shop, user: User | None = None) -> Membership:
    found: Membership = Membership.objects.select_related("role", "user").get(
        user=user or shop.manager
    )
    return found


def send_back(shop: Shop, request: RefundRequest, *, user: User | None = None, **more: Any) -> Sale:
    with transaction.atomic():
        return refund_sale(actor=member(shop, user), request=request, **more)


def refund(shop: Shop, sale: Sale, *lines: ReturnRequest, **fields: Any) -> Sale:
    return send_back(shop, asking_back(shop, sale, *lines, **fields))


def asking_other(
    shop: Shop,
    sale: Sale,
    returns: Sequence[ReturnRequest],
    *lines: tuple[Variation, str],
    total: str,
    ways: Ways | None = None,
    **fields: Any,
) -> ExchangeRequest:
    values: dict[str, Any] = {
        "id": uuid7(),
        "sale_id": sale.pk,
        "register_id": shop.register.pk,
        "returns": returns,
        "lines": [LineRequest(one.pk, Decimal(quantity)) for one, quantity in lines],
        "reason": "Another colour",
        "total": Decimal(total),
        "payments": ways_of(ways),
    }
    return ExchangeRequest(**{**values, **fields})


def swap(shop: Shop, *args: Any, user: User | None = None, **fields: Any) -> Sale:
    request = asking_other(shop, *args, **fields)
    with transaction.atomic():
        return exchange(actor=member(shop, user), request=request)


def second_till(shop: Shop) -> Register:
    register: Register = Register.objects.create(
        name="Till 2", location=shop.high_street, prefix="ACM2"
    )
    return register


def paid(document: Sale) -> list[tuple[Any, Any]]:
    rows = Payment.objects.filter(sale=document).order_by("line")
    return [(row.method, row.amount) for row in rows]
