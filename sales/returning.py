"""What refunds and exchanges have in common: pricing what comes back, and their documents.

What may be done is decided in `refunds.py` and `exchanges.py`, what is left of a sale is read in
`refundable.py`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Device, Membership
from sales.canonical import canonical
from sales.checkout import PaymentRequest, visible
from sales.errors import CannotPrice, NoOpenShift, OtherAmount, OtherRequest
from sales.models import Customer, Payment, Sale, SaleLine, Shift
from sales.pricing import PricedLine, PricedSale, PricingError, Problem, refund_share
from sales.refundable import (
    OpenLine,
    Refundable,
    by_one_way,
    check_ways,
    in_coins,
    usual_ways,
)
from sales.sellable import MAX_LINES
from sales.voids import COPIED, NEGATED, added_credit, lock_document
from tenants.context import current
from tenants.errors import Refused

ZERO = Decimal(0)
Method = Payment.Method


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """So much of a line of the sale, by its number. `restock` where the goods can be sold again."""

    line: int
    quantity: Decimal
    restock: bool = True


@dataclass(frozen=True, slots=True)
class Return:
    """One line that comes back: what was asked, the line as it was sold, and its share."""

    asked: ReturnRequest
    line: SaleLine
    part: PricedLine


def request_hash(kind: str, request: Any) -> str:
    """The same for the same request, whatever the spelling of its numbers."""
    return hashlib.sha256(canonical([kind, asdict(request)]).encode()).hexdigest()


def ways_back(
    found: Refundable, request: Any, owed: Decimal, *, customer: bool
) -> Sequence[PaymentRequest]:
    """By which ways `owed` goes back: as a refund or exchange asks for it. Raises Refused."""
    business = current()
    coins: dict[str, Any] = {"step": business.cash_step, "digits": business.digits}
    ways: Sequence[PaymentRequest] | None = request.payments
    if ways is None and request.method is not None:
        ways = by_one_way(request.method, owed, reference=request.reference, **coins)
    if ways is None:
        ways = usual_ways(found, owed, customer=customer, **coins)
    check_amount(ways, owed, **coins)
    check_ways(found, ways, customer=customer, step=business.cash_step)
    return ways


def take_back(
    lines: Sequence[OpenLine], asked: Sequence[ReturnRequest], *, digits: int
) -> list[Return]:
    """Price what comes back: each line's share of what it was sold for, never more than is left.

    A line may be named twice, such as once for the shelf and once not. Raises Refused naming the
    field: 400 for a line that is not there or a quantity that is none, 409 (`refund_too_large`)
    where less is left.
    """
    if not asked:
        said = _("Choose what comes back.")
        raise Refused("no_lines", said, {"lines": [said]}, status=400)
    if len(asked) > MAX_LINES:
        said = _("At most %(limit)s lines are possible.") % {"limit": MAX_LINES}
        raise Refused("too_many_lines", said, {"lines": [said]}, status=400)
    known = {one.line.line: one for one in lines}
    gone: dict[int, Decimal] = {}
    found = []
    for index, one in enumerate(asked):
        open_line = known.get(one.line)
        if open_line is None:
            said = _("There is no such line to refund.")
            raise Refused("invalid", said, {f"lines.{index}.line": [said]}, status=400)
        line = open_line.line
        field = f"lines.{index}.quantity"
        _check_whole(line, one.quantity, field)
        before = gone.setdefault(one.line, open_line.refunded)
        try:
            part = refund_share(
                line, refunded=before, quantity=one.quantity, digits=digits, key=str(index)
            )
        except PricingError as error:
            raise _cannot(error, field, line) from error
        gone[one.line] = before + one.quantity
        found.append(Return(one, line, part))
    return found


def _check_whole(line: SaleLine, quantity: Decimal, field: str) -> None:
    """What is sold in whole numbers comes back so."""
    is_whole = quantity == quantity.to_integral_value()
    sold_whole = line.quantity == line.quantity.to_integral_value()
    if not is_whole and sold_whole and not line.variation.product.allow_decimal:
        said = _("%(product)s is sold in whole numbers.") % {"product": line.name}
        raise Refused("invalid", said, {field: [said]}, status=400)


def _cannot(error: PricingError, field: str, line: SaleLine) -> Refused:
    refused = CannotPrice(PricingError(error.code, field, **error.params))
    if error.code != Problem.REFUND_TOO_LARGE:
        return refused
    said = _("%(product)s: only %(limit)s can still come back.") % {
        "product": line.name,
        "limit": error.params["limit"],
    }
    return Refused(error.code.value, said, {field: [said]}, status=409)


def takes_all(found: Refundable, returns: Sequence[Return]) -> bool:
    """Whether nothing of the document is left after these."""
    left = {one.line.line: one.refundable for one in found.lines}
    for one in returns:
        left[one.line.line] -= one.asked.quantity
    return not any(left.values())


def check_amount(
    ways: Sequence[PaymentRequest], owed: Decimal, *, step: Decimal, digits: int
) -> None:
    """Raises OtherAmount unless the ways give back exactly `owed`; what is left for cash is rounded
    to coins. Only cash can be nothing, where what is left is less than a coin."""
    exact = sum((way.amount for way in ways if way.method != Method.CASH), ZERO)
    cash = [way.amount for way in ways if way.method == Method.CASH]
    rest = owed - exact
    due = in_coins(rest, step=step, digits=digits) if cash else rest
    given = sum(cash, ZERO)
    is_plain = all(way.amount > 0 or way.method == Method.CASH for way in ways)
    if rest < 0 or given != due or not is_plain or any(amount < 0 for amount in cash):
        raise OtherAmount(expected=exact + due if rest >= 0 and cash else owed, asked=exact + given)


# -- the document -----------------------------------------------------------------------------------


def needed_reason(reason: str) -> str:
    reason = reason.strip()[:200]
    if not reason:
        raise Refused("no_reason", _("Say why."), {"reason": [_("Say why.")]}, status=400)
    return reason


def recorded_before(
    actor: Membership, device: Device | None, document_id: uuid.UUID, asked: str
) -> Sale | None:
    """The document that this request wrote before. Raises OtherRequest where another one did."""
    earlier: Sale | None = Sale.objects.filter(pk=document_id).first()
    if earlier is None:
        return None
    if earlier.request_hash != asked or not visible(actor, device, earlier.location_id):
        raise OtherRequest
    earlier.was_recorded = True
    return earlier


def usable(actor: Membership, device: Device | None, shift: Shift | None) -> Shift:
    """The shift, where there is one that the actor may use."""
    if shift is None:
        raise NoOpenShift
    if not visible(actor, device, shift.register.location_id):
        raise Http404
    if not (shift.register.is_active and shift.register.location.is_active):
        raise Refused("register_inactive", _("This register is switched off."), status=409)
    return shift


def locked_document(actor: Membership, device: Device | None, document_id: uuid.UUID) -> Sale:
    """The document that something is taken from, after everybody else is done with it."""
    lock_document(document_id)
    related = ("register", "customer", "reverses")
    sale: Sale | None = Sale.objects.select_related(*related).filter(pk=document_id).first()
    if sale is None or not visible(actor, device, sale.location_id):
        raise Http404
    return sale


def started(
    kind: Sale.Kind,
    request: Any,
    found: Refundable,
    shift: Shift,
    actor: Membership,
    device: Device | None,
    reason: str,
    at: datetime | None,
) -> Sale:
    """The document without its sums."""
    moment = at or timezone.now()
    location = shift.register.location
    return Sale(
        pk=request.id,
        kind=kind,
        reverses=found.sale,
        reason=reason,
        location=location,
        register=shift.register,
        shift=shift,
        operator=actor.user,
        device=device,
        customer=found.sale.customer or asked_customer(request.customer_id, found),
        sold_at=moment,
        business_date=moment.astimezone(location.zone).date(),
        currency=found.sale.currency,
        request_hash=request.hash(),
    )


def asked_customer(customer_id: uuid.UUID | None, found: Refundable) -> Customer | None:
    """Who gets credit for a sale that had no customer."""
    if customer_id is None:
        return None
    customer: Customer | None = Customer.objects.active().filter(pk=customer_id).first()
    if customer is None:
        said = _("This customer does not exist.")
        raise Refused("unknown_customer", said, {"customer": [said]}, status=400)
    return customer


def fill(document: Sale, sums: PricedSale, *, sign: int) -> None:
    """Add sums to a document; `sign` -1 for what comes back."""
    amounts = {
        "item_count": Decimal(sums.item_count),
        "subtotal": sums.subtotal,
        "discount": sums.discount,
        "net": sums.net,
        "tax": sums.tax,
        "total": sums.total,
    }
    for name, amount in amounts.items():
        setattr(document, name, (getattr(document, name) or ZERO) + sign * amount)


def returned_line(one: Return, sale: Sale) -> SaleLine:
    """The line of the document. Goods that are not put back cost nothing here: what they had cost
    is not undone."""
    values = {name: getattr(one.line, name) for name in COPIED}
    values |= {name: -getattr(one.part, name) for name in NEGATED}
    # They are agreed for the whole line.
    values |= {"discount_kind": "", "discount_value": None}
    lost = one.line.is_stocked and not one.asked.restock
    if lost:
        values |= {"is_stocked": False, "unit_cost": ZERO}
    return SaleLine(**values, refunds=sale, refunds_line=one.line.line)


def credit_lines(sale: Sale, returns: Sequence[Return]) -> frozenset[int]:
    """The numbers of the lines that take back credit that the sale brought."""
    brought = added_credit(sale)
    return frozenset(
        number for number, one in enumerate(returns, start=1) if one.line.line in brought
    )


def given_back(
    found: Refundable, ways: Sequence[PaymentRequest]
) -> tuple[list[Payment], frozenset[int]]:
    """The payments of the document, and the numbers of those that are new credit.

    What was paid by credit comes back first and can be spent as long as it could; the rest of what
    is given as credit is new. One way may therefore be two payments.
    """
    rows: list[Payment] = []
    fresh: set[int] = set()
    room = found.funds.room(Method.CREDIT)
    for way in ways:
        parts = [way.amount]
        if way.method == Method.CREDIT:
            old = min(room, way.amount)
            room -= old
            parts = [part for part in (old, way.amount - old) if part]
        for index, part in enumerate(parts):
            rows.append(
                Payment(
                    method=way.method,
                    amount=-part,
                    tendered=-part,
                    card_brand=way.card_brand,
                    card_last4=way.card_last4,
                    reference=way.reference,
                )
            )
            if way.method == Method.CREDIT and (index or not old):
                fresh.add(len(rows))
    return rows, frozenset(fresh)


def note(actor: Membership, device: Device | None, sale: Sale, document: Sale, action: str) -> None:
    """The audit entry, at the sale that was taken from."""
    word = action.rpartition(".")[2]
    record(
        actor=actor.user,
        action=action,
        target=sale,
        changes={"reason": [None, document.reason], word: [None, document.number]},
        device=device,
    )
