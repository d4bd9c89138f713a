"""What must hold in the books of the bound business, whatever was done: one function a rule.

Each function reads with a fixed number of statements (the chain: one for each 500 documents) and
answers with what does not hold. None of them writes. Comparisons are to four places, because SQLite
keeps decimals as floating point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Abs, Coalesce, Round

from inventory.models import StockDocument, StockLevel, StockMovement
from sales.models import Payment, Register, Sale, SaleLine, Shift
from sales.posting import SERIES, document_hash
from tenants.context import current

AMOUNT: DecimalField[Any, Any] = DecimalField(max_digits=30, decimal_places=4)
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """A value that is not what other rows say it must be. `expected` and `found` are for people."""

    rule: str
    table: str
    id: str
    column: str
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.rule}: {self.table} {self.id}: {self.column} is {self.found}, "
            f"expected {self.expected}"
        )


Rule = Callable[[], list[Finding]]


# -- stock ----------------------------------------------------------------------------------------


def level_is_the_sum_of_its_movements() -> list[Finding]:
    return _compare(
        "level_is_the_sum_of_its_movements",
        StockLevel.objects.all(),
        {"quantity": Sum("movements__quantity")},
    )


def balance_runs_with_the_movements() -> list[Finding]:
    """Each movement's balance is the sum of the level's movements up to it."""
    running = Window(Sum("quantity"), partition_by=F("level"), order_by=F("id").asc())
    return _compare(
        "balance_runs_with_the_movements", StockMovement.objects.all(), {"balance": running}
    )


def stock_moved_as_sold() -> list[Finding]:
    """Every stocked line of a sale or void moved its quantity, of its product, at its location.

    Level and ledger can agree and both be wrong; the sales say what must have moved.
    """
    moved = StockMovement.objects.filter(
        kind=StockMovement.Kind.SALE,
        document_id=OuterRef("sale_id"),
        line=OuterRef("line"),
        level__variation=OuterRef("variation"),
        level__location=OuterRef("sale__location"),
    ).values("quantity")[:1]
    return _compare(
        "stock_moved_as_sold",
        SaleLine.objects.filter(is_stocked=True),
        {"quantity": Value(-1) * Subquery(moved, output_field=AMOUNT)},
    )


def movement_has_its_document() -> list[Finding]:
    line = SaleLine.objects.filter(
        sale=OuterRef("document_id"), line=OuterRef("line"), is_stocked=True
    )
    document = StockDocument.objects.filter(pk=OuterRef("document_id"), kind=OuterRef("kind"))
    kinds = StockMovement.Kind
    orphans = StockMovement.objects.filter(
        Q(kind=kinds.SALE) & ~Exists(line)
        | Q(kind__in=[kinds.OPENING, kinds.CORRECTION]) & ~Exists(document)
    )
    return [
        _finding("movement_has_its_document", StockMovement, pk, "document", "a document", number)
        for pk, number in orphans.order_by("pk").values_list("pk", "document_number")
    ]


# -- lines, sales, payments -----------------------------------------------------------------------


def line_adds_up() -> list[Finding]:
    """net + tax = total, and what was asked for less the discounts is what the price displays."""
    displayed = Case(When(tax_inclusive=True, then=F("total")), default=F("net"))
    return _compare(
        "line_adds_up",
        SaleLine.objects.all(),
        {
            "total": F("net") + F("tax"),
            "gross": displayed + F("discount") + F("sale_discount"),
        },
    )


def line_is_quantity_times_price() -> list[Finding]:
    """gross is quantity x unit price, rounded to the minor unit and so at most half of one away."""
    half = Value(Decimal(5).scaleb(-current().digits - 1), output_field=AMOUNT)
    away = Abs(F("gross") - F("quantity") * F("unit_price"), output_field=AMOUNT)
    wrong = SaleLine.objects.annotate(
        product=F("quantity") * F("unit_price"), away=Round(away, 4) - half
    ).filter(away__gt=0)
    return [
        _finding("line_is_quantity_times_price", SaleLine, pk, "gross", expected, found)
        for pk, expected, found in wrong.order_by("pk").values_list("pk", "product", "gross")
    ]


def sale_is_the_sum_of_its_lines() -> list[Finding]:
    return _compare(
        "sale_is_the_sum_of_its_lines",
        Sale.objects.all(),
        {
            "net": Sum("lines__net"),
            "tax": Sum("lines__tax"),
            "total": Sum("lines__total"),
            "discount": Sum("lines__sale_discount"),
            "subtotal": Sum(F("lines__gross") - F("lines__discount")),
        },
    )


def payments_pay_the_sale() -> list[Finding]:
    """What the payments came to is the total with its cash rounding."""
    return _compare(
        "payments_pay_the_sale",
        Sale.objects.all(),
        {"total": Coalesce(Sum("payments__amount"), 0, output_field=AMOUNT) - F("rounding")},
    )


def tendered_is_paid_and_change() -> list[Finding]:
    return _compare(
        "tendered_is_paid_and_change",
        Payment.objects.all(),
        {"tendered": F("amount") + F("change")},
    )


# -- voids ----------------------------------------------------------------------------------------


def void_nets_to_zero() -> list[Finding]:
    """A void is its sale with the signs turned: in its sums, each line and each payment."""
    sums = ("subtotal", "discount", "net", "tax", "total", "rounding")
    voids = Q(sale__kind=Sale.Kind.VOID)
    same = {"sale": OuterRef("sale__reverses"), "line": OuterRef("line")}
    return [
        *_compare(
            "void_nets_to_zero",
            Sale.objects.filter(kind=Sale.Kind.VOID),
            {name: Value(-1) * F(f"reverses__{name}") for name in sums},
        ),
        *_compare(
            "void_nets_to_zero",
            SaleLine.objects.filter(voids),
            {
                name: _negated(SaleLine.objects.filter(**same), name)
                for name in ("quantity", "net", "tax", "total")
            },
        ),
        *_compare(
            "void_nets_to_zero",
            Payment.objects.filter(voids),
            {"amount": _negated(Payment.objects.filter(**same), "amount")},
        ),
    ]


def _negated(rows: QuerySet[Any], column: str) -> Any:
    return Value(-1) * Subquery(rows.values(column)[:1], output_field=AMOUNT)


# -- drawers --------------------------------------------------------------------------------------


def drawer_is_float_and_cash() -> list[Finding]:
    """Of a closed shift: expected is float + cash, and difference is counted less expected."""
    cash = Sum(
        "sales__payments__amount", filter=Q(sales__payments__method=Payment.Method.CASH), default=0
    )
    return _compare(
        "drawer_is_float_and_cash",
        Shift.objects.filter(closed_at__isnull=False),
        {
            "expected_cash": F("opening_float") + cash,
            "difference": F("counted_cash") - F("expected_cash"),
        },
    )


def sale_stands_where_it_was_made() -> list[Finding]:
    """The shift is one of the register, and the location is the register's."""
    wrong = Sale.objects.exclude(
        Q(shift__register=F("register")) & Q(location=F("register__location"))
    )
    return [
        _finding("sale_stands_where_it_was_made", Sale, pk, "register", "one place", number)
        for pk, number in wrong.order_by("pk").values_list("pk", "number")
    ]


