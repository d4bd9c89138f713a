"""Which months and days together are a range of days, in as few rows of sums as can be."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of one table that are a part of a range, or (`sign` is a minus) that are too much."""

    by_month: bool
    first: date
    last: date
    sign: str = ""


def spans(first: date, last: date) -> list[Span]:
    """Whole months, and the days that they have too many or lack of the range, whichever are fewer."""
    if first > last:
        return []
    low, high = first.replace(day=1), last.replace(day=1)
    over, short = (first - low).days, (month_end(high) - last).days
    before = Span(False, low, first - _DAY, "-") if over else None
    after = Span(False, last + _DAY, month_end(high), "-") if short else None
    if low == high:
        if over + short > (last - first).days:
            return [Span(False, first, last)]
    else:
        if over > 15:
            before = Span(False, first, month_end(low))
            low = month_end(low) + _DAY
        if short > 15:
            after = Span(False, high, last)
            high = (high - _DAY).replace(day=1)
    months = [Span(True, low, high)] if low <= high else []
    return months + [one for one in (before, after) if one is not None]


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
