"""Writing many rows at once, and transactions that take longer than a request may.

Rows go in as plain tuples, without an object each: one INSERT … SELECT FROM unnest() for a batch on
PostgreSQL, one prepared INSERT on SQLite. Row-level security checks them as it checks every other
row; COPY it would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, models, transaction
from django.db.models import F
from django.db.models.lookups import In

from tenants.context import require_id
from tenants.encryption import Sealed

BATCH = 5000
# Long enough for the largest import, and yet an end.
LONGEST = "30min"
# PostgreSQL keeps the plan by which it checks a reference for as long as the connection lives. Made
# while the table was all but empty, it reads every row of the business: the first 10,000 products
# of a new database took 99 s and the time grew with their square. From so many rows on, plans are
# made anew.
_MANY = 500


@contextmanager
def long_work() -> Iterator[None]:
    """A transaction whose statements and pauses may take long: for commands and jobs, not requests.

    The runtime role's limits on statements and idle transactions are lifted for this transaction
    alone; the one on waiting for locks stays.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SET LOCAL statement_timeout = '{LONGEST}';"
                    f" SET LOCAL idle_in_transaction_session_timeout = '{LONGEST}'"
                )
        yield


def keep_statistics(*tables: type[models.Model]) -> None:
    """Autovacuum leaves these tables alone until the transaction ends. On PostgreSQL; SQLite has none.

    For whoever fills tables that may have been emptied a moment ago. Autovacuum does not see rows that
    are not committed: it would note that the pages are there and nothing is in them, and a reference
    would be checked by reading every row of the business from then on (245,903 lines of sales took
    496 s instead of 48). Where another transaction keeps the tables so, this goes on without.
    """
    if connection.vendor != "postgresql":
        return
    names = ", ".join(connection.ops.quote_name(one._meta.db_table) for one in tables)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            (usual,) = cursor.fetchone()
            # An autovacuum that is at work gives way after a second.
            cursor.execute("SET LOCAL lock_timeout = '3s'")
            cursor.execute(f"LOCK TABLE {names} IN SHARE UPDATE EXCLUSIVE MODE")
            cursor.execute(f"SET LOCAL lock_timeout = '{usual}'")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != "55P03":
            raise


@contextmanager
def references_later() -> Iterator[None]:
    """References between rows are checked at the end of the block and not with each statement.

    For rows that refer to others which come later. Must run in a transaction. Raises IntegrityError
    at the end of the block; on SQLite when the transaction ends.
    """
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL DEFERRED" if is_postgresql else "PRAGMA defer_foreign_keys = ON"
        )
    yield
    if is_postgresql:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def among(column: str, values: Iterable[Any]) -> Any:
    """A condition: the column is one of these. As `in`, but one parameter on PostgreSQL, however
    many there are."""
    return _Among(F(column), list(values))


class _Among(models.Lookup[Any]):
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return In(self.lhs, self.rhs).as_sql(compiler, connection)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        column, params = self.process_lhs(compiler, connection)
        kind = _type(self.lhs.output_field)
        return f"{column} = ANY(%s::{kind}[])", (*params, array(self.rhs))


def insert_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    batch: int = BATCH,
    wrote: Callable[[int], None] = lambda count: None,
) -> int:
    """Insert rows of the bound business and return how many; `wrote` hears of each batch.

    `columns` are attribute names (`sale_id`, `quantity`), each row has a value for each of them; the
    business is added here. Defaults of the model are not applied: what the table has no default for
    must be given. Nothing is validated, and no signal is sent. Raises IntegrityError.
    """
    business_id = require_id()
    fields: list[Any] = [model._meta.get_field("business")]
    fields += [_field(model, name) for name in columns]
    statement = _statement(model, fields)
    convert = [None, *(_converter(field) for field in fields[1:])]
    total = 0
    remaining = iter(rows)
    with connection.cursor() as cursor:
        while chunk := [(business_id, *row) for row in islice(remaining, batch)]:
            if connection.vendor == "postgresql":
                if len(chunk) >= _MANY:
                    cursor.execute("DISCARD PLANS")
                cursor.execute(*_insert(model, fields, _columns(chunk, convert)))
            else:
                cursor.executemany(statement, list(zip(*_columns(chunk, convert), strict=True)))
            total += len(chunk)
            wrote(len(chunk))
    return total


def update_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    batch: int = BATCH,
) -> int:
    """Change rows of the bound business by their ids and return how many there were to change.

    Each row begins with the id and goes on with a value for each of `columns`; what is not named
    stays as it is, and `auto_now` is not applied. An id that is not there changes nothing.
    """
    business_id = require_id()
    fields = [_field(model, name) for name in ("pk", *columns)]
    statement = _update(model, fields)
    convert = [_converter(field) for field in fields]
    total = 0
    remaining = iter(rows)
    with connection.cursor() as cursor:
        while chunk := [tuple(row) for row in islice(remaining, batch)]:
            values = _columns(chunk, convert)
            if connection.vendor == "postgresql":
                cursor.execute(statement, [*map(array, values), business_id])
            else:
                keys, *changed = values
                ours = [business_id] * len(chunk)
                cursor.executemany(statement, list(zip(*changed, keys, ours, strict=True)))
            total += len(chunk)
    return total


