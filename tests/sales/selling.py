"""Sales for the tests of pages: priced as the till would, paid in cash unless said otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, User
from inventory.models import Variation
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import Payment, Register, Sale, Shift
from sales.pricing import Discount, DiscountKind, LineInput, price_sale
from sales.shifts import open_shift
from sales.voids import void_sale
from tenants.ids import uuid7
from tests.factories import Shop, make_person, signed_in

Line = tuple[Variation, str] | tuple[Variation, str, Discount]


def percent(value: int) -> Discount:
    return Discount(DiscountKind.PERCENT, Decimal(value))


def fixed(value: str) -> Discount:
    return Discount(DiscountKind.FIXED, Decimal(value))


def sell(
    shop: Shop,
    *lines: Line,
    user: User | None = None,
    register: Register | None = None,
    discount: Discount | None = None,
    cash: str | None = None,
    card: str | None = None,
    customer: bool = False,
    at: datetime | None = None,
) -> Sale:
    """A sale in the bound shop; without `cash` and `card` exactly its total in cash."""
    lines = lines or ((shop.mug, "1"),)
    asked = [LineRequest(line[0].pk, Decimal(line[1]), *line[2:]) for line in lines]
    total = price_sale(
        [
            LineInput(
                str(index),
                line.quantity,
                variation.price,
                variation.product.tax_rate.rate if variation.product.tax_rate else Decimal(0),
                variation.product.tax_inclusive,
                line.discount,
            )
            for index, (line, (variation, *_rest)) in enumerate(zip(asked, lines, strict=True))
        ],
        discount=discount,
        digits=shop.business.digits,
    ).total
    payments = []
    if card is not None:
        payments.append(
            PaymentRequest(Payment.Method.CARD, Decimal(card), card_brand="Visa", card_last4="4242")
        )
    if cash is not None or card is None:
        payments.append(PaymentRequest(Payment.Method.CASH, Decimal(cash or total)))
    request = SaleRequest(
        id=uuid7(),
        register_id=(register or shop.register).pk,
        lines=asked,
        payments=payments,
        total=total,
        discount=discount,
        customer_id=shop.customer.pk if customer else None,
    )
    member = Membership.objects.get(user=user or shop.cashier)
    with transaction.atomic():
        return checkout(actor=member, request=request, sold_at=at)


def void(shop: Shop, sale: Sale, *, reason: str = "Wrong product", at: datetime | None = None):
    member = Membership.objects.get(user=shop.manager)
    with transaction.atomic():
        return void_sale(actor=member, sale=sale, reason=reason, void_id=uuid7(), at=at)


def market_register(shop: Shop) -> Register:
    register: Register = Register.objects.create(
        name="Stall", location=shop.market, prefix="ACMM", is_active=True
    )
    shop.market.below_zero = "allow"
    shop.market.save()
    return register


def market_shift(shop: Shop) -> Shift:
    """An open shift at the other location, where stock may run below zero."""
    return open_shift(actor=shop.manager, register=market_register(shop), opening_float=Decimal(0))


def market_manager(shop: Shop):
    """Signed in: a manager who is confined to the market. The business must be bound."""
    return signed_in(make_person("acme.stall", shop.roles["Manager"], locations=[shop.market]))


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of the block, as production sends them.

    There a transaction begins with the business already set; inside a test's own transaction each
    binding shows as a statement of its own, which is left out here.
    """
    statements: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield statements
    statements += [
        query["sql"]
        for query in queries
        if not query["sql"].startswith("SET LOCAL app.business_id")
    ]
