"""The cursor: where a copy stands, as a text that means nothing to its holder.

Encrypted, because numbers of transactions tell how busy the whole installation is; and so that what
comes back is what was given. It gives no rights: what may be seen is decided at each request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.utils import timezone

from sync.horizon import Seen
from tenants.encryption import seal, unseal

# How long it is remembered what has gone; a cursor that is older starts anew.
KEPT = timedelta(days=60)
# An idle copy gets a new cursor now and then, so that it never grows old by doing nothing.
FRESH = timedelta(days=1)
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Cursor:
    """`scope` and `history` say what it is valid for. At rest `phase` is None.

    `seen` is what the copy had when the round began; None where it begins with nothing. In the
    middle of a round `until` is what it will have at its end, `phase` the part that is being told,
    and `after` the last (changed, key) of it.
    """

    scope: str
    history: str
    seen: Seen | None
    # When `seen` was taken, or the round began that begins with nothing: seconds.
    taken: int
    settings: str = ""
    until: Seen | None = None
    until_taken: int = 0
    phase: int | None = None
    after: tuple[int, str] | None = None

    @property
    def age(self) -> timedelta:
        return timedelta(seconds=max(0, seconds() - self.taken))

    def begun(self, until: Seen) -> Cursor:
        """At the beginning of a round."""
        return replace(self, until=until, until_taken=seconds(), phase=0, after=None)

    def rest(self, settings: str) -> Cursor:
        """At the end of a round."""
        return Cursor(self.scope, self.history, self.until, self.until_taken, settings)

    def at(self, phase: int, after: tuple[int, str] | None, settings: str) -> Cursor:
        return replace(self, phase=phase, after=after, settings=settings)


def seconds() -> int:
    return int(timezone.now().timestamp())


def written(cursor: Cursor) -> str:
    fields = [
        cursor.scope, cursor.history, _plain(cursor.seen), cursor.taken, cursor.settings,
        _plain(cursor.until), cursor.until_taken, cursor.phase, cursor.after,
    ]  # fmt: skip
    return seal(json.dumps(fields, separators=(",", ":")).encode()).decode().rstrip("=")


def read(text: str) -> Cursor | None:
    """The cursor of a text; None when it was not given here."""
    if not text or len(text) > LONGEST or not text.isascii():
        return None
    try:
        fields = json.loads(unseal((text + "=" * (-len(text) % 4)).encode()))
        scope, history, seen, taken, settings, until, until_taken, phase, after = fields
    except (InvalidToken, ValueError):
        return None
    return Cursor(
        scope, history, _seen(seen), taken, settings, _seen(until), until_taken, phase,
        None if after is None else (after[0], after[1]),
    )  # fmt: skip


def _plain(seen: Seen | None) -> Any:
    return None if seen is None else [seen.end, *seen.running]


def _seen(fields: Any) -> Seen | None:
    return None if fields is None else Seen(fields[0], tuple(fields[1:]))
