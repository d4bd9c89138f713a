"""What a sale comes to, to the cent as the server computes it; for sales without a line.

Amounts are rounded half up, once for each shown amount, tax for each line. The discount on the whole
sale is spread over the lines by the largest remainder. tests/vectors/pricing of the server hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from .exact import Amount, exact, plain

_PLACES: Final = 10_000  # Quantities, prices and percentages have four decimals.
_HUNDRED: Final = 100 * _PLACES


@dataclass(frozen=True, slots=True)
class Discount:
    """An amount off all of the line or sale, or a percentage from 0 to 100."""

    kind: Literal["fixed", "percent"]
    value: Amount

    def told(self) -> dict[str, str]:
        return {"kind": self.kind, "value": plain(self.value)}


@dataclass(frozen=True, slots=True)
class Priced:
    """A line with what it comes to."""

    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal
    tax_inclusive: bool
    discount: Discount | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    net: Decimal
    tax: Decimal
    total: Decimal


def total_of(lines: Sequence[Priced], *, discount: Discount | None = None, digits: int) -> Sum:
    """Net, tax and total with exactly `digits` decimals.

    Raises ValueError for no lines, a quantity that is not above zero, a negative price, a discount
    larger than what it applies to, and more decimals than there may be.
    """
    if not lines:
        raise ValueError("a sale has at least one line")
    amounts = []
    for line in lines:
        quantity, price = _units(line.quantity, 4), _units(line.unit_price, 4)
        if quantity == 0:
            raise ValueError("a quantity is more than zero")
        gross = half_up(quantity * price * 10**digits, _PLACES * _PLACES)
        amounts.append(gross - _discount(line.discount, gross, digits))
    shares = _shares(_discount(discount, sum(amounts), digits), lines, amounts)
    net = tax = 0
    for line, amount, share in zip(lines, amounts, shares, strict=True):
        left, rate = amount - share, _units(line.tax_rate, 4)
        if line.tax_inclusive:
            one = half_up(left * rate, _HUNDRED + rate)
            net += left - one
        else:
            one = half_up(left * rate, _HUNDRED)
            net += left
        tax += one
    return Sum(_money(net, digits), _money(tax, digits), _money(net + tax, digits))


def in_coins(total: Decimal, step: Decimal, *, digits: int) -> Decimal:
    """What is paid in cash: the nearest multiple of the smallest coin, half up."""
    units, coin = int(total.scaleb(digits)), _units(step, digits)
    return _money(half_up(units, coin) * coin if coin else units, digits)


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero; `denominator` is positive."""
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -rounded if numerator < 0 else rounded


def _money(units: int, digits: int) -> Decimal:
    return Decimal(units).scaleb(-digits)


def _units(value: Amount, places: int) -> int:
    scaled = exact(value).scaleb(places)
    if scaled != scaled.to_integral_value() or scaled < 0:
        raise ValueError(f"{value} is negative or has more than {places} decimals")
    return int(scaled)


def _discount(discount: Discount | None, base: int, digits: int) -> int:
    if discount is None:
        return 0
    if discount.kind == "percent":
        rate = _units(discount.value, 4)
        if rate > _HUNDRED:
            raise ValueError("a discount is at most 100 percent")
        return half_up(base * rate, _HUNDRED)
    units = _units(discount.value, digits)
    if units > base:
        raise ValueError("a discount is larger than what it applies to")
    return units


def _shares(units: int, lines: Sequence[Priced], amounts: Sequence[int]) -> list[int]:
    """By the largest remainder; then the larger amount, the higher rate, a price with tax."""
    whole, shares = sum(amounts), [0] * len(lines)
    if not units or not whole:
        return shares
    order = sorted(
        range(len(lines)), key=lambda i: (-exact(lines[i].tax_rate), not lines[i].tax_inclusive)
    )
    rest = {}
    for place, i in enumerate(order):
        shares[i], remainder = divmod(units * amounts[i], whole)
        rest[i] = (-remainder, -amounts[i], place)
    for i in sorted(order, key=rest.__getitem__)[: units - sum(shares)]:
        shares[i] += 1
    return shares
