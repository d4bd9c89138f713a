"""Indexes, keys and statistics for tables that are in use while a migration makes them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.operations import AddConstraint, AddIndex
from django.db.migrations.operations.base import Operation


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


class TellWhose(Operation):
    """Tells PostgreSQL that what a column names belongs to one business; nothing on SQLite.

    It takes conditions to have nothing to do with each other: of a shop that is a thousandth of all,
    it would expect a thousandth at the shop's only location, and read all of it to sort it.
    """

    reversible = True

    def __init__(self, model: str, field: str, *, name: str) -> None:
        self.model, self.field, self.name = model, field, name

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models know nothing of it."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if _is_postgresql(app_label, editor):
            options = after.apps.get_model(app_label, self.model)._meta
            columns = ", ".join(
                editor.quote_name(options.get_field(one).column) for one in ("business", self.field)
            )
            table, name = editor.quote_name(options.db_table), editor.quote_name(self.name)
            editor.execute(f"CREATE STATISTICS {name} (dependencies) ON {columns} FROM {table}")
            # What is there by now; of what comes autovacuum takes note.
            editor.execute(f"ANALYZE {table} ({columns})")

    def database_backwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if _is_postgresql(app_label, editor):
            editor.execute(f"DROP STATISTICS {editor.quote_name(self.name)}")

    def describe(self) -> str:
        return f"Tell whose {self.field} a {self.model} names"


def _is_postgresql(label: str, editor: Any, *states: Any) -> bool:
    return bool(editor.connection.vendor == "postgresql")
