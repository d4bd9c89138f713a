"""JSON that is the same for the same values: what requests and documents are hashed by."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final


def canonical(content: Any) -> str:
    """JSON that is the same for the same values, whatever their type was on the way.

    Sorted keys, no spaces, other values as `plain` has them. Hashes are made of it: it never
    changes.
    """
    return encode(plain(content))


def plain(value: Any) -> Any:
    """A value as canonical JSON has it: decimals with four places, times in UTC with microseconds,
    dataclasses as objects, ids and dates as their text; so too whatever is in lists and objects."""
    kind = type(value)
    if kind in OF_JSON:
        return value
    if kind is Decimal:
        # A zero that a calculation left negative is the zero that the database gives back.
        return f"{value:.4f}" if value else "0.0000"
    return _how(kind)(value)  # type: ignore[arg-type]


@cache
def _how(kind: type) -> Callable[[Any], Any]:
    """What makes values of another type plain."""
    if issubclass(kind, Decimal):
        return lambda value: plain(Decimal(value))
    if issubclass(kind, dict):
        return lambda value: {name: plain(one) for name, one in value.items()}
    if issubclass(kind, list | tuple):
        return lambda value: [plain(one) for one in value]
    if issubclass(kind, datetime):
        return lambda value: value.astimezone(UTC).isoformat(timespec="microseconds")
    if issubclass(kind, str | int | float):
        return lambda value: value
    if is_dataclass(kind):
        names = [field.name for field in fields(kind)]
        return lambda value: {name: plain(getattr(value, name)) for name in names}
    return str


#: What JSON has itself: what is plain already.
OF_JSON: Final = frozenset({str, int, bool, float, type(None)})
#: Canonical JSON of what is plain already.
encode: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
).encode
