"""Comparing what is wrong now with the alerts that are open: one message on begin, one on end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from monitoring.alerts import delivery, rules
from monitoring.alerts.rules import Finding
from monitoring.models import Alert, LastRun, Notice

#: An alert ends when nothing was seen of it for so long: what comes and goes is one alert.
CALM: Final = timedelta(minutes=5)
#: Days for which alerts that are over can be looked up.
KEEP_DAYS: Final = 90
NAME: Final = "alerts"


@dataclass(frozen=True)
class Outcome:
    """What one evaluation did; `messages` are those of all alerts that are open now."""

    begun: list[str]
    ended: list[str]
    messages: list[str]
    sent: int
    undelivered: int


def check() -> Outcome:
    """Go through the rules, remember what begins and ends, and deliver what is not delivered yet.

    Outside a transaction: messages go out only for what is committed. Two at once begin and end
    each alert once. In the language of the installation.
    """
    with translation.override(settings.LANGUAGE_CODE):
        now = timezone.now()
        found = rules.look(_window(now))
        begun = [finding.kind for finding in found.wrong if _seen(finding, now)]
        ended = _end(now, still=found.unknown)
        sent = delivery.deliver()
    LastRun.objects.update_or_create(name=NAME, defaults={"at": now})
    return Outcome(
        begun=begun,
        ended=ended,
        messages=[alert.message for alert in Alert.objects.filter(resolved_at=None)],
        sent=sent,
        undelivered=delivery.waiting().count(),
    )


def _window(now: datetime) -> int:
    """Minutes to look at: those since the last evaluation, at least ALERT_MINUTES, at most a day.

    Where a host calls once a day, trouble in the night is still seen.
    """
    last = LastRun.objects.filter(name=NAME).first()
    since = int((now - last.at).total_seconds()) // 60 if last else 0
    return min(24 * 60, max(settings.ALERT_MINUTES, since))


def _seen(finding: Finding, now: datetime) -> bool:
    """Whether this is a new alert."""
    is_open = Alert.objects.filter(kind=finding.kind, resolved_at=None)
    if is_open.update(seen_at=now, message=finding.message):
        return False
    try:
        with transaction.atomic():
            alert = Alert.objects.create(
                kind=finding.kind, message=finding.message, since=now, seen_at=now
            )
            _announce(alert, ending=False)
    except IntegrityError:
        return False  # Somebody else has just begun it.
    return True


def _end(now: datetime, *, still: frozenset[str]) -> list[str]:
    ended = []
    calm = Alert.objects.filter(resolved_at=None, seen_at__lte=now - CALM).exclude(kind__in=still)
    for alert in calm:
        with transaction.atomic():
            mine = Alert.objects.filter(pk=alert.pk, resolved_at=None, seen_at=alert.seen_at)
            if mine.update(resolved_at=now):
                _announce(alert, ending=True)
                ended.append(alert.kind)
    return ended


def _announce(alert: Alert, *, ending: bool) -> None:
    for channel in delivery.channels():
        Notice.objects.create(alert=alert, channel=channel, ending=ending)


def last_check() -> datetime | None:
    """When the alerts were last evaluated; None when they never were."""
    run = LastRun.objects.filter(name=NAME).first()
    return run.at if run else None


def prune() -> int:
    """Delete alerts that were over long ago; the daily job. Returns how many."""
    before = timezone.now() - timedelta(days=KEEP_DAYS)
    rows = Alert.objects.filter(resolved_at__lt=before)
    count = rows.count()
    rows.delete()
    return count
