"""Taking a backup: dump, pictures, manifest, in this order, and then the old ones that may go.

Whatever stops it, no backup is there that is not whole, and none of the earlier ones is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from backups import keys, manifest, media, postgresql, restoring, retention, sqlite
from backups.errors import BackupError
from backups.manifest import DATABASE, PICTURES, Manifest, Part, Pictures, Table
from backups.models import BackupRun
from backups.scratch import folder, parameters, sweep
from backups.stores import Store, moment, new_name
from backups.streams import Measured, Sink, Source, encrypt

FILES = {"postgresql": "database.dump.age", "sqlite": "database.sqlite3.gz.age"}
PICTURES_FILE = "pictures.tar.age"


def take(store: Store) -> Manifest:
    """Take a backup, and record what became of it. Raises BackupError."""
    sweep()
    begun = timezone.now()
    name = new_name(begun)
    with recorded(BackupRun.Kind.BACKUP, begun, name=name, place=store.place) as run:
        lock = keys.lock()
        try:
            taken = _Taking(store, name, begun, lock).run()
        except BaseException:
            with suppress(BackupError):
                store.delete(name)
            raise
        run.size = taken.size
        run.details = {"rows": taken.rows, "pictures": taken.pictures.files}
    return taken


class _Taking:
    def __init__(self, store: Store, name: str, begun: datetime, lock: keys.Lock) -> None:
        self.store, self.name, self.begun, self.lock = store, name, begun, lock
        self.parts: dict[str, Part] = {}
        self.pictures = Pictures(0, 0, "0")

    def run(self) -> Manifest:
        if self.lock.key_file:
            with self.store.writing(self.name, keys.KEY_FILE) as out:
                out.write(self.lock.key_file)
        engine = connection.vendor
        migrations = _migrations()
        if engine == "sqlite":
            server = tool = _sqlite_version()
            tables = self._sqlite()
        else:
            server, tool, tables = self._postgresql()
        # After the rows: a picture of each product is there, and perhaps one of a newer product.
        self._pictures()
        done = Manifest(
            name=self.name,
            taken_at=self.begun,
            release=settings.RELEASE,
            engine=engine,
            server_version=server,
            tool_version=tool,
            migrations=migrations,
            tables=tables,
            pictures=self.pictures,
            parts=self.parts,
            key_file=keys.KEY_FILE if self.lock.key_file else "",
        )
        self.store.finish(self.name, manifest.written(done))
        return done

    def _postgresql(self) -> tuple[str, str, dict[str, Table]]:
        # Django's own connection would hold nothing back, but a second one is a slot of the host's.
        connection.close()
        with postgresql.dumping(parameters()) as dump:
            self._part(DATABASE, FILES["postgresql"], dump.source)
            return dump.server, dump.program.version, dump.tables()

    def _sqlite(self) -> dict[str, Table]:
        with folder() as scratch:
            copied = scratch / "copy.sqlite3"
            sqlite.copy(Path(connection.settings_dict["NAME"]), copied)
            self._made(DATABASE, FILES["sqlite"], lambda sink: sqlite.pack(copied, sink))
            return sqlite.tables(copied)

    def _pictures(self) -> None:
        root = Path(settings.MEDIA_ROOT)

        def pack(sink: Sink) -> None:
            self.pictures = media.pack(root, sink)

        self._made(PICTURES, PICTURES_FILE, pack)

    def _made(self, part: str, file: str, make: Callable[[Sink], None]) -> None:
        """A part that is made by writing, where encryption wants to read."""
        from backups.pipes import read_from

        with read_from(make) as source:
            self._part(part, file, source)

    def _part(self, part: str, file: str, source: Source) -> None:
        with self.store.writing(self.name, file) as out:
            measured = Measured(out)
            encrypt(source, measured, self.lock.recipients)
        self.parts[part] = Part(file=file, size=measured.size, sha256=measured.sha256)


def _migrations() -> dict[str, list[str]]:
    applied: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        applied.setdefault(app, []).append(name)
    return applied


def _sqlite_version() -> str:
    import sqlite3

    return sqlite3.sqlite_version


@contextmanager
def recorded(kind: str, begun: datetime, *, name: str, place: str) -> Iterator[BackupRun]:
    """Keep what becomes of the block: well, or why not. Any BackupError goes on to the caller."""
    run = BackupRun(kind=kind, started_at=begun, name=name, place=place, is_good=True)
    try:
        yield run
    except BaseException as error:
        run.is_good = False
        run.message = _told(error)
        # The database that was to be saved may be what is broken.
        with suppress(DatabaseError):
            _save(run)
        raise
    _save(run)


def _told(error: BaseException) -> str:
    if isinstance(error, BackupError):
        return str(error)
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return "It was stopped before its end."
    # Its own text may hold what was read or written.
    return f"It broke off with {type(error).__name__}: the log says more."


def _save(run: BackupRun) -> None:
    run.finished_at = timezone.now()
    run.save(force_insert=True)


@dataclass(frozen=True, slots=True)
class Pruned:
    """Names: what was deleted, and what was left alone because it is not ours or is damaged."""

    deleted: list[str]
    others: list[str]


def prune(store: Store, now: datetime) -> Pruned:
    """Delete what BACKUP_KEEP_DAYS, _WEEKS and _MONTHS do not keep, and what was left behind.

    The newest stays, and so does the last that was taken, whatever the clock said then, and the
    newest that a drill has restored. Another installation's backups in the same place are not
    deleted, and ours are not deleted because of them. Raises BackupError.
    """
    names = store.names()
    ours = [name for name in names if _is_ours(store, name)]
    stay = retention.kept(
        [moment(name) for name in ours],
        days=settings.BACKUP_KEEP_DAYS,
        weeks=settings.BACKUP_KEEP_WEEKS,
        months=settings.BACKUP_KEEP_MONTHS,
    )
    good = BackupRun.objects.filter(is_good=True, name__in=ours)
    proven = good.filter(kind=BackupRun.Kind.DRILL).order_by("-name")
    last = good.filter(kind=BackupRun.Kind.BACKUP).order_by("-pk")
    wanted = {run.name for found in (proven, last) for run in found[:1]}
    old = [name for name in ours if moment(name) not in stay and name not in wanted]
    for name in old:
        store.delete(name)
    for name in store.unfinished():
        if moment(name) < now - retention.LEFT_BEHIND:
            store.delete(name)
    return Pruned(deleted=old, others=[name for name in names if name not in ours])


def _is_ours(store: Store, name: str) -> bool:
    try:
        restoring.look(store, name)
    except BackupError:
        return False
    return True