# -- numbers and the chain ------------------------------------------------------------------------


def numbers_have_no_gaps() -> list[Finding]:
    """Each register's documents of a kind are numbered from 1 to its counter."""
    given = {
        (register, kind): (count, highest)
        for register, kind, count, highest in Sale.objects.order_by()
        .values_list("register", "kind")
        .annotate(count=Count("pk"), highest=Max("counter"))
    }
    findings = []
    for register in Register.objects.order_by("pk"):
        for kind, (counter, _letter) in SERIES.items():
            last = getattr(register, counter)
            found = given.get((register.pk, kind.value), (0, 0))
            if found != (last, last):
                said = f"{found[0]} documents up to number {found[1]}"
                findings.append(
                    _finding("numbers_have_no_gaps", Register, register.pk, counter, last, said)
                )
    return findings


def chain_is_whole() -> list[Finding]:
    """Every document's hash is that of its rows and of the document before it, up to the
    register's own mark; its number is its register's, series and counter."""
    findings = []
    for register in Register.objects.order_by("pk"):
        previous, place = "", 0
        for sale in _documents(register):
            place += 1
            letter = SERIES[Sale.Kind(sale.kind)][1]
            expected = {
                "chain_index": place,
                "previous_hash": previous,
                "content_hash": document_hash(
                    sale, list(sale.lines.all()), list(sale.payments.all())
                ),
                "number": f"{register.prefix}-{letter}{sale.counter:06d}",
            }
            findings += _unlike("chain_is_whole", sale, expected)
            place, previous = sale.chain_index, sale.content_hash
        expected = {"chain_length": place, "chain_hash": previous}
        findings += _unlike("chain_is_whole", register, expected)
    return findings


