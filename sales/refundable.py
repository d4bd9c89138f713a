"""What can still come back of a document, and by which ways its money can. Reads, and writes nothing.

Whoever takes something back holds the lock on the document (`voids.lock_document`) before it reads
this. Amounts are in the currency of the document, in its minor units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from sales.checkout import PaymentRequest
from sales.exact import money, scaled, to_step
from sales.models import Payment, Sale, SaleLine
from tenants import formats
from tenants.errors import Refused

ZERO = Decimal(0)
PLACES = Decimal("0.0001")
KINDS = (Sale.Kind.SALE, Sale.Kind.EXCHANGE)
"""Documents that sell; what was given back is not given back again."""
Method = Payment.Method
# Credit first, so that it stays credit; the drawer last.
ORDER = (Method.CREDIT, Method.CARD, Method.OTHER)


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line as it was sold, and how much of it came back until now."""

    line: SaleLine
    refunded: Decimal = ZERO

    @property
    def refundable(self) -> Decimal:
        left: Decimal = self.line.quantity - self.refunded
        return left


@dataclass(frozen=True, slots=True)
class Funds:
    """By which ways a document was paid (`paid`), and what went back by them (`back`).

    Of an exchange, what was carried over from the document before it counts as paid the way that
    one was. `tenders` are the payments that say which card it was; `worth` is all that was paid.
    """

    worth: Decimal
    paid: Mapping[str, Decimal]
    back: Mapping[str, Decimal]
    tenders: Sequence[Payment]
    documents: Sequence[Any]

    def room(self, method: str) -> Decimal:
        """How much more can go back by card, by another way, or as the credit that it was."""
        left = self.paid.get(method, ZERO) - self.back.get(method, ZERO)
        return max(left, ZERO)

    @property
    def room_beside_credit(self) -> Decimal:
        """How much more may go back otherwise than as credit: what was not paid by credit."""
        by_credit = min(self.paid.get(Method.CREDIT, ZERO), self.worth)
        gone = sum((v for way, v in self.back.items() if way != Method.CREDIT), ZERO)
        return max(self.worth - by_credit - gone, ZERO)


@dataclass(frozen=True, slots=True)
class Refundable:
    """A document with all that is known of what came back of it.

    `carry` is what rounding to coins gave back too little (positive) or too much in the refunds
    before: the next one makes up for it, so that all of them together give back what was paid.
    """

    sale: Sale
    lines: Sequence[OpenLine]
    carry: Decimal
    funds: Funds

    @property
    def is_over(self) -> bool:
        return not any(line.refundable for line in self.lines)

    def owed(self, value: Decimal, *, is_all: bool) -> Decimal:
        """What is to be given back, before coins, for lines worth `value`; with `is_all` the last
        ones, and then the rounding of the sale as well."""
        rounding = self.sale.rounding if is_all and self.sale.kind == Sale.Kind.SALE else ZERO
        return max(value + self.carry + rounding, ZERO)


def refundable(sale: Sale) -> Refundable:
    """Read what a sale or exchange has left, in six statements or, for exchanges, some more.

    Raises Refused for what is neither, for a voided sale, and for imported history.
    """
    if sale.register.is_history:
        raise Refused(
            "is_history",
            _("This came in with the history of an older system and cannot be refunded."),
            status=409,
        )
    if sale.kind not in KINDS:
        raise Refused("not_a_sale", _("Only a sale or an exchange can be refunded."), status=409)
    earlier = list(sale.reversals.order_by().values_list("kind", "rounding"))
    if any(kind == Sale.Kind.VOID for kind, _rounding in earlier):
        raise Refused(
            "already_voided", _("This sale is voided: nothing is left of it."), status=409
        )
    sold = sale.lines.filter(refunds=None).select_related("variation__product__unit")
    back = refunded_quantities([sale.pk])
    return Refundable(
        sale=sale,
        lines=[OpenLine(line, back.get((sale.pk, line.line), ZERO)) for line in sold],
        carry=sum((rounding for kind, rounding in earlier if kind == Sale.Kind.REFUND), ZERO),
        funds=_funds(sale),
    )


def refunded_quantities(sales: Iterable[Any]) -> dict[tuple[Any, int], Decimal]:
    """{(document, line): quantity that came back} of these documents, in one statement."""
    rows = SaleLine.objects.filter(refunds__in=list(sales)).order_by()
    sums = rows.values_list("refunds", "refunds_line").annotate(sum=Sum("quantity"))
    return {(sale, line): -quantity.quantize(PLACES) for sale, line, quantity in sums}


def _funds(sale: Sale) -> Funds:
    worth, paid, tenders, documents = _paid(sale)
    back: dict[str, Decimal] = {}
    given = Payment.objects.filter(sale__reverses=sale, amount__lt=0)
    for method, amount in given.values_list("method", "amount"):
        back[method] = back.get(method, ZERO) - amount
    return Funds(worth, paid, back, tenders, documents)


