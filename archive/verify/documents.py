"""Lines, sums, discounts, taxes and payments of sales, and voids (DESIGN 4 and 6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from archive.verify.rules import AMOUNT, FINE, ONE, ZERO, Look, Rule, away, rule, with_its
from sales.models import Payment, Register, Sale, SaleLine
from tenants.context import current

AREA = "documents"
HUNDRED = Value(Decimal(100), output_field=FINE)


def _priced() -> QuerySet[SaleLine]:
    """Lines that our pricing made; what came in with a history was priced elsewhere, and what came
    back is a share of a line (`refunds.py`)."""
    lines: QuerySet[SaleLine] = SaleLine.objects.filter(refunds=None)
    if Register.objects.filter(is_history=True).exists():
        lines = lines.filter(sale__register__is_history=False)
    return lines


@rule(AREA, _("A sale has no lines."))
def sale_has_lines(look: Look) -> None:
    """DESIGN 6: a document is written with its lines."""
    lines = SaleLine.objects.filter(sale=OuterRef("pk"))
    look.rows(
        Sale.objects.filter(~Exists(lines)), "lines", "at least one", found="none", name="number"
    )


@rule(AREA, _("The amounts of a line of a sale do not add up."), weight=2)
def line_adds_up(look: Look) -> None:
    """DESIGN 4: net + tax = total, and what was asked for less the discounts is what the price
    displays."""
    displayed = Case(When(tax_inclusive=True, then=F("total")), default=F("net"))
    look.unequal(
        SaleLine.objects.all(),
        {
            "total": F("net") + F("tax"),
            "gross": displayed + F("discount") + F("sale_discount"),
        },
    )


@rule(AREA, _("A line of a sale is not its quantity times its price."), weight=2)
def line_is_quantity_times_price(look: Look) -> None:
    """DESIGN 4: gross is quantity x unit price, rounded once to the minor unit."""
    lines = SaleLine.objects.filter(refunds=None)
    away(look, lines, "gross", F("quantity") * F("unit_price"))


@rule(AREA, _("The tax of a line of a sale is not that of its rate."), weight=2)
def tax_is_that_of_its_rate(look: Look) -> None:
    """DESIGN 4: per line, from the amount shown, rounded once to the minor unit."""
    shown = Case(When(tax_inclusive=True, then=F("total")), default=F("net"))
    whole = Case(
        When(tax_inclusive=True, then=HUNDRED + F("tax_rate")), default=HUNDRED, output_field=FINE
    )
    away(look, _priced(), "tax", shown * F("tax_rate"), whole)


@rule(AREA, _("The discount of a line is not what was agreed for it."), weight=2)
def line_discount_is_as_agreed(look: Look) -> None:
    """DESIGN 4: an amount as it is, a percentage of gross rounded once; none without a kind."""
    sign = Case(When(gross__lt=0, then=Value(Decimal(-1))), default=Value(Decimal(1)))
    away(look, _priced(), "discount", _agreed(F("gross"), sign), HUNDRED)


@rule(AREA, _("The discount of a sale is not what was agreed for it."))
def sale_discount_is_as_agreed(look: Look) -> None:
    """DESIGN 4: as for lines, of the subtotal. A void has the discount without its kind."""
    sales = Sale.objects.filter(kind=Sale.Kind.SALE, register__is_history=False)
    away(look, sales, "discount", _agreed(F("subtotal"), ONE), HUNDRED)


def _agreed(base: Any, sign: Any) -> Any:
    """A hundred times the discount that kind and value come to."""
    value = Coalesce(F("discount_value"), ZERO)
    return Case(
        When(discount_kind="percent", then=base * value),
        When(discount_kind="fixed", then=value * sign * HUNDRED),
        default=ZERO,
        output_field=FINE,
    )


@rule(AREA, _("The sums of a sale are not those of its lines."), weight=5)
def sale_is_the_sum_of_its_lines(look: Look) -> None:
    """DESIGN 4: the lines always sum to the total."""
    look.unequal(
        with_its(Sale.objects.all(), "lines"),
        {
            "net": Sum("its__net"),
            "tax": Sum("its__tax"),
            "total": Sum("its__total"),
            "discount": Sum("its__sale_discount"),
            "subtotal": Sum(F("its__gross") - F("its__discount")),
        },
    )


@rule(AREA, _("Net and tax of a sale do not make its total."))
def sale_adds_up(look: Look) -> None:
    """DESIGN 4: net + tax = total."""
    look.unequal(Sale.objects.all(), {"total": F("net") + F("tax")})


@rule(AREA, _("The payments of a sale do not come to its total."), weight=3)
def payments_pay_the_sale(look: Look) -> None:
    """DESIGN 1: what the payments came to is the total with its cash rounding."""
    paid = Coalesce(Sum("its__amount"), ZERO, output_field=AMOUNT)
    look.unequal(with_its(Sale.objects.all(), "payments"), {"total": paid - F("rounding")})


@rule(AREA, _("What was given, what was paid and the change do not agree."))
def tendered_is_paid_and_change(look: Look) -> None:
    """DESIGN 12: paid + change = given. LESSONS 12: change is no expense, and only of cash."""
    look.unequal(Payment.objects.all(), {"tendered": F("amount") + F("change")})
    wrong = Payment.objects.exclude(Q(change__gte=0) & (Q(method="cash") | Q(change=0)))
    look.rows(wrong, "change", "nothing, or change of cash")


@rule(AREA, _("A sale has another currency than the business."))
def sale_is_in_the_currency(look: Look) -> None:
    """DESIGN 4: amounts are in the currency of the business."""
    wrong = Sale.objects.exclude(currency=current().currency)
    look.rows(wrong, "currency", current().currency)


@rule(AREA, _("A document reverses nothing, or reverses and is no void, or has the wrong sign."))
def document_is_of_its_kind(look: Look) -> None:
    """DESIGN 6: voids reverse a sale with negative amounts, refunds and exchanges take from a sale
    or an exchange; other kinds refer to nothing, and returns, adjustments and write-offs come from a
    history alone."""
    kind = Sale.Kind
    right = (
        Q(kind=kind.SALE, reverses=None, total__gte=0)
        | Q(kind=kind.VOID, reverses__kind=kind.SALE, total__lte=0)
        | Q(kind=kind.REFUND, reverses__kind__in=(kind.SALE, kind.EXCHANGE), total__lte=0)
        | Q(kind=kind.EXCHANGE, reverses__kind__in=(kind.SALE, kind.EXCHANGE))
        | Q(kind=kind.RETURN, reverses=None, total__lte=0, register__is_history=True)
        | Q(kind=kind.ADJUSTMENT, reverses=None, register__is_history=True)
        | Q(kind=kind.WRITE_OFF, reverses=None, total=0, register__is_history=True)
    )
    look.rows(
        Sale.objects.exclude(right),
        "kind",
        "one that fits its sign, its register and what it reverses",
        name="number",
    )


# -- voids ----------------------------------------------------------------------------------------


@rule(AREA, _("A void does not take back exactly what was sold."), weight=3)
def void_nets_to_zero(look: Look) -> None:
    """DESIGN 6; LESSONS 10: a void is its sale with the signs turned: in its sums, each line and
    each payment."""
    sums = ("subtotal", "discount", "net", "tax", "total", "rounding")
    voids = Q(sale__kind=Sale.Kind.VOID)
    same = {"sale": OuterRef("sale__reverses"), "line": OuterRef("line")}
    look.unequal(
        Sale.objects.filter(kind=Sale.Kind.VOID),
        {name: Value(-1) * F(f"reverses__{name}") for name in sums},
    )
    look.unequal(
        SaleLine.objects.filter(voids),
        {
            name: _negated(SaleLine.objects.filter(**same), name)
            for name in ("quantity", "net", "tax", "total")
        },
    )
    look.unequal(
        Payment.objects.filter(voids),
        {"amount": _negated(Payment.objects.filter(**same), "amount")},
    )
    back = SaleLine.objects.filter(
        sale__reverses=OuterRef("sale_id"), sale__kind=Sale.Kind.VOID, line=OuterRef("line")
    )
    voided = Sale.objects.filter(kind=Sale.Kind.VOID).values("reverses")
    left = SaleLine.objects.filter(~Exists(back), sale__in=voided)
    look.rows(left, "line", "a line of the void that takes it back")


def _negated(rows: QuerySet[Any], column: str) -> Any:
    return Value(-1) * Subquery(rows.values(column)[:1], output_field=AMOUNT)


@rule(AREA, _("A sale is voided twice."))
def sale_is_voided_once(look: Look) -> None:
    """DESIGN 6; LESSONS 10: stock and money come back exactly once."""
    look.doubles(Sale.objects.filter(kind=Sale.Kind.VOID), F("reverses"), "reverses")


RULES: tuple[Rule, ...] = (
    sale_has_lines,
    line_adds_up,
    line_is_quantity_times_price,
    tax_is_that_of_its_rate,
    line_discount_is_as_agreed,
    sale_discount_is_as_agreed,
    sale_is_the_sum_of_its_lines,
    sale_adds_up,
    payments_pay_the_sale,
    tendered_is_paid_and_change,
    sale_is_in_the_currency,
    document_is_of_its_kind,
    void_nets_to_zero,
    sale_is_voided_once,
)
