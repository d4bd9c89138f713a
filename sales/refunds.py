"""Refunds: some lines or quantities of a sale come back, in a document of their own.

A refund is final, as every document is: one made by mistake is mended by selling again. Refunds may
be made at any register that has an open shift, also at another than the one of the sale; the lock is
on the document that they take from. However a sale is split into refunds, they sum to it in every
amount, and all they give back is what was paid, its cash rounding included (where the smallest coin
has not changed since, and for as long as no exchange took a part of it).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.checkout import PaymentRequest
from sales.errors import OtherValue
from sales.models import Payment, Sale
from sales.posting import post
from sales.pricing import PricedSale, summarise
from sales.refundable import (
    Refundable,
    refundable,
)
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
    takes_all,
    usable,
    ways_back,
)
from sales.shifts import lock_open_shift
from tenants.context import current

ZERO = Decimal(0)
Method = Payment.Method


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A refund as it is asked for. `id` is made by the client and makes the request repeatable.

    `payments` are by which ways money goes back, as positive amounts; None: all of it by `method`,
    with its `reference`, or without one the way it was paid.
    `total` is what the goods were said to be worth, before cash rounding, or None to take what the
    server computes. `customer_id` is who gets credit where the sale has no customer.
    """

    id: uuid.UUID
    sale_id: uuid.UUID
    register_id: uuid.UUID
    lines: Sequence[ReturnRequest]
    reason: str
    payments: Sequence[PaymentRequest] | None = None
    total: Decimal | None = None
    customer_id: uuid.UUID | None = None
    method: Payment.Method | None = None
    reference: str = ""

    def hash(self) -> str:
        return request_hash("refund", self)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a refund comes to, all positive: `value` of the goods, `given` in money, and by which
    `ways`. given - value is what coins made of it."""

    found: Refundable
    returns: Sequence[Return]
    sums: PricedSale
    ways: Sequence[PaymentRequest]

    @property
    def value(self) -> Decimal:
        return self.sums.total

    @property
    def given(self) -> Decimal:
        return sum((way.amount for way in self.ways), ZERO)

    @property
    def rounding(self) -> Decimal:
        """As the document has it, in which amounts are negative."""
        return self.value - self.given


def plan_refund(found: Refundable, request: RefundRequest) -> Plan:
    """What the refund would come to, without recording it. Raises Refused as `refund_sale` does.

    Only who holds the lock on the document may rely upon it.
    """
    business = current()
    returns = take_back(found.lines, request.lines, digits=business.digits)
    sums = summarise([one.part for one in returns], digits=business.digits)
    if request.total is not None and request.total != sums.total:
        raise OtherValue(shown=request.total, computed=sums.total)
    owed = found.owed(sums.total, is_all=takes_all(found, returns))
    somebody = bool(found.sale.customer_id or request.customer_id)
    ways = ways_back(found, request, owed, customer=somebody)
    return Plan(found, returns, sums, ways)


# -- recording it ---------------------------------------------------------------------------------


def refund_sale(
    *,
    actor: Membership,
    request: RefundRequest,
    device: Device | None = None,
    at: datetime | None = None,
) -> Sale:
    """Take lines of a sale or an exchange back, and money out of the shift of the asked register.

    The same request again returns the first result, with `was_recorded`. Raises PermissionDenied
    without sell.refund, Http404 for a document or register that the actor may not see, and Refused:
    without a reason or an open shift, for more than is left of a line, another total or amount, more
    by a way than was paid by it, a document that is voided or from a history, and credit that the
    sale brought and that was spent since. After an exception the transaction has to be rolled back.
    """
    if not actor.can(Permission.SELL_REFUND):
        raise PermissionDenied(_("You may not refund sales."))
    reason = needed_reason(request.reason)
    with transaction.atomic(savepoint=False):
        shift = lock_open_shift(request.register_id, device)
        earlier = recorded_before(actor, device, request.id, request.hash())
        if earlier is not None:
            return earlier
        shift = usable(actor, device, shift)
        found = refundable(locked_document(actor, device, request.sale_id))
        plan = plan_refund(found, request)
        refund = started(Sale.Kind.REFUND, request, found, shift, actor, device, reason, at)
        fill(refund, plan.sums, sign=-1)
        refund.rounding = plan.rounding
        ways, new_credit = given_back(found, plan.ways)
        post(
            sale=refund,
            lines=[returned_line(one, found.sale) for one in plan.returns],
            payments=ways,
            register=shift.register,
            adds_credit=credit_lines(found.sale, plan.returns),
            new_credit=new_credit,
            paid_in=found.funds.documents,
        )
        note(actor, device, found.sale, refund, "sale.refund")
        return refund
