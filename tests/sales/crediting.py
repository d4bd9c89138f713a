"""Credit for the tests: granting it, paying with it, and a product that adds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import Membership, User
from inventory.models import Variation
from sales import credit
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import CreditAccount, CreditEntry, Customer, Payment, Sale
from tenants.ids import uuid7
from tests.factories import Shop, make_product

Method = Payment.Method


def grant(
    shop: Shop,
    amount: str,
    *,
    until: date | None = None,
    at: datetime | None = None,
    customer: Customer | None = None,
    **fields: Any,
) -> CreditEntry:
    """Credit from the owner, in the bound shop."""
    values: dict[str, Any] = {"reason": "Thank you", "request_id": uuid7(), **fields}
    return credit.grant(
        actor=shop.owner,
        customer=customer or shop.customer,
        amount=Decimal(amount),
        expires_on=until,
        at=at,
        **values,
    )


def voucher(shop: Shop, price: str = "25.00") -> Variation:
    """A product that adds credit; taxed and stocked by its columns, which must not count."""
    return make_product(
        "Store credit", sku="CREDIT", price=price, adds_credit=True, tax_rate=shop.tax
    )


def asking(
    shop: Shop,
    *lines: tuple[Variation, str],
    pay: Sequence[tuple[Payment.Method, str]],
    customer: bool = True,
    **fields: Any,
) -> SaleRequest:
    """A sale of these lines at their prices, to the shop's customer."""
    asked = [LineRequest(one.pk, Decimal(quantity)) for one, quantity in lines]
    total = sum((one.price * Decimal(quantity) for one, quantity in lines), Decimal(0))
    values: dict[str, Any] = {
        "id": uuid7(),
        "register_id": shop.register.pk,
        "lines": asked,
        "payments": [PaymentRequest(method, Decimal(amount)) for method, amount in pay],
        "total": total,
        "customer_id": shop.customer.pk if customer else None,
    }
    return SaleRequest(**{**values, **fields})


def do(shop: Shop, request: SaleRequest, *, user: User | None = None, **more: Any) -> Sale:
    member = Membership.objects.select_related("role", "user").get(user=user or shop.cashier)
    with transaction.atomic():
        return checkout(actor=member, request=request, **more)


def ledger(shop: Shop) -> list[tuple[Any, ...]]:
    """Kind, amount and running balance of the customer's entries, after looking that they add up."""
    entries = CreditEntry.objects.filter(account__customer=shop.customer).order_by("pk")
    rows = list(entries.values_list("kind", "amount", "balance"))
    running = Decimal(0)
    for _kind, amount, balance in rows:
        running += amount
        assert running == balance >= 0
    account = CreditAccount.objects.filter(customer=shop.customer).first()
    assert running == (account.balance if account else 0)
    return rows