def _update(model: type[models.Model], fields: Sequence[Any]) -> str:
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    names = [quote(field.column) for field in fields]
    key, business = names[0], quote("business_id")
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{_type(field)}[]" for field in fields)
        changed = ", ".join(f"{name} = new.{name}" for name in names[1:])
        source = f"unnest({arrays}) AS new ({', '.join(names)})"
        where = f"old.{key} = new.{key} AND old.{business} = %s"
        return f"UPDATE {table} AS old SET {changed} FROM {source} WHERE {where}"  # noqa: S608
    changed = ", ".join(f"{name} = %s" for name in names[1:])
    where = f"{key} = %s AND {business} = %s"
    return f"UPDATE {table} SET {changed} WHERE {where}"  # noqa: S608


def _field(model: type[models.Model], name: str) -> Any:
    if name == "pk":
        return model._meta.pk
    for field in model._meta.concrete_fields:
        if name in (field.attname, field.name):
            return field
    raise LookupError(f"{model.__name__} has no column {name}")


def _statement(model: type[models.Model], fields: Sequence[Any]) -> str:
    """One row's INSERT, for SQLite."""
    # Every name is one of the model's own.
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608


def _insert(
    model: type[models.Model], fields: Sequence[Any], columns: Sequence[list[Any]]
) -> tuple[str, list[Any]]:
    """An INSERT of many rows, and its parameters: an array for each column, and a single value for
    those in which all rows have the same."""
    quote = connection.ops.quote_name
    names, values, arrays, params, singles = [], [], [], [], []
    # What says how many rows there are is an array in any case.
    last = len(fields) - 1
    for number, (field, column) in enumerate(zip(fields, columns, strict=True)):
        names.append(quote(field.column))
        if number != last and column[0] == column[-1] and column.count(column[0]) == len(column):
            values.append(f"%s::{_type(field)}")
            singles.append(column[0])
        else:
            values.append(f"new.c{number}")
            arrays.append((f"c{number}", f"%s::{_type(field)}[]"))
            params.append(array(column))
    into = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(names)})"
    source = f"unnest({', '.join(one for _name, one in arrays)})"
    told = ", ".join(name for name, _one in arrays)
    return f"{into} SELECT {', '.join(values)} FROM {source} AS new ({told})", [*singles, *params]  # noqa: S608


def array(values: Sequence[Any]) -> Any:
    """A parameter that becomes an array on PostgreSQL where a cast such as `::uuid[]` follows.

    As its text: for thousands of values that takes a fifth of what the driver takes to look at each.
    """
    kinds = set(map(type, values))
    empty = type(None) in kinds
    kinds.discard(type(None))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is str:
        return _array_of_text(values, empty=empty)
    write = _WRITTEN.get(kind)
    if write is None:
        return list(values)
    if empty:
        return f"{{{','.join(['NULL' if one is None else write(one) for one in values])}}}"
    return f"{{{','.join(map(write, values))}}}"


_WRITTEN: dict[Any, Callable[[Any], str]] = {
    int: str,
    Decimal: str,
    bool: str,
    UUID: lambda value: f"{value.int:032x}",
    datetime: lambda value: f'"{value.isoformat()}"',
}


def _array_of_text(values: Sequence[Any], *, empty: bool) -> str:
    if not empty:
        text = '","'.join(values)
        if "\\" not in text and text.count('"') == 2 * len(values) - 2:
            return f'{{"{text}"}}'
    return f"{{{','.join(map(_quoted, values))}}}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _type(field: Any) -> str:
    # Without the length: an array of varchar(5) would cut off what is too long instead of refusing.
    kind = str(field.rel_db_type(connection) if field.remote_field else field.db_type(connection))
    return kind.partition("(")[0]


def _converter(field: Any) -> Callable[[Any], Any] | None:
    """What makes a column's values ready for the database; None where the driver takes them."""
    plain = (
        models.UUIDField, models.DecimalField, models.DateTimeField, models.DateField,
        models.BooleanField, models.IntegerField, models.ForeignKey, models.BinaryField,
    )  # fmt: skip
    kind = type(field)
    if (
        connection.vendor == "postgresql"
        and not isinstance(field, Sealed)
        and (issubclass(kind, plain) or kind in (models.CharField, models.TextField))
    ):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _columns(
    chunk: list[tuple[Any, ...]], convert: Sequence[Callable[[Any], Any] | None]
) -> list[list[Any]]:
    columns = []
    for values, ready in zip(zip(*chunk, strict=True), convert, strict=True):
        columns.append([ready(v) for v in values] if ready else list(values))
    return columns
