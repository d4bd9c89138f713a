"""Dumping PostgreSQL as of one moment, and loading a dump in one transaction.

Loading empties the target, restores, and compares every table with the manifest, all in one
transaction: afterwards the target holds what the backup held, or is as it was before.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

import psycopg

from backups import contents, programs
from backups.errors import BackupError
from backups.manifest import Manifest, Table
from backups.streams import PIECE, Sink, Source

# libpq's names for where a database is and who asks; the rest of Django's is for the driver alone.
_FOR_PSYCOPG = (*programs._VARIABLES, "keepalives", "keepalives_idle", "application_name")
_OWNS = """
SELECT bool_and(pg_has_role(current_user, c.relowner, 'USAGE')) FROM pg_class c
 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""
# A pg_dump of 17 and later writes this, which an older server does not know.
_NEW_SETTING = b"\nSET transaction_timeout = 0;\n"
_KNOWS_IT = 17
# For how long a migration or whoever else locks a table may hold a backup up.
LOCK_WAIT_MS = 10 * 60 * 1000
_EMPTY = """
SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = error;
SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL maintenance_work_mem = '128MB';
DO $tillbook$ DECLARE one record; BEGIN
  FOR one IN SELECT c.oid::regclass::text AS name,
      CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
      WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
     AND c.relnamespace = 'public'::regnamespace
     AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY array_position('{r,p,v,m,S}'::"char"[], c.relkind)
  LOOP EXECUTE 'DROP ' || one.kind || ' IF EXISTS ' || one.name || ' CASCADE'; END LOOP;
  FOR one IN SELECT p.oid::regprocedure::text AS name
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
     AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  LOOP EXECUTE 'DROP ROUTINE IF EXISTS ' || one.name || ' CASCADE'; END LOOP;
END $tillbook$;
"""


def connect(parameters: dict[str, Any], *, autocommit: bool = True) -> psycopg.Connection[Any]:
    """A connection of our own beside Django's. Raises BackupError."""
    known = {name: parameters[name] for name in _FOR_PSYCOPG if parameters.get(name)}
    try:
        return psycopg.connect(**known, autocommit=autocommit)
    except psycopg.OperationalError as error:
        text = " ".join(str(error).split())
        raise BackupError(f"The database does not answer: {text}") from None


def server_version(connection: psycopg.Connection[Any]) -> str:
    number = connection.info.server_version
    return f"{number // 10000}.{number % 10000}"


class Dump:
    """One moment of a database: `source` is the dump of it, `tables()` what the tables held.

    `program` is the pg_dump. Use `dumping()`.
    """

    def __init__(
        self, program: programs.Program, server: str, process: _Process, tables: Any
    ) -> None:
        self.program, self.server = program, server
        self.source: Source = process
        self._tables = tables

    def tables(self) -> dict[str, Table]:
        """Waits until all are counted."""
        try:
            found: dict[str, Table] = self._tables.result()
        except psycopg.Error as error:
            raise BackupError(f"The tables could not be counted: {_first(str(error))}") from None
        return found


@contextmanager
def dumping(parameters: dict[str, Any]) -> Iterator[Dump]:
    """Dump and count this database as of one moment, side by side. Raises BackupError."""
    with connect(parameters) as connection, ThreadPoolExecutor(1) as counting:
        server = server_version(connection)
        program = programs.pg_dump(server)
        owns = connection.execute(_OWNS).fetchone()
        if owns is None or owns[0] is not True:
            raise BackupError(
                "This login does not own the tables, so it does not see every row: set DIRECT_URL to"
                " the owner's, straight to PostgreSQL."
            )
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert snapshot is not None
        tables = counting.submit(contents.of_postgresql, connection)
        try:
            with _Process(
                [program.path, "--format=custom", "--schema=public", "--no-password",
                 f"--lock-wait-timeout={LOCK_WAIT_MS}", f"--snapshot={snapshot[0]}"],
                parameters,
            ) as process:  # fmt: skip
                yield Dump(program, server, process, tables)
        except BaseException:
            _give_up(tables, connection)
            raise


