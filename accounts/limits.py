"""How often something may be tried: counted where all workers count, in Redis or the database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest

from accounts.models import Attempt
from tenants import caching
from tenants.encryption import blind_index

WINDOW = 15 * 60  # Seconds.
MINUTE = 60


class TooMany(Exception):
    """The limit is reached; `wait` is the number of seconds until the next try is allowed."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


@dataclass(frozen=True)
class Limit:
    """At most `most` tries under one key in each window of `seconds`.

    Windows begin where the clock is a multiple of their length. A quarter of an hour must be a
    multiple of it too: by the quarter, past counts are deleted. Raises ValueError otherwise.
    """

    name: str
    most: int
    seconds: int = WINDOW

    def __post_init__(self) -> None:
        if self.seconds < 1 or WINDOW % self.seconds:
            raise ValueError(f"{self.name}: {self.seconds} seconds do not divide {WINDOW}.")

    def key(self, *parts: str) -> str:
        """Keyed hashes of the parts: the table tells nobody's name and nobody's address."""
        return ":".join([self.name, *(blind_index(part, "attempt") for part in parts)])

    def count(self, *parts: str) -> int:
        """Count one try. Returns how many it is; raises TooMany when it is one too many.

        Counting comes before the work, in one statement: tries at the same moment cannot slip by
        together. On Redis, PostgreSQL and SQLite alike exactly `most` pass in a window.
        """
        counted = add(self.key(*parts), self.seconds)
        if counted > self.most:
            raise TooMany(seconds_left(self.seconds))
        return counted

    def forgive(self, *parts: str) -> None:
        """Take one try back: it was honest."""
        key = self.key(*parts)
        left = caching.tally(f"{key}:{window(self.seconds)}", self.seconds, by=-1)
        if left is not None:
            if left < 0:  # It was counted in the database, or in the window before.
                caching.tally(f"{key}:{window(self.seconds)}", self.seconds)
            return
        name, quarter = _place(key, self.seconds)
        rows = Attempt.objects.filter(key=name, window=quarter, count__gt=0)
        rows.update(count=F("count") - 1)


def window(seconds: int = WINDOW) -> int:
    """The number of the window of this length that it is now."""
    return int(time.time()) // seconds


def seconds_left(seconds: int = WINDOW) -> int:
    return seconds - int(time.time()) % seconds


def _place(key: str, seconds: int) -> tuple[str, int]:
    """The key and the quarter of an hour under which the database counts this window.

    Of shorter windows the key says which of the quarter it is.
    """
    now, parts = window(seconds), WINDOW // seconds
    return (key if parts == 1 else f"{key}:{now % parts}"), now // parts


def add(key: str, seconds: int = WINDOW) -> int:
    """Count one more under `key` in this window. Returns the new count.

    Where Redis dies in the middle of a window the database counts on from what it has: at worst
    the limit is reached twice in that window.
    """
    counted = caching.tally(f"{key}:{window(seconds)}", seconds)
    if counted is not None:
        return counted
    table = connection.ops.quote_name(Attempt._meta.db_table)
    column = connection.ops.quote_name("window")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (key, {column}, count) VALUES (%s, %s, 1)"  # noqa: S608
            f" ON CONFLICT (key, {column}) DO UPDATE SET count = {table}.count + 1"
            " RETURNING count",
            list(_place(key, seconds)),
        )
        return int(cursor.fetchone()[0])


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as far as it can be known; IPv6 by its network of 64 bits."""
    address = client_address(request)
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return parsed.exploded[:19]
    return str(parsed)


def client_address(request: HttpRequest) -> str:
    """The address that a request comes from, as its sender's first proxy of ours saw it.

    Of X-Forwarded-For only what TRUSTED_PROXIES proxies of our own have added counts: the rest is
    whatever the sender wrote.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if 0 < settings.TRUSTED_PROXIES <= len(hops):
        # A proxy that says nothing is itself all that we know.
        address = hops[-settings.TRUSTED_PROXIES] or address
    return address


def prune() -> int:
    """Delete the counts of past windows; the daily job. Returns how many."""
    return Attempt.objects.filter(window__lt=window()).delete()[0]
