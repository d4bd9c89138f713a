"""Reads the database export that shops bring along: one JSON object of thirteen arrays.

A file that Tillbook wrote says so in its first key, and holds more arrays behind those. The file may
be plain or compressed and is read as a stream, row by row. What it means is archive/rows.py,
archive/own_rows.py and archive/validation.py.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

import ijson

from archive.digits import EndlessNumber, Measured

#: The arrays, in the order of the format.
TABLES: Final = (
    "businesses",
    "users",
    "roles",
    "permissions",
    "categories",
    "brands",
    "units",
    "products",
    "productVariations",
    "stock",
    "suppliers",
    "customers",
    "taxRates",
)

#: The arrays of our own, which stand behind those in this order.
OWN_TABLES: Final = (
    "barcodes",
    "locationPrices",
    "devices",
    "registers",
    "shifts",
    "creditAccounts",
    "sales",
    "stockDocuments",
    "movements",
    "creditEntries",
    "pictures",
)

#: What our own files say of themselves, and the newest version that is read.
OWN_FORMAT: Final = "tillbook"
OWN_VERSION: Final = 1

#: Nested values that carry something of their own; the others repeat rows of other arrays.
_KEPT: Final[dict[str, frozenset[str]]] = {
    "businesses": frozenset({"locations", "currency", "settings"}),
    "users": frozenset({"roles", "permissions", "locationIds"}),
    "roles": frozenset({"permissions"}),
    "customers": frozenset({"references"}),
    "registers": frozenset({"series", "readings"}),
    "shifts": frozenset({"movements"}),
    "sales": frozenset({"lines", "payments"}),
}

_BUFFER: Final = 64 * 1024
_GZIP: Final = b"\x1f\x8b"

#: The most bytes that one row may have: more than the largest picture, and little for a memory.
_LONGEST: Final = 16 * 1024**2
#: From this size on, text that was packed this tightly is no export but a trap. What is small enough
#: when packed is read within a request, which then takes a few seconds at worst.
_SUSPICIOUS: Final = 4 * 1024**2
_TIGHTEST: Final = 150

#: So many names of a sort that we do not know are remembered.
MOST_NAMES: Final = 1000

#: Called with the bytes of the file that were read so far, and its size.
Progress = Callable[[int, int], None]


class Source(Protocol):
    """Where a file lies; it is read more than once."""

    @property
    def name(self) -> str: ...

    def opened(self) -> AbstractContextManager[IO[bytes]]:
        """The bytes as they are stored. Raises ExportFileError."""

    def size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a file is taken from a stranger, in bytes as they are when unpacked: in all, and
    of the arrays whose rows stay in memory."""

    all: int
    kept: int
    streamed: frozenset[str]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file of the machine that a command runs on."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def opened(self) -> IO[bytes]:
        try:
            return self.path.open("rb")
        except FileNotFoundError:
            raise ExportFileError(f"There is no file {self.path}.") from None
        except IsADirectoryError:
            raise ExportFileError(f"{self.path} is a folder, not a file.") from None
        except PermissionError:
            raise ExportFileError(f"{self.path} may not be read by this user.") from None

    def size(self) -> int:
        return self.path.stat().st_size


class ExportFileError(Exception):
    """The file as a whole cannot be read. The message is one sentence for the person."""


class Nested:
    """Stands for a nested value that was passed over."""

    def __repr__(self) -> str:
        return "a nested value"


NESTED: Final = Nested()


class _Counted(io.RawIOBase):
    """A file that tells how far it has been read."""

    def __init__(self, file: IO[bytes], size: int, progress: Progress | None) -> None:
        self._file, self._size, self._progress, self._done = file, size, progress, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._done += len(data)
        if self._progress is not None:
            self._progress(self._done, self._size)
        return len(data)


