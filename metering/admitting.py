"""Whether a request of a key is let in, and what its answer says of what is left.

- A till is never refused what it needs to sell (`metering/needed.py`). It is counted without a
  statement, in the process, and that is written after an answer.
- Everything else is counted before the view, each in one statement that commits at once: requests
  in this minute (Redis where there is one), then the day and the month of the key, and where credits
  are enforced, one of these. Of N requests at once exactly those get in that fit. What is refused
  counts nowhere but in the number of refusals, and costs nothing.
- Where the database refuses to count, the request is let in and counted like a till's: the shop goes
  on, and the view will say itself what does not work.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.conf import settings
from django.db import Error, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import refused
from accounts.limits import MINUTE, Limit, TooMany, seconds_left
from accounts.models import Device
from metering import ledger, storing
from metering.counting import counter
from metering.needed import FREE, may_be_refused
from metering.storing import ENDLESS, Count

logger = logging.getLogger(__name__)

#: Nobody knows when somebody buys credits: ask again in an hour.
CREDITS_WAIT: Final = 60 * 60

SAID: Final[dict[str, str | Promise]] = {
    "rate_limited": _("Too many requests in this minute. Try again in %(wait)s seconds."),
    "day_limit": _("This key has reached its limit for today (%(limit)s requests, by UTC)."),
    "month_limit": _("This key has reached its limit for this month (%(limit)s requests, by UTC)."),
    "no_credits": _("No API credits are left. The owner of the business can get more."),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refusal` is what to answer in the view's place; `headers` go with every answer."""

    refusal: HttpResponse | None = None
    headers: dict[str, str] = field(default_factory=dict)


class NoCredits(Exception):
    """There was none to take; what was counted is taken back with it."""


def judge(device: Device, route: str, *, now: datetime | None = None) -> Verdict:
    """Count the request, or refuse it. The business is bound, and no transaction is open."""
    moment = (now or timezone.now()).astimezone(UTC)
    cost = int(settings.METERING.enforced and route not in FREE)
    if not may_be_refused(route, is_program=device.is_program):
        return _let_in(device, moment, cost)
    try:
        return _counted(device, route, moment, cost)
    except Error as error:
        logger.warning("A request is let in uncounted for now: %s", type(error).__name__)
        return _let_in(device, moment, cost)


def _let_in(device: Device, moment: datetime, cost: int) -> Verdict:
    """Counted in the process, and told what the process knows."""
    if not settings.METERING.seconds:
        return Verdict()
    counter.count(device.business_id, device.pk, (1, cost, 0))
    known = counter.figures(device.pk, moment.date())
    return Verdict(headers=figures(moment, known))


def _counted(device: Device, route: str, moment: datetime, cost: int) -> Verdict:
    used = 0
    if settings.METERING.per_minute:
        try:
            used = Limit("key", settings.METERING.per_minute, MINUTE).count(str(device.pk))
        except TooMany as many:
            used = settings.METERING.per_minute
            return _refuse(device, "rate_limited", many.wait, figures(moment, None, used=used))
    if route in FREE:
        return _free(device, moment, used)
    left: int | None = None
    try:
        with transaction.atomic():
            count = storing.admit(device.pk, moment.date(), charged=bool(cost))
            if count is not None and cost:
                left = _take()
    except NoCredits:
        count = _now(device, moment.date())
        headers = figures(moment, count, used=used, left=0)
        return _refuse(device, "no_credits", CREDITS_WAIT, headers)
    if count is not None:
        return Verdict(headers=figures(moment, count, used=used, left=left))
    count = _now(device, moment.date())
    code, limit, wait = "day_limit", count.per_day, to_midnight(moment)
    if count.month >= count.per_month:
        code, limit, wait = "month_limit", count.per_month, to_next_month(moment)
    return _refuse(device, code, wait, figures(moment, count, used=used), limit=limit)


def _free(device: Device, moment: datetime, used: int) -> Verdict:
    with transaction.atomic():
        left = max(ledger.balance().left, 0) if settings.METERING.enforced else None
        count = storing.counts([device.pk], moment.date())[device.pk]
    _let_in(device, moment, 0)
    return Verdict(headers=figures(moment, count, used=used, left=left))


def _take() -> int:
    left = storing.take()
    if left is None:
        raise NoCredits
    return left


def _now(device: Device, day: date) -> Count:
    with transaction.atomic():
        return storing.counts([device.pk], day)[device.pk]


def _refuse(
    device: Device, code: str, wait: int, headers: dict[str, str], *, limit: int = 0
) -> Verdict:
    if settings.METERING.seconds:
        counter.count(device.business_id, device.pk, (0, 0, 1))
    answer = refused(code, str(SAID[code]) % {"wait": wait, "limit": limit}, 429)
    answer.headers["Retry-After"] = str(wait)
    return Verdict(answer, headers)


def figures(
    moment: datetime, count: Count | None, *, used: int | None = None, left: int | None = None
) -> dict[str, str]:
    """RateLimit and RateLimit-Policy as the IETF's draft has them (draft-ietf-httpapi-ratelimit-
    headers): `q` is the quota of `w` seconds, `r` what remains of it, and `t` seconds until it is
    whole again. One header holds all windows, which the many X-RateLimit-… cannot."""
    windows = []
    if used is not None and settings.METERING.per_minute:
        most = settings.METERING.per_minute
        windows.append(("minute", most, MINUTE, most - used, seconds_left(MINUTE)))
    if count is not None:
        if count.per_day < ENDLESS:
            rest = count.per_day - count.day
            windows.append(("day", count.per_day, 86_400, rest, to_midnight(moment)))
        if count.per_month < ENDLESS:
            rest, first = count.per_month - count.month, moment.date().replace(day=1)
            length = (storing.next_month(first) - first).days * 86_400
            windows.append(("month", count.per_month, length, rest, to_next_month(moment)))
    headers = {}
    if windows:
        policies = [f'"{name}";q={quota};w={length}' for name, quota, length, _r, _t in windows]
        remains = [f'"{name}";r={max(rest, 0)};t={t}' for name, _q, _w, rest, t in windows]
        headers = {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(remains)}
    if left is not None:
        headers["X-Credits-Remaining"] = str(left)
    return headers


def to_midnight(moment: datetime) -> int:
    """Seconds until the next day, by UTC."""
    return _seconds_to(moment, moment.date() + timedelta(days=1))


def to_next_month(moment: datetime) -> int:
    return _seconds_to(moment, storing.next_month(moment.date()))


def _seconds_to(moment: datetime, day: date) -> int:
    return max(1, int((datetime.combine(day, time(), UTC) - moment).total_seconds()))
