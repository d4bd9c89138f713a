"""What is found out about a sale made offline: how the device had it, and what does not fit.

What can be a document gets remarks; `Held` says that it cannot be one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.checkout import (
    LineRequest,
    PaymentRequest,
    SaleRequest,
    needed_permissions,
    settle_request,
)
from sales.errors import CannotPrice
from sales.models import Customer, NumberSeries, Register, Sale, Shift
from sales.pricing import Discount, LineInput, PricedSale, PricingError, Settlement, price_sale
from sales.reasons import Reason
from sales.sellable import priced_at
from sales.series import OwnNumber, own_number
from tenants.context import current
from tenants.models import Location
from tenants.spelling import plain_money, plain_number

# How far a device's clock may be ahead, and how long one may be away.
AHEAD: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class OfflineLine:
    """A line with its price and tax as the device had them. `own_price`: the cashier set it."""

    variation_id: uuid.UUID
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal
    tax_inclusive: bool
    tax_name: str = ""
    discount: Discount | None = None
    own_price: bool = False


@dataclass(frozen=True, slots=True)
class OfflineSale:
    """A sale as the device made it. `number` is on the customer's receipt, where there is one.

    `operator_id` is the membership of who sold it, where that is not who sends it.
    """

    id: uuid.UUID
    register_id: uuid.UUID
    lines: Sequence[OfflineLine]
    payments: Sequence[PaymentRequest]
    total: Decimal
    sold_at: datetime | None = None
    number: str = ""
    discount: Discount | None = None
    customer_id: uuid.UUID | None = None
    operator_id: uuid.UUID | None = None
    cash_step: Decimal | None = None
    note: str = ""

    def online(self) -> SaleRequest:
        """The request that it would have been with a line. Both are the same sale: the till may
        have sent one of them, and not heard the answer."""
        return SaleRequest(
            id=self.id,
            register_id=self.register_id,
            lines=[
                LineRequest(
                    line.variation_id,
                    line.quantity,
                    line.discount,
                    line.unit_price if line.own_price else None,
                )
                for line in self.lines
            ],
            payments=self.payments,
            total=self.total,
            discount=self.discount,
            customer_id=self.customer_id,
            note=self.note,
        )


class Held(Exception):
    """The sale cannot be a document; the transaction is rolled back, and it is kept."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(reasons[0]["code"])
        self.reasons = reasons


@dataclass(slots=True)
class Judgement:
    """What is found out about one sale on its way into the books."""

    actor: Membership
    device: Device | None
    request: OfflineSale
    hash: str
    # A manager posts what was held: their word takes the place of the seller's permissions.
    by_manager: bool = False
    # When it first came in, where that was not now.
    came_at: datetime | None = None
    remarks: list[Reason] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    @property
    def bound_to(self) -> Device | None:
        """The device whose register and place are the only ones; a manager has others."""
        return None if self.by_manager else self.device

    def remark(self, code: str, **about: Any) -> None:
        self.remarks.append({"code": code, **about})


def operator_of(judgement: Judgement) -> Membership:
    """Who sold it. Raises Held where somebody sends it who is no till and may not sell."""
    actor, device, wanted = judgement.actor, judgement.device, judgement.request.operator_id
    operator = actor
    # At a terminal where nobody is signed in, the device's own person may do nothing.
    if wanted is not None and (wanted != actor.pk or actor.scope is not None):
        members = Membership.objects.select_related("user", "role")
        found: Membership | None = members.filter(pk=wanted).first()
        if found is None:
            judgement.remark("operator_unknown")
        else:
            operator = found
            if not (found.is_active and found.user.is_active):
                judgement.remark("operator_inactive")
            if device is None and found.pk != actor.pk and not judgement.by_manager:
                judgement.remark("other_operator")
    if judgement.by_manager:
        return operator
    # A paired terminal may be trusted to be a till; of others, who may not sell posts nothing.
    is_till = device is not None and not device.is_program
    if not is_till and not actor.can(Permission.SELL_CREATE):
        raise Held({"code": "not_allowed"})
    if operator.is_active:
        for permission in needed_permissions(judgement.request.online()):
            if not operator.can(permission):
                judgement.remark("no_permission", name=str(permission.label))
    return operator


