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


class TooMany(Exception):
    """The limit is reached; `wait` is the number of seconds until the next try is allowed."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


@dataclass(frozen=True)
class Limit:
    """At most `most` tries under one key in each window of 15 minutes."""

    name: str
    most: int

    def key(self, *parts: str) -> str:
        """Keyed hashes of the parts: the table tells nobody's name and nobody's address."""
        return ":".join([self.name, *(blind_index(part, "attempt") for part in parts)])

    def count(self, *parts: str) -> None:
        """Count one try. Raises TooMany when it is one too many.

        Counting comes before the work, in one statement: tries at the same moment cannot slip by
        together.
        """
        if add(self.key(*parts)) > self.most:
            raise TooMany(seconds_left())

    def forgive(self, *parts: str) -> None:
        """Take one try back: it was honest."""
        name = f"{self.key(*parts)}:{window()}"
        left = caching.tally(name, WINDOW, by=-1)
        if left is not None:
            if left < 0:  # It was counted in the database, or in the window before.
                caching.tally(name, WINDOW)
            return
        rows = Attempt.objects.filter(key=self.key(*parts), window=window(), count__gt=0)
        rows.update(count=F("count") - 1)


def window() -> int:
    return int(time.time()) // WINDOW


def seconds_left() -> int:
    return WINDOW - int(time.time()) % WINDOW


def add(key: str) -> int:
    """Count one more under `key` in this window. Returns the new count.

    Where Redis dies in the middle of a window the database counts on from what it has: at worst
    the limit is reached twice in that window.
    """
    counted = caching.tally(f"{key}:{window()}", WINDOW)
    if counted is not None:
        return counted
    table = connection.ops.quote_name(Attempt._meta.db_table)
    column = connection.ops.quote_name("window")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (key, {column}, count) VALUES (%s, %s, 1)"  # noqa: S608
            f" ON CONFLICT (key, {column}) DO UPDATE SET count = {table}.count + 1"
            " RETURNING count",
            [key, window()],
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
