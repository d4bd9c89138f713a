"""The shared rows of counts: adding to them, and forgetting old minutes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.db import connection

from monitoring.models import BOUNDS_MS, EVER, RequestCount
from tenants.tally import add_to

#: (minute, route, method, status)
Key = tuple[int, str, str, int]

KEYS: Final = ("minute", "route", "method", "status")
SUMS: Final = ("count", "microseconds", "statements", *(f"le_{bound}" for bound in BOUNDS_MS))
# SQLite has one writer. A flush that meets another one gives way at once: it may be a sale.
PATIENCE_MS: Final = 50


def add(counts: Mapping[Key, list[int]]) -> None:
    """Add counts to those minutes and to the sums of all time.

    One statement in no transaction but its own: an instance that is frozen or killed at any moment
    holds no lock, and has added all of it or nothing. Rows go in the order of their keys, so two
    processes wait for each other and never in a circle. Raises django.db.Error.
    """
    rows: dict[Key, list[int]] = {}
    for key, counted in counts.items():
        for one in (key, (EVER, *key[1:])):
            add_to(rows, one, counted)
    table = connection.ops.quote_name(RequestCount._meta.db_table)
    columns = [connection.ops.quote_name(name) for name in (*KEYS, *SUMS)]
    sums = columns[len(KEYS) :]
    sets = ", ".join(f"{one} = {table}.{one} + excluded.{one}" for one in sums)
    places = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * len(rows))
    values: list[int | str] = []
    for key in sorted(rows):
        values += [*key, *rows[key]]
    with _giving_way(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES {places}"  # noqa: S608
            f" ON CONFLICT ({', '.join(columns[: len(KEYS)])}) DO UPDATE SET {sets}",
            values,
        )


@contextmanager
def _giving_way() -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        try:
            yield
        finally:
            usual = connection.settings_dict["OPTIONS"].get("timeout", 5)
            cursor.execute(f"PRAGMA busy_timeout = {int(usual * 1000)}")


def prune() -> int:
    """Delete the minutes older than METRICS_DAYS; the daily job. Returns how many rows."""
    oldest = int(time.time()) // 60 - settings.METRICS_DAYS * 24 * 60
    return RequestCount.objects.filter(minute__gt=EVER, minute__lt=oldest).delete()[0]
