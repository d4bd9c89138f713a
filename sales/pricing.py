"""What a sale, a payment and a refund come to: pure functions over exact decimals.

`static/sales/till/pricing.js` computes the same numbers in the browser; `tests/vectors/pricing/*.json`
and a randomised comparison hold the two together. Change both or neither.

Units: amounts are in the currency of the business and come out with exactly `digits` decimals,
the minor unit of ISO 4217 (JPY 0, EUR 2, KWD 3). Quantities, unit prices and percentages have up
to four decimals. Inside, everything is a whole number of some small unit (`exact.py`). Payments
are in `settlement.py`; this module is the door to both.

Rounding is half up (half away from zero), once per shown amount, and each amount is computed
from the amounts shown before it. In this order, for a line:

    gross = quantity x unit price, as displayed: with tax if the price includes it
    discount = the line's own discount on gross
    sale_discount = the line's share of the discount on the whole sale
    amount = gross - discount - sale_discount
    price includes tax: total = amount, tax = total x rate / (100 + rate), net = total - tax
    price excludes tax: net = amount, tax = net x rate / 100, total = net + tax

Sums are sums of lines; nothing is computed again from a sum. Tax is rounded per line and not per
sale, because then each line can be refunded by itself and the rest still balances.

The discount on a whole sale applies to `subtotal`, the sum of the displayed line amounts after
their own discounts. So "10 off" takes exactly 10 off the total where prices include tax, exactly
10 off the sum before tax where they do not, and in a mixed sale exactly 10 off the sum of the
figures that the customer sees on the lines; each line bears its share in the form in which its
price is displayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

from sales.exact import (
    HUNDRED_PERCENT,
    LIMIT,
    MESSAGES,
    ONE,
    PLACES,
    ZERO,
    PricingError,
    Problem,
    allocate,
    check_digits,
    half_up,
    money,
    not_negative,
    percent,
    plain,
    positive,
    spread,
)
from sales.settlement import (
    CashBalance,
    Settlement,
    Tender,
    TenderKind,
    cash_round,
    change_due,
    settle,
)

__all__ = [
    "LIMIT",
    "MAX_TAX_RATE",
    "MESSAGES",
    "CashBalance",
    "Discount",
    "DiscountKind",
    "LineInput",
    "PricedLine",
    "PricedSale",
    "PricingError",
    "Problem",
    "Settlement",
    "SoldLine",
    "TaxLine",
    "Tender",
    "TenderKind",
    "allocate",
    "cash_round",
    "change_due",
    "price_sale",
    "refund_share",
    "settle",
    "summarise",
]

MAX_TAX_RATE = Decimal(1000)


class DiscountKind(StrEnum):
    FIXED = "fixed"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Discount:
    """An amount (for the whole line or sale, not for each unit) or a percentage from 0 to 100."""

    kind: DiscountKind
    value: Decimal


@dataclass(frozen=True, slots=True)
class LineInput:
    """What was scanned. `key` is the caller's own and comes back untouched."""

    key: str
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal
    tax_inclusive: bool
    discount: Discount | None = None


