"""Where backups are kept: each a folder of its own, with its manifest written last.

What has no manifest is no backup. A folder on a disk is renamed when all is in it; a store that
speaks S3 gets each part whole or not at all, and the manifest after them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from django.conf import settings

from backups.errors import BackupError
from backups.streams import Sink, Source

MANIFEST = "manifest.json"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z-[0-9a-f]{4}")
_FINE = 65536
_UNFINISHED = ".unfinished-"


class Store(Protocol):
    """Backups by name, in one place."""

    #: The place as it was given; it holds no secret.
    place: str

    def names(self) -> list[str]:
        """The backups that are whole, oldest first."""

    def unfinished(self) -> list[str]:
        """Names of backups that were begun and are not whole, or are being made at this moment."""

    def writing(self, name: str, file: str) -> AbstractContextManager[Sink]:
        """A part of a new backup; an exception in the block takes it away again."""

    def finish(self, name: str, manifest: bytes) -> None:
        """Make it a backup: its parts are all there."""

    def reading(self, name: str, file: str) -> AbstractContextManager[Source]:
        """A part of a backup that is whole."""

    def delete(self, name: str) -> None:
        """Take it away, whole or not; at no moment does a part of it look like a backup."""


def new_name(at: datetime) -> str:
    """A name that sorts by time: its end is the part of the second, in 65,536ths."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}-{at.microsecond * _FINE // 10**6:04x}"


def moment(name: str) -> datetime:
    """When the backup of this name was begun, to about 15 microseconds."""
    second = datetime.strptime(name[:18], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
    return second.replace(microsecond=-(-int(name[19:], 16) * 10**6 // _FINE))


def is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text))


def store_at(place: str | None = None) -> Store:
    """The store of BACKUP_TO, or of `place`. Raises BackupError when there is none or it is wrong."""
    place = place or settings.BACKUP_TO
    if not place:
        raise BackupError(
            "Where do backups go? Set BACKUP_TO to a folder or to s3://bucket/folder, or give --to."
        )
    if place.startswith("s3://"):
        from backups.stores_s3 import S3

        return S3(place)
    if "://" in place:
        raise BackupError(
            f"Backups cannot go to {place.partition('://')[0]}://: give a folder or s3://bucket/folder."
        )
    return Folder(place)


def chosen(store: Store, wanted: str) -> str:
    """The backup that is meant: a name or its beginning (such as a day), or `latest`.

    Of several that begin so the newest is taken. Raises BackupError when there is none.
    """
    names = store.names()
    found = names if wanted == "latest" else [one for one in names if one.startswith(wanted)]
    if not found:
        there = ", ".join(names[-5:]) or "none"
        what = "no backup" if wanted == "latest" else f"no backup “{wanted}”"
        raise BackupError(f"There is {what} in {store.place}. The last ones there: {there}.")
    return found[-1]


class Folder:
    """Backups in a folder of this machine, or of a disk that is mounted here."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.root = Path(place)

    def names(self) -> list[str]:
        try:
            inside = sorted(self.root.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._told(error) from None
        return [one.name for one in inside if is_name(one.name) and (one / MANIFEST).is_file()]

    def unfinished(self) -> list[str]:
        names = (one.name.removeprefix(_UNFINISHED) for one in self.root.glob(f"{_UNFINISHED}*"))
        return sorted(name for name in names if is_name(name))

    @contextmanager
    def writing(self, name: str, file: str) -> Iterator[Sink]:
        folder = self._begun(name)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (folder / file).open("xb") as out:
                os.fchmod(out.fileno(), 0o600)
                yield out
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise self._told(error) from None

    def finish(self, name: str, manifest: bytes) -> None:
        with self.writing(name, MANIFEST) as out:
            out.write(manifest)
        try:
            _sync(self._begun(name))
            self._begun(name).rename(self.root / name)
            _sync(self.root)
        except OSError as error:
            raise self._told(error) from None

    @contextmanager
    def reading(self, name: str, file: str) -> Iterator[Source]:
        try:
            with (self.root / name / file).open("rb") as source:
                yield source
        except FileNotFoundError:
            raise BackupError(f"The backup {name} lacks its part {file}: take another.") from None

    def delete(self, name: str) -> None:
        whole, begun = self.root / name, self._begun(name)
        try:
            if whole.exists():
                whole.rename(begun)
            if begun.exists():
                shutil.rmtree(begun)
        except OSError as error:
            raise self._told(error) from None

    def _begun(self, name: str) -> Path:
        return self.root / f"{_UNFINISHED}{name}"

    def _told(self, error: OSError) -> BackupError:
        reason = os.strerror(error.errno) if error.errno else "it cannot be written"
        return BackupError(f"The backup folder {self.place} is no use: {reason}.")


def _sync(folder: Path) -> None:
    """What is in a folder survives a power cut only when the folder itself was written out."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
