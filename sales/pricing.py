"""What a sale, a payment and a refund come to: pure functions over exact decimals.

`static/sales/till/pricing.js` computes the same numbers in the browser; `tests/vectors/*.json`
and a randomised comparison hold the two together. Change both or neither.

Units: amounts are in the currency of the business and come out with exactly `digits` decimals,
the minor unit of ISO 4217 (JPY 0, EUR 2, KWD 3). Quantities, unit prices and percentages have up
to four decimals. Inside, everything is a whole number of some small unit, so that neither a float
nor the decimal context of the caller can touch a cent.

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
from typing import Protocol

PLACES = 4
LIMIT = Decimal(10) ** 12
"""The largest quantity, price or amount taken for real; more is a slip of the keyboard."""

MAX_TAX_RATE = Decimal(1000)
_ONE = 10**PLACES
_HUNDRED_PERCENT = 100 * _ONE
_ZERO = Decimal(0)


def gettext_noop(message: str) -> str:
    """Mark a text for `makemessages`, which looks for this name, without importing Django."""
    return message


class Problem(StrEnum):
    """Why an input was refused. `pricing.js` uses the same codes."""

    NO_LINES = "no_lines"
    NOT_A_NUMBER = "not_a_number"
    TOO_LARGE = "too_large"
    TOO_PRECISE = "too_precise"
    NOT_POSITIVE = "not_positive"
    NEGATIVE = "negative"
    PERCENT_RANGE = "percent_range"
    DISCOUNT_TOO_LARGE = "discount_too_large"
    NOTHING_TO_SPREAD = "nothing_to_spread"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    CASH_STEP = "cash_step"
    REFUND_TOO_LARGE = "refund_too_large"


MESSAGES: dict[Problem, str] = {
    Problem.NO_LINES: gettext_noop("A sale needs at least one line."),
    Problem.NOT_A_NUMBER: gettext_noop("This is not a number."),
    Problem.TOO_LARGE: gettext_noop("This is implausible: more than %(limit)s."),
    Problem.TOO_PRECISE: gettext_noop("At most %(places)s decimal places are possible here."),
    Problem.NOT_POSITIVE: gettext_noop("This must be more than zero."),
    Problem.NEGATIVE: gettext_noop("This must not be negative."),
    Problem.PERCENT_RANGE: gettext_noop("This must be between 0 and %(limit)s percent."),
    Problem.DISCOUNT_TOO_LARGE: gettext_noop(
        "The discount of %(discount)s is more than the %(limit)s that it applies to."
    ),
    Problem.NOTHING_TO_SPREAD: gettext_noop("There is nothing to spread this amount over."),
    Problem.UNDERPAID: gettext_noop("%(missing)s is still to be paid."),
    Problem.OVERPAID: gettext_noop(
        "Only cash can be more than what is due: this is %(excess)s too much."
    ),
    Problem.CASH_STEP: gettext_noop("Cash is counted in steps of %(step)s."),
    Problem.REFUND_TOO_LARGE: gettext_noop("Only %(limit)s can still be refunded."),
}
"""English texts; where a person reads one: `gettext(MESSAGES[error.code]) % error.params`."""


class PricingError(ValueError):
    """An input that cannot be priced, with the field to blame as a path: `lines.2.discount`."""

    def __init__(self, code: Problem, field: str, **params: object) -> None:
        self.code = code
        self.field = field
        self.params = {name: str(value) for name, value in params.items()}
        super().__init__(f"{field}: {MESSAGES[code] % self.params}")


class DiscountKind(StrEnum):
    FIXED = "fixed"
    PERCENT = "percent"


class TenderKind(StrEnum):
    """Cash gives change and is rounded to coins; everything else pays an exact amount."""

    CASH = "cash"
    OTHER = "other"


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
    rounding: Decimal = _ZERO

    @property
    def payable(self) -> Decimal:
        return self.total + self.rounding


@dataclass(frozen=True, slots=True)
class Tender:
    """What a customer puts down: for cash the notes and coins given, before any change."""

    kind: TenderKind
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CashBalance:
    """`rounding` to coins, what is still `missing`, and the `change` to give; one of the last
    two is zero."""

    rounding: Decimal
    missing: Decimal
    change: Decimal


@dataclass(frozen=True, slots=True)
class Settlement:
    """`due == total + rounding == sum(applied)`, and the tenders add up to `due + change`.

    `applied` has one amount for each tender, in their order: what it paid after change, which is
    taken back from the last cash given first.
    """

    due: Decimal
    rounding: Decimal
    applied: tuple[Decimal, ...]
    change: Decimal


@dataclass(frozen=True, slots=True)
class _Draft:
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
    _check_digits(digits)
    drafts = [_draft(line, f"lines.{index}", digits) for index, line in enumerate(lines)]
    subtotal = sum(draft.amount for draft in drafts)
    shares = _spread_over_lines(_discount(discount, subtotal, "discount", digits), drafts)
    priced = [
        _finish(draft, share, f"lines.{index}", digits)
        for index, (draft, share) in enumerate(zip(drafts, shares, strict=True))
    ]
    sale = summarise(priced, digits=digits)
    if max(sale.gross, sale.total) > LIMIT:
        raise PricingError(Problem.TOO_LARGE, "lines", limit=LIMIT)
    return sale


def summarise(lines: Iterable[PricedLine], *, digits: int) -> PricedSale:
    """Add up lines that are already priced: those of a sale, or the parts of a refund."""
    lines = tuple(lines)
    zero = _amount(0, digits)
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
        taxes=tuple(TaxLine(_plain(rate), *by_rate[rate]) for rate in sorted(by_rate)),
        item_count=sum(_items(line.quantity) for line in lines),
        rounding=zero,
    )


def allocate(amount: Decimal, weights: Sequence[Decimal], *, digits: int) -> tuple[Decimal, ...]:
    """Spread `amount` in proportion to `weights`, by largest remainder; the parts sum to it.

    Equal remainders go to the larger weight, then to the earlier one. A weight of zero gets
    nothing; a negative amount is spread as its opposite would be. Raises `PricingError` for a
    negative weight, and for an amount where all the weights are zero.
    """
    _check_digits(digits)
    units = _scaled(amount, "amount", digits)
    scaled = [
        _not_negative(weight, f"weights.{index}", PLACES) for index, weight in enumerate(weights)
    ]
    if units and not sum(scaled):
        raise PricingError(Problem.NOTHING_TO_SPREAD, "weights")
    return tuple(_amount(part, digits) for part in _spread(units, scaled))


def cash_round(total: Decimal, step: Decimal, *, digits: int) -> Decimal:
    """Round to what can be paid in coins: the nearest multiple of `step`, half up.

    A step of zero means that every minor unit has a coin and changes nothing.
    """
    _check_digits(digits)
    units = _scaled(total, "total", digits)
    return _amount(_to_step(units, _not_negative(step, "cash_step", digits)), digits)


def change_due(
    total: Decimal,
    *,
    cash: Decimal | None,
    other: Decimal = _ZERO,
    digits: int,
    cash_step: Decimal = _ZERO,
) -> CashBalance:
    """Say what is missing or to be given back when `other` was paid exactly and `cash` handed over.

    Only what is left for cash is rounded, and nothing where `cash` is None. Raises `PricingError`
    where `other` alone exceeds the total, or the cash is no multiple of `cash_step`.
    """
    _check_digits(digits)
    due = _not_negative(total, "total", digits)
    step = _not_negative(cash_step, "cash_step", digits)
    rest = due - _not_negative(other, "other", digits)
    if rest < 0:
        raise PricingError(Problem.OVERPAID, "other", excess=_amount(-rest, digits))
    given = 0 if cash is None else _not_negative(cash, "cash", digits)
    if step and given % step:
        raise PricingError(Problem.CASH_STEP, "cash", step=_amount(step, digits))
    rounded = rest if cash is None else _to_step(rest, step)
    return CashBalance(
        rounding=_amount(rounded - rest, digits),
        missing=_amount(max(rounded - given, 0), digits),
        change=_amount(max(given - rounded, 0), digits),
    )


def settle(
    total: Decimal, tenders: Sequence[Tender], *, digits: int, cash_step: Decimal = _ZERO
) -> Settlement:
    """Check that `tenders` pay `total` and say how much each of them paid.

    Only cash may exceed what is due, and gives change. Cash of zero says that the rest is paid in
    cash though it rounds away; any other tender must be positive. A total of zero needs no tender.
    Raises `PricingError` (`underpaid`, `overpaid`, `cash_step`) otherwise.
    """
    _check_digits(digits)
    cash: Decimal | None = None
    other = _ZERO
    for index, tender in enumerate(tenders):
        field = f"tenders.{index}.amount"
        units = _not_negative(tender.amount, field, digits)
        if tender.kind is TenderKind.CASH:
            cash = (cash or _ZERO) + tender.amount
        elif units == 0:
            raise PricingError(Problem.NOT_POSITIVE, field)
        else:
            other += tender.amount
    try:
        balance = change_due(total, cash=cash, other=other, digits=digits, cash_step=cash_step)
    except PricingError as error:
        if error.field in {"cash", "other"}:
            raise PricingError(error.code, "tenders", **error.params) from None
        raise
    if balance.missing:
        raise PricingError(Problem.UNDERPAID, "tenders", missing=balance.missing)
    return Settlement(
        due=_amount(_scaled(total + balance.rounding, "total", digits), digits),
        rounding=balance.rounding,
        applied=_applied(tenders, balance.change, digits),
        change=balance.change,
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
    _check_digits(digits)
    sold = _positive(line.quantity, "line.quantity", PLACES)
    before = _not_negative(refunded, "refunded", PLACES)
    after = before + _positive(quantity, "quantity", PLACES)
    if after > sold:
        left = _amount(max(sold - before, 0), PLACES)
        raise PricingError(Problem.REFUND_TOO_LARGE, "quantity", limit=_plain(left))
    total_sold = _not_negative(line.total, "line.total", digits)
    tax_sold = _not_negative(line.tax, "line.tax", digits)

    def part(units: int) -> int:
        return _half_up(units * after, sold) - _half_up(units * before, sold)

    def tax_of(total: int) -> int:
        return _half_up(tax_sold * total, total_sold) if total_sold else 0

    total = part(total_sold)
    tax = tax_of(_half_up(total_sold * after, sold)) - tax_of(_half_up(total_sold * before, sold))
    discount = part(_not_negative(line.discount, "line.discount", digits))
    sale_discount = part(_not_negative(line.sale_discount, "line.sale_discount", digits))
    displayed = total if line.tax_inclusive else total - tax
    return PricedLine(
        key=key,
        quantity=quantity,
        unit_price=line.unit_price,
        gross=_amount(displayed + discount + sale_discount, digits),
        discount=_amount(discount, digits),
        sale_discount=_amount(sale_discount, digits),
        net=_amount(total - tax, digits),
        tax=_amount(tax, digits),
        total=_amount(total, digits),
        tax_rate=line.tax_rate,
        tax_inclusive=line.tax_inclusive,
    )


def _draft(line: LineInput, field: str, digits: int) -> _Draft:
    quantity = _positive(line.quantity, f"{field}.quantity", PLACES)
    unit_price = _not_negative(line.unit_price, f"{field}.unit_price", PLACES)
    rate = _percent(line.tax_rate, f"{field}.tax_rate", MAX_TAX_RATE)
    gross = _half_up(quantity * unit_price * 10**digits, _ONE * _ONE)
    if gross > LIMIT * 10**digits:
        raise PricingError(Problem.TOO_LARGE, field, limit=LIMIT)
    discount = _discount(line.discount, gross, f"{field}.discount", digits)
    return _Draft(line, gross, discount, gross - discount, rate)


def _finish(draft: _Draft, sale_discount: int, field: str, digits: int) -> PricedLine:
    line = draft.line
    amount = draft.amount - sale_discount
    if line.tax_inclusive:
        tax = _half_up(amount * draft.rate, _HUNDRED_PERCENT + draft.rate)
        net = amount - tax
    else:
        tax = _half_up(amount * draft.rate, _HUNDRED_PERCENT)
        net = amount
    return PricedLine(
        key=line.key,
        quantity=line.quantity,
        unit_price=line.unit_price,
        gross=_amount(draft.gross, digits),
        discount=_amount(draft.discount, digits),
        sale_discount=_amount(sale_discount, digits),
        net=_amount(net, digits),
        tax=_amount(tax, digits),
        total=_amount(net + tax, digits),
        tax_rate=line.tax_rate,
        tax_inclusive=line.tax_inclusive,
    )


def _discount(discount: Discount | None, base: int, field: str, digits: int) -> int:
    """The discount in minor units; a percentage is rounded, an amount must have its coins."""
    if discount is None:
        return 0
    if discount.kind is DiscountKind.PERCENT:
        return _half_up(base * _percent(discount.value, field, Decimal(100)), _HUNDRED_PERCENT)
    units = _not_negative(discount.value, field, digits)
    if units > base:
        raise PricingError(
            Problem.DISCOUNT_TOO_LARGE,
            field,
            discount=_amount(units, digits),
            limit=_amount(base, digits),
        )
    return units


def _spread_over_lines(units: int, drafts: Sequence[_Draft]) -> list[int]:
    """Spread by the lines' amounts, in an order that does not depend on the ticket's."""
    order = sorted(
        range(len(drafts)), key=lambda i: (-drafts[i].rate, not drafts[i].line.tax_inclusive)
    )
    parts = _spread(units, [drafts[i].amount for i in order])
    shares = [0] * len(drafts)
    for index, part in zip(order, parts, strict=True):
        shares[index] = part
    return shares


def _spread(units: int, weights: Sequence[int]) -> list[int]:
    """Largest remainder. No part exceeds its weight where `units` do not exceed their sum."""
    whole = sum(weights)
    if not units or not whole:
        return [0] * len(weights)
    sign = -1 if units < 0 else 1
    divided = [divmod(abs(units) * weight, whole) for weight in weights]
    parts = [part for part, _ in divided]
    order = sorted(range(len(weights)), key=lambda i: (-divided[i][1], -weights[i], i))
    for index in order[: abs(units) - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def _applied(tenders: Sequence[Tender], change: Decimal, digits: int) -> tuple[Decimal, ...]:
    """What each tender paid, the change taken from the last cash first."""
    applied: list[Decimal] = []
    for tender in reversed(tenders):
        back = min(change, tender.amount) if tender.kind is TenderKind.CASH else _ZERO
        change -= back
        applied.append(_amount(_scaled(tender.amount - back, "tenders", digits), digits))
    return tuple(reversed(applied))


def _items(quantity: Decimal) -> int:
    return int(quantity) if quantity == int(quantity) else 1


def _half_up(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero; `denominator` is positive."""
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -rounded if numerator < 0 else rounded


