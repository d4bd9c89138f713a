"""Numbers as programs read them: exact text, no exponent, no thousands, a point."""

from __future__ import annotations

from decimal import Decimal


def plain_number(value: Decimal) -> str:
    """Without trailing zeros: 1.5000 is 1.5 and 1E+2 is 100."""
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain_money(value: Decimal, digits: int) -> str:
    """With at least the `digits` of the currency, and more only where there are more: 4.00, 0.125."""
    text = str(value)
    # As most amounts are: with just so many decimals.
    if digits and text[-digits - 1 : -digits] == "." and text[0] != "-" and "E" not in text:
        return text
    whole, _point, rest = plain_number(value).partition(".")
    rest = rest.ljust(digits, "0")
    return f"{whole}.{rest}" if rest else whole
