"""The documents of a register once more, on another: many times as fast as writing them one by one.

Keys begin with the same time, so that copies stand between what they were copied from, as the sales
of tills that sell at the same time do. The hashes are made by the product.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from sales.models import Payment, Register, Sale, SaleLine
from sales.posting import (
    LINE_FIELDS,
    PAYMENT_FIELDS,
    REFUNDED_LINE,
    SALE_FIELDS,
    hash_of_values,
)
from tenants.bulk import long_work, update_rows

PAGE = 1000

# Where keys of version 7 say so; theirs is another.
_KEY = "overlay({}::text placing to_hex(7 + %(copy)s) from 15)::uuid"
_OTHER = {
    "sales_shift": {"id": _KEY.format("id"), "register_id": "%(register)s"},
    "sales_sale": {
        "id": _KEY.format("id"),
        "register_id": "%(register)s",
        "shift_id": _KEY.format("shift_id"),
        "number": "%(prefix)s || substr(number, strpos(number, '-'))",
    },
    "sales_saleline": {"id": "", "sale_id": _KEY.format("sale_id")},
    "sales_payment": {"id": "", "sale_id": _KEY.format("sale_id")},
    "inventory_stockmovement": {
        "id": "",
        "document_id": _KEY.format("document_id"),
        "document_number": "%(prefix)s || substr(document_number, strpos(document_number, '-'))",
        "balance": "sum(quantity) OVER (PARTITION BY level_id ORDER BY id)"
        " + (SELECT l.quantity FROM inventory_stocklevel l WHERE l.id = level_id)",
    },
}
_SALES = "IN (SELECT id FROM sales_sale WHERE register_id = %(of)s)"
_WHERE = {
    "sales_shift": "register_id = %(of)s",
    "sales_sale": "register_id = %(of)s",
    "sales_saleline": f"sale_id {_SALES}",
    "sales_payment": f"sale_id {_SALES}",
    "inventory_stockmovement": f"document_id {_SALES}",
}
_LEVELS = """
UPDATE inventory_stocklevel AS level SET quantity = level.quantity + moved.sum FROM (
    SELECT level_id, sum(quantity) FROM inventory_stockmovement WHERE document_id IN (
        SELECT id FROM sales_sale WHERE register_id = %(register)s) GROUP BY level_id
) AS moved WHERE moved.level_id = level.id
"""


def copy_register(of: Register, number: int) -> Register:
    """A register with everything that was sold on `of`; PostgreSQL, and its business is bound.

    `number`, 1 to 8, tells copies apart. The stock must be there.
    """
    with long_work():
        of.refresh_from_db()
        copy: Register = Register.objects.create(
            name=f"{of.name}, copy {number}", location_id=of.location_id,
            prefix=f"{of.prefix[:8]}C{number}", sale_counter=of.sale_counter,
        )  # fmt: skip
        values: dict[str, Any] = {
            "copy": number,
            "of": of.pk,
            "register": copy.pk,
            "prefix": copy.prefix,
        }
        with connection.cursor() as cursor:
            cursor.execute("DISCARD PLANS")
            for table, other in _OTHER.items():
                cursor.execute(_statement(cursor, table, other), values)
            cursor.execute(_LEVELS, values)
    with long_work():
        _chain(copy)
    return copy


def _statement(cursor: Any, table: str, other: dict[str, str]) -> str:
    described = connection.introspection.get_table_description(cursor, table)
    columns = {one.name: other.get(one.name, f'"{one.name}"') for one in described}
    columns = {name: said for name, said in columns.items() if said}
    names = ", ".join(f'"{name}"' for name in columns)
    # The order gives what has no key of its own one in the same order.
    return (
        f"INSERT INTO {table} ({names}) SELECT {', '.join(columns.values())}"
        f" FROM {table} WHERE {_WHERE[table]} ORDER BY {table}.id"
    )


def _chain(register: Register) -> None:
    last, previous = 0, ""
    sales = Sale.objects.filter(register=register).order_by("chain_index")
    while page := list(
        sales.filter(chain_index__gt=last).values_list(*SALE_FIELDS, "chain_index")[:PAGE]
    ):
        keys = [sale[0] for sale in page]
        lines = _parts(SaleLine, (*LINE_FIELDS, REFUNDED_LINE), keys)
        payments = _parts(Payment, PAYMENT_FIELDS, keys)
        hashes = []
        for sale in page:
            own = hash_of_values(previous, sale, lines.get(sale[0], ()), payments.get(sale[0], ()))
            hashes.append((sale[0], previous, own))
            previous = own
        update_rows(Sale, ("previous_hash", "content_hash"), hashes)
        last = page[-1][-1]
    register.chain_length, register.chain_hash = last, previous
    register.save()


def _parts(model: Any, columns: tuple[str, ...], keys: list[Any]) -> dict[Any, list[Any]]:
    rows = model.objects.filter(sale__in=keys).order_by("sale_id", "line")
    found = rows.values_list(*columns, "sale_id")
    return {key: list(group) for key, group in groupby(found, itemgetter(-1))}
