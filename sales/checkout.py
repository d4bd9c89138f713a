"""Completing a sale: what may be sold, by whom, at what price; then one posting.

The server prices. The client's total is what the customer saw, and another one is refused.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Device, Membership, User
from accounts.permissions import Permission
from sales.canonical import canonical
from sales.credit_sales import adding_credit, check_credit
from sales.errors import CannotPrice, NoOpenShift, OtherRequest, OtherTotal
from sales.models import Customer, Payment, Register, Sale, SaleLine, Shift
from sales.posting import post
from sales.pricing import (
    Discount,
    LineInput,
    PricedSale,
    PricingError,
    Settlement,
    Tender,
    TenderKind,
    price_sale,
    settle,
)
from sales.rows import MODELS, Rows
from sales.sellable import variations_of
from sales.shifts import has_another_register, lock_open_shift
from tenants.context import current
from tenants.errors import Refused

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LineRequest:
    """One line as it was scanned. `unit_price` only where the cashier changed it."""

    variation_id: uuid.UUID
    quantity: Decimal
    discount: Discount | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """One tender: for cash what was handed over, otherwise the exact amount."""

    method: Payment.Method
    amount: Decimal
    card_brand: str = ""
    card_last4: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class SaleRequest:
    """A sale as the till asks for it. `id` is made there and makes the request repeatable.

    `total` is what the customer was shown, before cash rounding.
    """

    id: uuid.UUID
    register_id: uuid.UUID
    lines: Sequence[LineRequest]
    payments: Sequence[PaymentRequest]
    total: Decimal
    discount: Discount | None = None
    customer_id: uuid.UUID | None = None
    note: str = ""

    def hash(self) -> str:
        """The same for the same request, whatever the spelling of its numbers."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()


def checkout(
    *,
    actor: Membership,
    request: SaleRequest,
    device: Device | None = None,
    sold_at: datetime | None = None,
) -> Sale:
    """Record a sale completely, or not at all; the same request again returns the first result.

    `was_recorded` on the sale tells the two apart; a new one has its lines and payments at hand.
    Raises Refused (NoOpenShift, OtherRequest, OtherTotal, CannotPrice, ledger.OutOfStock, …) with
    a sentence for the cashier, PermissionDenied for a discount or price the actor may not give, and
    Http404 for a register that the actor may not see. After an exception the transaction has to be
    rolled back; `sold_at` is for histories, the till leaves it out.
    """
    # Without a savepoint: an error here always rolls back the whole request.
    with transaction.atomic(savepoint=False):
        shift = lock_open_shift(request.register_id, device)
        if shift is not None and not visible(actor, device, shift.register.location_id):
            raise Http404
        earlier = Sale.objects.filter(pk=request.id).first()
        if earlier is not None:
            if earlier.request_hash != request.hash() or not _may_see(actor, device, earlier):
                raise OtherRequest
            earlier.was_recorded = True
            return earlier
        if shift is None:
            raise _no_shift(actor, device, request.register_id)
        if not (shift.register.is_active and shift.register.location.is_active):
            raise Refused("register_inactive", _("This register is switched off."), status=409)
        check_permissions(actor, request)
        return _post(actor, request, device, shift, sold_at or timezone.now())


def _no_shift(
    actor: Membership, device: Device | None, register_id: uuid.UUID
) -> Http404 | NoOpenShift:
    """Why there is nothing to sell on: a register that one may not see does not exist."""
    registers = Register.objects.filter(pk=register_id)
    if device is not None:
        registers = registers.exclude(has_another_register(device, "pk"))
    register = registers.first()
    if register is None or not visible(actor, device, register.location_id):
        return Http404()
    return NoOpenShift()


def visible(actor: Membership, device: Device | None, location_id: uuid.UUID) -> bool:
    """Whether the actor, or the device they stand at, may see this location."""
    if device is not None and not device.reaches(location_id):
        return False
    return actor.location_ids is None or location_id in actor.location_ids


def _may_see(actor: Membership, device: Device | None, sale: Sale) -> bool:
    return visible(actor, device, sale.location_id)


def needed_permissions(request: SaleRequest) -> list[Permission]:
    """What a person needs for this sale, the right to sell first."""
    needed = {
        Permission.SELL_CREATE: True,
        Permission.SELL_DISCOUNT_WHOLE: request.discount is not None,
        Permission.SELL_DISCOUNT: any(line.discount for line in request.lines),
        Permission.SELL_PRICE_OVERRIDE: any(line.unit_price is not None for line in request.lines),
        Permission.CUSTOMER_CREDIT_VIEW: any(
            payment.method == Payment.Method.CREDIT for payment in request.payments
        ),
    }
    return [permission for permission, asked in needed.items() if asked]


def check_permissions(actor: Membership, request: SaleRequest) -> None:
    for permission in needed_permissions(request):
        if not actor.can(permission):
            raise PermissionDenied(
                _("You need the permission “%(name)s” for this.") % {"name": permission.label}
            )


def _post(
    actor: Membership,
    request: SaleRequest,
    device: Device | None,
    shift: Shift,
    sold_at: datetime,
) -> Sale:
    return record_sale(
        request,
        operator=actor.user,
        device=device,
        shift=shift,
        customer=_customer(request.customer_id),
        variations=variations_of(request, shift.register.location),
        sold_at=sold_at,
    )


