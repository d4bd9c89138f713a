"""Putting a backup back: looked at, fetched, decrypted and measured before anything is changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from backups import keys, manifest, media, postgresql, programs, sqlite
from backups.errors import BackupError
from backups.manifest import DATABASE, PICTURES, Manifest, Part
from backups.scratch import folder, parameters
from backups.stores import MANIFEST, Store
from backups.streams import Source, decrypt
from reports.models import LEFT_OVER
from sync import triggers

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

_LARGEST_MANIFEST = 20 * 1024 * 1024


def look(store: Store, name: str, *, foreign: bool = False) -> Manifest:
    """The manifest of a backup. Raises BackupError; see manifest.read() for `foreign`."""
    with store.reading(name, MANIFEST) as source:
        data = _whole(source)
    return manifest.read(data, name=name, foreign=foreign)


def _whole(source: Source) -> bytes:
    data = bytearray()
    while piece := source.read(-1):
        data += piece
        if len(data) > _LARGEST_MANIFEST:
            raise BackupError("The manifest is too large to be one: take another backup.")
    return bytes(data)


def check_fits(taken: Manifest, alias: str = "default") -> None:
    """The database of this name can hold the backup, and this release can use it.

    Raises BackupError with what to install or to do otherwise.
    """
    engine = connections[alias].vendor
    if taken.engine != engine:
        raise BackupError(
            f"The backup is of {_called(taken.engine)} and this database is {_called(engine)}. Restore"
            " it into its own kind, and move over by export_data and import_data."
        )
    unknown = _unknown_migrations(taken)
    if unknown:
        raise BackupError(
            f"The backup was made by a newer release ({taken.release or 'unnamed'}), which has"
            f" migrations that this one lacks ({', '.join(unknown[:3])}): install that release first."
        )
    if engine == "postgresql":
        with postgresql.connect(parameters(alias)) as connection:
            server = postgresql.server_version(connection)
        if programs.major(taken.server_version) > programs.major(server):
            raise BackupError(
                f"The backup is of PostgreSQL {taken.server_version} and this server is {server}:"
                f" restore it into {programs.major(taken.server_version)} or newer."
            )
        programs.pg_restore(taken.tool_version)
        programs.psql()


def _called(engine: str) -> str:
    return {"postgresql": "PostgreSQL", "sqlite": "SQLite"}.get(engine, engine)


def _unknown_migrations(taken: Manifest) -> list[str]:
    known = _migrations_here()
    apps = {app for app, _name in known}
    there = [(app, name) for app, names in taken.migrations.items() for name in names]
    return [f"{app}.{name}" for app, name in there if app in apps and (app, name) not in known]


def missing_migrations(taken: Manifest) -> list[str]:
    """What this release has to migrate after restoring, as `app.name`."""
    applied = {(app, name) for app, names in taken.migrations.items() for name in names}
    return sorted(f"{app}.{name}" for app, name in _migrations_here() - applied)


def _migrations_here() -> set[tuple[str, str]]:
    loader = MigrationLoader(None)
    replaced = {one for found in loader.replacements.values() for one in found.replaces}
    return set(loader.disk_migrations) | replaced


@dataclass(frozen=True, slots=True)
class Fetched:
    """The parts, decrypted and as they were made, in a folder that goes away."""

    database: Path
    pictures: Path


def fetch(store: Store, taken: Manifest, to: Path) -> Fetched:
    """Fetch and decrypt both parts into this folder. Raises BackupError when one is damaged."""
    key_file = None
    if taken.key_file:
        with store.reading(taken.name, taken.key_file) as source:
            key_file = _whole(source)
    identities = keys.unlock(key_file)
    for part in (DATABASE, PICTURES):
        _fetch_part(store, taken.name, taken.parts[part], identities, to / part)
    return Fetched(database=to / DATABASE, pictures=to / PICTURES)


def _fetch_part(store: Store, name: str, part: Part, identities: list[Identity], to: Path) -> None:
    with store.reading(name, part.file) as source, to.open("xb") as out:
        hashing = _Hashing(source)
        try:
            decrypt(hashing, out, identities)
        except OSError as error:
            raise BackupError(f"The disk of {to.parent} is no use: {error.strerror}.") from None
    if (hashing.size, hashing.sha256) != (part.size, part.sha256):
        raise BackupError(
            f"The part {part.file} of {name} is not the one that was made: take another."
        )


class _Hashing:
    def __init__(self, source: Source) -> None:
        self._source, self._hash, self.size = source, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def load(fetched: Fetched, taken: Manifest, alias: str) -> None:
    """Put the database back and compare every table. Raises BackupError; then nothing changed."""
    connections[alias].close()
    if taken.engine == "postgresql":
        postgresql.load(fetched.database, taken, parameters(alias))
        postgresql.refresh_plans(parameters(alias))
        return
    unpacked = fetched.database.with_suffix(".sqlite3")
    sqlite.unpack(fetched.database, unpacked)
    sqlite.check(unpacked, taken)
    sqlite.put_back(unpacked, Path(connections[alias].settings_dict["NAME"]))


def restore(store: Store, taken: Manifest) -> Path | None:
    """Put the backup in the place of this installation's data and pictures.

    Returns the folder with the pictures that were there before, None where there were none. Raises
    BackupError, and then everything is as it was.
    """
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with folder() as scratch, media.leaving_nothing(root):
        fetched = fetch(store, taken, scratch)
        with fetched.pictures.open("rb") as packed:
            media.unpack(packed, root, taken.pictures)
        load(fetched, taken, "default")
        # Devices have seen what the backup does not hold: their copies begin anew.
        triggers.new_epoch()
        return media.take_place(root, timezone.now())


def present() -> str:
    """What the database of this process holds that a restore would replace, in words; or nothing."""
    from accounts.models import User
    from tenants.models import Business

    counts = []
    with connections["default"].cursor() as cursor:
        tables = set(connections["default"].introspection.table_names(cursor))
    for model, name in ((Business, "businesses"), (User, "people")):
        if model._meta.db_table in tables and (count := model._default_manager.count()):
            counts.append(f"{count} {name}")
    ours = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    strange = sorted(tables - ours - LEFT_OVER - {"django_migrations"})
    if strange:
        counts.append(f"tables of something else ({', '.join(strange[:3])})")
    return " and ".join(counts)
