"""The keys of a business: what each has asked for, how much it may, and changing that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Device, Membership
from metering import storing
from metering.models import KeyDay, KeyLimit
from metering.storing import ENDLESS, Count
from tenants.errors import Refused

DAYS: Final = 30
MOST: Final = 10**9


@dataclass(frozen=True, slots=True)
class Used:
    """A key with what it has asked for; a limit that is None is none."""

    device: Device
    count: Count
    refused: int

    @property
    def per_day(self) -> int | None:
        return None if self.count.per_day >= ENDLESS else self.count.per_day

    @property
    def per_month(self) -> int | None:
        return None if self.count.per_month >= ENDLESS else self.count.per_month

    @property
    def is_full(self) -> bool:
        """Whether its next request is over a limit."""
        count = self.count
        return count.day >= count.per_day or count.month >= count.per_month


def today() -> date:
    """The day by which keys are counted."""
    moment: datetime = timezone.now().astimezone(UTC)
    return moment.date()


def used_by_keys() -> list[Used]:
    """The keys that may be used, and those that were this month, the busiest first; 4 statements."""
    day = today()
    first = day.replace(day=1)
    known = KeyDay.objects.filter(day__gte=first, day__lte=day).values("device")
    devices = Device.objects.filter(Q(revoked_at=None) | Q(pk__in=known))
    rows = {device.pk: device for device in devices.order_by("name", "pk")}
    counts = storing.counts(rows, day)
    refused = KeyDay.objects.filter(day__gte=first, day__lte=day).order_by().values("device")
    sums = dict(refused.annotate(n=Sum("refused")).values_list("device", "n"))
    found = [Used(device, counts[pk], sums.get(pk, 0)) for pk, device in rows.items()]
    return sorted(found, key=lambda one: -one.count.month)


def by_day(device: Device | None = None) -> list[tuple[date, Decimal]]:
    """Requests of each of the last 30 days, of one key or of all."""
    last = today()
    rows = KeyDay.objects.filter(day__gt=last - timedelta(days=DAYS), day__lte=last)
    if device is not None:
        rows = rows.filter(device=device)
    sums = dict(rows.order_by().values("day").annotate(n=Sum("count")).values_list("day", "n"))
    days = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [(day, Decimal(sums.get(day, 0))) for day in days]


@transaction.atomic
def set_limits(
    *, actor: Membership, device: Device, per_day: int | None, per_month: int | None
) -> None:
    """Give a key limits of its own, from its next request; None is the usual one. Raises Refused."""
    for name, value in (("per_day", per_day), ("per_month", per_month)):
        if value is not None and not 1 <= value <= MOST:
            said = _("Enter a number from 1 to %(most)s, or nothing for the usual limit.")
            said %= {"most": MOST}
            raise Refused("bad_limit", said, {name: [said]}, status=400)
    before: KeyLimit | None = KeyLimit.objects.filter(device=device).first()
    old = (None, None) if before is None else (before.per_day, before.per_month)
    if old == (per_day, per_month):
        return
    KeyLimit.objects.update_or_create(
        device=device, defaults={"per_day": per_day, "per_month": per_month}
    )
    changes: dict[str, Any] = {}
    for name, was, is_ in (("a_day", old[0], per_day), ("a_month", old[1], per_month)):
        if was != is_:
            changes[name] = [was, is_]
    audit.record(actor=actor.user, action="device.limit", target=device, changes=changes)


def usual_limits() -> tuple[int | None, int | None]:
    """Of a day and of a month, for keys without limits of their own; None is none."""
    return settings.METERING.per_day or None, settings.METERING.per_month or None
