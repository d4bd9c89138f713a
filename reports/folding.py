"""Folding: what was sold is added to the sums of `reports/models.py`, after the sale and apart from it.

Each register counts its documents without gaps under the lock on its row (`chain_index`), which is
held until they are committed: they become visible in that order, whatever the date or the clock of a
document. So how far a register was folded is a watermark that nothing slips past, neither what was
sold offline nor what was committed late, and a checkout neither knows nor waits for it.

A step locks the marks of some registers, adds the documents beyond them to the sums and moves the
marks, all in one transaction. Sums are changed in the order of their keys, table by table, so those
who fold different registers of a business never wait for each other in a circle.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.db import DataError, OperationalError, connection, transaction
from django.db.models import F

from reports.models import (
    DaySum,
    Mark,
    ProductDaySum,
    ProductMonthSum,
    ProductYearSum,
    in_parts,
)
from sales.models import Register, Sale
from tenants.bulk import long_work
from tenants.context import business, require_id
from tenants.models import Business

logger = logging.getLogger(__name__)

#: Documents of one transaction: a fraction of a second, far below the limit on statements.
STEP: Final = 1000

_PRODUCTS: Final = (ProductDaySum, ProductMonthSum, ProductYearSum)
# The first day of the day, the month and the year of a date.
_BEGINS: Final = {
    "postgresql": (
        "s.business_date",
        "date_trunc('month', s.business_date::timestamp)::date",
        "date_trunc('year', s.business_date::timestamp)::date",
    ),
    "sqlite": (
        "s.business_date",
        "strftime('%%Y-%%m-01', s.business_date)",
        "strftime('%%Y-01-01', s.business_date)",
    ),
}
_COUNTED = """
INSERT INTO {table} AS kept (business_id, {keys}, {columns})
SELECT s.business_id, {groups}, {values}
FROM {source}
WHERE s.business_id = %(business)s AND s.register_id = %(register)s
  AND s.chain_index > %(after)s AND s.chain_index <= %(upto)s{condition}
