"""Sales that a device made while it could not reach the server: they are history, and accepted.

What can be a document is posted exactly as the customer was charged: with the device's prices,
taxes, time and number, even where stock falls below zero. What did not fit stands beside it as
remarks. What cannot be a document is held, whole. `ReviewItem` is both; nothing is dropped.

It goes into the register's open shift. Where none is open, one is opened for it, in the sender's
name and without a float: the figures of a closed shift never change. Its business date is the day
on which it was sold.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from django.db import DataError, IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.checkout import (
    LineRequest,
    PaymentRequest,
    SaleRequest,
    adding_credit,
    check_credit,
    needed_permissions,
    priced_at,
    sale_lines,
    sale_payments,
    sale_row,
    settle_request,
    visible,
)
from sales.errors import CannotPrice, OtherRequest
from sales.keeping import keep_held, keep_remarks
from sales.models import Customer, NumberSeries, Register, ReviewItem, Sale, Shift
from sales.posting import post
from sales.pricing import Discount, LineInput, PricedSale, PricingError, Settlement, price_sale
from sales.reasons import Reason
from sales.series import OwnNumber, own_number
from sales.shifts import has_another_register, lock_open_shift, open_shift
from tenants.context import current
from tenants.errors import Refused
from tenants.models import Location
from tenants.spelling import plain_money, plain_number

logger = logging.getLogger(__name__)

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


class Status(StrEnum):
    """What became of one sale of a batch. After all but the last four the device may forget it."""

    RECORDED = "recorded"
    WITH_REMARKS = "recorded_with_remarks"
    ALREADY = "already"
    HELD = "held"
    ID_TAKEN = "id_taken"
    REFUSED = "refused"
    INVALID = "invalid"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one sale: its number in the books, and what a manager will look at."""

    id: uuid.UUID | None
    status: Status
    number: str = ""
    reasons: Sequence[Reason] = ()
    error: Refused | None = None


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


def take_in(
    *, actor: Membership, device: Device | None, request: OfflineSale, kept: Mapping[str, Any]
) -> Outcome:
    """Post the sale or hold it, once; in a transaction of its own, whatever was sent before it.

    `kept` is the request as it is kept where it is held. The same again answers what became of it.
    Raises OperationalError and InterfaceError, after which nothing is known and the same is to be
    sent again; nothing else.
    """
    judgement = Judgement(actor, device, request, request.online().hash())
    try:
        with transaction.atomic():
            return _post(judgement)
    except OtherRequest as taken:
        return Outcome(request.id, Status.ID_TAKEN, error=taken)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 — what it was is logged, and the sale is held
        reasons = reasons_of(error)
    with transaction.atomic():
        return _hold(judgement, reasons, kept)


def hold_unread(
    *,
    actor: Membership,
    device: Device | None,
    request: OfflineSale,
    fingerprint: str,
    kept: Mapping[str, Any],
    said: str,
) -> Outcome:
    """Hold what has an id and cannot be read as a sale; `request` is what could be read of it."""
    # Of what was not read, its total least of all.
    judgement = Judgement(actor, device, replace(request, lines=()), fingerprint)
    with transaction.atomic():
        return _hold(judgement, [{"code": "invalid", "said": said}], kept)


def reasons_of(error: Exception) -> Sequence[Reason]:
    """Why it could not be posted, out of what stopped it."""
    if isinstance(error, Held):
        return error.reasons
    if isinstance(error, Refused):
        return [{"code": error.code, "said": str(error)}]
    if isinstance(error, IntegrityError | DataError):
        logger.warning("A sale made offline does not fit into the database: %s", error)
    else:
        # One sale never stands in the way of another, whatever is wrong with it.
        logger.error("A sale made offline could not be judged", exc_info=error)
    return [{"code": "unexpected"}]


def post_held(judgement: Judgement) -> Sale:
    """Post what was held, in the manager's transaction. Raises Held, Refused, OtherRequest."""
    number = judgement.request.number
    if number:
        taken = Sale.objects.filter(number=number).values_list("number", flat=True)
        judgement.found = list(taken)
    return _document(judgement, _shift(judgement))


# -- in the books or not --------------------------------------------------------------------------


def _post(judgement: Judgement) -> Outcome:
    request = judgement.request
    shift = lock_open_shift(request.register_id, judgement.device)
    earlier = _earlier(judgement)
    if earlier is not None:
        return earlier
    sale = _document(judgement, shift or _shift(judgement))
    if not judgement.remarks:
        return Outcome(request.id, Status.RECORDED, sale.number)
    keep_remarks(judgement, sale)
    return Outcome(request.id, Status.WITH_REMARKS, sale.number, judgement.remarks)


def _earlier(judgement: Judgement) -> Outcome | None:
    """What became of the same sale before. Raises OtherRequest where another has its id."""
    request = judgement.request
    sales = list(Sale.objects.filter(Q(pk=request.id) | Q(number=request.number, number__gt="")))
    sale = next((one for one in sales if one.pk == request.id), None)
    item: ReviewItem | None = ReviewItem.objects.filter(request_id=request.id).first()
    if sale is not None:
        seen = visible(judgement.actor, judgement.device, sale.location_id)
        if sale.request_hash != judgement.hash or not seen:
            raise OtherRequest
        if request.number and request.number != sale.number:
            item = _note_number(judgement, sale, item)
        return Outcome(request.id, Status.ALREADY, sale.number, item.reasons if item else ())
    if item is not None:
        if item.request_hash != judgement.hash:
            raise OtherRequest
        return Outcome(request.id, Status.HELD, reasons=item.reasons)
    judgement.found = [one.number for one in sales]
    return None


