"""SQLite's triggers that tell what changed; those of PostgreSQL come from the migrations.

Not from migrations here: SQLite drops the triggers of a table whenever Django makes it anew to
change a column, and refuses that while another trigger reads it. So they go before migrations and
come after, and since rows may have changed between, all copies start anew then.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import connections

from inventory.models import (
    Barcode,
    Brand,
    Category,
    LocationPrice,
    Product,
    StockLevel,
    StockMovement,
    TaxRate,
    Unit,
    Variation,
)
from sales.models import Customer
from sync.models import Epoch, Mark

STAMPED: tuple[Any, ...] = (Product, Variation, Barcode, LocationPrice, StockMovement, Mark)
GONE: dict[Any, str] = {Product: "products", Variation: "variations", Barcode: "barcodes"}
PLACED: dict[Any, str] = {LocationPrice: "prices", StockLevel: "stock"}
MARKED: dict[Any, str] = {
    TaxRate: "tax_rates",
    Unit: "units",
    Category: "categories",
    Brand: "brands",
    Customer: "customers",
}

# Whoever emptied the table finds it made again, with a token that no cursor has.
_TICK = (
    "INSERT INTO sync_epoch (id, token, clock) VALUES (1, lower(hex(randomblob(16))), 1)"
    " ON CONFLICT (id) DO UPDATE SET clock = clock + 1"
)
_CLOCK = "(SELECT clock FROM sync_epoch WHERE id = 1)"
_MARK = "INSERT INTO sync_mark (business_id, kind, object_id, location_id)"


def statements() -> Iterator[tuple[str, str]]:
    """(name, SQL) of every trigger."""
    for model in STAMPED:
        table, key = model._meta.db_table, model._meta.pk.column
        change = f"UPDATE {table} SET changed = {_CLOCK}"  # noqa: S608
        stamp = f"{_TICK}; {change} WHERE {key} = NEW.{key};"
        # Every column but `changed` itself: what the trigger writes must not start it again.
        others = ", ".join(
            f'"{field.column}"' for field in model._meta.concrete_fields if field.name != "changed"
        )
        yield _trigger("made", table, "AFTER INSERT", stamp)
        yield _trigger("stamp", table, f"AFTER UPDATE OF {others}", stamp)
    for model, kind in GONE.items():
        yield _trigger("gone", model._meta.db_table, "AFTER DELETE", _marks(kind, "OLD"))
    for model, kind in PLACED.items():
        place = "OLD.variation_id, OLD.location_id"
        body = f"{_MARK} VALUES (OLD.business_id, '{kind}', {place});"
        table = model._meta.db_table
        yield _trigger("gone", table, "AFTER DELETE", body)
        moved = "OLD.variation_id IS NOT NEW.variation_id OR OLD.location_id IS NOT NEW.location_id"
        when = f"AFTER UPDATE OF variation_id, location_id ON {table} WHEN {moved}"
        yield f"sync_moved_{table}", f"CREATE TRIGGER sync_moved_{table} {when} BEGIN {body} END"
    place = "business_id, 'stock', variation_id, location_id"
    level = f"{_MARK} SELECT {place} FROM inventory_stocklevel WHERE id = OLD.level_id;"  # noqa: S608
    yield _trigger("gone", StockMovement._meta.db_table, "AFTER DELETE", level)
    for model, kind in MARKED.items():
        table = model._meta.db_table
        yield _trigger("made", table, "AFTER INSERT", _marks(kind, "NEW"))
        yield _trigger("stamp", table, "AFTER UPDATE", _marks(kind, "NEW"))
        yield _trigger("gone", table, "AFTER DELETE", _marks(kind, "OLD"))


def _marks(kind: str, row: str) -> str:
    return f"{_MARK} VALUES ({row}.business_id, '{kind}', {row}.id, NULL);"


def _trigger(what: str, table: str, when: str, body: str) -> tuple[str, str]:
    name = f"sync_{what}_{table}"
    return name, f"CREATE TRIGGER {name} {when} ON {table} BEGIN {body} END"


def remove(using: str) -> None:
    """Drop the triggers; nothing on PostgreSQL."""
    if connections[using].vendor != "sqlite":
        return
    with connections[using].cursor() as cursor:
        for name in _present(cursor):
            cursor.execute(f"DROP TRIGGER {name}")


def install(using: str) -> None:
    """Make the triggers that are missing, if the tables are there; and then a new epoch."""
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        wanted: list[Any] = [*STAMPED, *PLACED, *MARKED, Epoch]
        if not {model._meta.db_table for model in wanted} <= tables:
            return
        present = _present(cursor)
        missing = [sql for name, sql in statements() if name not in present]
        for sql in missing:
            cursor.execute(sql)
    if missing:
        new_epoch(using)


def new_epoch(using: str = "default") -> None:
    """Have every copy start anew: something was written that no number tells of.

    Nothing where an older release has not made the table yet; no cursor is older than it.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        if Epoch._meta.db_table not in connection.introspection.table_names(cursor):
            return
    rows = Epoch.objects.using(using)
    token = uuid.uuid4().hex
    if not rows.filter(pk=1).update(token=token):
        rows.create(pk=1, token=token)


def _present(cursor: Any) -> set[str]:
    cursor.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'sync\\_%' ESCAPE '\\'"
    )
    return {name for (name,) in cursor.fetchall()}
