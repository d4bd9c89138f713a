"""What the database itself is asked: not to write, and which keys and walls it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from tenants.bulk import long_work

# Policies, constraints, and the indexes that keep unique values.
_NAMES = """
SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION ALL
SELECT c.relname FROM pg_class c
 WHERE c.relkind IN ('i', 'I') AND c.relnamespace = current_schema()::regnamespace
UNION ALL
SELECT p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relrowsecurity AND c.relnamespace = current_schema()::regnamespace
"""
_NOT_VALID = """
SELECT conname FROM pg_constraint
 WHERE connamespace = current_schema()::regnamespace AND NOT convalidated
"""


@contextmanager
def read_only() -> Iterator[None]:
    """The database refuses to write in this block, whoever asks it to.

    On PostgreSQL a transaction without the limits of requests, in which everything is seen as it
    was at its beginning; inside another one a savepoint, which sees what others commit. Either is
    rolled back, and its settings with it. On SQLite no transaction, because ours would keep the
    tills from selling.
    """
    if connection.vendor == "postgresql":
        inside = connection.in_atomic_block
        with long_work():
            with connection.cursor() as cursor:
                snapshot = "" if inside else "ISOLATION LEVEL REPEATABLE READ, "
                # Rules read whole tables. After an import the planner knows nothing of them yet,
                # and would take them for small ones, to be gone through row by row.
                cursor.execute(
                    f"SET TRANSACTION {snapshot}READ ONLY; SET LOCAL enable_nestloop = off"
                )
            yield
            transaction.set_rollback(True)
        return
    _query_only("ON")
    try:
        yield
    finally:
        _query_only("OFF")


def _query_only(value: str) -> None:
    connection.ensure_connection()
    # Past Django, which takes no statement in a transaction that has failed: it must go off again.
    connection.connection.execute(f"PRAGMA query_only = {value}")


def names_in_the_database() -> frozenset[str]:
    """The constraints, unique indexes and policies that there are."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_NAMES)
            return frozenset(row[0] for row in cursor.fetchall())
        # SQLite knows the names of constraints only as a part of the table's text.
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        found: set[str] = set()
        for name, sql in cursor.fetchall():
            found.add(name)
            words = sql.split('CONSTRAINT "')
            found |= {word.partition('"')[0] for word in words[1:]}
        return frozenset(found)


def unchecked() -> frozenset[str]:
    """Constraints that were added without a look at the rows that were there already."""
    if connection.vendor != "postgresql":
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_NOT_VALID)
        return frozenset(row[0] for row in cursor.fetchall())
