"""Telling people of alerts, by mail and by a webhook, each message once.

A message is a row until it is delivered. What could not be delivered is tried again at the next
evaluation, for GIVE_UP_AFTER; after that it is only in the log and on the status page.
"""

from __future__ import annotations

import json
import logging
import ssl
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring.alerts.rules import KINDS
from monitoring.models import Notice

logger = logging.getLogger(__name__)

# Seconds. A host that does not answer must not hold up whoever evaluates.
PATIENCE: Final = 5
#: Whoever delivers a message has so long for it; then it counts as lost and is sent again.
LEASE: Final = timedelta(minutes=2)
GIVE_UP_AFTER: Final = timedelta(days=3)


def channels() -> list[str]:
    """The ways by which this installation tells people."""
    found = []
    if settings.ALERT_EMAILS:
        found.append(Notice.Channel.MAIL)
    if settings.ALERT_WEBHOOK:
        found.append(Notice.Channel.WEBHOOK)
    return [str(one) for one in found]


def waiting() -> QuerySet[Notice]:
    """Messages that are not delivered, oldest first."""
    since = timezone.now() - GIVE_UP_AFTER
    young = Q(ending=False, alert__since__gt=since) | Q(ending=True, alert__resolved_at__gt=since)
    rows = Notice.objects.filter(young, sent_at=None, channel__in=channels())
    return rows.select_related("alert").order_by("pk")


def deliver() -> int:
    """Send what waits. Returns how many were sent; one that fails is logged and waits on."""
    sent = 0
    failed: set[str] = set()
    for notice in waiting():
        # The end is not told before the beginning, and a host that is away is asked once.
        if notice.channel in failed or not _take(notice):
            continue
        try:
            _send(notice)
        except Exception as error:  # noqa: BLE001 - each backend of mail fails in its own way
            # By its kind alone: the text of an error may quote the address with its token.
            logger.warning(
                "An alert could not be sent by %s: %s", notice.channel, type(error).__name__
            )
            Notice.objects.filter(pk=notice.pk).update(taken_until=None)
            failed.add(notice.channel)
        else:
            Notice.objects.filter(pk=notice.pk).update(sent_at=timezone.now())
            sent += 1
    return sent


def _take(notice: Notice) -> bool:
    """Whether it is ours to send: of several that see it, one gets it."""
    now = timezone.now()
    free = Q(taken_until=None) | Q(taken_until__lt=now)
    mine = Notice.objects.filter(free, pk=notice.pk, sent_at=None)
    return bool(mine.update(taken_until=now + LEASE, tries=F("tries") + 1))


def _send(notice: Notice) -> None:
    subject, text = wording(notice)
    if notice.channel == Notice.Channel.MAIL:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, settings.ALERT_EMAILS)
    else:
        alert = notice.alert
        post(
            settings.ALERT_WEBHOOK,
            {
                # Slack, Mattermost and Teams show `text`, Discord `content`.
                "text": f"{subject}\n{text}",
                "content": f"{subject}\n{text}",
                "kind": alert.kind,
                "state": "ended" if notice.ending else "begun",
                "since": alert.since.isoformat(),
                "until": alert.resolved_at.isoformat() if alert.resolved_at else None,
                "site": site(),
            },
        )


def wording(notice: Notice) -> tuple[str, str]:
    """A line and a text. Times are in UTC."""
    alert = notice.alert
    values = {"site": site(), "what": KINDS.get(alert.kind, alert.kind)}
    since = f"{alert.since:%Y-%m-%d %H:%M}"
    if not notice.ending:
        text = _("Since %(since)s (UTC).") % {"since": since}
        return _("%(site)s: %(what)s") % values, f"{alert.message}\n\n{text}"
    until = f"{alert.resolved_at:%Y-%m-%d %H:%M}"
    text = _("It lasted from %(since)s to %(until)s (UTC). At the end it read:") % {
        "since": since,
        "until": until,
    }
    return _("%(site)s: over: %(what)s") % values, f"{text}\n\n{alert.message}"


def site() -> str:
    """Which installation speaks: the first host name that it answers to."""
    names = [urlsplit(origin).hostname or "" for origin in settings.CSRF_TRUSTED_ORIGINS]
    names += [name.lstrip(".") for name in settings.ALLOWED_HOSTS]
    return next((name for name in names if name and "*" not in name), "Tillbook")


class NoRedirect(HTTPRedirectHandler):
    """A webhook that sends elsewhere is set up wrongly; what it got is not carried on."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def post(url: str, payload: dict[str, Any]) -> None:
    """POST as JSON over https. Raises ValueError for another scheme, OSError when it fails.

    The address comes from the operator's own settings and from nobody else, so it may be one of a
    private network: a chat of the house is often just there.
    """
    if urlsplit(url).scheme != "https":
        raise ValueError("ALERT_WEBHOOK must begin with https://")
    request = Request(  # noqa: S310 - the scheme was checked
        url,
        data=json.dumps(payload).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "Tillbook"},
    )
    opener = build_opener(HTTPSHandler(context=ssl.create_default_context()), NoRedirect)
    with opener.open(request, timeout=PATIENCE) as answer:
        answer.read(1024)