def _give_up(counting: Future[Any], connection: psycopg.Connection[Any]) -> None:
    """End the counting: it may wait for a lock that somebody keeps for hours."""
    while not counting.done():
        # Between two statements nothing hears it: again, until the counting has ended.
        with suppress(psycopg.Error):
            connection.cancel()
        wait([counting], timeout=0.2)


class _Process:
    """A program whose output is read; its end is the end of the output, and an error is raised."""

    def __init__(self, command: list[str], parameters: dict[str, Any]) -> None:
        self.name = Path(command[0]).name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=programs.environment(parameters),
        )

    def read(self, size: int = -1) -> bytes:
        assert self._process.stdout is not None
        data: bytes = self._process.stdout.read(size if size > 0 else PIECE)
        if not data and self._process.wait() != 0:
            told = said(self._errors)
            if "statement timeout" in told:
                # What becomes of --lock-wait-timeout.
                told = (
                    "somebody keeps a table locked, perhaps a migration: end it or wait for it, then"
                    " try again."
                )
            raise BackupError(f"{self.name} failed: {told}")
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        end(self._process)
        self._errors.close()


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill the program if it still runs, and close what leads to it."""
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def said(errors: IO[bytes]) -> str:
    """What a program complained of, in one line: its first error."""
    errors.seek(0)
    return _first(errors.read(100_000).decode("utf-8", "replace"))


def _first(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [
        line for line in lines if "error:" in line.lower() or "fatal:" in line.lower()
    ] or lines
    line = wrong[0] if wrong else "it said nothing"
    return line.rpartition("ERROR:")[2].rpartition("error:")[2].strip()[:300].rstrip(".") + "."


def load(archive: Path, manifest: Manifest, parameters: dict[str, Any]) -> None:
    """Put what the dump holds in the place of whatever the tables of this database hold.

    The caller has checked that the server is new enough. Raises BackupError, and then nothing has
    changed.
    """
    with connect(parameters) as connection:
        old_server = connection.info.server_version // 10000 < _KNOWS_IT
    reader, writer = programs.pg_restore(manifest.tool_version), programs.psql()
    with tempfile.TemporaryFile() as told_reader, tempfile.TemporaryFile() as told_writer:
        restore = subprocess.Popen(
            [reader.path, "--schema=public", "--no-owner", "--no-privileges", "--no-comments",
             "--file=-", str(archive)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=told_reader,
            env=programs.environment({}),
        )  # fmt: skip
        psql = subprocess.Popen(
            [writer.path, "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1",
             "--file=-"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=told_writer,
            env=programs.environment(parameters),
        )  # fmt: skip
        try:
            assert psql.stdin is not None and restore.stdout is not None
            with suppress(BrokenPipeError):
                # Not its --single-transaction: that commits at the end of what it is given, also
                # where it ends because this process was killed.
                psql.stdin.write(b"BEGIN;" + _EMPTY.encode())
                _pump(restore.stdout, psql.stdin, drop=_NEW_SETTING if old_server else None)
                if restore.wait() != 0:
                    raise BackupError(
                        f"pg_restore failed: {said(told_reader)} Nothing has changed."
                    )
                psql.stdin.write(b"\n" + contents.assertion(manifest.tables).encode())
                psql.stdin.write(b"COMMIT;\n")
                psql.stdin.close()
            if psql.wait() != 0:
                raise BackupError(f"Nothing was restored: {_hint(said(told_writer))}")
        finally:
            end(psql)
            end(restore)


def _pump(source: IO[bytes], sink: Sink, *, drop: bytes | None) -> None:
    head = source.read(PIECE)
    sink.write(head.replace(drop, b"\n", 1) if drop else head)
    while data := source.read(PIECE):
        sink.write(data)


def _hint(text: str) -> str:
    if "lock timeout" in text:
        return "somebody works with the tables: stop the web server and all jobs, then try again."
    return text


def empty(parameters: dict[str, Any]) -> None:
    """Drop every table of `public`. Only for a database that was made for a drill."""
    with connect(parameters) as connection, connection.transaction():
        connection.execute(_EMPTY)


def refresh_plans(parameters: dict[str, Any]) -> None:
    """Tell the planner what came in: until then it takes every table for a small one."""
    with connect(parameters) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("ANALYZE")
