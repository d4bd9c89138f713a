"""Receipt numbers and the chain of hashes (DESIGN 6)."""

from __future__ import annotations

from collections import defaultdict, namedtuple
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import (
    Case,
    CharField,
    Count,
    DecimalField,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    TextField,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, LPad
from django.utils.translation import gettext_lazy as _

from archive.verify.rules import Look, Rule, rule
from sales.models import Payment, Register, Sale, SaleLine
from sales.posting import LINE_FIELDS, PAYMENT_FIELDS, SALE_FIELDS, SERIES, document_hash

AREA = "numbers"
# Documents of which lines and payments are in memory at once.
CHUNK = 1000


@rule(AREA, _("Several receipts have the same number."), weight=2)
def number_is_unique(look: Look) -> None:
    """DESIGN 6; LESSONS 14: series that collided."""
    look.doubles(Sale.objects.all(), F("number"), "number")


@rule(AREA, _("Receipt numbers of a register are missing, or its counter is wrong."), weight=2)
def numbers_have_no_gaps(look: Look) -> None:
    """DESIGN 6: each register's documents of a kind are numbered from 1 to its counter.

    Kinds that come in with a history only have no counter at the register: from 1 to their last.
    """
    given = (
        Sale.objects.order_by()
        .values("register", "kind")
        .annotate(n=Count("counter", distinct=True), first=Min("counter"), last=Max("counter"))
        .annotate(
            mark=Case(
                *(When(kind=kind, then=F(f"register__{c}")) for kind, (c, _l) in SERIES.items()),
                default=F("last"),
            )
        )
        .exclude(first=1, n=F("last"), last=F("mark"))
    )
    for register, kind, n, last, mark in given.order_by("register", "kind").values_list(
        "register", "kind", "n", "last", "mark"
    ):
        column = SERIES[Sale.Kind(kind)][0] if kind in SERIES else f"{kind} counter"
        look.tell(Register, register, column, mark, f"{n} documents up to number {last}")
    for kind, (column, _letter) in SERIES.items():
        some = Sale.objects.filter(register=OuterRef("pk"), kind=kind)
        lost = Register.objects.filter(~Exists(some), **{f"{column}__gt": 0})
        for pk, last in look.first(lost, column):
            look.tell(Register, pk, column, last, "no document")


@rule(AREA, _("A receipt number is not made of its register's prefix and its counter."), weight=2)
def number_is_prefix_and_counter(look: Look) -> None:
    """DESIGN 6: a till can number its receipts offline. A history keeps the numbers it came with."""
    digits = Cast("counter", CharField())
    padded = Case(When(counter__gte=10**6, then=digits), default=LPad(digits, 6, Value("0")))
    letter = Case(
        *(When(kind=kind, then=Value(letter)) for kind, (_column, letter) in SERIES.items()),
        default=Value(""),
        output_field=CharField(),
    )
    made = Concat(F("register__prefix"), Value("-"), letter, padded, output_field=CharField())
    sales = Sale.objects.filter(register__is_history=False).annotate(made=made)
    for pk, expected, found in look.first(sales.exclude(number=F("made")), "made", "number"):
        look.tell(Sale, pk, "number", expected, found)


@rule(AREA, _("A document was changed after it was written, or is missing from its register's "
              "chain."), weight=40)  # fmt: skip
def chain_is_whole(look: Look) -> None:
    """DESIGN 6: every document's hash is that of its rows and of the document before it, up to the
    register's own mark. Reads document by document, a chunk at a time."""
    registers = list(
        Register.objects.order_by("pk").values_list("pk", "chain_length", "chain_hash")
    )
    total = sum(length for _pk, length, _hash in registers)
    done = 0
    for register, length, mark in registers:
        previous, place = "", 0
        for sale, lines, payments in _documents(register, length):
            place += 1
            expected = {
                "chain_index": place,
                "previous_hash": previous,
                "content_hash": document_hash(sale, lines, payments),
            }
            for column, value in expected.items():
                if getattr(sale, column) != value:
                    look.tell(Sale, sale.id, column, value, getattr(sale, column))
            place, previous = sale.chain_index, sale.content_hash
            done += 1
            if done % CHUNK == 0:
                look.step(done, total)
        if place != length:
            look.tell(Register, register, "chain_length", place, length)
        if previous != mark:
            look.tell(Register, register, "chain_hash", previous, mark)
    beyond = Sale.objects.filter(chain_index__gt=F("register__chain_length"))
    look.rows(beyond, "chain_index", "a place within the register's chain", "chain_index")


def _shape(name: str, columns: Sequence[str]) -> Any:
    return namedtuple(name, columns)  # noqa: PYI024 - columns of elsewhere


# What a document's hash is made of, and what is compared with it.
_Sale = _shape("_Sale", (*SALE_FIELDS, "chain_index", "previous_hash", "content_hash"))
_Line = _shape("_Line", LINE_FIELDS)
_Payment = _shape("_Payment", PAYMENT_FIELDS)


def _documents(register: Any, length: int) -> Iterator[tuple[Any, list[Any], list[Any]]]:
    """(document, lines, payments) up to the register's mark, in the order of the chain."""
    columns = _columns(Sale, _Sale._fields)
    last = 0
    while True:
        place = Q(chain_index__gt=last, chain_index__lte=length)
        rows = Sale.objects.filter(place, register=register).order_by("chain_index")
        chunk = [_Sale._make(row) for row in rows.values_list(*columns)[:CHUNK]]
        keys = [sale.id for sale in chunk]
        lines = _parts(SaleLine, keys, _Line)
        payments = _parts(Payment, keys, _Payment)
        for sale in chunk:
            yield sale, lines.get(sale.id, []), payments.get(sale.id, [])
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].chain_index


def _parts(model: Any, keys: Sequence[Any], row: Any) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    rows = model.objects.filter(sale__in=keys).order_by("sale", "line")
    for sale, *values in rows.values_list(*_columns(model, ("sale_id", *row._fields))):
        found[sale].append(row._make(values))
    return found


def _columns(model: Any, names: Sequence[str]) -> list[Any]:
    """The columns as the hash takes them. PostgreSQL writes decimals and keys as it does, which
    spares making an object of each and text of that again: half of the time."""
    if connection.vendor != "postgresql":
        return list(names)
    return [
        Cast(name, TextField()) if _is_written_alike(model, name) else F(name) for name in names
    ]


def _is_written_alike(model: Any, name: str) -> bool:
    field = model._meta.get_field(name)
    if field.remote_field is not None:
        field = field.target_field
    has_four_places = isinstance(field, DecimalField) and field.decimal_places == 4
    return has_four_places or isinstance(field, UUIDField)


RULES: tuple[Rule, ...] = (
    number_is_unique,
    numbers_have_no_gaps,
    number_is_prefix_and_counter,
    chain_is_whole,
)
