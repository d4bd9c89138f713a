"""Documents that were finished elsewhere: an older system's, or another installation's.

They are stored as they happened, with the number, time and amounts that they had. Nothing is priced
and nobody is asked; the register's numbers, counters and chain hold for them as for every other
document. Besides `posting.py` this is the only writer of documents, and the only place where some are
removed: those of a register of history that nothing came after, because the import that brought them
is taken back. They are still in the books of the system that they came from.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from sales.models import Payment, Register, Sale, SaleLine, Shift
from sales.posting import SERIES, document_hash
from sales.shifts import lock_register
from tenants.bulk import insert_rows
from tenants.errors import Refused
from tenants.ids import uuid7
from tenants.models import Location

ZERO = Decimal(0)
BATCH = 1000


@dataclass(slots=True)
class PastLine:
    """A line as `SaleLine` has it; amounts have at most four decimals and are not computed here.

    `is_stocked` says that the line moved stock: then its movement must be recorded as well.
    """

    line: int
    variation_id: uuid.UUID
    name: str
    sku: str
    quantity: Decimal
    unit_price: Decimal
    gross: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    discount: Decimal = ZERO
    sale_discount: Decimal = ZERO
    unit_cost: Decimal = ZERO
    tax_name: str = ""
    tax_rate: Decimal = ZERO
    tax_inclusive: bool = True
    discount_kind: str = ""
    discount_value: Decimal | None = None
    is_stocked: bool = False
    refunds_id: uuid.UUID | None = None
    refunds_line: int | None = None


@dataclass(slots=True)
class PastPayment:
    """A payment as `Payment` has it."""

    line: int
    method: str
    amount: Decimal
    tendered: Decimal
    change: Decimal = ZERO
    card_brand: str = ""
    card_last4: str = ""
    reference: str = ""


@dataclass(slots=True)
class PastDocument:
    """A finished document as `Sale` has it, with its parts.

    `counter` None: the next of its kind on the register. `request_hash` tells a later import
    whether a document that it finds again is the same.
    """

    number: str
    kind: str
    shift_id: uuid.UUID
    operator_id: Any
    sold_at: datetime
    business_date: date
    currency: str
    item_count: Decimal
    subtotal: Decimal
    discount: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: Sequence[PastLine]
    payments: Sequence[PastPayment] = ()
    rounding: Decimal = ZERO
    request_hash: str = ""
    id: uuid.UUID = field(default_factory=uuid7)
    counter: int | None = None
    device_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    reverses_id: uuid.UUID | None = None
    reason: str = ""
    note: str = ""
    # With a series the counter is of it, and none of the register's.
    series: str = ""
    is_offline: bool = False
    discount_kind: str = ""
    discount_value: Decimal | None = None
    created_at: datetime = field(default_factory=timezone.now)
    # Set while it is written.
    location_id: uuid.UUID | None = None
    register_id: uuid.UUID | None = None
    chain_index: int = 0
    previous_hash: str = ""
    content_hash: str = ""


SALE_COLUMNS = (
    "id", "kind", "number", "counter", "location_id", "register_id", "shift_id", "operator_id",
    "device_id", "customer_id", "reverses_id", "reason", "note", "sold_at", "business_date",
    "created_at", "currency", "item_count", "subtotal", "discount", "net", "tax", "total",
    "rounding", "discount_kind", "discount_value", "series", "is_offline", "request_hash",
    "chain_index", "previous_hash", "content_hash",
)  # fmt: skip
LINE_COLUMNS = (
    "line", "variation_id", "name", "sku", "quantity", "unit_price", "unit_cost", "gross",
    "discount", "sale_discount", "net", "tax", "total", "tax_name", "tax_rate", "tax_inclusive",
    "discount_kind", "discount_value", "is_stocked", "refunds_id", "refunds_line",
)  # fmt: skip
PAYMENT_COLUMNS = (
    "line", "method", "amount", "tendered", "change", "card_brand", "card_last4", "reference",
)  # fmt: skip


def post_history(
    documents: Iterable[PastDocument],
    *,
    register: Register,
    wrote: Callable[[int], None] = lambda lines: None,
) -> int:
    """Write complete documents of this register, in their order, and return how many.

    Each takes the next place in the register's chain; the register's counters become the highest
    that were given. A document that reverses another comes after it. A few statements for every
    thousand documents, whatever their number; `wrote` hears how many lines each of them had.
    Must run in a transaction; locks the register's row. Stock is not moved here: for lines that
    are stocked the caller records the movements with inventory.ledger_history.
    Raises IntegrityError where a number, an id or a counter is taken or the sums do not add up.
    """
    assert connection.in_atomic_block, "documents and their register are one transaction"
    locked = lock_register(register)
    counters = _counters(locked)
    remaining = iter(documents)
    total = 0
    while batch := list(islice(remaining, BATCH)):
        for document in batch:
            _chain(document, locked, counters)
        _write(batch)
        total += len(batch)
        wrote(sum(len(document.lines) for document in batch))
    for kind, (column, _letter) in SERIES.items():
        setattr(locked, column, counters.get(kind.value, 0))
    columns = ["chain_length", "chain_hash", *(column for column, _letter in SERIES.values())]
    locked.save(update_fields=columns)
    for column in columns:
        setattr(register, column, getattr(locked, column))
    return total


def _counters(register: Register) -> dict[str, int]:
    """The last number of each kind; kinds that come in with history only have no column for it."""
    given = Sale.objects.filter(register=register, series="").order_by().values_list("kind")
    last = dict(given.annotate(last=Max("counter")))
    for kind, (column, _letter) in SERIES.items():
        last[kind.value] = getattr(register, column)
    return last


def _chain(document: PastDocument, register: Register, counters: dict[str, int]) -> None:
    if not document.series:
        kind = str(document.kind)
        last = counters.get(kind, 0)
        if document.counter is None:
            document.counter = last + 1
        counters[kind] = max(last, document.counter)
    document.location_id, document.register_id = register.location_id, register.pk
    document.chain_index = register.chain_length + 1
    document.previous_hash = register.chain_hash
    document.content_hash = document_hash(document, document.lines, document.payments)
    register.chain_length, register.chain_hash = document.chain_index, document.content_hash


def _write(documents: Sequence[PastDocument]) -> None:
    insert_rows(Sale, SALE_COLUMNS, (_values(one, SALE_COLUMNS) for one in documents))
    insert_rows(SaleLine, ("sale_id", *LINE_COLUMNS), _parts(documents, "lines", LINE_COLUMNS))
    insert_rows(
        Payment, ("sale_id", *PAYMENT_COLUMNS), _parts(documents, "payments", PAYMENT_COLUMNS)
    )


def _parts(
    documents: Sequence[PastDocument], name: str, columns: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    for document in documents:
        for part in getattr(document, name):
            yield (document.id, *_values(part, columns))


def _values(row: Any, columns: Sequence[str]) -> list[Any]:
    return [getattr(row, column) for column in columns]


def history_register(location: Location, *, by: User) -> tuple[Register, Shift]:
    """The register that holds a location's imported history, and its one closed shift.

    Made at the first call: switched off, without a drawer, its shift in the name of `by`. The
    caller keeps other imports of the business out (a lock on the business's row), so that there is
    one of them.
    """
    register = Register.objects.filter(location=location, is_history=True).first()
    if register is not None:
        shift = register.shifts.order_by("number").first()
        assert shift is not None, "a history register is made together with its shift"
        return register, shift
    now = timezone.now()
    with transaction.atomic():
        register = Register.objects.create(
            name=_("History"),
            location=location,
            prefix=_free_prefix(),
            is_active=False,
            is_history=True,
        )
        shift = Shift.objects.create(
            register=register,
            number=1,
            opened_by=by,
            opened_at=now,
            closed_by=by,
            closed_at=now,
            counted_cash=ZERO,
            expected_cash=ZERO,
            difference=ZERO,
        )
    return register, shift


# How far a register has come: its place in the chain, and the last numbers that it gave.
HEAD = ("chain_length", "chain_hash", *(column for column, _letter in SERIES.values()))


def head_of(register: Register) -> dict[str, Any]:
    return {name: getattr(register, name) for name in HEAD}


def take_back_history(
    *,
    register: Register,
    since: Mapping[str, Any],
    until: Mapping[str, Any],
    removed: Callable[[int], None] = lambda documents: None,
) -> int:
    """Remove a history register's documents that came after the head `since`, and return how many.

    The register is then as it was at `since`: nothing of them is left, and no number or place of the
    chain is missing. Nothing else of the books refers to them: their movements of stock are to be taken
    back before, with inventory.ledger_history. A few statements for every thousand, `removed` hears
    of each. Must run in a transaction; locks the register's row. Raises Refused unless the register
    stands at `until`: what came after it is chained to it.
    """
    assert connection.in_atomic_block, "documents and their register are one transaction"
    locked = lock_register(register)
    if not locked.is_history or head_of(locked) != dict(until):
        raise Refused("history_went_on", _("More history came in after it at this location."))
    first, last = since["chain_length"], until["chain_length"]
    # From the end: what reverses a document comes after it.
    for end in range(last, first, -BATCH):
        places = (max(first, end - BATCH) + 1, end)
        sales = Sale.objects.filter(register=locked, chain_index__range=places)
        for part in (Payment, SaleLine):
            rows = part.objects.filter(sale__in=sales.values("pk"))
            # Without asking what depends on each: the keys of the database know.
            rows._raw_delete(rows.db)
        sales._raw_delete(sales.db)
        removed(places[1] - places[0] + 1)
    for name in HEAD:
        setattr(locked, name, since[name])
    locked.save(update_fields=HEAD)
    return int(last - first)


def remove_history_register(register: Register) -> None:
    """Remove an empty register of history with its shift, as `history_register()` made them."""
    assert register.is_history, "no other register is ever removed"
    Shift.objects.filter(register=register).delete()
    Register.objects.filter(pk=register.pk, chain_length=0).delete()


def _free_prefix() -> str:
    taken = set(Register.objects.filter(prefix__startswith="HIST").values_list("prefix", flat=True))
    number = 1
    while f"HIST{number}" in taken:
        number += 1
    return f"HIST{number}"