GROUP BY s.business_id, {groups}
ORDER BY {groups}
ON CONFLICT (business_id, {keys}) DO UPDATE SET {changes}
"""
OF_LINES: Final = (
    "sales_sale s JOIN sales_saleline l ON l.business_id = s.business_id AND l.sale_id = s.id"
)
_NOT_SOLD = f" AND s.kind <> '{Sale.Kind.WRITE_OFF.value}'"
#: Each sum of a product, of its lines.
LINE_SUMS: Final = {
    "lines": "COUNT(*)",
    "quantity": in_parts("SUM(l.quantity)"),
    "revenue": in_parts("SUM(l.total)"),
    "net": in_parts("SUM(l.net)"),
    "cost": "SUM(l.quantity * l.unit_cost)",
}


def _kind_count(kind: str) -> str:
    return f"SUM(CASE WHEN s.kind = '{kind}' THEN 1 ELSE 0 END)"


_DAY_SUMS: Final = {
    "documents": "COUNT(*)",
    "sales": _kind_count(Sale.Kind.SALE.value),
    "voids": _kind_count(Sale.Kind.VOID.value),
    "refunds": _kind_count(Sale.Kind.REFUND.value),
    "exchanges": _kind_count(Sale.Kind.EXCHANGE.value),
    "total": in_parts("SUM(s.total)"),
}


def fold(*, seconds: float | None = None, ending: Callable[[], bool] = lambda: False) -> int:
    """Fold what the bound business has sold, and return how many documents that were.

    In short transactions, until nothing is left, `seconds` are over or `ending` says so; registers
    that somebody else is folding are left to them. Inside a transaction it is a part of that one.
    """
    until = None if seconds is None else time.monotonic() + seconds
    _open_marks()
    total = 0
    while not ending():
        # Documents may have very many lines; only after a page is there a limit.
        with long_work() if until is None else transaction.atomic():
            done = _step(STEP)
        total += done
        if not done or (until is not None and time.monotonic() >= until):
            break
    return total


def fold_everywhere(*, ending: Callable[[], bool] = lambda: False) -> int:
    """`fold()` in every business, for workers and schedulers; how many documents.

    Where the database does not let one through, or a sum has no room for what it sold (beyond 900
    trillion), the others are folded all the same.
    """
    total = 0
    for company in Business.objects.order_by("pk"):
        if ending():
            break
        try:
            with business(company):
                total += fold(ending=ending)
        except (OperationalError, DataError) as error:
            logger.warning(
                "Business %s is not folded for now: %s", company.pk, type(error).__name__
            )
    return total


def rebuild() -> int:
    """Forget all sums of the bound business and make them anew; how many documents they hold.

    In one transaction: whoever reads meanwhile sees the old ones. Documents that come in meanwhile
    are folded or left to the next time.
    """
    _open_marks()
    with long_work():
        # Whoever is folding is waited for, and waits; no register comes in between.
        _lock_business()
        list(Mark.objects.select_for_update().order_by("pk"))
        for model in (DaySum, *_PRODUCTS):
            model.objects.all()._raw_delete(model.objects.all().db)
        Mark.objects.update(upto=0)
        total = 0
        while done := _step(100 * STEP):
            total += done
    return total


def unfold(register: Register, *, upto: int) -> None:
    """Take out of the sums what the register's documents beyond `upto` are in them.

    For whoever removes those documents, before and in the same transaction. Waits for whoever is
    folding the register.
    """
    assert connection.in_atomic_block, "the documents go in the same transaction"
    mark = Mark.objects.select_for_update().filter(register=register).first()
    if mark is None:
        return
    if mark.upto > upto:
        _add(register.pk, upto, mark.upto, sign=-1)
        DaySum.objects.filter(documents=0).delete()
        for model in _PRODUCTS:
            model.objects.filter(lines=0).delete()
    if upto:
        mark.upto = min(mark.upto, upto)
        mark.save(update_fields=["upto"])
    else:
        # The register may go as well.
        mark.delete()


def _open_marks() -> None:
    """A mark for each register that has sold.

    In a transaction of its own: a new reference asks for a lock on the register's row, which a till
    may hold; one that is there asks for none. While an import or `rebuild()` is at work in the
    business, new registers wait for the next time.
    """
    marked = Mark.objects.values("register")
    new = Register.objects.filter(chain_length__gt=0).exclude(pk__in=marked).order_by("pk")
    with transaction.atomic():
        keys = list(new.values_list("pk", flat=True))
        if keys and _lock_business(skip_locked=True):
            marks = [Mark(register_id=key, upto=0) for key in keys]
            Mark.objects.bulk_create(marks, ignore_conflicts=True)


def _lock_business(*, skip_locked: bool = False) -> bool:
    """Nobody opens marks meanwhile; sales do not mind."""
    row = Business.objects.select_for_update(no_key=True, skip_locked=skip_locked)
    return row.filter(pk=require_id()).first() is not None


def _step(size: int) -> int:
    """Fold at most `size` documents; how many. 0 where nothing is left that nobody else folds."""
    behind = Mark.objects.filter(upto__lt=F("register__chain_length"))
    marks = list(
        behind.select_for_update(of=("self",), skip_locked=True)
        .annotate(length=F("register__chain_length"))
        .order_by("pk")
    )
    room = size
    for mark in marks:
        last = min(mark.length, mark.upto + room)
        _add(mark.register_id, mark.upto, last)
        room -= last - mark.upto
        mark.upto = last
        mark.save(update_fields=["upto"])
        if not room:
            break
    return size - room


def _add(register: uuid.UUID, after: int, upto: int, *, sign: int = 1) -> None:
    """Add the register's documents beyond place `after` up to `upto` to the sums, or take them off."""
    params = {
        "business": require_id(),
        "register": Register._meta.pk.get_db_prep_value(register, connection),
        "after": after,
        "upto": upto,
    }
    place = "location_id", "s.location_id"
    product = "variation_id", "l.variation_id"
    days = [("business_date", "s.business_date"), place]
    added: list[Any] = [(DaySum, days, "sales_sale s", "", _DAY_SUMS)]
    for model, begin in zip(_PRODUCTS, _BEGINS[connection.vendor], strict=True):
        keys = [("begins", begin), place, product]
        added.append((model, keys, OF_LINES, _NOT_SOLD, LINE_SUMS))
    with connection.cursor() as cursor:
        for model, keys, source, condition, sums in added:
            statement = _COUNTED.format(
                table=model._meta.db_table,
                keys=", ".join(name for name, _value in keys),
                groups=", ".join(value for _name, value in keys),
                columns=", ".join(sums),
                values=", ".join(_signed(name, sums[name], sign) for name in sums),
                source=source,
                condition=condition,
                changes=", ".join(_added(name) for name in sums),
            )
            cursor.execute(statement, params)


def _signed(column: str, total: str, sign: int) -> str:
    return _exactly(column, total if sign > 0 else f"-{total}")


def _added(column: str) -> str:
    """How a sum grows."""
    return f"{column} = {_exactly(column, f'kept.{column} + excluded.{column}')}"


def _exactly(column: str, total: str) -> str:
    """SQLite's floating point is brought back to the places of a cost each time."""
    if connection.vendor == "sqlite" and column == "cost":
        return f"round({total}, 8)"
    return total
