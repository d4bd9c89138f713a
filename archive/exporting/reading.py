"""Reading tables in the order of their keys, piece by piece, and counting their rows in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Q, QuerySet

CHUNK: Final = 2000


def pieces(rows: QuerySet[Any], *columns: str, chunk: int = CHUNK) -> Iterator[list[Any]]:
    """All rows in pieces, by these columns (the primary key without any), unique together.

    Each piece begins behind the last row of the one before: memory holds one piece, and neither a
    cursor nor an offset is needed.
    """
    keys = columns or ("pk",)
    rows = rows.order_by(*keys)
    after = Q()
    while piece := list(rows.filter(after)[:chunk]):
        yield piece
        if len(piece) < chunk:
            return
        after = _behind(piece[-1], keys)


def in_order(rows: QuerySet[Any], *columns: str, chunk: int = CHUNK) -> Iterator[Any]:
    """The rows of `pieces()`, one by one."""
    for piece in pieces(rows, *columns, chunk=chunk):
        yield from piece


def _behind(row: Any, keys: tuple[str, ...]) -> Q:
    if len(keys) == 1:
        return Q(**{f"{keys[0]}__gt": getattr(row, keys[0])})
    first, second = keys
    here = getattr(row, first)
    # The first comparison alone lets the database begin in its index there.
    return Q(**{f"{first}__gte": here}) & (
        Q(**{f"{first}__gt": here}) | Q(**{f"{second}__gt": getattr(row, second)})
    )


class Numbers:
    """Ids of the file: whole numbers from 1, in the order in which they are given."""

    def __init__(self) -> None:
        self._given: defaultdict[str, dict[Any, int]] = defaultdict(dict)
        self._last: defaultdict[str, int] = defaultdict(int)

    def give(self, table: str, key: Any) -> int:
        number = self.next(table)
        self._given[table][key] = number
        return number

    def next(self, table: str) -> int:
        """A number for a row that no other refers to."""
        self._last[table] += 1
        return self._last[table]

    def give_same(self, table: str, key: Any, number: int) -> None:
        """Give a number that another table counts."""
        self._given[table][key] = number

    def all(self, table: str) -> list[Any]:
        """The keys that have numbers, in their order."""
        return list(self._given[table])

    def number(self, table: str, rows: QuerySet[Any], *columns: str) -> None:
        """Give a number to each row, in the order of its key or of these columns."""
        keys = rows.order_by(*(columns or ("pk",))).values_list("pk", flat=True)
        for key in keys.iterator(chunk_size=10_000):
            self.give(table, key)

    def of(self, table: str, key: Any) -> int | None:
        """The number of a row; None for None. Raises KeyError for a row that has none."""
        return None if key is None else self._given[table][key]

    def known(self, table: str, key: Any) -> int | None:
        return self._given[table].get(key)

    def reserve(self, table: str, count: int) -> int:
        """Keep so many numbers; the one before the first of them."""
        before = self._last[table]
        self._last[table] += count
        return before