def _paid(sale: Sale) -> tuple[Decimal, dict[str, Decimal], list[Payment], list[Any]]:
    """What a document was worth, by method, with its payments and itself; those of the document
    before an exchange behind."""
    tenders = [payment for payment in sale.payments.all() if payment.amount > 0]
    paid: dict[str, Decimal] = {}
    for payment in tenders:
        paid[payment.method] = paid.get(payment.method, ZERO) + payment.amount
    if sale.kind != Sale.Kind.EXCHANGE or sale.reverses is None:
        return sum(paid.values(), ZERO), paid, tenders, [sale.pk]
    returned = -sum((line.total for line in sale.lines.all() if line.refunds_id), ZERO)
    carried = max(returned + min(sale.total, ZERO), ZERO)
    _worth, before, earlier, documents = _paid(sale.reverses)
    for method, amount in before.items():
        paid[method] = paid.get(method, ZERO) + min(amount, carried)
    return sale.total + returned, paid, [*tenders, *earlier], [sale.pk, *documents]


# -- by which way it goes back --------------------------------------------------------------------


def usual_ways(
    found: Refundable, owed: Decimal, *, customer: bool, step: Decimal, digits: int
) -> list[PaymentRequest]:
    """The way it was paid: credit, then cards, then the rest, and what is left in coins.

    `customer` says whether there is somebody to have credit.
    """
    ways: list[PaymentRequest] = []
    rest = owed
    for method in ORDER:
        if method == Method.CREDIT and not customer:
            continue
        for way in _by(found.funds, method, rest):
            ways.append(way)
            rest -= way.amount
    used = sum((way.amount for way in ways if way.method != Method.CREDIT), ZERO)
    by_cash = found.funds.room_beside_credit - used
    if customer and rest > by_cash + step:
        as_credit = rest - max(by_cash, ZERO)
        ways.append(PaymentRequest(Method.CREDIT, as_credit))
        rest -= as_credit
    coins = in_coins(rest, step=step, digits=digits)
    if coins or (rest and not ways):
        ways.append(PaymentRequest(Method.CASH, coins))
    elif rest:
        # Too little for a coin: the rounding says so.
        ways.append(PaymentRequest(Method.CASH, ZERO))
    return ways


def by_one_way(
    method: Method, owed: Decimal, *, reference: str, step: Decimal, digits: int
) -> list[PaymentRequest]:
    """All of it by one way, in coins where that is cash."""
    coins = in_coins(owed, step=step, digits=digits)
    amount = coins if method == Method.CASH else owed
    return [PaymentRequest(method, amount, reference=reference)] if owed else []


def _by(funds: Funds, method: Method, rest: Decimal) -> Iterable[PaymentRequest]:
    """What goes back by one method, to each card what it paid."""
    room = min(funds.room(method), rest)
    if method == Method.CREDIT:
        if room:
            yield PaymentRequest(method, room)
        return
    gone = funds.back.get(method, ZERO)
    for tender in funds.tenders:
        if tender.method != method:
            continue
        before = min(gone, tender.amount)
        gone -= before
        amount = min(room, tender.amount - before)
        room -= amount
        if amount:
            yield PaymentRequest(method, amount, tender.card_brand, tender.card_last4)


def in_coins(rest: Decimal, *, step: Decimal, digits: int) -> Decimal:
    """An amount as coins make it: to the nearest step, half up."""
    units = to_step(scaled(rest, "payments", digits), scaled(step, "cash_step", digits))
    return money(max(units, 0), digits)


def check_ways(
    found: Refundable, ways: Sequence[PaymentRequest], *, customer: bool, step: Decimal
) -> None:
    """Raises Refused where more would go back by a way than came by it, or credit to nobody.

    What was paid by credit comes back as credit, so that what expires does not become money; what
    was paid otherwise may become credit. Cash may be as much more as its rounding made of it.
    """
    asked: dict[str, Decimal] = {}
    for way in ways:
        asked[way.method] = asked.get(way.method, ZERO) + way.amount
    if asked.get(Method.CREDIT) and not customer:
        said = _("Choose the customer first: this gives a customer credit.")
        raise Refused("needs_customer", said, {"customer": [said]}, status=400)
    currency = found.sale.currency
    for method in (Method.CARD, Method.OTHER):
        room = found.funds.room(method)
        if asked.get(method, ZERO) > room:
            said = _("%(method)s: at most %(amount)s can go back this way.") % {
                "method": method.label,
                "amount": formats.money(room, currency),
            }
            raise Refused("too_much_by_method", said, {"payments": [said]}, status=409)
    beside = sum((v for method, v in asked.items() if method != Method.CREDIT), ZERO)
    room = found.funds.room_beside_credit
    if beside > room + (step if asked.get(Method.CASH) else ZERO):
        said = _("What was paid with credit goes back as credit: at most %(amount)s otherwise.") % {
            "amount": formats.money(room, currency)
        }
        raise Refused("credit_only", said, {"payments": [said]}, status=409)
