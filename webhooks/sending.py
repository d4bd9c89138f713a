"""Sending what waits: by workers, by the scheduler's call, at least once and never two at a time.

A sender takes a mailbox for LEASE seconds and sends its deliveries one after the other, in the order
of their events; what failed waits for its next try and lets the others pass. No transaction is open
while the network waits. A sender that is killed leaves its lease to end.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tenants import context
from tenants.models import Business
from webhooks import building, notices, settling, signing
from webhooks.looking import looking
from webhooks.models import Delivery, Mailbox
from webhooks.posting import TIMEOUT, Error, Outcome, post
from webhooks.settling import LEASE
from webhooks.spreading import spread

logger = logging.getLogger(__name__)

#: Messages on their way at the same time, of one process.
SENDERS: Final = 8
#: Of these, at most so many wait for endpoints that have failed lately: dead ones take no other's
#: place.
DOUBTFUL: Final = 4
#: After so many messages, or seconds, a mailbox goes back and others have their turn.
TURN: Final = 50
TURN_SECONDS: Final = 30
#: Seconds between two looks into empty mailboxes.
PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A mailbox that is ours for a while."""

    business: Business
    mailbox_id: uuid.UUID
    endpoint_id: uuid.UUID
    lease: uuid.UUID
    doubtful: bool


def deliver(*, deadline: float | None = None, ending: threading.Event | None = None) -> int:
    """Send what is due until nothing is; how many tries were made. Outside a transaction.

    Ends soon after `deadline`, a time of time.monotonic(), or when `ending` is set.
    """
    tries = 0
    at_work: dict[Future[int], Claim] = {}
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="webhooks") as pool:
        while not _is_over(deadline, ending):
            spread()
            doubtful = sum(claim.doubtful for claim in at_work.values())
            while len(at_work) < SENDERS:
                claim = _claim(also_doubtful=doubtful < DOUBTFUL)
                if claim is None:
                    break
                doubtful += claim.doubtful
                at_work[pool.submit(_in_thread, claim, deadline, ending)] = claim
            if not at_work:
                break
            done, _rest = wait(at_work, timeout=PAUSE, return_when=FIRST_COMPLETED)
            for one in done:
                del at_work[one]
                tries += _result(one)
    return tries + sum(_result(one) for one in at_work)


def keep_delivering(ending: threading.Event) -> None:
    """`deliver()` until `ending` is set; for a thread of its own, so that no job delays it."""
    try:
        while not ending.is_set():
            close_old_connections()
            try:
                deliver(ending=ending)
            except DatabaseError as error:
                logger.warning("Webhooks wait for the database: %s", type(error).__name__)
                connection.close()
            except Exception:
                logger.exception("Webhooks could not be sent.")
            ending.wait(PAUSE)
    finally:
        connection.close()


def send_now(delivery: Delivery) -> None:
    """Send this one of the bound business, unless somebody is at its endpoint; they send it then.

    Outside a transaction.
    """
    business = context.current()
    with transaction.atomic():
        boxes = Mailbox.objects.filter(endpoint=delivery.endpoint_id)
        claim = _take(boxes.select_related("business"))
    if claim is not None:
        _send_next(claim, Delivery.objects.filter(pk=delivery.pk))
        with context.business(business), transaction.atomic():
            settling.give_back(claim.mailbox_id, claim.lease)


def _is_over(deadline: float | None, ending: threading.Event | None) -> bool:
    late = deadline is not None and time.monotonic() > deadline
    return late or (ending is not None and ending.is_set())


def _result(one: Future[int]) -> int:
    try:
        return one.result()
    except DatabaseError as error:
        # The lease ends by itself, and somebody sends the rest.
        logger.warning("A sender of webhooks lost the database: %s", type(error).__name__)
    except Exception:
        logger.exception("A sender of webhooks failed.")
    return 0


def _claim(*, also_doubtful: bool) -> Claim | None:
    """Take the mailbox that has waited longest; healthy ones come first."""
    boxes = Mailbox.objects.select_related("business").filter(
        due_at__lte=timezone.now(), business__is_active=True
    )
    with looking("whether any message is due is what we find out"):
        if not _free(boxes).exists():
            return None
    with context.platform("whose message is due is what we find out"), transaction.atomic():
        found = _take(boxes.filter(failures=0).order_by("due_at", "pk"))
        if found is None and also_doubtful:
            found = _take(boxes.filter(failures__gt=0).order_by("due_at", "pk"))
        return found


def _free(boxes: QuerySet[Mailbox]) -> QuerySet[Mailbox]:
    return boxes.filter(Q(lease=None) | Q(leased_until__lt=timezone.now()))


def _take(boxes: QuerySet[Mailbox]) -> Claim | None:
    now = timezone.now()
    rows = _free(boxes).select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked, of=("self",)
    )
    row = rows.first()
    if row is None:
        return None
    lease = uuid.uuid4()
    mine = Mailbox.objects.filter(pk=row.pk, lease=row.lease)
    if not mine.update(lease=lease, leased_until=now + LEASE):
        return None
    return Claim(row.business, row.pk, row.endpoint_id, lease, doubtful=row.failures > 0)


def _in_thread(
    claim: Claim, deadline: float | None = None, ending: threading.Event | None = None
) -> int:
    try:
        return work(claim, deadline, ending)
    finally:
        # A thread's connection is its own; between two mailboxes it may be worth a till's.
        connection.close()


def work(claim: Claim, deadline: float | None = None, ending: threading.Event | None = None) -> int:
    """Send what is due in this mailbox, then give it back; how many tries were made."""
    tries = 0
    until = time.monotonic() + TURN_SECONDS
    until = until if deadline is None else min(until, deadline)
    while tries < TURN and not _is_over(until, ending):
        goes_on = _send_next(claim, Delivery.objects.all())
        tries += goes_on is not None
        if not goes_on:
            break
    with context.business(claim.business), transaction.atomic():
        settling.give_back(claim.mailbox_id, claim.lease)
    return tries


def _send_next(claim: Claim, among: QuerySet[Delivery]) -> bool | None:
    """Try the oldest of these that is due; whether the next may follow at once. None: nothing was
    tried."""
    began = time.monotonic()
    with context.business(claim.business):
        with transaction.atomic():
            delivery = settling.begin(claim.mailbox_id, claim.lease, among)
        if delivery is None:
            return None
        # Who slept so long that the lease is about to end sends nothing any more.
        latest = began + LEASE.total_seconds() - TIMEOUT
        outcome = _try(delivery, latest)
        with transaction.atomic():
            goes_on = settling.settle(claim.mailbox_id, claim.lease, delivery, outcome)
        if not outcome.is_delivered and settling.switch_off_if_dead(delivery.endpoint, outcome):
            notices.tell()
    return goes_on


def _try(delivery: Delivery, latest: float) -> Outcome:
    event, endpoint = delivery.event, delivery.endpoint
    try:
        with transaction.atomic():
            body = building.body(event)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("The message of event %s could not be made.", event.pk)
        return Outcome(error=Error.OURS)
    if body is None:
        return Outcome(error=Error.NOTHING)
    now = timezone.now()
    headers = signing.headers(
        endpoint.secrets(now), message_id=str(event.pk), timestamp=int(now.timestamp()), body=body
    )
    return post(endpoint.url, body, headers, deadline=min(time.monotonic() + TIMEOUT, latest))
