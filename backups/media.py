"""The pictures of products: packed as a tar while they stream, and unpacked beside the present ones."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from backups.errors import BackupError
from backups.manifest import Pictures
from backups.streams import PIECE, Sink

# Not a picture's: unpacked ones before they take their place, and earlier ones afterwards.
_ARRIVING = ".arriving"
_BEFORE = ".before-restore-"


class _Sum:
    """Files, bytes, and a sum over names and contents, in whatever order they come."""

    def __init__(self) -> None:
        self.files = self.bytes = self._total = 0

    def add(self, name: str, size: int, content: hashlib._Hash) -> None:
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape") + content.digest()).digest()
        self.files += 1
        self.bytes += size
        self._total += int.from_bytes(digest[:8], "big", signed=True)

    def pictures(self) -> Pictures:
        return Pictures(files=self.files, bytes=self.bytes, sum=str(self._total))


class _Reading:
    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.hash.update(data)
        return data


def pack(root: Path, sink: Sink) -> Pictures:
    """Write a tar of every file below `root`; what is deleted meanwhile is left out."""
    total = _Sum()
    writing: Any = sink
    with tarfile.open(fileobj=writing, mode="w|", bufsize=PIECE, format=tarfile.PAX_FORMAT) as tar:
        for path in _files(root):
            name = path.relative_to(root).as_posix()
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue
            with file:
                entry = tarfile.TarInfo(name)
                entry.size = os.fstat(file.fileno()).st_size
                entry.mtime = int(os.fstat(file.fileno()).st_mtime)
                reading = _Reading(file)
                tar.addfile(entry, reading)
                total.add(name, entry.size, reading.hash)
    return total.pictures()


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files))


def unpack(source: IO[bytes], root: Path, expected: Pictures) -> None:
    """Unpack into a hidden folder below `root`. Raises BackupError when it is not what is expected.

    `take_place()` makes them the present ones.
    """
    arriving = root / _ARRIVING
    _remove(arriving)
    arriving.mkdir(parents=True)
    total = _Sum()
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=PIECE) as tar:
            for entry in tar:
                total.add(entry.name, entry.size, _unpack_one(tar, entry, arriving))
    except (tarfile.TarError, OSError) as error:
        _remove(arriving)
        raise BackupError(f"The pictures cannot be unpacked: {error}.") from None
    if total.pictures() != expected:
        _remove(arriving)
        raise BackupError("The pictures are not those that the manifest tells of.")


def _unpack_one(tar: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> hashlib._Hash:
    # Debian's Python 3.11 does not have the filters of tarfile yet. We pack plain files alone, so
    # nothing else is let in: no link, no device, no way out of the folder.
    name = PurePosixPath(entry.name)
    inside = not name.is_absolute() and name.parts and ".." not in name.parts
    file = tar.extractfile(entry) if entry.isreg() and inside else None
    if file is None:
        raise tarfile.TarError(f"{entry.name} is no file of ours")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    reading = _Reading(file)
    with path.open("xb") as out:
        while data := reading.read(PIECE):
            out.write(data)
    return reading.hash


def take_place(root: Path, at: datetime) -> Path | None:
    """Put the unpacked pictures where the present ones are, and those into a hidden folder.

    Returns that folder, None where there were none.
    """
    present = [one for one in root.iterdir() if not one.name.startswith(".")]
    before = root / f"{_BEFORE}{at:%Y%m%dT%H%M%SZ}"
    if present:
        before.mkdir()
        for one in present:
            one.rename(before / one.name)
    for one in (root / _ARRIVING).iterdir():
        one.rename(root / one.name)
    (root / _ARRIVING).rmdir()
    return before if present else None


@contextmanager
def leaving_nothing(root: Path) -> Iterator[None]:
    """Whatever happens inside, no unpacked picture stays in the hidden folder."""
    try:
        yield
    finally:
        _remove(root / _ARRIVING)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
