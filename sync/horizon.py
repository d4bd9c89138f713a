"""Which transactions a copy has seen: the ground on which a cursor never skips what commits late.

Rows carry the number of the transaction that wrote them last. Numbers are given when a transaction
begins to write and not when it commits, so "all above the highest seen" would skip whoever commits
late. What a copy has seen is therefore a whole snapshot: everything below `end`, but for those that
were still running. The next round reads exactly the rest. A transaction of any length, of any
business, holds nothing up: when it commits, its rows are news, and nobody else's are told twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q

from sync.models import Epoch

# A cursor names so many running transactions at most; whatever began after them is told again.
MOST_RUNNING = 200

_POSTGRESQL = """
SELECT pg_current_snapshot()::text,
       concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
                 left(pg_walfile_name(pg_current_wal_lsn()), 8),
                 (SELECT oid FROM pg_database WHERE datname = current_database()),
                 'sync_mark'::regclass::oid,
                 (SELECT token FROM sync_epoch WHERE id = 1))
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Every change below `end` but those of `running`."""

    end: int
    running: tuple[int, ...] = ()

    def unseen(self, until: Seen) -> Q:
        """The rows that `until` may have and this has not. What runs on comes with a later one."""
        here = Q(changed__gte=self.end, changed__lt=until.end)
        if not self.running:
            return here
        late = Q(changed__in=self.running, changed__lt=until.end)
        # Says nothing more, but an index understands it.
        return Q(changed__gte=self.running[0]) & (here | late)


@dataclass(frozen=True, slots=True)
class Moment:
    """What is committed now, and the next number that will be given.

    `history` says which numbers these are. It changes where they begin anew or go back: in a
    restored database, on a server that took over from another, in a copy.
    """

    seen: Seen
    top: int
    history: str


def now() -> Moment:
    """This moment. What is read afterwards holds at least as much."""
    if connection.vendor == "sqlite":
        # One writer: the clock that is read here is that of the last commit.
        row = Epoch.objects.filter(pk=1).first()
        clock, token = (row.clock, row.token) if row else (0, "")
        return Moment(Seen(clock + 1), clock + 1, _short(token))
    with connection.cursor() as cursor:
        cursor.execute(_POSTGRESQL)
        snapshot, history = cursor.fetchone()
    _first, end, running = snapshot.split(":")
    seen = limited(int(end), tuple(int(one) for one in running.split(",") if one))
    return Moment(seen, int(end), _short(history))


def limited(end: int, running: tuple[int, ...]) -> Seen:
    """With MOST_RUNNING at most: less is seen then, never more."""
    ordered = tuple(sorted(running))
    if len(ordered) > MOST_RUNNING:
        end, ordered = ordered[MOST_RUNNING], ordered[:MOST_RUNNING]
    return Seen(end, ordered)


def _short(text: Any) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()[:16]
