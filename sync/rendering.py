"""Rows as JSON, by the table of kinds: inside PostgreSQL, or here.

The queries come from the ORM, so they are scoped; what is put around them is the same for all. A
page of five thousand rows is one value from the database, and no Python runs for a row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Cast
from psycopg.adapt import Loader

from sync.kinds import Kind, Type
from tenants.spelling import plain_money, plain_number

# Versions are numbers of 48 bits, so that JavaScript adds them exactly.
BITS = 48
MASK = (1 << BITS) - 1
BUCKETS = 256


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as JSON in UTF-8, separated by commas; how many; the last (changed, key) in their order."""

    text: bytes
    count: int
    last: tuple[int, str] | None


class RowText(Func):
    """A row as a JSON object from its id on, written by PostgreSQL, whose to_json() escapes text.

    One concat() with as few parts as can be: it costs more than reading the row does.
    """

    function = "concat"
    output_field = TextField()

    def __init__(self, kind: Kind, digits: int) -> None:
        parts: list[Any] = [Value('"id":"'), F(kind.key)]
        end = '"'
        for name, column, what in kind.columns:
            head = f'{end},"{name}":'
            end = '"' if what in _QUOTED else ""
            if what in _WHOLE:
                parts.append(_Json(F(column), _WHOLE[what].replace("{head}", head)))
            else:
                template = _VALUES.get(what, "%(expressions)s").format(int(digits))
                parts += [Value(head + end), _Json(F(column), template)]
        super().__init__(*parts, Value(end + "}"))


_QUOTED = {Type.ID, Type.NUMBER, Type.MONEY}
# One value as JSON, without the quotes of those that are `_QUOTED`.
_VALUES = {
    Type.TEXT: "to_json(%(expressions)s)",
    Type.NUMBER: "trim_scale(%(expressions)s)",
    Type.MONEY: "CASE WHEN min_scale(%(expressions)s) <= {0} THEN"
    " round(%(expressions)s, {0}) ELSE trim_scale(%(expressions)s) END",
}
# Of few values: chosen as a whole with its name, which is a fifth of a product's time less.
_CHOICE = """CASE WHEN %(expressions)s{is} THEN '{head}true' ELSE '{head}false' END"""
_WHOLE = {
    Type.BOOL: _CHOICE.replace("{is}", ""),
    Type.FILLED: _CHOICE.replace("{is}", " <> ''"),
    Type.LINK: "CASE WHEN %(expressions)s IS NULL THEN '{head}null'"
    """ ELSE '{head}"' || %(expressions)s || '"' END""",
}


class _Json(Func):
    output_field = TextField()

    def __init__(self, expression: Any, template: str) -> None:
        super().__init__(expression)
        self.template = template


class _AsSent(Loader):
    """Text as the bytes that the database sends: nothing here reads it."""

    def load(self, data: Any) -> bytes:
        return bytes(data)


# What is put around an ordered query of (changed, key, row): one row with everything.
_PAGE = """
SELECT count(*),
       string_agg(concat('{"version":"', to_hex(hashtextextended(line, 0) & %s), '",', line), ','),
       max(changed), (array_agg(key))[count(*)]::text
  FROM ({rows}) AS page (changed, key, line)
"""
_SUMS = """
SELECT right(key::text, 2), count(*),
       (sum(hashtextextended(line, 0) & %s) %% %s)::bigint
  FROM ({rows}) AS kind (changed, key, line) GROUP BY 1
"""


def batch(kind: Kind, rows: Any, digits: int, *, by: Any = None) -> Batch:
    """These rows of a kind, ordered and limited already; `by` orders them and is told as the last
    one's `changed`, 0 without."""
    if connection.vendor == "postgresql" and not kind.sealed:
        query, params = _query(kind, rows, digits, by, key="pk")
        with connection.cursor() as cursor:
            cursor.cursor.adapters.register_loader("text", _AsSent)
            cursor.execute(_PAGE.replace("{rows}", query), [MASK, *params])
            count, text, changed, key = cursor.fetchone()
        return Batch(text or b"", count, (changed, key.decode()) if count else None)
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


def _query(kind: Kind, rows: Any, digits: int, by: Any, key: str) -> tuple[str, Any]:
    changed = Value(0) if by is None else by
    chosen = rows.values_list(changed, F(key), RowText(kind, digits))
    query, params = chosen.query.sql_with_params()
    return query, params


def _columns(kind: Kind) -> list[Any]:
    columns: list[Any] = [kind.key, *(column for _name, column, _type in kind.columns)]
    if kind.sealed:
        # As they are stored: a version is made without opening anything.
        columns += [Cast(column, TextField()) for _name, column, _type in kind.columns]
    return columns


def _read(kind: Kind, rows: Any, by: Any) -> Iterator[tuple[int, Any, tuple[Any, ...]]]:
    changed = Value(0) if by is None else by
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
