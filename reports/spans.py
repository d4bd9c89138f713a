"""Which years, months and days together are a range of days, in as few rows of sums as can be."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Unit = Literal["day", "month", "year"]
#: A first and a last, and a minus where what is between them is too much.
Part = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Span:
    """The days, months or years that begin from `first` to `last`: a part of a range, or (`sign` is a
    minus) too much of it."""

    unit: Unit
    first: date
    last: date
    sign: str = ""


def spans(first: date, last: date) -> list[Span]:
    """Whole years, and the months that they have too many or lack of the range, whichever are fewer;
    of months that are not whole likewise the days."""
    if first > last:
        return []
    whole, days = _rounded(first.toordinal(), last.toordinal(), _first_of_month, _last_of_month)
    found = [Span("day", date.fromordinal(a), date.fromordinal(b), sign) for a, b, sign in days]
    if whole:
        # From here on months are counted, and not days.
        begin, end = (_month(date.fromordinal(day)) for day in whole)
        years, months = _rounded(begin, end, _january, _december)
        found += [Span("month", _date(a), _date(b), sign) for a, b, sign in months]
        if years:
            found.append(Span("year", _date(years[0]), _date(_january(years[1]))))
    return found


def _rounded(
    first: int, last: int, begin: Callable[[int], int], end: Callable[[int], int]
) -> tuple[tuple[int, int] | None, list[Part]]:
    """From where to where whole units go, if any, and what is missing or too much at both ends.

    `begin` and `end` say where the unit of a number begins and ends.
    """
    low, high = begin(first), end(last)
    if low == begin(last):
        if (first - low) + (high - last) > last - first:
            return None, [(first, last, "")]
        rest = [(low, first - 1, "-"), (last + 1, high, "-")]
    else:
        head = min((low, first - 1, "-"), (first, end(first), ""), key=_length)
        tail = min((last + 1, high, "-"), (begin(last), last, ""), key=_length)
        low = low if head[2] else end(first) + 1
        high = high if tail[2] else begin(last) - 1
        rest = [head, tail]
    return (low, high) if low <= high else None, [part for part in rest if _length(part)]


def _length(part: Part) -> int:
    first, last, _sign = part
    return last - first + 1


def _first_of_month(day: int) -> int:
    return date.fromordinal(day).replace(day=1).toordinal()


def _last_of_month(day: int) -> int:
    return month_end(date.fromordinal(day)).toordinal()


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


_YEAR: Final = 12


def _month(day: date) -> int:
    return day.year * _YEAR + day.month - 1


def _date(month: int) -> date:
    return date(month // _YEAR, month % _YEAR + 1, 1)


def _january(month: int) -> int:
    return month - month % _YEAR


def _december(month: int) -> int:
    return _january(month) + _YEAR - 1