def _documents(register: Register) -> Iterator[Sale]:
    """In the order of the chain, in chunks: a long history does not have to fit into memory."""
    last = 0
    while True:
        chunk = list(
            Sale.objects.filter(register=register, chain_index__gt=last)
            .order_by("chain_index")
            .prefetch_related("lines", "payments")[:CHUNK]
        )
        yield from chunk
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].chain_index


RULES: tuple[Rule, ...] = (
    level_is_the_sum_of_its_movements,
    balance_runs_with_the_movements,
    stock_moved_as_sold,
    movement_has_its_document,
    line_adds_up,
    line_is_quantity_times_price,
    sale_is_the_sum_of_its_lines,
    payments_pay_the_sale,
    tendered_is_paid_and_change,
    void_nets_to_zero,
    drawer_is_float_and_cash,
    sale_stands_where_it_was_made,
    numbers_have_no_gaps,
    chain_is_whole,
)


def check_books() -> list[Finding]:
    """Everything that does not hold in the bound business; empty when the books are right."""
    return [finding for rule in RULES for finding in rule()]


# -- how a rule is asked --------------------------------------------------------------------------


def _compare(rule: str, rows: QuerySet[Any], expected: Mapping[str, Any]) -> list[Finding]:
    """Rows whose column is not what its expression says; no value counts as zero."""
    rows = rows.annotate(
        **{
            f"expected_{column}": Coalesce(
                expression, Value(0, output_field=AMOUNT), output_field=AMOUNT
            )
            for column, expression in expected.items()
        }
    ).annotate(
        **{
            f"off_{column}": Round(F(column) - F(f"expected_{column}"), 4, output_field=AMOUNT)
            for column in expected
        }
    )
    wrong = rows.filter(reduce(or_, (~Q(**{f"off_{column}": 0}) for column in expected)))
    names = [name for column in expected for name in (column, f"expected_{column}")]
    return [
        _finding(rule, rows.model, row["pk"], column, row[f"expected_{column}"], row[column])
        for row in wrong.order_by("pk").values("pk", *names, *(f"off_{c}" for c in expected))
        for column in expected
        if row[f"off_{column}"]
    ]


def _unlike(rule: str, row: Sale | Register, expected: Mapping[str, Any]) -> list[Finding]:
    return [
        _finding(rule, type(row), row.pk, column, value, getattr(row, column))
        for column, value in expected.items()
        if getattr(row, column) != value
    ]


def _finding(
    rule: str, model: type[Any], pk: Any, column: str, expected: Any, found: Any
) -> Finding:
    return Finding(rule, model._meta.db_table, str(pk), column, str(expected), str(found))
