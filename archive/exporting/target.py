"""A file that is there when it is whole, and not before."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


class TargetRefused(Exception):
    """The file cannot be written there. The message is one sentence for the person."""


@contextmanager
def whole_file(path: Path, *, overwrite: bool = False) -> Iterator[IO[bytes]]:
    """A stream whose contents stand under `path` after the block, and nowhere if it fails.

    Where the system can, the file has no name until then: not even a killed process leaves a piece.
    Readable by its owner alone. Raises TargetRefused.
    """
    demand_free(path, overwrite=overwrite)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        number, named = _open(path.parent, beside)
    except OSError as error:
        raise TargetRefused(f"{path.parent} cannot be written to: {error.strerror}.") from None
    try:
        with os.fdopen(number, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not named:
                _name(file.fileno(), beside)
            _place(beside, path, overwrite=overwrite)
    except OSError as error:
        raise TargetRefused(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


@contextmanager
def whole_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A new folder that stands under `path` after the block, and nowhere if it fails."""
    demand_free(path, overwrite=overwrite)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        beside.mkdir(mode=0o700)
        yield beside
        if path.is_dir() and overwrite:
            shutil.rmtree(path)
        beside.rename(path)
    except OSError as error:
        raise TargetRefused(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def demand_free(path: Path, *, overwrite: bool) -> None:
    """Raises TargetRefused where something is in the way."""
    if not path.parent.is_dir():
        raise TargetRefused(f"There is no folder {path.parent}.")
    if path.exists() and not overwrite:
        raise TargetRefused(f"{path} is there already; say --overwrite to replace it.")


def _open(folder: Path, beside: Path) -> tuple[int, bool]:
    """A file to write, and whether it has a name."""
    if hasattr(os, "O_TMPFILE"):
        with suppress(OSError):
            return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600), False
    return os.open(beside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), True


def _name(file: int, path: Path) -> None:
    """Give a file that has no name one. With a folder's number the call follows the link to it."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.link(f"/proc/self/fd/{file}", path.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _place(beside: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        beside.replace(path)
        return
    try:
        # Unlike a rename this refuses what has come in the way meanwhile.
        os.link(beside, path)
    except FileExistsError:
        raise TargetRefused(f"{path} is there already; say --overwrite to replace it.") from None