def sold_at_of(judgement: Judgement, shift: Shift) -> datetime:
    """The device's time, or the server's where that cannot be."""
    now = timezone.now()
    came, told = judgement.came_at or now, judgement.request.sold_at
    if told is None or not came - LONGEST <= told <= came + AHEAD:
        judgement.remark("clock", **({} if told is None else {"was": told.isoformat()}))
        return came
    is_new = any(one["code"] == "no_open_shift" for one in judgement.remarks)
    if told < shift.opened_at - AHEAD and not is_new:
        judgement.remark("shift_closed", now=shift.number)
    return min(told, now)


def own_number_of(judgement: Judgement, register: Register) -> OwnNumber | None:
    """The number that the device gave, if it did and it is one of its register's. Raises Held."""
    number = judgement.request.number
    if not number:
        return None
    own = own_number(number)
    known = (
        own is not None and NumberSeries.objects.filter(code=own.series, register=register).exists()
    )
    if own is None or not known or own.prefix != register.prefix:
        if judgement.by_manager:
            return None
        raise Held({"code": "unknown_series", "was": number[:40]})
    if number in judgement.found:
        if judgement.by_manager:
            return None
        raise Held({"code": "number_taken", "was": number})
    return own


def variations_of(judgement: Judgement, location: Location) -> Mapping[uuid.UUID, Any]:
    """What was sold, as the server knows it now. Raises Held for a product that is not there."""
    lines = judgement.request.lines
    rows = priced_at(location).filter(pk__in={line.variation_id for line in lines})
    found = {row.pk: row for row in rows}
    missing = [
        {"code": "unknown_variation", "line": number}
        for number, line in enumerate(lines, start=1)
        if line.variation_id not in found
    ]
    if missing:
        raise Held(*missing)
    for number, line in enumerate(lines, start=1):
        _look_at_line(judgement, number, line, found[line.variation_id])
    return found


def _look_at_line(judgement: Judgement, number: int, line: OfflineLine, row: Any) -> None:
    product, digits = row.product, current().digits

    def remark(code: str, **about: Any) -> None:
        judgement.remark(code, line=number, name=row.full_name, **about)

    if not (row.is_active and product.is_active and product.is_for_sale):
        remark("not_sold")
    if line.quantity != line.quantity.to_integral_value() and not product.allow_decimal:
        remark("not_whole", was=plain_number(line.quantity))
    if not line.own_price and row.selling_price != line.unit_price:
        was, now = (plain_money(one, digits) for one in (line.unit_price, row.selling_price))
        remark("price_changed", was=was, now=now)
    rate = product.sold_tax_rate
    now_rate = Decimal(0) if rate is None else rate.rate
    if (now_rate, product.tax_inclusive) != (line.tax_rate, line.tax_inclusive):
        remark(
            "tax_changed", was=f"{plain_number(line.tax_rate)}%", now=f"{plain_number(now_rate)}%"
        )


def customer_of(judgement: Judgement) -> Customer | None:
    wanted = judgement.request.customer_id
    if wanted is None:
        return None
    customer: Customer | None = Customer.objects.filter(pk=wanted).first()
    if customer is None:
        judgement.remark("unknown_customer")
    elif not customer.is_active:
        judgement.remark("customer_inactive")
    return customer


def priced_by_device(judgement: Judgement) -> tuple[PricedSale, Settlement]:
    """The amounts by the device's own prices. Raises Held where they are not what was charged."""
    request, business = judgement.request, current()
    step = business.cash_step if request.cash_step is None else request.cash_step
    if step != business.cash_step:
        judgement.remark(
            "cash_step_changed", was=plain_number(step), now=plain_number(business.cash_step)
        )
    inputs = [
        LineInput(
            key=str(index),
            quantity=line.quantity,
            unit_price=line.unit_price,
            tax_rate=line.tax_rate,
            tax_inclusive=line.tax_inclusive,
            discount=line.discount,
        )
        for index, line in enumerate(request.lines)
    ]
    try:
        priced = price_sale(inputs, discount=request.discount, digits=business.digits)
        if priced.total != request.total:
            was, now = (plain_money(one, business.digits) for one in (request.total, priced.total))
            raise Held({"code": "other_total", "was": was, "now": now})
        return priced, settle_request(priced, request.online(), business.digits, step)
    except PricingError as error:
        raise CannotPrice(error) from error


def look_at_stock(
    judgement: Judgement, location: Location, sale: Sale, variations: Mapping[uuid.UUID, Any]
) -> None:
    if location.below_zero != Location.BelowZero.REFUSE:
        return
    for key, left in sale.stock_left.items():
        if left < 0:
            judgement.remark("below_zero", name=variations[key].full_name, now=plain_number(left))
