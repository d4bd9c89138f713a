"""Numbers and JSON without floats: what cannot be exact is refused, in both directions."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

#: What amounts and quantities are given as; never a float.
Amount = Decimal | str | int


def exact(value: Amount) -> Decimal:
    """The same number. Raises TypeError for a float, ValueError for what is no number."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        raise TypeError(f"Amounts are Decimal, text or int, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is no number")
    return number


def plain(value: Amount) -> str:
    """As JSON carries it: digits, without an exponent."""
    return format(exact(value), "f")


def written(value: Any) -> bytes:
    """JSON; the same bytes for the same value. Raises TypeError for a float anywhere in it."""
    return json.dumps(_told(value), ensure_ascii=False, separators=(",", ":")).encode()


def read(text: bytes | str) -> Any:
    """JSON; what it spells as a fraction becomes a Decimal. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)


def _told(value: Any) -> Any:
    if isinstance(value, float):
        raise TypeError("A float is not exact: send a Decimal or text")
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, dict):
        return {str(name): _told(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    return value
