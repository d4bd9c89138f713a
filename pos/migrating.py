"""Migrating once, however many builds start at the same time."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration

# Any number, as long as every release uses the same one.
LOCK = 7_451_165
# For how long a deployment waits for another one's migrations, in seconds.
PATIENCE = 600

Say = Callable[[str], object]


class Busy(Exception):
    """Another deployment held the migration lock for longer than we were willing to wait."""


class MigrationFailed(Exception):
    """A migration broke off; the text is one sentence that names it. Those before it are kept."""


def _silent(_: str) -> None:
    pass


@contextmanager
def migration_lock(*, patience: float = PATIENCE, say: Say = _silent) -> Iterator[None]:
    """Hold the one migration lock of the database; says so when somebody else has it.

    Raises Busy after `patience` seconds of waiting. On PostgreSQL in an open transaction on a
    connection of its own: a session lock taken through a transaction pooler would stay with the
    server connection and lock nobody out.
    """
    if connection.vendor == "postgresql":
        with _advisory_lock(patience, say):
            yield
    else:
        with _file_lock(patience, say):
            yield


def _wait(try_it: Callable[[], bool], patience: float, say: Say) -> None:
    """Ask again and again: a wait inside the database would be at the mercy of its time limits."""
    deadline = time.monotonic() + patience
    if try_it():
        return
    say(f"Another deployment is migrating this database; waiting up to {patience:.0f} seconds.")
    while not try_it():
        if time.monotonic() >= deadline:
            raise Busy(
                f"Another deployment has been migrating for more than {patience:.0f} seconds."
                " Nothing was changed here. Let it finish or end it, then deploy again."
            )
        time.sleep(0.2)
    say("The other deployment is done.")


@contextmanager
def _advisory_lock(patience: float, say: Say) -> Iterator[None]:
    parameters = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key not in {"context", "cursor_factory"}
    }
    # The simple protocol: what the other one has asked keeps its snapshot for the rest of the
    # transaction, and an index that is made concurrently waits for all snapshots to end.
    with psycopg.connect(**parameters, cursor_factory=psycopg.ClientCursor) as guard:
        # Some hosts end a transaction that stands still for minutes, as this one does on purpose.
        guard.execute("SET LOCAL idle_in_transaction_session_timeout = 0")

        def try_it() -> bool:
            row = guard.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK]).fetchone()
            return bool(row and row[0])

        _wait(try_it, patience, say)
        yield
        guard.rollback()


@contextmanager
def _file_lock(patience: float, say: Say) -> Iterator[None]:
    database = Path(connection.settings_dict["NAME"])
    with database.with_name(database.name + ".migrating").open("w") as file:

        def try_it() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait(try_it, patience, say)
        yield


def missing(executor: MigrationExecutor) -> list[Migration]:
    """The migrations that this release has and the executor's database has not, in order."""
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [migration for migration, _backwards in plan]


def pending() -> list[str]:
    """What is missing in the database that serves, as `app.name`, in order."""
    return [str(migration) for migration in missing(MigrationExecutor(connection))]


def migrate() -> list[str]:
    """Bring the schema up to date; the migrations that this took, in order.

    To be called under `migration_lock`. Raises MigrationFailed.
    """
    before = pending()
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except Exception as error:
        raise MigrationFailed(_what_broke(before, error)) from error
    return before


def _what_broke(before: list[str], error: Exception) -> str:
    left = pending()
    done = len(before) - len(left)
    # The further lines of PostgreSQL's messages hold values of rows.
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    what = f"The migration {left[0]} failed" if left else "What follows the migrations failed"
    return f"{what}: {reason}. {done} of {len(before)} migrations were applied before it."
