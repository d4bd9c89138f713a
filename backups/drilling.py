"""The restore drill: a backup nobody has restored is a hope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from backups import media, proving, restoring
from backups.errors import BackupError
from backups.manifest import Manifest
from backups.models import BackupRun
from backups.proving import Proof
from backups.restoring import Fetched
from backups.scratch import folder, postgresql_database, sqlite_alias
from backups.stores import Store
from backups.taking import recorded


def drill(store: Store, name: str) -> tuple[Manifest, Proof, timedelta]:
    """Restore this backup where it harms nobody, look at it, take it away, and record the result.

    Returns what was restored, what was looked at, and how long restoring took. Raises BackupError
    when it cannot be restored or is not what it should be.
    """
    begun = timezone.now()
    with recorded(BackupRun.Kind.DRILL, begun, name=name, place=store.place) as run:
        taken = restoring.look(store, name)
        with restored(store, taken) as (alias, fetched):
            took = timezone.now() - begun
            proof = proving.prove(taken, alias)
            with folder() as scratch, fetched.pictures.open("rb") as packed:
                media.unpack(packed, scratch, taken.pictures)
            proof.looked.append(f"{taken.pictures.files} pictures are the same")
        run.size = taken.size
        run.details = {"seconds": round(took.total_seconds(), 1), "looked": proof.looked}
        if proof.wrong:
            raise BackupError(f"The backup {name} restores, but: {'; '.join(proof.wrong[:5])}.")
    return taken, proof, took


@contextmanager
def restored(store: Store, taken: Manifest) -> Iterator[tuple[str, Fetched]]:
    """A database of Django's that holds the backup, for the time of the block. Raises BackupError."""
    with folder() as scratch:
        database = (
            sqlite_alias(scratch / "drill.sqlite3")
            if connection.vendor == "sqlite"
            else postgresql_database()
        )
        with database as alias:
            restoring.check_fits(taken, alias)
            fetched = restoring.fetch(store, taken, scratch)
            restoring.load(fetched, taken, alias)
            yield alias, fetched
