"""Which backups stay: all of the last 24 hours, and the newest of each of the last days, weeks and
months that have one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta

#: A backup that is not whole is being made, or was left behind by one that was killed.
LEFT_BEHIND = timedelta(days=1)
# The one that somebody took before trying something out is not to go with the nightly one.
_RECENT = timedelta(days=1)


def kept(moments: Iterable[datetime], *, days: int, weeks: int, months: int) -> set[datetime]:
    """Those of `moments` that stay: the newest, and all that are less than a day older, always do.

    Days, weeks (from Monday) and months count only when they have a backup: a shop that was closed
    for a year keeps what it had. Days are those of the moments' own time zone.
    """
    newest_first = sorted(set(moments), reverse=True)
    stay = {one for one in newest_first if newest_first[0] - one < _RECENT}
    periods: tuple[tuple[int, Callable[[datetime], Hashable]], ...] = (
        (days, lambda one: one.date()),
        (weeks, lambda one: one.isocalendar()[:2]),
        (months, lambda one: (one.year, one.month)),
    )
    for count, period in periods:
        seen: dict[Hashable, datetime] = {}
        for one in newest_first:
            seen.setdefault(period(one), one)
        stay.update(list(seen.values())[:count])
    return stay
