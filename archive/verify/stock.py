"""Levels, movements, and the documents that moved them (DESIGN 5)."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum, UUIDField, Value, Window
from django.utils.translation import gettext_lazy as _

from archive.verify.report import Level
from archive.verify.rules import AMOUNT, Look, Rule, rule, with_its
from inventory.models import StockDocument, StockLevel, StockMovement
from sales.models import SaleLine

AREA = "stock"
KINDS = StockMovement.Kind
OF_SALES = (KINDS.SALE, KINDS.REFUND)
OF_DOCUMENTS = (KINDS.OPENING, KINDS.CORRECTION)


@rule(AREA, _("The stock of a product at a location is not the sum of its movements."), weight=3)
def level_is_the_sum_of_its_movements(look: Look) -> None:
    """DESIGN 5; LESSONS 5: balances that no movement explains."""
    levels = with_its(StockLevel.objects.all(), "movements")
    look.unequal(levels, {"quantity": Sum("its__quantity")})


@rule(AREA, _("The balance beside a stock movement is not the sum up to it."), weight=5)
def balance_runs_with_the_movements(look: Look) -> None:
    """DESIGN 5; LESSONS 4: a balance that was computed elsewhere and written back."""
    running = Window(Sum("quantity"), partition_by=F("level"), order_by=F("id").asc())
    look.unequal(StockMovement.objects.all(), {"balance": running})


@rule(AREA, _("Something was sold and its stock did not move as sold."), weight=5)
def stock_moved_as_sold(look: Look) -> None:
    """LESSONS 7: level and ledger can agree and both be wrong; the sales say what must have moved.

    Every stocked line moved its quantity, of its product, at its location.
    """
    moved = StockMovement.objects.filter(
        kind__in=OF_SALES, document_id=OuterRef("sale_id"), line=OuterRef("line")
    )
    as_sold = moved.filter(
        quantity=-OuterRef("quantity"),
        level__variation=OuterRef("variation_id"),
        level__location=OuterRef("sale__location_id"),
    )
    wrong = SaleLine.objects.filter(~Exists(as_sold), is_stocked=True).exclude(quantity=0)
    found = Subquery(moved.values("quantity")[:1], output_field=AMOUNT)
    variation = Subquery(moved.values("level__variation")[:1], output_field=UUIDField())
    location = Subquery(moved.values("level__location")[:1], output_field=UUIDField())
    # What did move is asked for the rows that are told alone.
    for pk, quantity in look.first(wrong, "quantity"):
        line = SaleLine.objects.annotate(moved=found, of=variation, at=location)
        was, of, at, sold, where = line.values_list(
            "moved", "of", "at", "variation_id", "sale__location_id"
        ).get(pk=pk)
        if was is not None and (of, at) != (sold, where):
            look.tell(SaleLine, pk, "movement", f"of {sold} at {where}", f"of {of} at {at}")
        else:
            look.tell(SaleLine, pk, "movement", -quantity, was)


@rule(AREA, _("A stocked product was sold as if it were a service, and its stock stayed."),
      level=Level.WARNING, weight=2)  # fmt: skip
def stocked_product_was_sold_as_such(look: Look) -> None:
    """LESSONS 7: a flag skipped the deduction. Products that were changed since may be right, and what
    came back broken is not put on the shelf."""
    wrong = SaleLine.objects.filter(
        is_stocked=False,
        refunds=None,
        variation__product__is_stocked=True,
        variation__product__adds_credit=False,
        variation__product__updated_at__lt=F("sale__created_at"),
        sale__register__is_history=False,
    )
    look.rows(wrong, "is_stocked", "yes, as the product", name="name")


@rule(AREA, _("A stock movement names a document that does not exist."), weight=4)
def movement_has_its_document(look: Look) -> None:
    """DESIGN 5: each movement names its document, and a line of it."""
    line = SaleLine.objects.filter(
        sale=OuterRef("document_id"), line=OuterRef("line"), is_stocked=True
    )
    document = StockDocument.objects.filter(pk=OuterRef("document_id"), kind=OuterRef("kind"))
    movements = StockMovement.objects
    for wrong in (
        movements.filter(~Exists(line), kind__in=OF_SALES),
        movements.filter(~Exists(document), kind__in=OF_DOCUMENTS),
        movements.exclude(kind__in=(*OF_SALES, *OF_DOCUMENTS)),
    ):
        look.rows(wrong, "document_id", "a document of its kind", name="document_number")


@rule(AREA, _("A correction or an opening moved stock at another location than its own."))
def movement_is_where_its_document_is(look: Look) -> None:
    """DESIGN 5: a document of stock is one location's."""
    here = StockDocument.objects.filter(
        pk=OuterRef("document_id"), location=OuterRef("level__location_id")
    )
    there = StockDocument.objects.filter(pk=OuterRef("document_id"))
    wrong = StockMovement.objects.filter(Exists(there), ~Exists(here), kind__in=OF_DOCUMENTS)
    look.rows(wrong, "level_id", "stock at the document's location", name="document_number")


@rule(AREA, _("A correction or an opening moved nothing."))
def document_moved_stock(look: Look) -> None:
    """LESSONS 7: approved documents without stock rows."""
    moved = StockMovement.objects.filter(document_id=OuterRef("pk"), kind=OuterRef("kind"))
    wrong: Any = StockDocument.objects.filter(~Exists(moved))
    look.rows(wrong, "movements", "at least one", found="none", name="number")


@rule(AREA, _("A movement is recorded twice for one line of a document."), weight=2)
def movement_is_recorded_once(look: Look) -> None:
    """DESIGN 5: unique per document, line and kind, so that nothing posts twice."""
    twin = StockMovement.objects.filter(
        document_id=OuterRef("document_id"),
        kind=OuterRef("kind"),
        line=OuterRef("line"),
        pk__lt=OuterRef("pk"),
    )
    look.rows(StockMovement.objects.filter(Exists(twin)), "line", "one movement")


@rule(AREA, _("A product is counted twice at one location."))
def level_is_one_for_product_and_place(look: Look) -> None:
    """DESIGN 5: one row per variation and location."""
    twin = StockLevel.objects.filter(
        variation=OuterRef("variation_id"), location=OuterRef("location_id"), pk__lt=OuterRef("pk")
    )
    look.rows(
        StockLevel.objects.filter(Exists(twin)),
        "variation_id",
        "the only level of it at its location",
    )


@rule(AREA, _("A service has stock, which no page shows."), level=Level.WARNING)
def service_has_no_stock(look: Look) -> None:
    """DESIGN 5: stock is of what is counted. A product that became a service may have kept some."""
    wrong = StockLevel.objects.filter(~Q(quantity=Value(0)), variation__product__is_stocked=False)
    look.rows(wrong, "quantity", 0)


RULES: tuple[Rule, ...] = (
    level_is_the_sum_of_its_movements,
    balance_runs_with_the_movements,
    stock_moved_as_sold,
    stocked_product_was_sold_as_such,
    movement_has_its_document,
    movement_is_where_its_document_is,
    document_moved_stock,
    movement_is_recorded_once,
    level_is_one_for_product_and_place,
    service_has_no_stock,
)
