"""Reading across businesses what is to be done, without being in anybody's way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from tenants import context


@contextmanager
def looking(reason: str) -> Iterator[None]:
    """Work across businesses, which only reads.

    PostgreSQL knows from a transaction that it is for no business. On SQLite there is none: it
    would wait for the one writer, which may be a long import.
    """
    with context.platform(reason):
        if connection.vendor == "sqlite":
            yield
        else:
            with transaction.atomic():
                yield
