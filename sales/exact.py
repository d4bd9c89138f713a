"""Exact money: decimals in and out, whole numbers of the smallest unit in between.

Neither a float nor the rounding mode of the caller's decimal context can change a cent here; its
precision must be Python's default of 28 digits or more. Other code imports from `pricing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

PLACES = 4
LIMIT = Decimal(10) ** 12
"""The largest quantity, price or amount taken for real; more is a slip of the keyboard."""

ONE = 10**PLACES
HUNDRED_PERCENT = 100 * ONE
ZERO = Decimal(0)


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


def allocate(amount: Decimal, weights: Sequence[Decimal], *, digits: int) -> tuple[Decimal, ...]:
    """Spread `amount` in proportion to `weights`, by largest remainder; the parts sum to it.

    Equal remainders go to the larger weight, then to the earlier one. A weight of zero gets
    nothing; a negative amount is spread as its opposite would be. Raises `PricingError` for a
    negative weight, and for an amount where all the weights are zero.
    """
    check_digits(digits)
    units = scaled(amount, "amount", digits)
    shares = [
        not_negative(weight, f"weights.{index}", PLACES) for index, weight in enumerate(weights)
    ]
    if units and not sum(shares):
        raise PricingError(Problem.NOTHING_TO_SPREAD, "weights")
    return tuple(money(part, digits) for part in spread(units, shares))


def spread(units: int, weights: Sequence[int]) -> list[int]:
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


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero; `denominator` is positive."""
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -rounded if numerator < 0 else rounded


def to_step(units: int, step: int) -> int:
    """The nearest multiple of `step`, half away from zero; a step of zero changes nothing."""
    return half_up(units, step) * step if step else units


def money(units: int, digits: int) -> Decimal:
    """The decimal with exactly `digits` decimals that stands for so many minor units."""
    return Decimal(units).scaleb(-digits)


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 20, not 20.0000 or 2E+1."""
    whole = value.to_integral_value()
    return whole.quantize(Decimal(1)) if value == whole else value.normalize()


def check_digits(digits: int) -> None:
    """Refuse what no currency has: a mistake of the caller and not of a person."""
    if not 0 <= digits <= PLACES:
        raise ValueError(f"a currency has 0 to {PLACES} digits, not {digits}")


def scaled(value: Decimal, field: str, places: int) -> int:
    """The number in units of 10^-places, exactly; refuses what is no number or does not fit."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{field}: money and quantities are Decimal, not {type(value).__name__}")
    if not value.is_finite():
        raise PricingError(Problem.NOT_A_NUMBER, field)
    if value.copy_abs() > LIMIT:
        raise PricingError(Problem.TOO_LARGE, field, limit=LIMIT)
    units = int(value.scaleb(places))
    # Compared exactly, whatever was cut off or rounded on the way.
    if Decimal(units).scaleb(-places) != value:
        raise PricingError(Problem.TOO_PRECISE, field, places=places)
    return units


def not_negative(value: Decimal, field: str, places: int) -> int:
    """The number in units of 10^-places, at least zero."""
    units = scaled(value, field, places)
    if units < 0:
        raise PricingError(Problem.NEGATIVE, field)
    return units


def positive(value: Decimal, field: str, places: int) -> int:
    """The number in units of 10^-places, more than zero."""
    units = scaled(value, field, places)
    if units <= 0:
        raise PricingError(Problem.NOT_POSITIVE, field)
    return units


def percent(value: Decimal, field: str, limit: Decimal) -> int:
    """The percentage in units of 1/10000 percent, from zero to `limit`."""
    units = scaled(value, field, PLACES)
    if not 0 <= units <= limit * ONE:
        raise PricingError(Problem.PERCENT_RANGE, field, limit=limit)
    return units
