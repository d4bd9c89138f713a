"""What came back of sales: never more than was sold, and at what it was sold for (DESIGN 4 and 6)."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from archive.verify.rules import AMOUNT, ZERO, Look, Rule, away, rule
from sales.models import Payment, Sale, SaleLine

AREA = "documents"
KIND = Sale.Kind
BACK = (KIND.REFUND, KIND.EXCHANGE)


def _of_original(column: str) -> Any:
    """A column of the line that the row takes from."""
    line = SaleLine.objects.filter(sale=OuterRef("refunds"), line=OuterRef("refunds_line"))
    return Subquery(line.values(column)[:1])


def _sold() -> Any:
    """Lines of which something came back, with `back_…`: what did, as positive sums."""
    came = SaleLine.objects.filter(refunds=OuterRef("sale"), refunds_line=OuterRef("line"))

    def total(column: str) -> Any:
        sums = came.order_by().values("refunds", "refunds_line").annotate(sum=Sum(column))
        found = Subquery(sums.values("sum"), output_field=AMOUNT)
        return Value(-1) * Coalesce(found, ZERO, output_field=AMOUNT)

    columns = ("quantity", "total", "tax", "discount", "sale_discount")
    some = SaleLine.objects.filter(refunds__isnull=False).values("refunds")
    return SaleLine.objects.filter(sale__in=some, refunds=None).annotate(
        **{f"back_{column}": total(column) for column in columns}
    )


@rule(AREA, _("More of a sold line came back than was sold."), weight=2)
def nothing_comes_back_that_was_not_sold(look: Look) -> None:
    """DESIGN 6: however many refunds and exchanges there are of it."""
    wrong = _sold().filter(back_quantity__gt=F("quantity"))
    for pk, back, sold in look.first(wrong, "back_quantity", "quantity"):
        look.tell(SaleLine, pk, "quantity", f"at most {sold.normalize():f} back", back)


@rule(AREA, _("What came back of a line is not its share of what was paid for it."), weight=2)
def refunds_are_shares_of_the_line(look: Look) -> None:
    """DESIGN 4: all refunds of a line together are the sold amounts by quantity, rounded once; of
    the tax by the total. Of a line that came back as a whole they are what it was sold for."""
    for column in ("total", "discount", "sale_discount"):
        exact = F(column) * F("back_quantity")
        away(look, _sold(), f"back_{column}", exact, F("quantity"), named=column)
    taxed = _sold().exclude(total=0)
    away(look, taxed, "back_tax", F("tax") * F("back_total"), F("total"), named="tax")


@rule(
    AREA, _("A line that came back is not one of the sale that its document refers to."), weight=2
)
def refund_takes_from_its_sale(look: Look) -> None:
    """DESIGN 6: each line of a refund and each returned line of an exchange names a sold line of the
    document that its own refers to, of the same product and price; other lines name none. Goods
    that were not put back have no cost there."""
    named = Q(refunds__isnull=False)
    wrong = SaleLine.objects.filter(
        Q(named & ~Q(sale__kind__in=BACK))
        | Q(named & ~Q(refunds=F("sale__reverses")))
        | Q(refunds=None, sale__kind=KIND.REFUND)
        | Q(refunds=None, sale__kind=KIND.EXCHANGE, quantity__lte=0)
    )
    look.rows(wrong, "refunds_line", "a line of the sale it refers to", name="name")
    lines = SaleLine.objects.filter(named).annotate(
        sold_stocked=_of_original("is_stocked"),
        sold_cost=_of_original("unit_cost"),
        cost_here=Case(
            When(is_stocked=False, sold_stocked=True, then=ZERO),
            default=F("sold_cost"),
            output_field=AMOUNT,
        ),
    )
    sold = SaleLine.objects.filter(
        sale=OuterRef("refunds"),
        line=OuterRef("refunds_line"),
        variation=OuterRef("variation"),
        unit_price=OuterRef("unit_price"),
        refunds=None,
    )
    unsold = lines.filter(~Exists(sold))
    look.rows(unsold, "refunds_line", "a sold line, of the same product and price")
    look.unequal(lines, {"unit_cost": F("cost_here")})


@rule(AREA, _("A sale was refunded and voided."))
def voided_sale_is_not_refunded(look: Look) -> None:
    """DESIGN 6: stock and money come back exactly once."""
    voids = Sale.objects.filter(kind=KIND.VOID).values("reverses")
    wrong = Sale.objects.filter(kind__in=BACK, reverses__in=voids)
    look.rows(wrong, "reverses", "a sale that is not voided", name="number")


@rule(AREA, _("A refund took money, or an exchange gave it the wrong way."))
def money_of_a_refund_goes_back(look: Look) -> None:
    """DESIGN 1: the payments of a refund are all given back, those of an exchange go one way, the
    way of its total."""
    to_pay = F("sale__total") + F("sale__rounding")
    payments = Payment.objects.annotate(due=to_pay)
    wrong = payments.filter(
        Q(sale__kind=KIND.REFUND, amount__gt=0)
        | Q(sale__kind=KIND.EXCHANGE, amount__gt=0, sale__total__lte=0)
        | Q(sale__kind=KIND.EXCHANGE, amount__lt=0, sale__total__gte=0)
    )
    look.rows(wrong, "amount", "an amount in the direction of the document")


@rule(AREA, _("More went back to a card than was paid with it."))
def card_gets_back_what_it_paid(look: Look) -> None:
    """DESIGN 6: by card, and by other ways than cash and credit, never more than came by them."""
    for method in (Payment.Method.CARD, Payment.Method.OTHER):
        back = Payment.objects.filter(
            method=method, amount__lt=0, sale__kind__in=BACK, sale__reverses=OuterRef("pk")
        ).order_by()
        paid = Payment.objects.filter(method=method, amount__gt=0, sale=OuterRef("pk")).order_by()
        sales = Sale.objects.filter(Exists(back), kind=KIND.SALE).annotate(
            paid=_sum(paid.values("sale")),
            back=Value(-1) * _sum(back.values("sale__reverses")),
        )
        for pk, came, went in look.first(sales.filter(back__gt=F("paid")), "paid", "back"):
            look.tell(Sale, pk, "payments", f"at most {came.normalize():f} back by {method}", went)


def _sum(groups: Any) -> Any:
    found = Subquery(groups.annotate(sum=Sum("amount")).values("sum"), output_field=AMOUNT)
    return Coalesce(found, ZERO, output_field=AMOUNT)


RULES: tuple[Rule, ...] = (
    nothing_comes_back_that_was_not_sold,
    refunds_are_shares_of_the_line,
    refund_takes_from_its_sale,
    voided_sale_is_not_refunded,
    money_of_a_refund_goes_back,
    card_gets_back_what_it_paid,
)
