"""Which business a terminal's token is of, as this process has learnt at its door.

A hint and no permission: it says under which business to open a transaction, and there the row of the
device is read, with all that makes it valid, at every request. A token never moves to another
business. A wrong hint finds no row.
"""

from __future__ import annotations

from typing import Final

# Entries; each is a hash and a number.
MOST: Final = 20_000

_known: dict[str, int] = {}


def note(token_hash: str, business_id: int) -> None:
    """Remember it; with too many all are forgotten, which costs each one statement more, once."""
    if len(_known) >= MOST:
        _known.clear()
    _known[token_hash] = business_id


def business_of(token_hash: str) -> int | None:
    return _known.get(token_hash)
