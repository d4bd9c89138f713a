"""The migrations that a database still lacks, as SQL for a person to run, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any, NoReturn

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import RunPython
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from pos.migrating import LOCK, missing

# Functions in Django's own migrations that mend rows of older releases of Django. Where Tillbook is
# installed by its own migrations there are none.
NOTHING_TO_MEND = {
    ("auth", "0011_update_proxy_permissions"),
    ("contenttypes", "0002_remove_content_type_name"),
}


# Migrations in their order, each with the state before it.
Plan = Sequence[tuple[Migration, ProjectState]]

BEGIN = ["BEGIN;", f"SELECT pg_advisory_xact_lock({LOCK});"]


class CannotBeSQL(Exception):
    """A migration reads or writes rows by Python; the message names it."""


def release_plan(connection: BaseDatabaseWrapper) -> Plan:
    """What is missing in the database."""
    executor = MigrationExecutor(connection)
    wanted = set(missing(executor))
    targets = executor.loader.graph.leaf_nodes()
    found, state = [], ProjectState(real_apps=executor.loader.unmigrated_apps)
    for migration, _ in executor.migration_plan(targets, clean_start=True):
        if migration in wanted:
            found.append((migration, state.clone()))
        migration.mutate_state(state, preserve=False)
    return found


def release_sql(connection: BaseDatabaseWrapper, plan: Plan) -> Iterator[str]:
    """Lines of a file for psql that applies the plan and notes it in `django_migrations`.

    One transaction under the lock that `migrate` and `deploy` take too; refuses to run twice. What
    cannot run in a transaction (an index made CONCURRENTLY) ends it and begins the next. Raises
    CannotBeSQL.
    """
    yield from BEGIN
    if "django_migrations" not in connection.introspection.table_names():
        yield from _table(connection)
    yield from _guard(plan, applied=False)
    for migration, state in plan:
        yield f"\n-- {migration}"
        yield from _statements(connection, migration, state, backwards=False)
        app, name = _quoted(migration)
        values = f"({app}, {name}, statement_timestamp())"
        yield f"INSERT INTO django_migrations (app, name, applied) VALUES {values};"  # noqa: S608
    yield "\nCOMMIT;"


def way_back_sql(connection: BaseDatabaseWrapper, plan: Plan) -> Iterator[str]:
    """Lines that undo `release_sql` of the same plan; what its tables held is gone then.

    Raises CannotBeSQL, for an empty database too: there is nothing to go back to. Raises
    IrreversibleError where a migration has no way back.
    """
    if not connection.introspection.table_names():
        raise CannotBeSQL("The database is empty: the way back is to drop it.")
    yield from BEGIN
    yield from _guard(plan, applied=True)
    for migration, state in reversed(plan):
        yield f"\n-- back from {migration}"
        yield from _statements(connection, migration, state, backwards=True)
        app, name = _quoted(migration)
        yield f"DELETE FROM django_migrations WHERE app = {app} AND name = {name};"  # noqa: S608
    yield "\nCOMMIT;"


def _guard(plan: Plan, *, applied: bool) -> list[str]:
    keys = ", ".join(f"({', '.join(_quoted(migration))})" for migration, _ in plan)
    wanted = len(plan) if applied else 0
    text = "is not what this file takes back" if applied else "has some of these migrations already"
    found = f"SELECT count(*) FROM django_migrations WHERE (app, name) IN ({keys})"  # noqa: S608
    return [
        "DO $guard$ BEGIN",
        f"  IF ({found}) <> {wanted}",
        f"  THEN RAISE EXCEPTION 'The database {text}; make the file anew.'; END IF;",
        "END $guard$;",
    ]


def _quoted(migration: Migration) -> tuple[str, str]:
    """As literals: names of applications and of modules, which hold neither quote nor backslash."""
    return f"'{migration.app_label}'", f"'{migration.name}'"


def _table(connection: BaseDatabaseWrapper) -> list[str]:
    from django.db.migrations.recorder import MigrationRecorder

    with connection.schema_editor(collect_sql=True) as editor:
        editor.create_model(MigrationRecorder.Migration)
    return list(editor.collected_sql)


def _statements(
    connection: BaseDatabaseWrapper, migration: Migration, state: ProjectState, *, backwards: bool
) -> list[str]:
    written = copy(migration)
    operations = [
        _Collected(one, migration) if isinstance(one, RunPython) else one
        for one in migration.operations
    ]
    setattr(written, "operations", operations)  # noqa: B010 - of this copy alone
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        run = written.unapply if backwards else written.apply
        try:
            run(state.clone(), editor, collect_sql=True)
        except ValueError as error:
            # It looks for a constraint by its columns, which the database does not have yet.
            raise CannotBeSQL(f"{migration} must be applied one by one: {error}.") from error
    lines = [line for line in editor.collected_sql if not line.startswith("--")]
    return lines if migration.atomic else ["COMMIT;", *lines, *BEGIN]


class _Collected(Operation):
    """A function that only executes statements is SQL after all; one that wants models is not."""

    reduces_to_sql = True

    def __init__(self, operation: RunPython, migration: Migration) -> None:
        self.operation, self.migration = operation, migration

    @property
    def reversible(self) -> bool:  # type: ignore[override]
        return bool(self.operation.reversible)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._run(self.operation.code, schema_editor)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if self.operation.reverse_code is not None:
            self._run(self.operation.reverse_code, schema_editor)

    def _run(self, code: Callable[..., object], schema_editor: Any) -> None:
        if (self.migration.app_label, self.migration.name) not in NOTHING_TO_MEND:
            code(_NoModels(self.migration), schema_editor)

    def describe(self) -> str:
        return self.operation.describe()


class _NoModels:
    def __init__(self, migration: Migration) -> None:
        self._migration = migration

    def __getattr__(self, name: str) -> NoReturn:
        raise CannotBeSQL(
            f"{self._migration} changes rows by Python and cannot be written as SQL."
            " Apply it by `python manage.py migrate`."
        )
