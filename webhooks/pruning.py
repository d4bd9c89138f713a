"""The daily tidying: what was sent long ago goes, and owners are told what they were not told."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from tenants import context
from tenants.models import Business
from webhooks import notices
from webhooks.looking import looking
from webhooks.models import Delivery, Event

KEPT: Final = timedelta(days=30)
_AT_ONCE: Final = 1000


def prune() -> int:
    """Forget events and deliveries that are older than KEPT; how many events. Outside a
    transaction, in pieces of their own."""
    before = timezone.now() - KEPT
    with looking("whose events are old is what we find out"):
        old = Event.objects.filter(created_at__lt=before).order_by()
        ids = list(old.values_list("business", flat=True).distinct())
    gone = 0
    for business in Business.objects.filter(pk__in=ids).order_by("pk"):
        with context.business(business):
            while True:
                with transaction.atomic():
                    rows = Event.objects.filter(created_at__lt=before).order_by("created_at")
                    events = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
                    Delivery.objects.filter(event__in=events).delete()
                    Event.objects.filter(pk__in=events).delete()
                gone += len(events)
                if len(events) < _AT_ONCE:
                    break
    return gone


def tell_owners() -> None:
    """Try the mails again that could not be sent when an endpoint was switched off."""
    for business in Business.objects.filter(is_active=True).order_by("pk"):
        with context.business(business):
            notices.tell()
