"""Keys for rows that come in: in the order of the file, and telling no more than other keys."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from typing import Final

_ROOM: Final = 2**73


class Keys:
    """UUIDs of version 7 of one moment; made for one import and forgotten with it."""

    def __init__(self) -> None:
        self._moment = time.time_ns() // 1_000_000
        self._last = secrets.randbits(72)
        self._secret = secrets.token_bytes(32)

    def following(self) -> uuid.UUID:
        """A key above all that were given before: rows keep their order. The steps are random."""
        self._last += secrets.randbits(40) + 1
        assert self._last < _ROOM, "there is room for more rows than any disk has"
        return self._key(self._last)

    def derived(self, table: str, number: int) -> uuid.UUID:
        """The key of a row by its number in the file: the same whenever it is asked for, so that
        nobody has to remember millions of them."""
        text = f"{table} {number}".encode()
        digest = hashlib.blake2b(text, key=self._secret, digest_size=9).digest()
        # The upper half, where no key in order is.
        return self._key(_ROOM + int.from_bytes(digest, "big"))

    def _key(self, tail: int) -> uuid.UUID:
        """Milliseconds, and 74 bits around the marks of version and variant (RFC 9562)."""
        high, low = tail >> 62, tail & (2**62 - 1)
        return uuid.UUID(int=self._moment << 80 | 0x7 << 76 | high << 64 | 0x2 << 62 | low)
