"""From the outbox to deliveries: one for each endpoint that wants the event."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from tenants import context
from tenants.models import Business
from webhooks import building
from webhooks.looking import looking
from webhooks.models import Delivery, Event, Mailbox

logger = logging.getLogger(__name__)

AT_ONCE: Final = 500


def spread() -> int:
    """Make the deliveries of every event that waits; how many. Outside a transaction.

    Several at once share the work: whoever comes second waits for the first and finds the rest.
    """
    made = 0
    for business in _waiting():
        with context.business(business):
            try:
                while (more := _spread_some()) is not None:
                    made += more
            except DatabaseError:
                raise
            except Exception:
                # A fault with one business keeps no other's messages back.
                logger.exception("Events of business %s could not be spread.", business.pk)
    return made


def _waiting() -> list[Business]:
    with looking("whose events wait is what we find out"):
        waiting = Event.objects.filter(spread_at=None).order_by()
        ids = list(waiting.values_list("business", flat=True).distinct())
    return list(Business.objects.filter(pk__in=ids).order_by("pk")) if ids else []


def _spread_some() -> int | None:
    """The oldest events of the bound business; None when none waits."""
    with transaction.atomic():
        # Mailboxes first, as whoever settles a delivery has them, and so that deliveries of one
        # endpoint are made in the order of events.
        boxes = list(
            Mailbox.objects.select_for_update(of=("self",))
            .select_related("endpoint")
            .only("rest_until", "endpoint__kinds", "endpoint__created_at")
            .filter(endpoint__is_active=True)
            .order_by("pk")
        )
        waiting = Event.objects.select_for_update().filter(spread_at=None)
        events = list(waiting.order_by("pk")[:AT_ONCE])
        if not events:
            return None
        now = timezone.now()
        wanted = {kind for box in boxes for kind in box.endpoint.kinds}
        further = building.following(events, wanted)
        for event in further:
            event.spread_at = now
        Event.objects.bulk_create(further)
        made = _deliveries([*events, *further], boxes, now)
        kept = {delivery.event_id for delivery in made}
        seen = [event.pk for event in events]
        Event.objects.filter(pk__in=kept.intersection(seen)).update(spread_at=now)
        # Nobody wants these: nothing of them will ever be shown.
        Event.objects.filter(pk__in=set(seen) - kept).delete()
        return len(made)


def _deliveries(events: list[Event], boxes: list[Mailbox], now: datetime) -> list[Delivery]:
    made = [
        Delivery(endpoint=box.endpoint, event=event, next_at=now)
        for event in events
        for box in boxes
        if event.kind in box.endpoint.kinds and event.created_at >= box.endpoint.created_at
    ]
    Delivery.objects.bulk_create(made)
    told = Mailbox.objects.filter(endpoint__in={one.endpoint_id for one in made})
    told.filter(rest_until__gt=now).update(due_at=F("rest_until"))
    told.exclude(rest_until__gt=now).update(due_at=now)
    return made
