"""Drawers, shifts, and the time and place of sales (DESIGN 6)."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import (
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Window,
)
from django.db.models.functions import Coalesce, Lag, TruncDate
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from archive.verify.rules import ZERO, Look, Rule, rule, with_its
from sales.models import CashMovement, Payment, Register, Sale, Shift
from tenants.context import current
from tenants.models import Location

AREA = "shifts"

# Clocks of several machines differ by as much, and that is no fault in the books.
SKEW = timedelta(minutes=5)


@rule(AREA, _("The cash that a drawer should hold is not the float and the cash taken."), weight=2)
def drawer_is_float_and_cash(look: Look) -> None:
    """DESIGN 6: of a closed shift, expected is float + cash + what moved without a sale, difference
    is counted less expected."""
    closed = Shift.objects.filter(closed_at__isnull=False)
    paid = with_its(with_its(closed, "sales"), "its__payments", "paid")
    cash = Sum("paid__amount", filter=Q(paid__method=Payment.Method.CASH), default=0)
    moved = CashMovement.objects.filter(shift=OuterRef("pk")).order_by().values("shift")
    gained = Coalesce(Subquery(moved.annotate(sum=Sum("amount")).values("sum")), ZERO)
    look.unequal(
        paid,
        {
            "expected_cash": F("opening_float") + cash + gained,
            "difference": F("counted_cash") - F("expected_cash"),
        },
    )


@rule(AREA, _("A shift is neither open nor closed as a whole."))
def shift_is_open_or_closed(look: Look) -> None:
    """DESIGN 6: the figures of a shift are frozen when it is closed, all of them together."""
    figures = ("counted_cash", "expected_cash", "difference")
    still = Q(closed_at=None, **dict.fromkeys(figures, None))
    over = Q(**{f"{name}__isnull": False for name in ("closed_at", "closed_by", *figures)})
    wrong = Shift.objects.exclude((still | over) & Q(opening_float__gte=0))
    look.rows(wrong, "closed_at", "all the figures of a closed shift, or none of an open one")


@rule(AREA, _("A register has more than one open shift."))
def one_shift_is_open(look: Look) -> None:
    """DESIGN 6: one person answers for a drawer at a time."""
    look.doubles(Shift.objects.filter(closed_at=None), F("register"), "register")


@rule(AREA, _("The shifts of a register are not numbered one after the other."))
def shifts_are_numbered(look: Look) -> None:
    """LESSONS 13: from 1 on, without a gap and without a number used twice."""
    uneven = (
        Shift.objects.order_by()
        .values("register")
        .annotate(n=Count("number", distinct=True), rows=Count("pk"), last=Max("number"))
        .exclude(n=F("last"), rows=F("last"))
    )
    for register, rows, last in uneven.order_by("register_id").values_list(
        "register", "rows", "last"
    ):
        look.tell(
            Register, register, "shifts", f"numbers 1 to {rows}", f"{rows} up to number {last}"
        )


@rule(AREA, _("A shift ended before it began, or began before the one before it ended."))
def shifts_follow_each_other(look: Look) -> None:
    """DESIGN 6: every sale belongs to one shift of its register."""
    backwards = Shift.objects.filter(closed_at__lt=F("opened_at") - SKEW)
    look.rows(backwards, "closed_at", "after it was opened")
    before: dict[str, Any] = {"partition_by": F("register"), "order_by": F("number").asc()}
    shifts = Shift.objects.annotate(
        earlier=Window(Lag("pk"), **before), ended=Window(Lag("closed_at"), **before)
    )
    wrong = shifts.filter(earlier__isnull=False).filter(
        Q(ended=None) | Q(ended__gt=F("opened_at") + SKEW)
    )
    for pk, ended, opened in look.first(wrong, "ended", "opened_at"):
        expected = "when the shift before is closed" if ended is None else f"after {ended}"
        look.tell(Shift, pk, "opened_at", expected, opened)


@rule(AREA, _("A sale was made before its shift was opened, or after it was closed."))
def sale_is_in_the_time_of_its_shift(look: Look) -> None:
    """DESIGN 6: every sale belongs to a shift. A history's one shift is when it came in, and what was
    sold offline is in the one that was open when it came in."""
    wrong = Sale.objects.filter(
        Q(sold_at__lt=F("shift__opened_at") - SKEW) | Q(sold_at__gt=F("shift__closed_at") + SKEW),
        register__is_history=False,
        is_offline=False,
    )
    look.rows(wrong, "sold_at", "a time within the shift")


@rule(AREA, _("A sale stands at another register or location than its shift."))
def sale_stands_where_it_was_made(look: Look) -> None:
    """DESIGN 6: the shift is one of the register, and the location is the register's."""
    right = Q(shift__register=F("register")) & Q(location=F("register__location"))
    look.rows(
        Sale.objects.exclude(right),
        "register_id",
        "the shift's, at the register's location",
        name="number",
    )


