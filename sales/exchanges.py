"""Exchanges: lines of a sale come back and others are sold for them, in one document with one total.

What comes back is worth what it was sold for; what is sold is priced by the server as at a checkout.
A positive total is paid by the customer, a negative one is given back, each rounded to coins as in
sales and refunds; of zero nothing is paid. Like refunds, exchanges are final; their new lines can come
back in their turn.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.checkout import (
    LineRequest,
    PaymentRequest,
    SaleRequest,
    check_permissions,
    line_inputs,
    sale_lines,
    sale_payments,
)
from sales.errors import CannotPrice, OtherTotal
from sales.models import Payment, Sale, SaleLine
from sales.posting import post
from sales.pricing import (
    PricedSale,
    PricingError,
    Tender,
    TenderKind,
    price_sale,
    settle,
    summarise,
)
from sales.refundable import Refundable, by_one_way, refundable
from sales.returning import (
    Return,
    ReturnRequest,
    credit_lines,
    fill,
    given_back,
    locked_document,
    needed_reason,
    note,
    recorded_before,
    request_hash,
    returned_line,
    started,
    take_back,
    usable,
    ways_back,
)
from sales.sellable import variations_of
from sales.shifts import lock_open_shift
from tenants.context import current
from tenants.errors import Refused
from tenants.models import Location

ZERO = Decimal(0)
Method = Payment.Method


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """An exchange as it is asked for: `returns` come back, `lines` are sold.

    `payments` are what the customer pays where the total is positive, and by which ways money goes
    back where it is negative; None: all of it by `method`, or without one nothing, or back the way
    the sale was paid. `total` is what the customer was shown, negative where money goes back;
    None only to plan it.
    """

    id: uuid.UUID
    sale_id: uuid.UUID
    register_id: uuid.UUID
    returns: Sequence[ReturnRequest]
    lines: Sequence[LineRequest]
    reason: str
    total: Decimal | None
    payments: Sequence[PaymentRequest] | None = None
    customer_id: uuid.UUID | None = None
    method: Payment.Method | None = None
    reference: str = ""

    def hash(self) -> str:
        return request_hash("exchange", self)

    def as_sale(self) -> SaleRequest:
        """What is sold, as a checkout reads it."""
        total = self.total or ZERO
        pays = self.payments or () if total > 0 else ()
        if total > 0 and self.payments is None and self.method is not None:
            pays = [PaymentRequest(self.method, total)]
        return SaleRequest(
            self.id, self.register_id, self.lines, pays, total, None, self.customer_id
        )


@dataclass(frozen=True, slots=True)
class Swap:
    """What an exchange comes to: `total` is positive where the customer pays."""

    found: Refundable
    returns: Sequence[Return]
    back: PricedSale
    sold: PricedSale
    variations: Mapping[uuid.UUID, Any]
    payments: Sequence[Payment]
    new_credit: frozenset[int]

    @property
    def total(self) -> Decimal:
        return self.sold.total - self.back.total

    @property
    def to_pay(self) -> Decimal:
        return sum((payment.amount for payment in self.payments), ZERO)


def plan_exchange(found: Refundable, request: ExchangeRequest, location: Location) -> Swap:
    """What the exchange would come to, without recording it. Raises Refused as `exchange` does.

    Where the request has neither a total nor a way to pay it, nothing is paid: that is for telling
    what it would be.
    """
    digits = current().digits
    returns = take_back(found.lines, request.returns, digits=digits)
    if not request.lines:
        said = _("Choose what is sold instead.")
        raise Refused("no_lines", said, {"lines": [said]}, status=400)
    asked = request.as_sale()
    variations = variations_of(asked, location)
    for index, line in enumerate(request.lines):
        # Else what was paid with credit that expires would become credit that does not.
        if variations[line.variation_id].product.adds_credit:
            said = _("Credit cannot be bought in an exchange: refund the goods as credit instead.")
            raise Refused("cannot_sell", said, {f"lines.{index}.variation": [said]}, status=400)
    try:
        sold = price_sale(line_inputs(asked, variations), digits=digits)
        back = summarise([one.part for one in returns], digits=digits)
        total = sold.total - back.total
        if request.total is not None and total != request.total:
            raise OtherTotal(
                shown=f"{request.total}",
                computed=f"{total}",
                difference=f"{total - request.total}",
            )
        payments, fresh = _payments(found, request, total)
    except PricingError as error:
        raise CannotPrice(error) from error
    return Swap(found, returns, back, sold, variations, payments, fresh)


def _payments(
    found: Refundable, request: ExchangeRequest, total: Decimal
) -> tuple[list[Payment], frozenset[int]]:
    """The payments of the document, and which of them are new credit."""
    business = current()
    somebody = bool(found.sale.customer_id or request.customer_id)
    coins: dict[str, Any] = {"step": business.cash_step, "digits": business.digits}
    if total < 0:
        return given_back(found, ways_back(found, request, -total, customer=somebody))
    asked = request.payments or ()
    if request.payments is None and request.method is not None:
        asked = by_one_way(request.method, total, reference=request.reference, **coins)
    elif request.payments is None and request.total is None:
        return [], frozenset()
    if any(way.method == Method.CREDIT for way in asked) and not somebody:
        said = _("Choose the customer first: this sale changes a customer's credit.")
        raise Refused("needs_customer", said, {"customer": [said]}, status=400)
    tenders = [
        Tender(TenderKind.CASH if way.method == Method.CASH else TenderKind.OTHER, way.amount)
        for way in asked
    ]
    settled = settle(total, tenders, digits=business.digits, cash_step=business.cash_step)
    return sale_payments(replace(request.as_sale(), payments=asked), settled), frozenset()


def exchange(
    *,
    actor: Membership,
    request: ExchangeRequest,
    device: Device | None = None,
    at: datetime | None = None,
) -> Sale:
    """Take lines of a sale or an exchange back and sell others, on the shift of the asked register.

    The same request again returns the first result, with `was_recorded`. Raises what a refund and a
    checkout raise: PermissionDenied without sell.exchange and what selling the new lines needs,
    Http404, and Refused. After an exception the transaction has to be rolled back.
    """
    if not actor.can(Permission.SELL_EXCHANGE):
        raise PermissionDenied(_("You may not exchange goods."))
    check_permissions(actor, request.as_sale())
    reason = needed_reason(request.reason)
    if request.total is None:
        said = _("Say which total the customer was shown.")
        raise Refused("invalid", said, {"total": [said]}, status=400)
    with transaction.atomic(savepoint=False):
        shift = lock_open_shift(request.register_id, device)
        earlier = recorded_before(actor, device, request.id, request.hash())
        if earlier is not None:
            return earlier
        shift = usable(actor, device, shift)
        found = refundable(locked_document(actor, device, request.sale_id))
        plan = plan_exchange(found, request, shift.register.location)
        document = started(Sale.Kind.EXCHANGE, request, found, shift, actor, device, reason, at)
        fill(document, plan.back, sign=-1)
        fill(document, plan.sold, sign=1)
        document.rounding = plan.to_pay - plan.total
        lines: list[SaleLine] = [returned_line(one, found.sale) for one in plan.returns]
        lines += sale_lines(request.as_sale(), plan.sold, plan.variations)
        post(
            sale=document,
            lines=lines,
            payments=plan.payments,
            register=shift.register,
            adds_credit=credit_lines(found.sale, plan.returns),
            new_credit=plan.new_credit,
            paid_in=found.funds.documents,
        )
        note(actor, device, found.sale, document, "sale.exchange")
        return document
