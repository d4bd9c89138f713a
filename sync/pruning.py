"""Forgetting what has gone, once no cursor can ask for it any more."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from sync.cursors import KEPT
from sync.models import Mark
from tenants.context import business
from tenants.models import Business

# A transaction's marks carry the time at which it began.
MARGIN = timedelta(days=1)


def prune() -> int:
    """Remove marks that are older than any valid cursor; how many. Outside a transaction."""
    before = timezone.now() - KEPT - MARGIN
    count = 0
    for one in Business.objects.order_by("pk"):
        with business(one), transaction.atomic():
            count += Mark.objects.filter(at__lt=before).delete()[0]
    return count
