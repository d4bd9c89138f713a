"""Indexes and keys for tables that are in use while a migration makes them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.operations import AddConstraint, AddIndex


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


class AddConstraintBeside(AddConstraint):
    """A unique key with a condition, which is an index, made in the same way.

    For a migration with `atomic = False`. What a try that was broken off has left is made anew.
    """

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        model = after.apps.get_model(app_label, self.model_name)
        plain = not _is_postgresql(app_label, editor)
        if plain or not self.allow_migrate_model(editor.connection.alias, model):
            super().database_forwards(app_label, editor, before, after)
            return
        sql = str(self.constraint.create_sql(model, editor))
        begins = "CREATE UNIQUE INDEX "
        assert sql.startswith(begins), "a key without a condition is no index"
        name = editor.quote_name(self.constraint.name)
        editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        editor.execute(sql.replace(begins, f"{begins}CONCURRENTLY ", 1))


def _is_postgresql(label: str, editor: Any, *states: Any) -> bool:
    return bool(editor.connection.vendor == "postgresql")
