"""Amounts, quantities and times as people read them, through the CLDR data of Babel."""

from __future__ import annotations

import re
from datetime import date, datetime, time, tzinfo
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)
from django.utils import timezone
from django.utils.translation import get_language

from tenants import context

NOTHING = "–"
Number = Decimal | int | str


@lru_cache(maxsize=64)
def parse_locale(code: str) -> Locale:
    """The locale of a code such as en_GB or pt-br; English for one that CLDR does not know."""
    try:
        return Locale.parse(code.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def house_locale() -> Locale:
    """The bound business's locale; outside any business the reader's language."""
    if context.bound_id() is not None:
        return parse_locale(context.current().locale)
    return parse_locale(get_language() or "en")


def _currency(business: Any) -> tuple[str, Locale]:
    """The ISO 4217 code and locale of a business, a bare code, or (None) the bound business."""
    if isinstance(business, str) and business:
        return business, house_locale()
    chosen = business or context.current()
    return chosen.currency, parse_locale(chosen.locale)


def _minor(amount: Number, currency: str) -> Decimal:
    step = Decimal(1).scaleb(-get_currency_precision(currency))
    return Decimal(amount).quantize(step, rounding=ROUND_HALF_UP)


@lru_cache(maxsize=256)
def _marks(locale: Locale, currency: str = "") -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """What Babel writes before, between and after the digits of a number from zero up, and below.

    Learnt from an example of each, for Babel takes longer over an amount than a page has for one.
    None where digits stand in other groups than three, as in India.
    """
    decimals = "89012345"[: get_currency_precision(currency) if currency else 2]
    shape = re.compile(rf"(\D*)1(\D*)234(?:\2)567(\D*?){decimals}(\D*)")
    example = Decimal(f"1234567.{decimals}")
    texts = [
        format_currency(one, currency, locale=locale)
        if currency
        else format_decimal(one, locale=locale)
        for one in (example, -example)
    ]
    above, below = (shape.fullmatch(text) for text in texts)
    return (above.groups(), below.groups()) if above and below else None


def _spelt(number: Decimal, marks: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    before, group, point, after = marks[number.is_signed()]
    whole, _dot, rest = f"{number.copy_abs():,f}".partition(".")
    return before + whole.replace(",", group) + (point + rest if rest else "") + after


def money(amount: Number | None, business: Any = None) -> str:
    """The amount with its currency, rounded half up to the minor unit.

    `business` is a business or an ISO 4217 code; without it the bound business counts, and
    NoBusiness is raised where none is bound.
    """
    if amount is None or amount == "":
        return NOTHING
    currency, locale = _currency(business)
    # A mistyped cost times a mistyped quantity has more digits than the default context takes.
    with localcontext(prec=60):
        exact = _minor(amount, currency)
        marks = _marks(locale, currency)
        if marks is None:
            return format_currency(exact, currency, locale=locale)
    return _spelt(exact, marks)


def amount(value: Number | None, business: Any = None) -> str:
    """Like `money`, without the sign of the currency."""
    if value is None or value == "":
        return NOTHING
    currency, locale = _currency(business)
    pattern = "#,##0" + ("." + "0" * digits if (digits := get_currency_precision(currency)) else "")
    return format_decimal(_minor(value, currency), format=pattern, locale=locale)


def compact(value: Number, business: Any = None) -> str:
    """A short form for the axis of a chart: 1.2K, or €1.2K with a business or code."""
    if not business:
        return format_compact_decimal(Decimal(value), fraction_digits=1, locale=house_locale())
    currency, locale = _currency(business)
    return format_compact_currency(Decimal(value), currency, fraction_digits=1, locale=locale)


def quantity(value: Number | None) -> str:
    """Without trailing zeros; every stored decimal (at most 4) is shown."""
    if value is None or value == "":
        return NOTHING
    locale, exact = house_locale(), _plain(value)
    marks = _marks(locale)
    if marks is None:
        return format_decimal(exact, locale=locale, decimal_quantization=False)
    return _spelt(exact, marks)


def percentage(value: Number | None) -> str:
    """A rate in percent, as it is stored: 19.0000 is 19%."""
    if value is None or value == "":
        return NOTHING
    return format_percent(_plain(value) / 100, locale=house_locale(), decimal_quantization=False)


def _plain(value: Number) -> Decimal:
    # normalize() alone writes 100 as 1E+2.
    return Decimal(format(Decimal(value).normalize(), "f"))


def zone_of(place: Any) -> tzinfo:
    """The zone of a location or a business, or the zone that a name or a tzinfo is.

    Raises ValueError for anything else: a time shown in an accidental zone is wrong by hours.
    """
    if isinstance(place, tzinfo):
        return place
    if isinstance(place, str) and place:
        return ZoneInfo(place)
    zone = getattr(place, "zone", None)
    if not isinstance(zone, tzinfo):
        raise ValueError(f"A time needs a location, a business or a zone, not {place!r}.")
    return zone


def local_time(moment: datetime | None, place: Any) -> str:
    """Date and hour of an aware moment in the zone of `place`."""
    if not moment:
        return NOTHING
    here, locale = timezone.localtime(moment, zone_of(place)), house_locale()
    day, clock = (
        format_date(here, "medium", locale=locale),
        format_time(here, "short", locale=locale),
    )
    return f"{day}, {clock}"


def local_date(moment: date | None, place: Any = None) -> str:
    """The date of an aware moment in the zone of `place`; a plain date needs no place."""
    if not moment:
        return NOTHING
    day = timezone.localtime(moment, zone_of(place)) if isinstance(moment, datetime) else moment
    return format_date(day, "medium", locale=house_locale())


def local_clock(moment: datetime | time | None, place: Any) -> str:
    """The hour of an aware moment in the zone of `place`."""
    if not moment:
        return NOTHING
    clock = timezone.localtime(moment, zone_of(place)) if isinstance(moment, datetime) else moment
    return format_time(clock, "short", locale=house_locale())
