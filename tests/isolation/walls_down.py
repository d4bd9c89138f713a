"""Taking a wall away, to prove that the tests of it can fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from tenants import context, models, scope
from tenants.scope import Scoped, ScopedUpdateQuery, TenantQuerySet


def scope_down(patch: pytest.MonkeyPatch) -> None:
    """Wall 2: tenant models behave as any model of Django's; a business is filled in when absent."""

    def unscoped(self: Any, *args: Any, **kwargs: Any) -> Any:
        return super(Scoped, self).get_compiler(*args, **kwargs)

    def fill(row: Any) -> None:
        if row.business_id is None:
            row.business_id = context.require_id()

    patch.setattr(Scoped, "get_compiler", unscoped)
    for name in ("raw", "update", "bulk_create", "_raw_delete"):
        patch.delattr(TenantQuerySet, name)
    patch.delattr(ScopedUpdateQuery, "add_update_fields")
    patch.setattr(scope, "own", fill)
    patch.setattr(models, "own", fill)


@contextmanager
def keys_down(owner: psycopg.Connection | None) -> Iterator[None]:
    """Wall 3: without the composite keys; on SQLite without any foreign key."""
    if owner is None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys = OFF")
            yield
            cursor.execute("PRAGMA foreign_keys = ON")
        return
    keys = owner.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conname LIKE '%\\_ref'"
    ).fetchall()
    with owner.transaction():
        for table, name, _definition in keys:
            owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        with owner.transaction():
            for table, name, definition in keys:
                owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


@contextmanager
def policies_down(owner: psycopg.Connection) -> Iterator[None]:
    """Wall 4: without row-level security."""
    tables = [
        row[0]
        for row in owner.execute("SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity")
    ]
    _each(owner, tables, "DISABLE")
    try:
        yield
    finally:
        _each(owner, tables, "ENABLE")


def _each(owner: psycopg.Connection, tables: list[str], verb: str) -> None:
    with owner.transaction():
        for table in tables:
            owner.execute(f"ALTER TABLE {table} {verb} ROW LEVEL SECURITY")