class SoldLine(Protocol):
    """What a refund needs to know of a line that was sold: a `PricedLine` or a stored row."""

    @property
    def quantity(self) -> Decimal: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def discount(self) -> Decimal: ...
    @property
    def sale_discount(self) -> Decimal: ...
    @property
    def tax(self) -> Decimal: ...
    @property
    def total(self) -> Decimal: ...
    @property
    def tax_rate(self) -> Decimal: ...
    @property
    def tax_inclusive(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class PricedLine:
    """`net + tax == total`, and `gross - discount - sale_discount` is `total` or `net`,
    as the price includes tax or not. None of the amounts is negative."""

    key: str
    quantity: Decimal
    unit_price: Decimal
    gross: Decimal
    discount: Decimal
    sale_discount: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    tax_rate: Decimal
    tax_inclusive: bool


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The lines of one rate added up."""

    rate: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class PricedSale:
    """`gross - line_discount == subtotal` (as displayed), `net + tax == total`.

    `discount` is the one on the whole sale. `rounding` is zero until the payment is known
    (`settle`); the customer pays `payable`. `item_count` counts whole quantities and takes
    a line with a fraction, such as 0.250 kg, as one.
    """

    lines: tuple[PricedLine, ...]
    gross: Decimal
    line_discount: Decimal
    subtotal: Decimal
    discount: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    taxes: tuple[TaxLine, ...]
    item_count: int
    rounding: Decimal = ZERO

    @property
    def payable(self) -> Decimal:
        return self.total + self.rounding


class _Draft(NamedTuple):
    """A line before the discount on the sale, in whole minor units; `rate` in 1/10000 percent."""

    line: LineInput
    gross: int
    discount: int
    amount: int
    rate: int


def price_sale(
    lines: Sequence[LineInput], *, discount: Discount | None = None, digits: int
) -> PricedSale:
    """Price a sale as the page's docstring says; `discount` is the one on the whole sale.

    The order of the lines changes no total: the cents that do not divide go to the largest
    remainder, then to the larger amount, the higher tax rate, the price that includes tax, and
    only between lines equal in all of these to the earlier one.
    Raises `PricingError` for no lines, a quantity that is not positive, a negative price, a
    discount larger than what it applies to, and values that are implausible or too precise.
    """
    if not lines:
        raise PricingError(Problem.NO_LINES, "lines")
    check_digits(digits)
    drafts = [_draft(line, f"lines.{index}", digits) for index, line in enumerate(lines)]
    subtotal = sum(draft.amount for draft in drafts)
    shares = _spread_over_lines(_discount(discount, subtotal, "discount", digits), drafts)
    priced = [_finish(draft, share, digits) for draft, share in zip(drafts, shares, strict=True)]
    sale = summarise(priced, digits=digits)
    if max(sale.gross, sale.total) > LIMIT:
        raise PricingError(Problem.TOO_LARGE, "lines", limit=LIMIT)
    return sale


def summarise(lines: Iterable[PricedLine], *, digits: int) -> PricedSale:
    """Add up lines that are already priced: those of a sale, or the parts of a refund."""
    lines = tuple(lines)
    zero = money(0, digits)
    gross = sum((line.gross for line in lines), zero)
    line_discount = sum((line.discount for line in lines), zero)
    by_rate: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for line in lines:
        net, tax = by_rate.get(line.tax_rate, (zero, zero))
        by_rate[line.tax_rate] = (net + line.net, tax + line.tax)
    return PricedSale(
        lines=lines,
        gross=gross,
        line_discount=line_discount,
        subtotal=gross - line_discount,
        discount=sum((line.sale_discount for line in lines), zero),
        net=sum((line.net for line in lines), zero),
        tax=sum((line.tax for line in lines), zero),
        total=sum((line.total for line in lines), zero),
        taxes=tuple(TaxLine(plain(rate), *by_rate[rate]) for rate in sorted(by_rate)),
        item_count=sum(_items(line.quantity) for line in lines),
        rounding=zero,
    )


def refund_share(
    line: SoldLine, *, refunded: Decimal, quantity: Decimal, digits: int, key: str = ""
) -> PricedLine:
    """Say what `quantity` of a sold line is worth when `refunded` of it came back before.

    The amounts are those of everything returned so far, this time included, less those of
    everything returned before. So whatever way a line is split into refunds, they sum to the
    line in every amount, none is negative, and no refund depends on stored earlier ones.
    The total is the sold total by quantity, half up; tax is the sold tax in proportion to that
    total, so that no cent of tax comes back without its money. Discounts likewise; `gross` is
    their sum with the displayed amount, and need not be quantity x unit price.
    Raises `PricingError` for a quantity that is not positive or exceeds what is left.
    """
    check_digits(digits)
    sold = positive(line.quantity, "line.quantity", PLACES)
    before = not_negative(refunded, "refunded", PLACES)
    after = before + positive(quantity, "quantity", PLACES)
    if after > sold:
        left = money(max(sold - before, 0), PLACES)
        raise PricingError(Problem.REFUND_TOO_LARGE, "quantity", limit=plain(left))
    total_sold = not_negative(line.total, "line.total", digits)
    tax_sold = not_negative(line.tax, "line.tax", digits)

    def part(units: int) -> int:
        return half_up(units * after, sold) - half_up(units * before, sold)

    def tax_of(total: int) -> int:
        return half_up(tax_sold * total, total_sold) if total_sold else 0

    total = part(total_sold)
    tax = tax_of(half_up(total_sold * after, sold)) - tax_of(half_up(total_sold * before, sold))
    discount = part(not_negative(line.discount, "line.discount", digits))
    sale_discount = part(not_negative(line.sale_discount, "line.sale_discount", digits))
    displayed = total if line.tax_inclusive else total - tax
    return PricedLine(
        key=key,
        quantity=quantity,
        unit_price=line.unit_price,
        gross=money(displayed + discount + sale_discount, digits),
        discount=money(discount, digits),
        sale_discount=money(sale_discount, digits),
        net=money(total - tax, digits),
        tax=money(tax, digits),
        total=money(total, digits),
        tax_rate=line.tax_rate,
        tax_inclusive=line.tax_inclusive,
    )


def _draft(line: LineInput, field: str, digits: int) -> _Draft:
    quantity = positive(line.quantity, f"{field}.quantity", PLACES)
    unit_price = not_negative(line.unit_price, f"{field}.unit_price", PLACES)
    rate = percent(line.tax_rate, f"{field}.tax_rate", MAX_TAX_RATE)
    gross = half_up(quantity * unit_price * 10**digits, ONE * ONE)
    if gross > LIMIT * 10**digits:
        raise PricingError(Problem.TOO_LARGE, field, limit=LIMIT)
    discount = _discount(line.discount, gross, f"{field}.discount", digits)
    return _Draft(line, gross, discount, gross - discount, rate)


def _finish(draft: _Draft, sale_discount: int, digits: int) -> PricedLine:
    line = draft.line
    amount = draft.amount - sale_discount
    if line.tax_inclusive:
        tax = half_up(amount * draft.rate, HUNDRED_PERCENT + draft.rate)
        net = amount - tax
    else:
        tax = half_up(amount * draft.rate, HUNDRED_PERCENT)
        net = amount
    return PricedLine(
        key=line.key,
        quantity=line.quantity,
        unit_price=line.unit_price,
        gross=money(draft.gross, digits),
        discount=money(draft.discount, digits),
        sale_discount=money(sale_discount, digits),
        net=money(net, digits),
        tax=money(tax, digits),
        total=money(net + tax, digits),
        tax_rate=line.tax_rate,
        tax_inclusive=line.tax_inclusive,
    )


def _discount(discount: Discount | None, base: int, field: str, digits: int) -> int:
    """The discount in minor units; a percentage is rounded, an amount must have its coins."""
    if discount is None:
        return 0
    if DiscountKind(discount.kind) is DiscountKind.PERCENT:
        return half_up(base * percent(discount.value, field, Decimal(100)), HUNDRED_PERCENT)
    units = not_negative(discount.value, field, digits)
    if units > base:
        raise PricingError(
            Problem.DISCOUNT_TOO_LARGE,
            field,
            discount=money(units, digits),
            limit=money(base, digits),
        )
    return units


def _spread_over_lines(units: int, drafts: Sequence[_Draft]) -> list[int]:
    """Spread by the lines' amounts, in an order that does not depend on the ticket's."""
    order = sorted(
        range(len(drafts)), key=lambda i: (-drafts[i].rate, not drafts[i].line.tax_inclusive)
    )
    parts = spread(units, [drafts[i].amount for i in order])
    shares = [0] * len(drafts)
    for index, part in zip(order, parts, strict=True):
        shares[index] = part
    return shares


def _items(quantity: Decimal) -> int:
    return int(quantity) if quantity == int(quantity) else 1
