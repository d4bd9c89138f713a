"""How many rows each table holds, and a sum that changes when any value in any of them does.

The sum: of each row the first 64 bits of the SHA-256 of its text, as a signed number, all added up.
So it does not matter in which order rows are read. PostgreSQL adds up itself; of SQLite we do.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql

from backups.manifest import Table

if TYPE_CHECKING:
    import psycopg

# Text of values must not depend on who asks. Neither must the name of a row on a column's.
TEXT_FORM = (
    "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres';"
    " SET extra_float_digits = 1; SET bytea_output = 'hex'; SET statement_timeout = 0;"
    " SET idle_in_transaction_session_timeout = 0"
)
_COUNT_AND_SUM = (
    "SELECT count(*), coalesce(sum(('x' || encode(substr(sha256(convert_to(tillbook_row::text,"
    " 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint), 0)::text FROM public.{table} AS tillbook_row"
)
# Names and values go in as identifiers and literals.
_ASSERTION = (
    "DO $tillbook$ BEGIN IF NOT EXISTS (SELECT FROM ("  # noqa: S608
    + _COUNT_AND_SUM
    + ") AS found (rows, sum)"
    " WHERE rows = {rows} AND sum = {sum}) THEN RAISE EXCEPTION"
    " 'the table % differs from the backup', {name}; END IF; END $tillbook$;"
)
_TABLES = """
SELECT c.relname FROM pg_class c
 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1
"""


def of_postgresql(connection: psycopg.Connection[Any]) -> dict[str, Table]:
    """What the tables of `public` hold, as this connection's transaction sees them."""
    connection.execute(TEXT_FORM)
    found = {}
    for (name,) in connection.execute(_TABLES).fetchall():
        row = connection.execute(_query(_COUNT_AND_SUM, name)).fetchone()
        assert row is not None
        found[name] = Table(rows=row[0], sum=row[1])
    return found


def assertion(tables: dict[str, Table]) -> str:
    """Statements that fail, and with them their transaction, when a table holds anything else."""
    checks = [
        _query(
            _ASSERTION,
            name,
            rows=sql.Literal(table.rows),
            sum=sql.Literal(table.sum),
            name=sql.Literal(name),
        ).as_string(None)
        for name, table in tables.items()
    ]
    return "\n".join([f"{TEXT_FORM};", *checks]) + "\n"


def _query(text: LiteralString, table: str, **values: sql.Composable) -> sql.Composed:
    return sql.SQL(text).format(table=sql.Identifier(table), **values)


def of_sqlite(connection: sqlite3.Connection) -> dict[str, Table]:
    """What the tables hold, as this connection sees them; SQLite's own are left out."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
        " ESCAPE '\\' ORDER BY 1"
    ).fetchall()
    found = {}
    for (name,) in names:
        quoted = '"' + name.replace('"', '""') + '"'
        rows = total = 0
        for row in connection.execute(f"SELECT * FROM {quoted}"):  # noqa: S608
            rows += 1
            digest = hashlib.sha256(repr(row).encode("utf-8", "surrogatepass")).digest()
            total += int.from_bytes(digest[:8], "big", signed=True)
        found[name] = Table(rows=rows, sum=str(total))
    return found
