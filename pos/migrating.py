"""Migrating once, however many builds start at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management import call_command
from django.db import connection

# Any number, as long as every release uses the same one.
LOCK = 7_451_165


@contextmanager
def migration_lock() -> Iterator[None]:
    """Hold the one migration lock of the database; waits for whoever has it.

    In an open transaction on a connection of its own: a session lock taken through a transaction
    pooler would stay with the server connection and lock nobody out.
    """
    if connection.vendor != "postgresql":
        yield
        return
    parameters = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key in {"dbname", "user", "password", "host", "port", "sslmode", "connect_timeout"}
    }
    with psycopg.connect(**parameters) as guard:
        guard.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
        guard.rollback()


def migrate(*, verbosity: int = 1) -> None:
    """Bring the schema up to date under the lock."""
    with migration_lock():
        call_command("migrate", interactive=False, verbosity=verbosity)
