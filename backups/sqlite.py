"""SQLite: a copy as of one moment while the tills go on selling, and putting one back."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from backups import contents
from backups.errors import BackupError
from backups.manifest import Manifest, Table, differences
from backups.streams import PIECE, Sink

#: How many pages are copied before a till gets its turn.
_PAGES = 2000


def copy(database: Path, to: Path) -> None:
    """Copy the database as of one moment. Raises BackupError."""
    if not database.is_file():
        raise BackupError(f"There is no database at {database}: run `python manage.py migrate`.")
    try:
        with closing(sqlite3.connect(database, timeout=20)) as source:
            # A reading transaction keeps the moment, however many sales are written meanwhile.
            source.isolation_level = None
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            with closing(sqlite3.connect(to)) as target:
                source.backup(target, pages=_PAGES)
    except sqlite3.Error as error:
        raise BackupError(f"The database {database} cannot be copied: {error}.") from None


def tables(database: Path) -> dict[str, Table]:
    """What the tables of a database hold that nobody writes to. Raises BackupError."""
    try:
        with closing(_reading(database)) as connection:
            return contents.of_sqlite(connection)
    except sqlite3.Error as error:
        raise BackupError(f"The database {database} cannot be read: {error}.") from None


def _reading(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)


class _Compressing:
    """A sink that compresses on the way to another."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> int:
        self._sink.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """What follows is written at once anyway."""


def pack(database: Path, sink: Sink) -> None:
    """Write the file, compressed, without a name or a time inside."""
    compressing: Any = _Compressing(sink)
    with database.open("rb") as source, gzip.GzipFile("", "wb", 6, compressing, 0) as packed:
        while data := source.read(PIECE):
            packed.write(data)


def unpack(archive: Path, to: Path) -> None:
    """Make the file of a part again. Raises BackupError."""
    try:
        with gzip.open(archive, "rb") as source, to.open("xb") as out:
            while data := source.read(PIECE):
                out.write(data)
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise BackupError(f"The database cannot be unpacked: {error}.") from None


def check(database: Path, manifest: Manifest) -> None:
    """The file is sound and holds what the manifest says. Raises BackupError."""
    try:
        with closing(_reading(database)) as connection:
            (sound,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        sound = str(error)
    if sound != "ok":
        raise BackupError(f"The database in the backup is damaged: {sound}.")
    wrong = differences(manifest.tables, tables(database))
    if wrong:
        raise BackupError(f"Nothing was restored: {'; '.join(wrong[:3])}.")


def put_back(database: Path, to: Path) -> None:
    """Put one database in the place of another, in one transaction of that one.

    Programs that have it open see the old one or the new one, nothing in between. Raises
    BackupError where one of them is writing for long.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            closing(_reading(database)) as source,
            closing(sqlite3.connect(to, timeout=20)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise BackupError(
            f"Nothing was restored: {error}. Stop the web server and all jobs, then try again."
        ) from None


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write."""
    with closing(_reading(database)) as connection:
        yield connection
