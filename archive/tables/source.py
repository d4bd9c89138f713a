"""Where the bytes of a table come from: a path or a seekable file, plain or compressed.

Whatever is read through here is bounded: a small file that unpacks to an enormous one is refused
while it is being read.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from django.utils.translation import gettext as _

from archive.tables.errors import TableError

GZIP: Final = b"\x1f\x8b"

#: The most bytes of text that a table may have, unpacked.
LARGEST: Final = 1024**3
#: From this size on, text that was packed this tightly is no table but a trap.
_SUSPICIOUS: Final = 32 * 1024**2
_TIGHTEST: Final = 150

_BUFFER: Final = 256 * 1024


class Source:
    """The bytes of one file, to be read as often as needed."""

    def __init__(self, source: Path | str | IO[bytes], name: str) -> None:
        self._source = Path(source) if isinstance(source, str) else source
        self.name = name
        self.is_compressed = False

    @contextmanager
    def stored(self) -> Iterator[IO[bytes]]:
        """The file as it is stored, at its beginning. Only what was opened here is closed."""
        if not isinstance(self._source, Path):
            self._source.seek(0)
            yield self._source
            return
        try:
            file = self._source.open("rb")
        except FileNotFoundError:
            raise TableError(_("There is no file %s.") % self._source) from None
        except IsADirectoryError:
            raise TableError(_("%s is a folder; choose a file inside it.") % self._source) from None
        except (OSError, ValueError):
            raise TableError(
                _("%s cannot be read; check its permissions.") % self._source
            ) from None
        with file:
            yield file

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The bytes of the table, unpacked where they are compressed."""
        with self.stored() as file:
            size = _size(file)
            self.is_compressed = file.read(2) == GZIP
            file.seek(0)
            limited: Any = file
            if self.is_compressed:
                limited = gzip.GzipFile(fileobj=file, mode="rb")
            reader: Any = io.BufferedReader(_Limited(limited, size, self), _BUFFER)
            try:
                yield reader
            finally:
                if self.is_compressed:
                    limited.close()

    def too_large(self) -> TableError:
        text = (
            _("%s unpacks to far more than a table of products or sales; it is refused.")
            if self.is_compressed
            else _("%s is larger than one gigabyte; split it into several files.")
        )
        return TableError(text % self.name)

    def damaged(self) -> TableError:
        return TableError(
            _("%s is compressed, and is damaged or cut off; pack or download it again.") % self.name
        )


class _Limited(io.RawIOBase):
    """Passes bytes on until there are too many, or too many for what they were packed into."""

    def __init__(self, file: IO[bytes], packed: int, source: Source) -> None:
        self._file, self._source, self._done = file, source, 0
        self._most = LARGEST
        if source.is_compressed:
            self._most = min(LARGEST, max(_SUSPICIOUS, packed * _TIGHTEST))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise self._source.damaged() from None
        buffer[: len(data)] = data
        self._done += len(data)
        if self._done > self._most:
            raise self._source.too_large()
        return len(data)


def _size(file: IO[bytes]) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
