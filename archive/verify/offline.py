"""Sales made offline: their numbers, their time, and what is left to review (DESIGN 4 and 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from archive.verify.report import Level
from archive.verify.rules import Look, Rule, rule
from sales.models import NumberSeries, ReviewItem, Sale

AREA = "offline"

# Clocks of several machines differ by as much.
SKEW = timedelta(minutes=5)


@rule(AREA, _("A receipt has a number of a series that is not its register's."))
def series_is_of_its_register(look: Look) -> None:
    """DESIGN 6: each device at a register numbers in a series of its own, for sales made offline."""
    series = NumberSeries.objects.filter(code=OuterRef("series"), register=OuterRef("register"))
    numbered = Sale.objects.exclude(series="")
    wrong = numbered.filter(~Exists(series) | ~Q(kind=Sale.Kind.SALE) | Q(is_offline=False))
    look.rows(wrong, "series", "a series of its register, of a sale made offline", name="number")


@rule(AREA, _("Numbers that a device gave are missing: it may still hold their sales."),
      level=Level.WARNING)  # fmt: skip
def series_has_no_gaps(look: Look) -> None:
    """DESIGN 6: a device counts from 1. A sale that comes in later closes the gap."""
    sold = _found(Sale.objects.exclude(series=""))
    # Of what is in review, some is in the books too.
    books = Sale.objects.filter(series=OuterRef("series"), counter=OuterRef("counter"))
    in_review = ReviewItem.objects.exclude(series="").filter(counter__isnull=False)
    seen = _found(in_review.filter(~Exists(books)))
    for pk, code in NumberSeries.objects.order_by("pk").values_list("pk", "code"):
        (count, last), (more, beyond) = sold.get(code, (0, 0)), seen.get(code, (0, 0))
        last = max(last, beyond)
        if count + more < last:
            missing = f"{last - count - more} of them missing"
            look.tell(NumberSeries, pk, "numbers", f"1 to {last}", missing, name=code)


def _found(rows: Any) -> dict[str, tuple[int, int]]:
    """{code: (how many numbers, the highest)} of each series."""
    counted = (
        rows.order_by()
        .values_list("series")
        .annotate(n=Count("counter", distinct=True), last=Max("counter"))
    )
    return {code: (n, last) for code, n, last in counted}


@rule(AREA, _("A sale made offline came in before it was made."))
def offline_sale_was_made_before_it_came(look: Look) -> None:
    """DESIGN 4: it is stored as it happened; a clock that was wrong gave way to the server's."""
    wrong = Sale.objects.filter(is_offline=True, sold_at__gt=F("created_at") + SKEW)
    look.rows(wrong, "sold_at", "a time before it came in", name="number")


@rule(AREA, _("A sale to review is neither in the books nor kept, or is both."))
def review_is_in_the_books_or_kept(look: Look) -> None:
    """DESIGN 4: a difference goes to a review list, never lost: a remark stands beside its sale, what
    is held is kept whole until it is posted, under its own id."""
    kind, settled = ReviewItem.Kind, ReviewItem.Settlement
    right = (
        Q(kind=kind.REMARK, sale=F("request_id"), body__isnull=True)
        | Q(kind=kind.HELD, sale=None, body__isnull=False)
        | Q(kind=kind.HELD, sale=F("request_id"), body__isnull=False, settlement=settled.POSTED)
    )
    look.rows(ReviewItem.objects.exclude(right), "kind", "one that fits its sale and what is kept")
    doubled = Sale.objects.filter(pk=OuterRef("request_id"))
    loose = ReviewItem.objects.filter(Exists(doubled), sale=None)
    look.rows(loose, "request_id", "the id of no sale, as long as it is held")


@rule(AREA, _("A sale to review is neither open nor settled as a whole."))
def review_is_open_or_settled(look: Look) -> None:
    """DESIGN 4: a manager settles each once: how, when, and who."""
    kind, settled = ReviewItem.Kind, ReviewItem.Settlement
    who = Q(settled_at__isnull=False, settled_by__isnull=False)
    right = (
        Q(settlement="", settled_at=None, settled_by=None)
        | who & Q(kind=kind.REMARK, settlement=settled.ACCEPTED)
        | who & Q(kind=kind.HELD, settlement=settled.POSTED, sale__isnull=False)
        | who & Q(kind=kind.HELD, settlement=settled.CLOSED, sale=None)
    )
    look.rows(
        ReviewItem.objects.exclude(right),
        "settlement",
        "none, or one with its time and person",
        found="another",
    )


RULES: tuple[Rule, ...] = (
    series_is_of_its_register,
    series_has_no_gaps,
    offline_sale_was_made_before_it_came,
    review_is_in_the_books_or_kept,
    review_is_open_or_settled,
)
