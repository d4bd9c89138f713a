"""The chain of hashes (DESIGN 6): what cannot be asked in one statement, read a page at a time.

The hash is made where documents are posted. Here it is made of rows as the database sends them:
documents, lines and payments go by in the order of the documents' keys, side by side, so that
neither a long history nor a document of very many lines fills the memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import DecimalField, F, Q, TextField, UUIDField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from archive.verify.rules import Look, rule
from sales.models import Payment, Register, Sale, SaleLine
from sales.posting import (
    LINE_FIELDS,
    PAYMENT_FIELDS,
    REFUNDED_LINE,
    SALE_FIELDS,
    hash_of_values,
)

AREA = "numbers"
#: Rows that one statement reads.
PAGE = 2000

Row = tuple[Any, ...]


@rule(AREA, _("A document was changed after it was written, or is missing from its register's "
              "chain."), weight=40)  # fmt: skip
def chain_is_whole(look: Look) -> None:
    """DESIGN 6: every document's hash is that of its rows and of the document before it, up to the
    register's own mark."""
    registers = list(
        Register.objects.order_by("pk").values_list("pk", "chain_length", "chain_hash")
    )
    _contents(look, sum(length for _pk, length, _hash in registers))
    for register, length, mark in registers:
        _links(look, register, length, mark)
    beyond = Sale.objects.filter(chain_index__gt=F("register__chain_length"))
    look.rows(beyond, "chain_index", "a place within the register's chain")


def _contents(look: Look, total: int) -> None:
    """Each document's own hash, whatever its place."""
    done = 0
    for page in _pages(Sale.objects.all(), "id", (*SALE_FIELDS, "previous_hash", "content_hash")):
        keys = [sale[0] for sale in page]
        of_page = Q(sale__gte=keys[0], sale__lte=keys[-1])
        lines = _parts(SaleLine.objects.filter(of_page), (*LINE_FIELDS, REFUNDED_LINE))
        payments = _parts(Payment.objects.filter(of_page), PAYMENT_FIELDS)
        both = zip(_side_by_side(keys, lines), _side_by_side(keys, payments), strict=True)
        for sale, (its_lines, its_payments) in zip(page, both, strict=True):
            *_content, previous, found = sale
            expected = hash_of_values(previous, sale, its_lines, its_payments)
            if found != expected:
                look.tell(Sale, sale[0], "content_hash", expected, found)
        done += len(page)
        look.step(min(done, total), total)


def _links(look: Look, register: Any, length: int, mark: str) -> None:
    """Each document of a register follows the one before it, and the last one is the mark."""
    previous, place = "", 0
    sales = Sale.objects.filter(register=register, chain_index__lte=length)
    columns = ("chain_index", "id", "previous_hash", "content_hash")
    for page in _pages(sales, "chain_index", columns):
        for index, pk, before, own in page:
            if index != place + 1:
                look.tell(Sale, pk, "chain_index", place + 1, index)
            if before != previous:
                look.tell(Sale, pk, "previous_hash", previous, before)
            place, previous = index, own
    if place != length:
        look.tell(Register, register, "chain_length", place, length)
    if previous != mark:
        look.tell(Register, register, "chain_hash", previous, mark)


def _pages(rows: Any, key: str, columns: Sequence[str]) -> Iterator[list[Row]]:
    """The rows in the order of `key`, which is the first of the columns."""
    values = _plainly(rows.order_by(key), columns)
    page = list(values[:PAGE])
    while page:
        yield page
        page = list(values.filter(**{f"{key}__gt": page[-1][0]})[:PAGE])


def _parts(rows: Any, columns: Sequence[str]) -> Iterator[Row]:
    """Lines or payments by document and number, which is their first column; the document's key
    comes last."""
    values = _plainly(rows.order_by("sale_id", "line"), (*columns, "sale_id"))
    page = list(values[:PAGE])
    while page:
        yield from page
        if len(page) < PAGE:
            return
        line, sale = page[-1][0], page[-1][-1]
        # The first condition is one that the index answers.
        rest = Q(sale__gte=sale) & (Q(sale__gt=sale) | Q(line__gt=line))
        page = list(values.filter(rest)[:PAGE])


def _side_by_side(keys: Iterable[Any], parts: Iterator[Row]) -> Iterator[list[Row]]:
    """The parts of each document. Both come in the order of the documents' keys."""
    groups = groupby(parts, itemgetter(-1))
    at, group = next(groups, (None, iter(())))
    for key in keys:
        # Of documents that are not there, or were written since the page of documents was read.
        while at is not None and at < key:
            at, group = next(groups, (None, iter(())))
        if at == key:
            yield list(group)
            at, group = next(groups, (None, iter(())))
        else:
            yield []


def _plainly(rows: Any, columns: Sequence[str]) -> Any:
    """The columns as the hash takes them. PostgreSQL writes decimals and keys as it does, which
    spares making an object of each and text of that again: half of the time."""
    if connection.vendor != "postgresql":
        return rows.values_list(*columns)
    return rows.values_list(
        *(
            Cast(name, TextField()) if _is_written_alike(rows.model, name) else F(name)
            for name in columns
        )
    )


def _is_written_alike(model: Any, name: str) -> bool:
    field = model._meta.get_field(name)
    if field.remote_field is not None:
        field = field.target_field
    has_four_places = isinstance(field, DecimalField) and field.decimal_places == 4
    return has_four_places or isinstance(field, UUIDField)