@rule(AREA, _("A register that holds a history is in use."))
def history_is_closed(look: Look) -> None:
    """DESIGN 6: nobody sells on the register of an older system's documents."""
    in_use = Shift.objects.filter(register=OuterRef("pk"), closed_at=None)
    wrong = Register.objects.filter(Q(is_active=True) | Exists(in_use), is_history=True)
    look.rows(wrong, "is_active", "no, and its shift closed", name="name")


@rule(AREA, _("The date of a sale is not the local date of its time."), weight=2)
def business_date_is_the_local_date(look: Look) -> None:
    """LESSONS 16: days are those of the location's zone, daylight saving included.

    Sales from before a change of the zone (the audit log says when) may have the date of the zone
    that was: at most a day from the one in UTC.
    """
    known = available_timezones()
    for zone, changed, places in _zones():
        if zone not in known:
            continue  # told by zone_and_currency_are_known
        sales = Sale.objects.filter(location__in=places)
        local = sales.annotate(local=TruncDate("sold_at", tzinfo=ZoneInfo(zone)))
        if changed is not None:
            local = local.filter(created_at__gte=changed)
            earlier = sales.filter(created_at__lt=changed)
            day = earlier.annotate(local=TruncDate("sold_at", tzinfo=UTC))
            apart = Q(business_date__gt=F("local") + timedelta(days=1)) | Q(
                business_date__lt=F("local") - timedelta(days=1)
            )
            _dates(look, day.filter(apart))
        _dates(look, local.exclude(business_date=F("local")))


def _dates(look: Look, wrong: Any) -> None:
    for pk, local, found in look.first(wrong, "local", "business_date"):
        look.tell(Sale, pk, "business_date", local, found)


def _zones() -> list[tuple[str, Any, list[Any]]]:
    """(zone, when it was last changed, locations), one for each zone and time of change."""
    business = current()
    entries = AuditEntry.objects.order_by()
    of_business = entries.filter(
        object_type="business", object_id=str(business.pk), changes__has_key="time_zone"
    ).aggregate(last=Max("created_at"))["last"]
    of_places = dict(
        entries.filter(
            object_type="location", action="location.update", changes__has_key="own_time_zone"
        )
        .values("object_id")
        .annotate(last=Max("created_at"))
        .values_list("object_id", "last")
    )
    groups: dict[tuple[str, Any], list[Any]] = {}
    for pk, own in Location.objects.order_by("pk").values_list("pk", "own_time_zone"):
        times = [of_places.get(str(pk)), None if own else of_business]
        changed = max((time for time in times if time), default=None)
        groups.setdefault((own or business.time_zone, changed), []).append(pk)
    return [(zone, changed, places) for (zone, changed), places in groups.items()]


RULES: tuple[Rule, ...] = (
    drawer_is_float_and_cash,
    shift_is_open_or_closed,
    one_shift_is_open,
    shifts_are_numbered,
    shifts_follow_each_other,
    sale_is_in_the_time_of_its_shift,
    sale_stands_where_it_was_made,
    history_is_closed,
    business_date_is_the_local_date,
)