class _Watched:
    """The stream of JSON: knows whether its end was read, and `heard` is told how much comes."""

    def __init__(self, stream: Any, heard: Callable[[int], None]) -> None:
        self._stream, self._heard = stream, heard
        self.has_ended = False

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self.has_ended = self.has_ended or (not data and size != 0)
        self._heard(len(data))
        return data


class ExportFile:
    """One pass over an export.

    While `rows()` goes on, `is_own` says whether Tillbook wrote the file. After it has ended, `found`
    holds the arrays of the format that were there, `wrong` those that are no lists or stand twice,
    `ignored` the names of other keys. With `only`, rows of other arrays are passed over.
    """

    def __init__(
        self,
        source: Source | Path | str,
        progress: Progress | None = None,
        *,
        only: Collection[str] | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.source = OnDisk(Path(source)) if isinstance(source, Path | str) else source
        self.is_own = False
        self._only = only
        self._bounds = bounds
        self._most = bounds.all if bounds is not None else 0
        self._unpacked = self._kept = self._of_row = 0
        self.found: set[str] = set()
        self.wrong: dict[str, str] = {}
        self.ignored: list[str] = []
        self._progress = progress
        self._at = ""
        self._count = 0
        self._watched = _Watched(io.BytesIO(), self._heard)

    def rows(self) -> Iterator[tuple[str, Any]]:
        """Each row with the name of its array, in the order of the file.

        A row is a dict of scalars and of the few nested values that matter; an element that is no
        object comes as it is. Raises ExportFileError with one sentence when the file is missing,
        empty, cut off, or something else.
        """
        name = self.source.name
        try:
            with self.source.opened() as file:
                size = self.source.size()
                source: io.BufferedReader[Any] = io.BufferedReader(
                    _Counted(file, size, self._progress), _BUFFER
                )
                yield from self._tables(self._opened(source, size))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise ExportFileError(
                f"{name} is compressed, and is damaged or cut off{self._where()}."
            ) from None
        except ijson.JSONError as error:
            raise ExportFileError(self._complaint(error)) from None
        except (EndlessNumber, ArithmeticError):
            raise ExportFileError(
                f"{name} holds a number without measure{self._where()}."
            ) from None
        except RecursionError:
            raise ExportFileError(f"{name} is nested too deeply{self._where()}.") from None
        if not self.found:
            raise ExportFileError(f"{name} holds none of the tables of an export.")

    def _heard(self, count: int) -> None:
        """Refuses what is more than fits into a memory. Raises ExportFileError."""
        self._of_row += count
        if self._of_row > _LONGEST:
            most = _LONGEST // 1024**2
            raise ExportFileError(
                f"{self.source.name} holds a row of more than {most} MB{self._where()}."
            )
        if self._bounds is None:
            return
        self._unpacked += count
        if self._at not in self._bounds.streamed:
            self._kept += count
        if self._unpacked > self._most:
            raise ExportFileError(f"{self.source.name} unpacks to far more than a shop's data.")
        if self._kept > self._bounds.kept:
            raise ExportFileError(
                f"{self.source.name} holds more than can be taken here; whoever runs this "
                "installation brings it in with “manage.py import_data”."
            )

    def _opened(self, source: io.BufferedReader[Any], size: int) -> io.BufferedReader[Any]:
        """The stream of JSON, without compression; says what else the file seems to be."""
        name = self.source.name
        if source.peek(2)[:2] == _GZIP:
            self._most = min(self._most, max(_SUSPICIOUS, size * _TIGHTEST))
            source = io.BufferedReader(gzip.GzipFile(fileobj=source), _BUFFER)
        head = source.peek(1024)
        if head.startswith(b"\xef\xbb\xbf"):
            source.read(3)
            head = head[3:]
        start = head.lstrip()[:1]
        if not head:
            raise ExportFileError(f"{name} is empty.")
        if start == b"[":
            raise ExportFileError(f"{name} holds a JSON list; an export is one JSON object.")
        if start != b"{":
            raise ExportFileError(f"{name} is not an export: it does not begin like JSON.")
        return source

    def _tables(self, stream: io.BufferedReader[Any]) -> Iterator[tuple[str, Any]]:
        self._watched = _Watched(Measured(stream), self._heard)
        events = ijson.basic_parse(self._watched, buf_size=_BUFFER)
        next(events)
        for event, key in events:
            if event != "map_key":
                break
            first, value = next(events)
            if key in TABLES or (self.is_own and key in OWN_TABLES):
                yield from self._table(key, events, first, value)
            elif not self._is_heading(key, value):
                if len(self.ignored) < MOST_NAMES:
                    self.ignored.append(key)
                self._skip(events, first)
        for _ in events:  # whatever follows the object is an error that the parser names
            pass

    def _is_heading(self, key: str, value: Any) -> bool:
        """Take in what our own files say of themselves, which stands before their rows."""
        if self.found:
            return False
        if key == "format" and value == OWN_FORMAT:
            self.is_own = True
            return True
        if key != "version" or not self.is_own:
            return False
        if not isinstance(value, int) or value < 1:
            raise ExportFileError(f"{self.source.name} says no version that there is.")
        if value > OWN_VERSION:
            raise ExportFileError(
                f"{self.source.name} was written by a newer Tillbook (version {value} of the format, "
                f"and this one reads {OWN_VERSION}). Update this installation first."
            )
        return True

    def _table(self, key: str, events: Any, first: str, value: Any) -> Iterator[tuple[str, Any]]:
        if first != "start_array" or key in self.found:
            self.wrong[key] = "is no list" if key not in self.found else "stands twice in the file"
            self.found.add(key)
            self._skip(events, first)
            return
        self.found.add(key)
        self._at, self._count = key, 0
        if self._only is not None and key not in self._only:
            self._skip(events, first)
            return
        kept = _KEPT.get(key, frozenset())
        for event, item in events:
            if event == "end_array":
                return
            self._count += 1
            self._of_row = 0
            yield key, _row(events, kept) if event == "start_map" else _build(events, event, item)

    def _skip(self, events: Any, first: str) -> None:
        """Pass over an array of any length, of which no row stays."""
        _skip(events, first, self._begin_row)

    def _begin_row(self) -> None:
        self._of_row = 0

    def _where(self) -> str:
        return f" in “{self._at}” after row {self._count}" if self._at else ""

    def _complaint(self, error: Exception) -> str:
        text = str(error).splitlines()[0].removeprefix("parse error: ").strip(" .") or "broken"
        # At the end of the file whatever the parser complains about is that it ends there.
        if self._watched.has_ended:
            return f"{self.source.name} breaks off{self._where()}."
        return f"{self.source.name} is not valid JSON{self._where()}: {text}."


def _row(events: Any, kept: frozenset[str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    key = ""
    for event, value in events:
        if event == "map_key":
            key = value
        elif event == "end_map":
            break
        elif event in ("start_map", "start_array"):
            if key in kept:
                row[key] = _build(events, event, None)
            else:
                _skip(events, event)
                row[key] = NESTED
        else:
            row[key] = value
    return row


def _build(events: Any, event: str, value: Any) -> Any:
    """The value that begins with this event."""
    if event == "start_map":
        built: dict[str, Any] = {}
        for inner, key in events:
            if inner == "end_map":
                break
            built[key] = _build(events, *next(events))
        return built
    if event == "start_array":
        items: list[Any] = []
        for inner, item in events:
            if inner == "end_array":
                break
            items.append(_build(events, inner, item))
        return items
    return value


def _skip(events: Any, event: str, passed: Callable[[], None] = lambda: None) -> None:
    """Pass over the value that began with this event, without building it."""
    depth = 1 if event in ("start_map", "start_array") else 0
    while depth:
        inner, _ = next(events)
        passed()
        if inner in ("start_map", "start_array"):
            depth += 1
        elif inner in ("end_map", "end_array"):
            depth -= 1