def record_sale(
    request: SaleRequest,
    *,
    operator: User,
    device: Device | None,
    shift: Shift,
    customer: Customer | None,
    variations: Mapping[uuid.UUID, Any],
    sold_at: datetime,
    rows: Rows = MODELS,
    last: bool = False,
) -> Sale:
    """Price, settle and post what may be sold. Raises Refused.

    `shift` is open and locked, with its register and location; `variations` are rows of `sellable`,
    or what looks like them. `rows` says what the document is made of. With `last` the transaction
    may be over afterwards.
    """
    business = current()
    try:
        priced = price_sale(
            line_inputs(request, variations), discount=request.discount, digits=business.digits
        )
        # Before the payment: who was shown another total has paid another one.
        if priced.total != request.total:
            raise OtherTotal(
                shown=f"{request.total}",
                computed=f"{priced.total}",
                difference=f"{priced.total - request.total}",
            )
        settled = settle_request(priced, request, business.digits, business.cash_step)
    except PricingError as error:
        raise CannotPrice(error) from error
    adds_credit = adding_credit(request, variations)
    check_credit(request, priced, adds_credit, customer)
    sale = sale_row(
        request,
        operator=operator,
        device=device,
        shift=shift,
        customer=customer,
        priced=priced,
        settled=settled,
        sold_at=sold_at,
        rows=rows,
    )
    return post(
        sale=sale,
        lines=sale_lines(request, priced, variations, rows),
        payments=sale_payments(request, settled, rows),
        register=shift.register,
        adds_credit=adds_credit,
        last=last,
    )


def sale_row(
    request: SaleRequest,
    *,
    operator: User,
    device: Device | None,
    shift: Shift,
    customer: Customer | None,
    priced: PricedSale,
    settled: Settlement,
    sold_at: datetime,
    rows: Rows = MODELS,
) -> Sale:
    """The document as it is to be posted, without its parts and its number."""
    location = shift.register.location
    sale: Sale = rows.sale(
        id=request.id,
        kind=Sale.Kind.SALE,
        location=location,
        register=shift.register,
        shift=shift,
        operator=operator,
        device=device,
        customer=customer,
        note=request.note,
        sold_at=sold_at,
        business_date=sold_at.astimezone(location.zone).date(),
        currency=current().currency,
        item_count=priced.item_count,
        subtotal=priced.subtotal,
        discount=priced.discount,
        net=priced.net,
        tax=priced.tax,
        total=priced.total,
        rounding=settled.rounding,
        request_hash=request.hash(),
        **_discount_columns(request.discount),
    )
    return sale


def _customer(customer_id: uuid.UUID | None) -> Customer | None:
    if customer_id is None:
        return None
    customer: Customer | None = Customer.objects.active().filter(pk=customer_id).first()
    if customer is None:
        raise Refused(
            "unknown_customer",
            _("This customer does not exist."),
            {"customer": [_("This customer does not exist.")]},
            status=400,
        )
    return customer


def line_inputs(request: SaleRequest, variations: Mapping[uuid.UUID, Any]) -> list[LineInput]:
    inputs = []
    for index, line in enumerate(request.lines):
        row = variations[line.variation_id]
        rate = row.product.sold_tax_rate
        inputs.append(
            LineInput(
                key=str(index),
                quantity=line.quantity,
                unit_price=row.selling_price if line.unit_price is None else line.unit_price,
                tax_rate=ZERO if rate is None else rate.rate,
                tax_inclusive=row.product.tax_inclusive,
                discount=line.discount,
            )
        )
    return inputs


def settle_request(
    priced: PricedSale, request: SaleRequest, digits: int, cash_step: Decimal
) -> Settlement:
    tenders = [
        Tender(
            TenderKind.CASH if payment.method == Payment.Method.CASH else TenderKind.OTHER,
            payment.amount,
        )
        for payment in request.payments
    ]
    return settle(priced.total, tenders, digits=digits, cash_step=cash_step)


def sale_lines(
    request: SaleRequest,
    priced: PricedSale,
    variations: Mapping[uuid.UUID, Any],
    rows: Rows = MODELS,
) -> list[SaleLine]:
    lines = []
    for asked, line in zip(request.lines, priced.lines, strict=True):
        variation = variations[asked.variation_id]
        rate = variation.product.sold_tax_rate
        lines.append(
            rows.line(
                variation_id=asked.variation_id,
                name=variation.full_name,
                sku=variation.sku,
                quantity=line.quantity,
                unit_price=line.unit_price,
                unit_cost=variation.cost,
                gross=line.gross,
                discount=line.discount,
                sale_discount=line.sale_discount,
                net=line.net,
                tax=line.tax,
                total=line.total,
                tax_name="" if rate is None else rate.name,
                tax_rate=line.tax_rate,
                tax_inclusive=line.tax_inclusive,
                is_stocked=variation.product.moves_stock,
                **_discount_columns(asked.discount),
            )
        )
    return lines


def sale_payments(request: SaleRequest, settled: Settlement, rows: Rows = MODELS) -> list[Payment]:
    return [
        rows.payment(
            method=asked.method,
            amount=applied,
            tendered=asked.amount,
            change=asked.amount - applied,
            card_brand=asked.card_brand,
            card_last4=asked.card_last4,
            reference=asked.reference,
        )
        for asked, applied in zip(request.payments, settled.applied, strict=True)
    ]


def _discount_columns(discount: Discount | None) -> dict[str, Any]:
    if discount is None:
        return {}
    return {"discount_kind": discount.kind.value, "discount_value": discount.value}
