"""Reports from a read replica: who may be answered from it, and when not to.

A replica is a moment behind. Whoever has just written must see it, so each write leaves its position
in the write-ahead log in a cookie, and the replica answers this person only once it has come so
far. Everybody else is answered by it as long as it is less than REPLICA_LAG_SECONDS behind. In every
other case, and when it fails in the middle, the primary answers.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection, connections, transaction
from django.http import HttpRequest, HttpResponseBase
from psycopg.pq import TransactionStatus

logger = logging.getLogger(__name__)

ALIAS = "replica"
COOKIE = "written"
# A replica that is further behind than this is not used for anybody, so nobody must remember longer.
REMEMBERED = 10 * 60
POSITION = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")
# Seconds for which a replica that did not answer is left alone: requests do not wait for it in turn.
PAUSE = 10.0
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}

_reading: ContextVar[bool] = ContextVar("replica", default=False)


class Router:
    """Reads go to the replica within `reading()`, everything else to the primary.

    What was read there is written and followed at the primary, whatever an object remembers.
    """

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return ALIAS if _reading.get() else "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db != ALIAS


class _Health:
    """When the replica may be asked again; of this process."""

    asleep_until = 0.0

    def awake(self) -> bool:
        return time.monotonic() >= self.asleep_until

    def fail(self, error: Error) -> None:
        self.asleep_until = time.monotonic() + PAUSE
        logger.warning("The replica is left alone for a while: %s", type(error).__name__)


health = _Health()


@contextmanager
def reading(position: str = "") -> Iterator[bool]:
    """Send the block's reads to the replica when it has come to `position` and is not far behind.

    Yields whether it is the replica that answers. Raises what the database raises.
    """
    if not _is_position(position):
        yield False
        return
    with ExitStack() as stack:
        stack.enter_context(transaction.atomic(using=ALIAS))
        if not _has_come_to(position):
            stack.close()
            yield False
            return
        token = _reading.set(True)
        try:
            yield True
        finally:
            _reading.reset(token)


def _is_position(text: str) -> bool:
    return not text or bool(POSITION.fullmatch(text))


def _has_come_to(position: str) -> bool:
    # A replica on which nothing arrives has an old time too: then there is nothing to relieve the
    # primary of. One that was promoted is no replica any more, and the times are unknown.
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT pg_is_in_recovery()"
            " AND pg_last_xact_replay_timestamp() > clock_timestamp() - make_interval(secs => %s)"
            " AND pg_last_wal_replay_lsn() >= %s::pg_lsn",
            [settings.REPLICA_LAG_SECONDS, position or "0/0"],
        )
        return bool(cursor.fetchone()[0])


View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def from_replica(view: View) -> View:
    """A view that only reads: from the replica, where there is one that is up to date for the
    person; from the primary otherwise, also when the replica fails in the middle."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.REPLICA_URL or request.method not in SAFE or not health.awake():
            return view(request, *args, **kwargs)
        try:
            with reading(request.COOKIES.get(COOKIE, "")):
                return view(request, *args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            if _primary_failed():
                raise
            connections[ALIAS].close()
            health.fail(error)
            return view(request, *args, **kwargs)

    return cast(View, wrapper)


def _primary_failed() -> bool:
    """Whether the open transaction of the primary can take no further statement."""
    if not connection.in_atomic_block:
        return False
    held = connection.connection
    broken = held is None or held.info.transaction_status != TransactionStatus.INTRANS
    return connection.needs_rollback or broken


class WrittenMiddleware:
    """Remembers, for a person, how far the write-ahead log was when their request had written.

    Only where there is a replica. Programs with a token read no reports, and are left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method in SAFE or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return response
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_wal_insert_lsn()")
                position = str(cursor.fetchone()[0])
        except Error:
            # What was written is written. The replica stays unused until the cookie is replaced.
            position = "FFFFFFFF/FFFFFFFF"
        response.set_cookie(
            COOKIE,
            position,
            max_age=REMEMBERED,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite=cast(Any, settings.SESSION_COOKIE_SAMESITE),
        )
        return response
