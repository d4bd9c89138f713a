"""Indexes for tables that are in use while a migration makes them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.operations import AddIndex


class AddIndexBeside(AddIndexConcurrently):
    """CREATE INDEX CONCURRENTLY on PostgreSQL, an ordinary one on SQLite, which knows no other.

    For a migration with `atomic = False`.
    """

    def database_forwards(self, *args: Any) -> None:
        if _is_postgresql(*args):
            super().database_forwards(*args)
        else:
            AddIndex.database_forwards(self, *args)

    def database_backwards(self, *args: Any) -> None:
        if _is_postgresql(*args):
            super().database_backwards(*args)
        else:
            AddIndex.database_backwards(self, *args)


def _is_postgresql(label: str, editor: Any, *states: Any) -> bool:
    return bool(editor.connection.vendor == "postgresql")