def _note_number(judgement: Judgement, sale: Sale, item: ReviewItem | None) -> ReviewItem:
    """The sale came in before its answer was lost, and the customer has another number on paper."""
    judgement.remark("other_number", was=judgement.request.number, now=sale.number)
    if item is None:
        return keep_remarks(judgement, sale)
    if "other_number" not in item.codes:
        item.reasons = [*item.reasons, *judgement.remarks]
        item.save(update_fields=["reasons"])
    return item


def _hold(judgement: Judgement, reasons: Sequence[Reason], kept: Mapping[str, Any]) -> Outcome:
    """Keep it, unless it came in meanwhile. Under the register's lock, where it has one."""
    request = judgement.request
    try:
        register = _register(judgement)
        earlier = _earlier(judgement)
    except OtherRequest as taken:
        return Outcome(request.id, Status.ID_TAKEN, error=taken)
    if earlier is not None:
        return earlier
    item = keep_held(judgement, register=register, reasons=reasons, kept=kept)
    if item.request_hash != judgement.hash:
        return Outcome(request.id, Status.ID_TAKEN, error=OtherRequest())
    return Outcome(request.id, Status.HELD, reasons=item.reasons)


def _register(judgement: Judgement) -> Register | None:
    """The register, locked; None for one that the sender may not use."""
    actor, device = judgement.actor, judgement.bound_to
    registers = Register.objects.select_for_update(of=("self",)).select_related("location")
    registers = registers.filter(pk=judgement.request.register_id, is_history=False)
    if device is not None:
        registers = registers.exclude(has_another_register(device, "pk"))
    register: Register | None = registers.first()
    if register is None or not visible(actor, device, register.location_id):
        return None
    return register


def _shift(judgement: Judgement) -> Shift:
    """The open shift of the register, locked; opened where there is none. Raises Held, Refused."""
    register = _register(judgement)
    if register is None:
        raise Held({"code": "other_register"})
    shift: Shift | None = register.shifts.filter(closed_at=None).first()
    if shift is None:
        shift = open_shift(actor=judgement.actor.user, register=register, opening_float=Decimal(0))
        judgement.remark("no_open_shift", now=shift.number)
    shift.register = register
    return shift


def _document(judgement: Judgement, shift: Shift) -> Sale:
    """Price it as the device did, and post it. Raises Held, Refused."""
    request, location = judgement.request, shift.register.location
    if not visible(judgement.actor, judgement.bound_to, location.pk):
        raise Held({"code": "other_register"})
    operator = _operator(judgement)
    sold_at = _sold_at(judgement, shift)
    own = _own_number(judgement, shift.register)
    if not (shift.register.is_active and location.is_active):
        judgement.remark("register_inactive")
    variations = _variations(judgement, location)
    customer = _customer(judgement)
    priced, settled = _priced(judgement)
    online = replace(request.online(), customer_id=None if customer is None else customer.pk)
    adds_credit = adding_credit(online, variations)
    check_credit(online, priced, adds_credit, customer)
    sale = sale_row(
        online,
        operator=operator.user,
        device=judgement.device,
        shift=shift,
        customer=customer,
        priced=priced,
        settled=settled,
        sold_at=sold_at,
    )
    sale.request_hash, sale.is_offline = judgement.hash, True
    if own is not None:
        sale.series, sale.counter = own.series, own.counter
    lines = sale_lines(online, priced, variations)
    for line, asked in zip(lines, request.lines, strict=True):
        line.tax_name = asked.tax_name
    post(
        sale=sale,
        lines=lines,
        payments=sale_payments(online, settled),
        register=shift.register,
        adds_credit=adds_credit,
        guard=False,
    )
    _look_at_stock(judgement, location, sale, variations)
    return sale


# -- what may be remarked -------------------------------------------------------------------------


def _operator(judgement: Judgement) -> Membership:
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


def _sold_at(judgement: Judgement, shift: Shift) -> datetime:
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


def _own_number(judgement: Judgement, register: Register) -> OwnNumber | None:
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


def _variations(judgement: Judgement, location: Location) -> Mapping[uuid.UUID, Any]:
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


def _customer(judgement: Judgement) -> Customer | None:
    wanted = judgement.request.customer_id
    if wanted is None:
        return None
    customer: Customer | None = Customer.objects.filter(pk=wanted).first()
    if customer is None:
        judgement.remark("unknown_customer")
    elif not customer.is_active:
        judgement.remark("customer_inactive")
    return customer


def _priced(judgement: Judgement) -> tuple[PricedSale, Settlement]:
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


def _look_at_stock(
    judgement: Judgement, location: Location, sale: Sale, variations: Mapping[uuid.UUID, Any]
) -> None:
    if location.below_zero != Location.BelowZero.REFUSE:
        return
    for key, left in sale.stock_left.items():
        if left < 0:
            judgement.remark("below_zero", name=variations[key].full_name, now=plain_number(left))
