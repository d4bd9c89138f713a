"""How values stand in the file: the same value is always the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any, Final

#: What the first key of our own files says, and the version of the format that this code writes.
FORMAT: Final = "tillbook"
VERSION: Final = 1


def amount(value: Decimal | None) -> str | None:
    """Four decimals, and no minus before a zero."""
    if value is None:
        return None
    return f"{value:.4f}" if value else "0.0000"


def moment(value: datetime | None) -> str | None:
    """UTC with microseconds: 2026-01-15T08:00:00.000000Z."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def chained(previous: str, row: Mapping[str, Any]) -> str:
    """The mark of a sale in the file: SHA-256 over the mark of the sale before it on its register
    and the row without its own mark, as JSON with sorted keys."""
    content = {key: value for key, value in row.items() if key != "hash"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256((previous + text).encode()).hexdigest()


class Hashed(io.RawIOBase):
    """A stream that counts and hashes what passes through to another one, which stays open."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._hash.update(data)
        self.size += len(data)
        self._stream.write(data)
        return len(data)

    def flush(self) -> None:
        if not self.closed:
            self._stream.flush()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class Json:
    """Writes one object of arrays, each row on a line of its own."""

    _AT_ONCE: Final = 256 * 1024

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._waiting: list[str] = []
        self._size = 0
        self._put("{" + f'"format":"{FORMAT}","version":{VERSION}')

    def array(self, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Write all rows and return how many."""
        count = 0
        self._put(f',\n"{name}":[')
        for row in rows:
            text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
            self._put((",\n" if count else "\n") + text)
            count += 1
        self._put("\n]" if count else "]")
        return count

    def end(self) -> None:
        self._put("}\n")
        self._flush()

    def _put(self, text: str) -> None:
        self._waiting.append(text)
        self._size += len(text)
        if self._size >= self._AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        self._stream.write("".join(self._waiting).encode())
        self._waiting.clear()
        self._size = 0
