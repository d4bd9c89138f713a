"""What fits into a column of an export file: each function returns the typed value or raises Unfit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from django.contrib.auth.hashers import identify_hasher

_PLACES: Final = Decimal("0.0001")
_LARGEST: Final = Decimal(10) ** 14  # numeric(18,4)
_POWER: Final = 14
_LARGEST_ID: Final = 2**63 - 1
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_EXACT: Final = re.compile(r"-?[0-9]{1,14}\.[0-9]{4}", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
# No text column takes these; JSON can spell half of a character.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_BCRYPT: Final = re.compile(r"\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}", re.ASCII)


class Unfit(ValueError):
    """A value does not fit its column; the message is the reason."""


def key(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _LARGEST_ID:
        raise Unfit("is not an id, a whole number above 0")
    return value


def whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise Unfit("is not a whole number")
    return value


def flag(value: Any) -> bool:
    if value is True or value is False:
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise Unfit("is not true or false")


def text(longest: int) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise Unfit("is not text")
        if _UNSTORABLE.search(value):
            raise Unfit("holds a character that cannot be stored")
        if len(value) > longest:
            raise Unfit(f"is longer than {longest} characters")
        return value

    return convert


def number(value: Any) -> Decimal:
    """A finite number that a column of 18 digits with 4 decimals holds exactly."""
    if isinstance(value, str):
        if _EXACT.fullmatch(value):
            return Decimal(value)
        if _NOT_FINITE.fullmatch(value):
            raise Unfit("is not a finite number")
        if not _NUMBER.fullmatch(value):
            raise Unfit("is not a number")
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unfit("is not a number")
    with localcontext(prec=60):
        found = Decimal(value)
        # By its power of ten first: there are numbers too large to be compared.
        if not found.is_finite() or found.adjusted() > _POWER or abs(found) >= _LARGEST:
            raise Unfit("is too large")
        stored = found.quantize(_PLACES)
        if stored != found:
            raise Unfit("has more than four decimals")
        return stored


def not_negative(value: Any) -> Decimal:
    found = number(value)
    if found < 0:
        raise Unfit("is negative")
    return found


def percent(value: Any) -> Decimal:
    found = not_negative(value)
    if found > 1000:
        raise Unfit("is more than 1000 percent")
    return found


def moment(value: Any) -> bool:
    """Whether a time is given; it has to be one."""
    if not isinstance(value, str):
        raise Unfit("is not a time")
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise Unfit("is not a time") from None
    return True


def instant(value: Any) -> datetime:
    """A time with its zone, in UTC."""
    if not isinstance(value, str):
        raise Unfit("is not a time")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise Unfit("is not a time") from None
    if found.tzinfo is None:
        raise Unfit("is a time without a zone")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise Unfit("is not a time") from None


def day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unfit("is not a date") from None


def digest(value: Any) -> str:
    """SHA-256 in hexadecimal."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise Unfit("is not a SHA-256")
    return value


def keys(value: Any) -> list[int]:
    if not isinstance(value, list):
        raise Unfit("is no list")
    return [key(item) for item in value]


def names_elsewhere(value: Any) -> list[list[str]]:
    """What a row is called elsewhere: lists of system, key there and fingerprint."""
    if not isinstance(value, list):
        raise Unfit("is no list")
    longest = (60, 100, 32)
    for item in value:
        if not isinstance(item, list) or len(item) != len(longest):
            raise Unfit("holds something else than system, key and fingerprint")
        for part, most in zip(item, longest, strict=True):
            text(most)(part)
    return value


def settings(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit("is no object")
    found: dict[str, Any] = _storable(value)
    return found


def _storable(value: Any) -> Any:
    """Fractions came in exactly, and JSON has no such numbers."""
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise Unfit("holds a character that cannot be stored")
    return float(value) if isinstance(value, Decimal) else value  # no money: a setting


def one_of(*choices: str) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if value not in choices:
            raise Unfit(f"is none of {', '.join(choices)}")
        return str(value)

    return convert


def password_hash(value: Any) -> str:
    """As Django stores it: bcrypt as other programs write it, or a hash that is checked here."""
    if not isinstance(value, str):
        raise Unfit("is no password hash")
    if _BCRYPT.fullmatch(value):
        return f"bcrypt${value}"
    try:
        identify_hasher(value)
    except ValueError:
        raise Unfit("is not a bcrypt hash, nor another that is checked here") from None
    return value


def currency_code(value: Any) -> str:
    code = value.get("code") if isinstance(value, dict) else None
    if not isinstance(code, str):
        raise Unfit("has no code")
    return code


def links(outer: str, inner: str, name: str) -> Callable[[Any], list[tuple[int, str]]]:
    """Nested links such as roles[{roleId, role{name}}]: pairs of id and name."""

    def convert(value: Any) -> list[tuple[int, str]]:
        if not isinstance(value, list):
            raise Unfit("is no list")
        found = []
        for item in value:
            if not isinstance(item, dict) or not isinstance(item.get(outer), int):
                raise Unfit(f"holds a link without {outer}")
            nested = item.get(inner)
            title = nested.get(name) if isinstance(nested, dict) else None
            found.append((item[outer], title if isinstance(title, str) else ""))
        return found

    return convert


def nested_rows(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Unfit("is no list")
    return value


def is_locale(name: str) -> bool:
    try:
        Locale.parse(name)
    except (ValueError, UnknownLocaleError):
        return False
    return True


def in_circles(above: dict[int, int | None]) -> Iterable[int]:
    """The ids that lead back to themselves."""
    safe: set[int] = set()
    for start in above:
        path: dict[int, None] = {}
        at: int | None = start
        while at is not None and at not in safe and at not in path:
            path[at] = None
            at = above.get(at)
        if at is not None and at in path:
            circle = list(path)[list(path).index(at) :]
            yield from circle
        safe.update(path)
