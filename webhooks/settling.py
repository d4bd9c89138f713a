"""What becomes of a try: delivered, tried again later, given up; and of an endpoint that is dead.

Every function runs in a transaction of the caller, with the business bound, except the last.
"""

from __future__ import annotations

import random
import uuid
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone

from tenants.context import require_id
from tenants.models import Business
from webhooks.endpoints import switch_off
from webhooks.models import Delivery, Endpoint, Mailbox
from webhooks.posting import Outcome

LEASE: Final = timedelta(seconds=60)
#: Seconds from one try to the next, give or take a fifth: nine tries in about a day.
PAUSES: Final = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
#: From so many failures in a row on, the endpoint is left alone for a while after each.
PATIENCE: Final = 3
LONGEST_REST: Final = 300
#: An endpoint that has failed for so long is switched off.
DEAD_AFTER: Final = timedelta(days=3)
#: Tries that are kept of a delivery, the latest.
KEPT_TRIES: Final = 20
GONE: Final = 410

State, Error = Delivery.State, Delivery.Error
# What is no fault of the endpoint's.
_NOT_THEIRS = (Error.NOTHING, Error.OURS)


def begin(mailbox_id: uuid.UUID, lease: uuid.UUID, among: QuerySet[Delivery]) -> Delivery | None:
    """The oldest of these deliveries that is due, its try counted and the lease renewed.

    None when there is none, the endpoint is off, or the lease is another's by now.
    """
    box = _mine(mailbox_id, lease)
    if box is None:
        return None
    now = timezone.now()
    due = among.filter(
        endpoint=box.endpoint_id, endpoint__is_active=True, state=State.WAITING, next_at__lte=now
    )
    delivery = due.select_related("event", "endpoint").order_by("event_id").first()
    if delivery is None:
        return None
    # Counted before it is sent: a sender that dies in the middle has tried.
    delivery.tries += 1
    delivery.tried_at = now
    Delivery.objects.filter(pk=delivery.pk).update(tries=F("tries") + 1, tried_at=now)
    Mailbox.objects.filter(pk=box.pk).update(leased_until=now + LEASE)
    return delivery


def settle(mailbox_id: uuid.UUID, lease: uuid.UUID, delivery: Delivery, outcome: Outcome) -> bool:
    """Note what came of a try; whether the next may follow at once.

    What arrived is noted in any case; what failed only by whoever still has the lease.
    """
    box = _mine(mailbox_id, lease)
    if box is None and not outcome.is_delivered:
        return False
    now = timezone.now()
    told = [now.isoformat(), outcome.status, str(outcome.error), outcome.milliseconds]
    values: dict[str, Any] = {
        "status": outcome.status,
        "error": outcome.error,
        "answer": outcome.answer,
        "milliseconds": outcome.milliseconds,
        "log": [*delivery.log, told][-KEPT_TRIES:],
    }
    if outcome.is_delivered:
        values |= {"state": State.DELIVERED, "next_at": None}
    elif outcome.error == Error.NOTHING or delivery.tries > len(PAUSES):
        values |= {"state": State.GIVEN_UP, "next_at": None}
    else:
        pause = max(_about(PAUSES[delivery.tries - 1]), outcome.wait)
        values["next_at"] = now + timedelta(seconds=pause)
    Delivery.objects.filter(pk=delivery.pk, state=State.WAITING).update(**values)
    if box is None:
        return False
    if outcome.error in _NOT_THEIRS:
        return True
    return _count(box, outcome)


def _count(box: Mailbox, outcome: Outcome) -> bool:
    """Keep the endpoint's failures in a row; whether it need not be left alone."""
    now = timezone.now()
    mine = Mailbox.objects.filter(pk=box.pk)
    if outcome.is_delivered:
        if box.failures:
            mine.update(failures=0, failing_since=None, rest_until=None)
        return True
    failures = box.failures + 1
    rest = outcome.wait
    if failures >= PATIENCE:
        # The exponent is bounded: nobody counts to 2 to the power of thousands.
        doubled = 5 * 2 ** min(failures - PATIENCE, 10)
        rest = max(rest, _about(min(doubled, LONGEST_REST)))
    mine.update(
        failures=failures,
        failing_since=box.failing_since or now,
        rest_until=now + timedelta(seconds=rest) if rest else None,
    )
    return not rest


def _about(seconds: int) -> int:
    """Give or take a fifth, so that what failed together does not come back together."""
    return round(seconds * random.uniform(0.8, 1.2))  # noqa: S311 - no secret


def give_back(mailbox_id: uuid.UUID, lease: uuid.UUID) -> None:
    """End the lease, and say when somebody must look again."""
    # The row is locked before the deliveries are looked at: who adds one locks it too.
    box = _mine(mailbox_id, lease)
    if box is None:
        return
    waiting = Delivery.objects.filter(
        endpoint=box.endpoint_id, endpoint__is_active=True, state=State.WAITING
    )
    due = waiting.aggregate(next=Min("next_at"))["next"]
    if due is not None and box.rest_until is not None:
        due = max(due, box.rest_until)
    Mailbox.objects.filter(pk=box.pk).update(lease=None, leased_until=None, due_at=due)


def _mine(mailbox_id: uuid.UUID, lease: uuid.UUID) -> Mailbox | None:
    box: Mailbox | None = (
        Mailbox.objects.select_for_update().filter(pk=mailbox_id, lease=lease).first()
    )
    return box


def switch_off_if_dead(endpoint: Endpoint, outcome: Outcome) -> bool:
    """Switch it off when it says that it is gone, or has failed for days. Outside a transaction."""
    gone = outcome.status == GONE
    failing = Mailbox.objects.filter(
        endpoint=endpoint, failing_since__lt=timezone.now() - DEAD_AFTER
    )
    with transaction.atomic():
        if not gone and not failing.exists():
            return False
        Business.objects.select_for_update(no_key=True).get(pk=require_id())
        row = Endpoint.objects.select_for_update().filter(pk=endpoint.pk, is_active=True).first()
        if row is None or not (gone or failing.exists()):
            return False
        switch_off(row, Endpoint.Off.GONE if gone else Endpoint.Off.FAILING)
    return True
