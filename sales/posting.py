"""The one place that writes a document: its lines, payments, stock movements, number and hash.

What may be done was decided before (`checkout.py`, `voids.py`). The caller holds the lock on the
register's row. On PostgreSQL all is one call of `sql/sales_post_v1.sql`, elsewhere a few statements,
the same for 5 lines and for 500; customers' credit is its own ledger's, behind it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from django.db import DatabaseError, IntegrityError, connection

from inventory import ledger
from inventory.models import StockMovement
from sales import credit
from sales.canonical import OF_JSON, canonical, encode, plain
from sales.errors import NoOpenShift, OtherRequest
from sales.models import CreditEntry, Payment, Register, Sale, SaleLine
from sales.rows import Parts
from tenants.errors import is_unique_violation
from tenants.functions import ask, refusal
from tenants.models import Location
from webhooks import outbox
from webhooks.kinds import OF_DOCUMENT

#: The names of a row's columns, and what takes their values from it.
Columns = tuple[list[str], Callable[[Any], tuple[Any, ...]]]

# The counter of each kind of document, and what stands between prefix and number.
SERIES = {
    Sale.Kind.SALE: ("sale_counter", ""),
    Sale.Kind.VOID: ("void_counter", "V"),
    Sale.Kind.REFUND: ("refund_counter", "R"),
    Sale.Kind.EXCHANGE: ("exchange_counter", "E"),
}

SALE_FIELDS = (
    "id",
    "kind",
    "number",
    "location_id",
    "register_id",
    "shift_id",
    "operator_id",
    "customer_id",
    "reverses_id",
    "reason",
    "note",
    "sold_at",
    "business_date",
    "currency",
    "subtotal",
    "discount",
    "net",
    "tax",
    "total",
    "rounding",
)
LINE_FIELDS = (
    "line",
    "variation_id",
    "name",
    "sku",
    "quantity",
    "unit_price",
    "gross",
    "discount",
    "sale_discount",
    "net",
    "tax",
    "total",
    "tax_rate",
    "tax_inclusive",
)
# Behind LINE_FIELDS in a tuple, and hashed where it says something: lines from before have no such
# column, and their hashes stay what they are. The document's reverses_id says of what it is a line.
REFUNDED_LINE = "refunds_line"
PAYMENT_FIELDS = (
    "line",
    "method",
    "amount",
    "tendered",
    "change",
    "card_brand",
    "card_last4",
    "reference",
)


def post(
    *,
    sale: Sale,
    lines: Sequence[SaleLine],
    payments: Sequence[Payment],
    register: Register,
    adds_credit: Collection[int] = (),
    new_credit: Collection[int] = (),
    paid_in: Collection[uuid.UUID] = (),
    guard: bool = True,
    last: bool = False,
) -> Sale:
    """Write the document and return it numbered and chained, its parts at hand.

    `register` is locked by this transaction and belongs to a location that was read with it.
    `adds_credit` are the numbers of the lines whose total is added to the customer's credit. What
    comes back as credit can be spent as long as what was taken from the account in the documents
    `paid_in`; the payments numbered in `new_credit` were no credit before, and do not expire.
    Without `guard` stock may fall below zero: what was sold already is sold. `stock_left` on the
    sale is what there is now of each variation. A document with a `series` has its `counter` from
    the device that gave it; the caller knows that the series is the register's. `last` says that
    nothing comes behind it in the transaction, which may then be over when this returns.
    Raises ledger.OutOfStock, credit.NotEnoughCredit, credit.CreditSpent, or OtherRequest when a
    document with this id exists elsewhere; either way the transaction must be rolled back.
    """
    assert connection.in_atomic_block, "a document is one transaction"
    _number(sale, register)
    for index, line in enumerate(lines, start=1):
        line.sale, line.line = sale, index
    for index, payment in enumerate(payments, start=1):
        payment.sale, payment.line = sale, index
    sale.chain_index = register.chain_length + 1
    sale.previous_hash = register.chain_hash
    content: dict[str, Any] = {
        "sale": _row(sale, _SALE_COLUMNS),
        "lines": [_row(line, _LINE_COLUMNS) for line in lines],
        "payments": [_row(payment, _PAYMENT_COLUMNS) for payment in payments],
    }
    sale.content_hash = content["sale"]["content_hash"] = _hash_of_rows(content)
    try:
        if connection.vendor == "postgresql":
            left = _by_function(sale, content, register, guard, last)
            if isinstance(sale, Sale):
                sale.stock_left = ledger.balances_of(left)
        else:
            sale.stock_left = _by_statements(sale, lines, payments, register, guard)
        _post_credit(sale, lines, payments, adds_credit, new_credit, paid_in)
    except IntegrityError as error:
        # The register's lock keeps its own numbers apart; only the id can be taken, by a document
        # of another register, whose movements carry it too. A row of another business gives the
        # same answer.
        if is_unique_violation(error):
            raise OtherRequest from error
        raise
    register.chain_length, register.chain_hash = sale.chain_index, sale.content_hash
    if isinstance(sale, Sale):
        _remember(sale, lines=lines, payments=payments)
    else:
        sale.lines, sale.payments = Parts(lines), Parts(payments)
    return sale


def _by_function(
    sale: Sale, content: Mapping[str, Any], register: Register, guard: bool, last: bool
) -> str:
    document = {
        **content,
        "guarded": guard and register.location.below_zero == Location.BelowZero.REFUSE,
        "event": plain(outbox.event(OF_DOCUMENT[sale.kind])),
    }
    try:
        left: str = ask("sales_post_v1", encode(document), last=last)
        return left
    except DatabaseError as error:
        ledger.raise_refusal(error)
        if refusal(error)[0] == "TB003":
            raise NoOpenShift from error
        raise


def _by_statements(
    sale: Sale,
    lines: Sequence[SaleLine],
    payments: Sequence[Payment],
    register: Register,
    guard: bool,
) -> Mapping[uuid.UUID, Decimal]:
    register.chain_length, register.chain_hash = sale.chain_index, sale.content_hash
    register.save(update_fields=[SERIES[Sale.Kind(sale.kind)][0], "chain_length", "chain_hash"])
    sale.save(force_insert=True)
    SaleLine.objects.bulk_create(lines)
    Payment.objects.bulk_create(payments)
    outbox.record(OF_DOCUMENT[sale.kind], sale.pk)
    return ledger.post(
        actor=sale.operator,
        kind=StockMovement.Kind.SALE,
        location=register.location,
        document_id=sale.pk,
        document_number=sale.number,
        entries=[_movement(line) for line in lines if line.is_stocked],
        at=sale.sold_at,
        guard=guard,
    )


def _movement(line: SaleLine) -> ledger.Entry:
    """What a customer brings back is told apart from what was sold, and from what a void undoes."""
    kind = StockMovement.Kind.SALE if line.refunds_id is None else StockMovement.Kind.REFUND
    return ledger.Entry(line.line, line.variation_id, -line.quantity, line.unit_cost, kind)


def _post_credit(
    sale: Sale,
    lines: Sequence[SaleLine],
    payments: Sequence[Payment],
    adds_credit: Collection[int],
    new_credit: Collection[int],
    paid_in: Collection[uuid.UUID],
) -> None:
    """What the document takes from the customer's credit and adds to it; the other way round where
    something comes back.

    Spent before bought, and given back before taken back.
    """
    changes = [
        credit.Change(
            CreditEntry.Kind.SPENT if payment.amount > 0 else CreditEntry.Kind.REFUNDED,
            -payment.amount,
            payment.line,
            is_new=payment.line in new_credit,
        )
        for payment in payments
        if payment.method == Payment.Method.CREDIT
    ]
    changes += [
        credit.Change(CreditEntry.Kind.BOUGHT, line.total, line.line)
        for line in lines
        if line.line in adds_credit
    ]
    if not changes:
        return
    assert sale.customer_id is not None, "credit is a customer's"
    credit.post(
        customer_id=sale.customer_id,
        changes=changes,
        document_id=sale.pk,
        document_number=sale.number,
        actor=sale.operator,
        gives_back=paid_in,
        at=sale.sold_at,
    )


def _remember(sale: Sale, **parts: Sequence[Any]) -> None:
    """Keep the rows just written as if they were prefetched: who shows the sale reads nothing.

    Only what never changes; what reverses the sale is always asked for.
    """
    for row in (sale, *(part for rows in parts.values() for part in rows)):
        row._state.adding, row._state.db = False, connection.alias
    known: dict[str, Any] = sale.__dict__.setdefault("_prefetched_objects_cache", {})
    for name, rows in parts.items():
        queryset = getattr(sale, name).get_queryset()
        queryset._result_cache = list(rows)
        queryset._prefetch_done = True
        known[name] = queryset


def _number(sale: Sale, register: Register) -> None:
    """Give the next number of the register's series; no gaps, because the row is locked.

    A number of a device's own series was given before, and takes none of the register's.
    """
    counter, letter = SERIES[Sale.Kind(sale.kind)]
    if sale.series:
        letter = sale.series
    else:
        sale.counter = getattr(register, counter) + 1
        setattr(register, counter, sale.counter)
    sale.number = number_of(register.prefix, letter, sale.counter)


def number_of(prefix: str, series: str, counter: int) -> str:
    """The number as receipts show it: HS1-000123, HS1-V000001, HS1-AB000017."""
    return f"{prefix}-{series}{counter:06d}"


def document_hash(sale: Any, lines: Iterable[Any], payments: Iterable[Any]) -> str:
    """SHA-256 over the previous document's hash and this one's content, in a canonical form.

    `sale`, `lines` and `payments` are rows, or whatever has the same columns.
    """
    return hash_of_values(
        sale.previous_hash, _SALE(sale), map(_line_values, lines), map(_PAYMENT, payments)
    )


def _line_values(line: Any) -> tuple[Any, ...]:
    return (*_LINE(line), getattr(line, REFUNDED_LINE, None))


def hash_of_values(
    previous_hash: str,
    sale: Sequence[Any],
    lines: Iterable[Sequence[Any]],
    payments: Iterable[Sequence[Any]],
) -> str:
    """The same hash of plain tuples, in the order of SALE_FIELDS, LINE_FIELDS and PAYMENT_FIELDS.

    A line may go on with its REFUNDED_LINE. What a tuple has beyond is left out.
    """
    content = {
        "sale": dict(zip(SALE_FIELDS, sale, strict=False)),
        "lines": [_line_content(line) for line in lines],
        "payments": [dict(zip(PAYMENT_FIELDS, one, strict=False)) for one in payments],
    }
    return _sealed(previous_hash, canonical(content))


def _hash_of_rows(content: Mapping[str, Any]) -> str:
    """The same hash of rows that are plain already."""
    sale = content["sale"]
    lines = [_picked(line, LINE_FIELDS) for line in content["lines"]]
    for line, row in zip(lines, content["lines"], strict=True):
        if row[REFUNDED_LINE] is not None:
            line[REFUNDED_LINE] = row[REFUNDED_LINE]
    hashed = {
        "sale": _picked(sale, SALE_FIELDS),
        "lines": lines,
        "payments": [_picked(payment, PAYMENT_FIELDS) for payment in content["payments"]],
    }
    return _sealed(sale["previous_hash"], encode(hashed))


def _picked(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _sealed(previous_hash: str, content: str) -> str:
    return hashlib.sha256((previous_hash + content).encode()).hexdigest()


def _line_content(values: Sequence[Any]) -> dict[str, Any]:
    content = dict(zip(LINE_FIELDS, values, strict=False))
    for refunded in values[len(LINE_FIELDS) : len(LINE_FIELDS) + 1]:
        if refunded is not None:
            content[REFUNDED_LINE] = refunded
    return content


def _row(row: Any, columns: Columns) -> dict[str, Any]:
    """The columns of a row that is to be written, as canonical JSON has them."""
    names, values_of = columns
    return {
        name: value if type(value) in OF_JSON else plain(value)
        for name, value in zip(names, values_of(row), strict=True)
    }


_SALE, _LINE, _PAYMENT = (
    attrgetter(*fields) for fields in (SALE_FIELDS, LINE_FIELDS, PAYMENT_FIELDS)
)
# What a row is made of, but for the keys of the business, of the document and of lines of their own.
_SALE_COLUMNS, _LINE_COLUMNS, _PAYMENT_COLUMNS = (
    (names, attrgetter(*names))
    for names in (
        [field.attname for field in model._meta.concrete_fields if field.attname not in given]
        for model, given in (
            (Sale, {"business_id"}),
            (SaleLine, {"business_id", "id", "sale_id"}),
            (Payment, {"business_id", "id", "sale_id"}),
        )
    )
)
