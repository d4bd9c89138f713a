"""Noting what happened, in the transaction in which it happens.

So nothing is told that was rolled back, and nothing is lost that was committed. Whoever records
knows nothing of endpoints: without any it costs no statement, otherwise one INSERT.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import connection

from tenants.context import current
from tenants.ids import uuid7
from webhooks.models import Event


def record(kind: str, object_id: uuid.UUID, data: dict[str, Any] | None = None) -> None:
    """Note one event of the bound business. Must run inside the transaction of the act."""
    record_all(kind, [object_id], data)


def record_all(
    kind: str, object_ids: Iterable[uuid.UUID], data: dict[str, Any] | None = None
) -> None:
    """Note an event for each of these objects, in one statement."""
    assert connection.in_atomic_block, "what happened and that it is told are one transaction"
    if not current().sends_webhooks:
        return
    Event.objects.bulk_create(
        [Event(kind=kind, object_id=str(one), data=data or {}) for one in object_ids],
        batch_size=1000,
    )


def event(kind: str) -> dict[str, Any] | None:
    """For a writer that notes it together with the object: a row's key and kind, or None where
    nobody listens."""
    return {"id": uuid7(), "kind": kind} if current().sends_webhooks else None
