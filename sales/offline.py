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
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import DataError, IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Q

from accounts.models import Device, Membership
from sales.checkout import (
    sale_lines,
    sale_payments,
    sale_row,
    visible,
)
from sales.credit_sales import adding_credit, check_credit
from sales.errors import OtherRequest
from sales.judging import (
    Held,
    Judgement,
    OfflineSale,
    customer_of,
    look_at_stock,
    operator_of,
    own_number_of,
    priced_by_device,
    sold_at_of,
    variations_of,
)
from sales.keeping import keep_held, keep_remarks
from sales.models import Register, ReviewItem, Sale, Shift
from sales.posting import post
from sales.reasons import Reason
from sales.shifts import has_another_register, lock_open_shift, open_shift
from tenants.errors import Refused

logger = logging.getLogger(__name__)


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
    operator = operator_of(judgement)
    sold_at = sold_at_of(judgement, shift)
    own = own_number_of(judgement, shift.register)
    if not (shift.register.is_active and location.is_active):
        judgement.remark("register_inactive")
    variations = variations_of(judgement, location)
    customer = customer_of(judgement)
    priced, settled = priced_by_device(judgement)
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
    look_at_stock(judgement, location, sale, variations)
    return sale
