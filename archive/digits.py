"""Keeps numbers from the JSON parser that it cannot bear.

ijson 3.6.0 makes whole numbers with Python's int(), which refuses thousands of digits; its C code
overlooks that once, and the second time the process dies.
"""

from __future__ import annotations

from typing import Any, Final

#: The longest run of digits that is let through. Python refuses more than 4,300.
MOST: Final = 1000

_RUN: Final = b"0" * (MOST + 1)
_ZEROS: Final = bytes(ord("0") if chr(n) in "0123456789" else ord("x") for n in range(256))


class EndlessNumber(ValueError):
    """There are more digits in a row than any number of a shop has."""


class Measured:
    """A stream of JSON; read() raises EndlessNumber."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        seen = self._last + data.translate(_ZEROS)
        if _RUN in seen:
            raise EndlessNumber
        # A run may go on in the next piece.
        self._last = seen[-MOST:]
        return data
