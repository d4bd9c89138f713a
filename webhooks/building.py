"""What is said of an event, and what else follows from it: asked of the packages above.

Each kind has a function that builds its data at the time of sending; the outbox holds ids alone.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import DatabaseError, transaction
from rest_framework.utils.encoders import JSONEncoder

from tenants.context import current
from webhooks.kinds import Kind
from webhooks.models import Event

logger = logging.getLogger(__name__)

Builder = Callable[[Event], dict[str, Any] | None]
#: From the ids of objects to (id of another object, data) for events of another kind.
Follower = Callable[[Sequence[uuid.UUID]], Iterable[tuple[uuid.UUID, dict[str, Any]]]]

_BUILDERS: dict[str, Builder] = {}
_FOLLOWERS: dict[str, list[tuple[str, Follower]]] = {}


def builds(*kinds: str) -> Callable[[Builder], Builder]:
    """Register a function that makes the data of these kinds, None where nothing is left to say.

    It is called in a transaction of its own, with the business bound.
    """

    def register(function: Builder) -> Builder:
        _BUILDERS.update(dict.fromkeys(kinds, function))
        return function

    return register


def follows(kind: str, *, on: Iterable[str]) -> Callable[[Follower], Follower]:
    """Register a function that finds events of `kind` which follow from those of the others."""

    def register(function: Follower) -> Follower:
        for cause in on:
            _FOLLOWERS.setdefault(cause, []).append((kind, function))
        return function

    return register


@builds(Kind.TEST)
def _test(event: Event) -> dict[str, Any]:
    return {"message": "This is a test."}


def body(event: Event) -> bytes | None:
    """The message as it is sent: JSON in UTF-8; None where nothing is left to say."""
    data = _BUILDERS[event.kind](event)
    if data is None:
        return None
    business = current()
    message = {
        "id": str(event.pk),
        "type": event.kind,
        "created": event.created_at.isoformat(timespec="milliseconds"),
        "business": {"id": business.pk, "slug": business.slug},
        "data": data,
    }
    return json.dumps(message, cls=JSONEncoder, ensure_ascii=False).encode()


def following(events: Sequence[Event], wanted: set[str]) -> list[Event]:
    """New events of wanted kinds that follow from these; not saved.

    A function that fails takes nothing with it but what it would have found.
    """
    found: list[Event] = []
    for kind, function, causes in _asked(events, wanted):
        try:
            with transaction.atomic():
                more = list(function([uuid.UUID(one.object_id) for one in causes]))
        except DatabaseError:
            raise
        except Exception:
            logger.exception("What follows as %s could not be found.", kind)
            continue
        found += [Event(kind=kind, object_id=str(pk), data=data) for pk, data in more]
    return found


def _asked(
    events: Sequence[Event], wanted: set[str]
) -> Iterable[tuple[str, Follower, list[Event]]]:
    pairs: dict[tuple[str, Follower], list[Event]] = {}
    for event in events:
        for kind, function in _FOLLOWERS.get(event.kind, ()):
            if kind in wanted:
                pairs.setdefault((kind, function), []).append(event)
    return [(kind, function, causes) for (kind, function), causes in pairs.items()]
