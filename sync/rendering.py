"""Rows as JSON, by the table of kinds: inside PostgreSQL, or here.

The queries come from the ORM, so they are scoped; what is put around them is the same for all.
Thousands of rows are one value from the database, and no Python runs for a row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Expression, F, Q, TextField, Value
from django.db.models.functions import Cast
from psycopg.adapt import Loader

from sync.kinds import Kind, Type
from tenants.spelling import plain_money, plain_number

# Versions are numbers of 48 bits, so that JavaScript adds them exactly.
BITS = 48
MASK = (1 << BITS) - 1
BUCKETS = 256
# A megabyte of products.
PIECE = 2500

Place = tuple[int, str]
"""Where a row stands: (changed, key)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as JSON in UTF-8, separated by commas; how many; the last one in their order."""

    text: bytes | memoryview
    count: int
    last: Place | None


class RowText(Expression):
    """A row as a JSON object from its id on, written by PostgreSQL, whose to_json() escapes text."""

    def __init__(self, kind: Kind, digits: int) -> None:
        super().__init__(output_field=TextField())
        self.sql = _row_sql(kind, int(digits))

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return self.sql, []


@cache
def _row_sql(kind: Kind, digits: int) -> str:
    """One concat() with as few parts as can be: it costs more than reading the row does.

    Made once, of names of the table of kinds alone: to put 20 expressions together takes the ORM
    longer than a thousand rows take.
    """
    parts = ["""'"id":"'""", _column(kind, kind.key)]
    end = '"'
    for name, column, what in kind.columns:
        head, value = f'{end},"{name}":', _column(kind, column)
        end = '"' if what in _QUOTED else ""
        if what in _WHOLE:
            parts.append(_WHOLE[what].format(head=head, value=value))
        else:
            shown = _VALUES.get(what, "{value}").format(value=value, digits=digits)
            parts += [f"'{head}{end}'", shown]
    return f"concat({', '.join(parts)}, '{end}}}')"


def _column(kind: Kind, name: str) -> str:
    meta = kind.model._meta
    quoted = connection.ops.quote_name
    return f"{quoted(meta.db_table)}.{quoted(meta.get_field(name).column)}"


_QUOTED = {Type.ID, Type.NUMBER, Type.MONEY}
# One value as JSON, without the quotes of those that are `_QUOTED`.
_VALUES = {
    Type.TEXT: "to_json({value})",
    Type.NUMBER: "trim_scale({value})",
    Type.MONEY: "CASE WHEN min_scale({value}) <= {digits} THEN round({value}, {digits})"
    " ELSE trim_scale({value}) END",
}
# Of few values: chosen as a whole with its name, which is a fifth of a product's time less.
_WHOLE = {
    Type.BOOL: "CASE WHEN {value} THEN '{head}true' ELSE '{head}false' END",
    Type.FILLED: "CASE WHEN {value} <> '' THEN '{head}true' ELSE '{head}false' END",
    Type.LINK: "CASE WHEN {value} IS NULL THEN '{head}null'"
    """ ELSE '{head}"' || {value} || '"' END""",
}


class _AsSent(Loader):
    """Text where the driver has it, as the database sent it: nothing here reads or copies it."""

    def load(self, data: Any) -> Any:
        return data


# What is put around an ordered query of (changed, key, row): one row with everything.
_PAGE = """
SELECT count(*),
       string_agg(concat('{"version":"', to_hex(hashtextextended(line, 0) & %s), '",', line), ','),
       max(changed), (array_agg(key))[count(*)]::text
  FROM ({rows}) AS page (changed, key, line)
"""
_BEHIND = """
SELECT changed, key, line FROM ({rows}) AS kind (changed, key, line) {behind}
 ORDER BY changed, key LIMIT %s
"""
_SUMS = """
SELECT right(key::text, 2), count(*),
       (sum(hashtextextended(line, 0) & %s) %% %s)::bigint
  FROM ({rows}) AS kind (changed, key, line) GROUP BY 1
