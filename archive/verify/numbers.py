"""Receipt numbers (DESIGN 6); the chain of hashes is in `chain.py`."""

from __future__ import annotations

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat, LPad
from django.utils.translation import gettext_lazy as _

from archive.verify.chain import AREA, chain_is_whole
from archive.verify.rules import Look, Rule, rule
from sales.models import Register, Sale
from sales.posting import SERIES


@rule(AREA, _("Several receipts have the same number."), weight=2)
def number_is_unique(look: Look) -> None:
    """DESIGN 6; LESSONS 14: series that collided."""
    look.doubles(Sale.objects.all(), F("number"), "number")


@rule(AREA, _("Receipt numbers of a register are missing, or its counter is wrong."), weight=2)
def numbers_have_no_gaps(look: Look) -> None:
    """DESIGN 6: each register's documents of a kind are numbered from 1 to its counter. What a device
    numbered by itself is in a series of its own (`offline.py`).

    Kinds that come in with a history only have no counter at the register: from 1 to their last.
    """
    given = (
        Sale.objects.filter(series="")
        .order_by()
        .values("register_id", "kind")
        .annotate(n=Count("counter", distinct=True), first=Min("counter"), last=Max("counter"))
        .annotate(
            mark=Case(
                *(When(kind=kind, then=F(f"register__{c}")) for kind, (c, _l) in SERIES.items()),
                default=F("last"),
            )
        )
        .exclude(first=1, n=F("last"), last=F("mark"))
    )
    for register, kind, n, first, last, mark in given.order_by("register_id", "kind").values_list(
        "register_id", "kind", "n", "first", "last", "mark"
    ):
        if (first, n) != (1, last):
            found = f"{n} documents from {first} to {last}"
            look.tell(Register, register, f"{kind} numbers", f"1 to {last} without a gap", found)
        if mark != last:
            look.tell(Register, register, SERIES[Sale.Kind(kind)][0], last, mark)
    for kind, (column, _letter) in SERIES.items():
        some = Sale.objects.filter(register=OuterRef("pk"), kind=kind, series="")
        lost = Register.objects.filter(~Exists(some), **{f"{column}__gt": 0})
        for pk, last in look.first(lost, column):
            look.tell(Register, pk, column, "0, for there is no document", last)


@rule(AREA, _("A receipt number is not made of its register's prefix and its counter."), weight=2)
def number_is_prefix_and_counter(look: Look) -> None:
    """DESIGN 6: a till can number its receipts offline. A history keeps the numbers it came with."""
    digits = Cast("counter", CharField())
    padded = Case(When(counter__gte=10**6, then=digits), default=LPad(digits, 6, Value("0")))
    letter = Case(
        When(~Q(series=""), then=F("series")),
        *(When(kind=kind, then=Value(letter)) for kind, (_column, letter) in SERIES.items()),
        default=Value(""),
        output_field=CharField(),
    )
    made = Concat(F("register__prefix"), Value("-"), letter, padded, output_field=CharField())
    sales = Sale.objects.filter(register__is_history=False).annotate(made=made)
    for pk, expected, found in look.first(sales.exclude(number=F("made")), "made", "number"):
        look.tell(Sale, pk, "number", expected, found)


RULES: tuple[Rule, ...] = (
    number_is_unique,
    numbers_have_no_gaps,
    number_is_prefix_and_counter,
    chain_is_whole,
)
