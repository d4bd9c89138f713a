"""Encrypting and decrypting while it streams: about 64 kB are in memory, however large the backup.

age is authenticated piece by piece: a changed, cut or reordered file is refused, never guessed at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from backups import stopping
from backups.errors import BackupError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

PIECE = 1024 * 1024


class Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Sink(Protocol):
    def write(self, data: bytes, /) -> int | None: ...


class Measured:
    """A sink that counts and hashes what goes through to another; it keeps what that one raises."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self._hash = sink, hashlib.sha256()
        self.size = 0
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        data = bytes(data)
        try:
            self._sink.write(data)
        except BaseException as error:
            self.error = error
            raise
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Part of what a writer has; the store flushes when it is closed."""

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class _Reading:
    """A source that keeps what it raised: the encryption reports errors as text alone.

    What a signal raises before the first line of `read` has run, it cannot keep: `stopping` does.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self._source.read(size if size > 0 else PIECE)
        except BaseException as error:
            self.error = error
            raise


class FromPieces:
    """A source of what an iterator of bytes gives."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        size = size if size > 0 else len(self._rest)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def encrypt(source: Source, sink: Measured, recipients: Sequence[Recipient]) -> None:
    """Encrypt all of `source` into `sink`. What either of them raises comes through."""
    import pyrage

    # It wants no more of a file than to read or to write.
    reading, writing = cast(Any, _Reading(source)), cast(Any, sink)
    try:
        pyrage.encrypt_io(reading, writing, list(recipients))
    except (pyrage.EncryptError, OSError):
        raise_from(reading.error, sink.error, stopping.asked())
        raise


def decrypt(source: Source, sink: Sink, identities: Sequence[Identity]) -> None:
    """Decrypt all of `source` into `sink`, which sees nothing that was not authenticated.

    Raises BackupError where the key is another one, or the file is damaged or not whole: what went
    into the sink until then must not be used. What either of them raises comes through.
    """
    import pyrage

    reading, measured = cast(Any, _Reading(source)), cast(Any, Measured(sink))
    try:
        pyrage.decrypt_io(reading, measured, list(identities))
    except (pyrage.DecryptError, OSError) as error:
        raise_from(reading.error, measured.error, stopping.asked())
        if "No matching keys" in str(error):
            raise BackupError(
                "The backup is encrypted to another key than BACKUP_IDENTITY, or its beginning is damaged."
            ) from None
        raise BackupError(
            "The backup is damaged or not whole: it cannot be decrypted to its end."
        ) from None


def raise_from(*errors: BaseException | None) -> None:
    """Raise the first of these that is an error."""
    for error in errors:
        if error is not None:
            raise error from None
