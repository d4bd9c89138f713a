"""Pages of a list that is newest first, found by the last row of the page before.

The thousandth page costs what the first does, and a sale that arrives meanwhile moves no row.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

PAGE = 50
AFTER, BEFORE = "a", "b"


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """The rows of one page; a cursor is empty where there is no such page."""

    rows: Sequence[Any]
    next_cursor: str = ""
    previous_cursor: str = ""


def keyset_page(rows: QuerySet[Any], *, by: str, cursor: str = "", size: int = PAGE) -> KeysetPage:
    """The page that a cursor names, newest `by` first; the first page for none or a broken one.

    `by` is a column with times; ties are ordered by the key.
    """
    direction, mark = _read(cursor)
    back = direction == BEFORE
    order = (by, "pk") if back else (f"-{by}", "-pk")
    rows = rows.order_by(*order)
    if mark is not None:
        moment, pk = mark
        op = "gt" if back else "lt"
        # The first condition is implied by the rest; it is the one that an index can use.
        rows = rows.filter(
            Q(**{f"{by}__{op}e": moment})
            & (Q(**{f"{by}__{op}": moment}) | Q(**{by: moment, f"pk__{op}": pk}))
        )
    found = list(rows[: size + 1])
    more = len(found) > size
    found = found[:size]
    if back:
        found.reverse()
    has_next = bool(found) and (more or back)
    has_previous = bool(found) and (more if back else mark is not None)
    return KeysetPage(
        rows=found,
        next_cursor=_write(AFTER, found[-1], by) if has_next else "",
        previous_cursor=_write(BEFORE, found[0], by) if has_previous else "",
    )


def _write(direction: str, row: Any, by: str) -> str:
    return f"{direction}{getattr(row, by).isoformat()}~{row.pk.hex}"


def _read(cursor: str) -> tuple[str, tuple[datetime, uuid.UUID] | None]:
    moment, _tilde, key = cursor[1:].partition("~")
    try:
        when, pk = datetime.fromisoformat(moment), uuid.UUID(key)
        # The first and the last hours of the calendar exist in some zones only.
        mark = when.astimezone(UTC), pk
    except (ValueError, OverflowError):
        return AFTER, None
    if when.tzinfo is None or cursor[0] not in (AFTER, BEFORE):
        return AFTER, None
    return cursor[0], mark