"""


def batch(kind: Kind, rows: Any, digits: int) -> Batch:
    """These rows of a kind, ordered already."""
    if _writes_itself(kind):
        return _page(*_query(kind, rows, digits, None, key="pk"))
    return _written(kind, rows, digits, None)


def pieces(
    kind: Kind, rows: Any, digits: int, *, after: Place | None, limit: int, by: str | None = None
) -> Iterator[Batch]:
    """Up to `limit` of these rows that are behind `after`, in the order of (`by`, key).

    As many values as it takes: a connection keeps for ever the memory that its largest one took.
    """
    if not _writes_itself(kind):
        yield _written(kind, behind(rows, after, by)[:limit], digits, by)
        return
    query, params = _query(kind, rows, digits, by, key="pk")
    while limit > 0:
        told = _page(*_next(query, params, after, min(limit, PIECE), by))
        yield told
        limit, after = limit - told.count, told.last
        if told.count < PIECE:
            return


def behind(rows: Any, after: Place | None, by: str | None) -> Any:
    """The rows behind `after` in the order of (`by`, key); in that of the keys without `by`."""
    if by is None:
        rows = rows.order_by("pk")
        return rows if after is None else rows.filter(pk__gt=after[1])
    rows = rows.order_by(by, "pk")
    if after is None:
        return rows
    changed, key = after
    here = Q(**{f"{by}__gt": changed}) | Q(**{by: changed, "pk__gt": key})
    # The first condition says the same, in a way that an index understands.
    return rows.filter(**{f"{by}__gte": changed}).filter(here)


def _next(
    query: str, params: Any, after: Place | None, limit: int, by: str | None
) -> tuple[str, Any]:
    """`behind`, of a query that is put together once for all pieces: the ORM takes a millisecond."""
    condition, place = "", list[Any]()
    if after is not None and by is None:
        condition, place = "WHERE key > %s", [after[1]]
    elif after is not None:
        condition, place = "WHERE (changed, key) > (%s, %s)", [*after]
    return _BEHIND.format(rows=query, behind=condition), [*params, *place, limit]


def _writes_itself(kind: Kind) -> bool:
    return connection.vendor == "postgresql" and not kind.sealed


def _page(query: str, params: Any) -> Batch:
    with connection.cursor() as cursor:
        cursor.cursor.adapters.register_loader("text", _AsSent)
        cursor.execute(_PAGE.replace("{rows}", query), [MASK, *params])
        count, text, changed, key = cursor.fetchone()
    return Batch(text or b"", count, (changed, str(key, "ascii")) if count else None)


def _written(kind: Kind, rows: Any, digits: int, by: str | None) -> Batch:
    found = list(_read(kind, rows, by))
    lines = ",".join(_line(kind, values, digits) for _changed, _pk, values in found)
    last = (found[-1][0], str(found[-1][1])) if found else None
    return Batch(lines.encode(), len(found), last)


def sums(kind: Kind, rows: Any, digits: int) -> dict[str, tuple[int, int]]:
    """{last two digits of the id: (how many rows, the sum of their versions modulo 2^48)}."""
    if connection.vendor == "postgresql" and not kind.sealed:
        query, params = _query(kind, rows, digits, None, key=kind.key)
        with connection.cursor() as cursor:
            cursor.execute(_SUMS.replace("{rows}", query), [MASK, MASK + 1, *params])
            return {bucket: (count, total) for bucket, count, total in cursor.fetchall()}
    found: dict[str, tuple[int, int]] = {}
    for key, version in _versions(kind, rows, digits):
        count, total = found.get(key[-2:], (0, 0))
        found[key[-2:]] = count + 1, (total + int(version, 16)) & MASK
    return found


def _query(kind: Kind, rows: Any, digits: int, by: str | None, key: str) -> tuple[str, Any]:
    changed = Value(0) if by is None else F(by)
    chosen = rows.values_list(changed, F(key), RowText(kind, digits))
    query, params = chosen.query.sql_with_params()
    return query, params


def _columns(kind: Kind) -> list[Any]:
    columns: list[Any] = [kind.key, *(column for _name, column, _type in kind.columns)]
    if kind.sealed:
        # As they are stored: a version is made without opening anything.
        columns += [Cast(column, TextField()) for _name, column, _type in kind.columns]
    return columns


def _read(kind: Kind, rows: Any, by: str | None) -> Iterator[tuple[int, Any, tuple[Any, ...]]]:
    changed = Value(0) if by is None else F(by)
    for number, pk, *values in rows.values_list(changed, "pk", *_columns(kind)):
        yield number, pk, tuple(values)


def _versions(kind: Kind, rows: Any, digits: int) -> Iterator[tuple[str, str]]:
    if kind.sealed:
        stored = _columns(kind)[-len(kind.columns) :]
        for key, *tokens in rows.values_list(kind.key, *stored).iterator(chunk_size=5000):
            yield str(key), _version(_JSON([str(key), *tokens]))
        return
    for values in rows.values_list(*_columns(kind)).iterator(chunk_size=5000):
        shape = _shape(kind, values, digits)
        yield shape["id"], _version(_JSON(shape))


def _line(kind: Kind, values: tuple[Any, ...], digits: int) -> str:
    shape = _shape(kind, values, digits)
    text = _JSON(shape)
    of = _JSON([shape["id"], *values[1 + len(kind.columns) :]]) if kind.sealed else text
    return f'{{"version":"{_version(of)}",{text[1:]}'


def _shape(kind: Kind, values: Iterable[Any], digits: int) -> dict[str, Any]:
    key, *rest = values
    shape: dict[str, Any] = {"id": str(key)}
    for (name, _column, what), value in zip(kind.columns, rest, strict=False):
        if what in _AS_IT_IS or value is None:
            shape[name] = value
        else:
            shape[name] = _value(value, what, digits)
    return shape


_AS_IT_IS = {Type.TEXT, Type.BOOL, Type.WHOLE}


def _value(value: Any, what: Type, digits: int) -> Any:
    if what is Type.FILLED:
        return bool(value)
    if what is Type.NUMBER:
        return plain_number(Decimal(value))
    if what is Type.MONEY:
        return plain_money(Decimal(value), digits)
    return str(value)


# One for all rows: to make an encoder takes longer than it takes to write a row.
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[: BITS // 4].lstrip("0") or "0"