def _to_step(units: int, step: int) -> int:
    return _half_up(units, step) * step if step else units


def _amount(units: int, digits: int) -> Decimal:
    return Decimal(units).scaleb(-digits)


def _plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 20, not 20.0000 or 2E+1."""
    whole = value.to_integral_value()
    return whole.quantize(Decimal(1)) if value == whole else value.normalize()


def _check_digits(digits: int) -> None:
    if not 0 <= digits <= PLACES:
        raise ValueError(f"a currency has 0 to {PLACES} digits, not {digits}")


def _scaled(value: Decimal, field: str, places: int) -> int:
    """The number in units of 10^-places, exactly; refuses what is no number or does not fit."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{field}: money and quantities are Decimal, not {type(value).__name__}")
    if not value.is_finite():
        raise PricingError(Problem.NOT_A_NUMBER, field)
    if value.copy_abs() > LIMIT:
        raise PricingError(Problem.TOO_LARGE, field, limit=LIMIT)
    exponent = value.as_tuple().exponent
    # Beyond any column's scale; without this an exponent of -10^6 would cost seconds below.
    if isinstance(exponent, int) and exponent < -40:
        raise PricingError(Problem.TOO_PRECISE, field, places=places)
    numerator, denominator = value.as_integer_ratio()
    scale: int = 10**places
    units, rest = divmod(numerator * scale, denominator)
    if rest:
        raise PricingError(Problem.TOO_PRECISE, field, places=places)
    return units


def _not_negative(value: Decimal, field: str, places: int) -> int:
    units = _scaled(value, field, places)
    if units < 0:
        raise PricingError(Problem.NEGATIVE, field)
    return units


def _positive(value: Decimal, field: str, places: int) -> int:
    units = _scaled(value, field, places)
    if units <= 0:
        raise PricingError(Problem.NOT_POSITIVE, field)
    return units


def _percent(value: Decimal, field: str, limit: Decimal) -> int:
    units = _scaled(value, field, PLACES)
    if not 0 <= units <= limit * _ONE:
        raise PricingError(Problem.PERCENT_RANGE, field, limit=limit)
    return units
