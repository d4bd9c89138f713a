"""Cash that moved without a sale, and readings that closed a day (DESIGN 6)."""

from __future__ import annotations

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from archive.verify.rules import Look, Rule, rule
from archive.verify.shifts import SKEW
from sales.models import CashMovement, Register, Shift, ZReading
from sales.readings import closing, reading_hash
from tenants.errors import Refused

AREA = "shifts"


@rule(AREA, _("A cash movement is corrected by another one than its opposite."))
def correction_takes_its_movement_back(look: Look) -> None:
    """DESIGN 6: of the same kind and shift, with the opposite amount."""
    right = Q(
        kind=F("corrects__kind"),
        shift=F("corrects__shift"),
        amount=-F("corrects__amount"),
        corrects__corrects=None,
    )
    corrections = CashMovement.objects.filter(corrects__isnull=False)
    look.rows(corrections.exclude(right), "amount", "the opposite of what it corrects")


@rule(AREA, _("Cash moved before its shift was opened, or after it was closed."))
def cash_moves_in_the_time_of_its_shift(look: Look) -> None:
    """DESIGN 6: nothing lands in a drawer that is counted."""
    wrong = CashMovement.objects.filter(
        Q(moved_at__lt=F("shift__opened_at") - SKEW) | Q(moved_at__gt=F("shift__closed_at") + SKEW)
    )
    look.rows(wrong, "moved_at", "a time within the shift")


@rule(AREA, _("The Z readings of a register do not follow each other without a gap."))
def z_readings_follow_each_other(look: Look) -> None:
    """DESIGN 6: numbered from 1 on, each from the shift behind the last one of the reading before,
    with its hash and its grand total."""
    before: ZReading | None = None
    for one in ZReading.objects.order_by("register_id", "number").defer("figures").iterator():
        if before is not None and before.register_id != one.register_id:
            before = None
        for column, expected in (
            ("number", 1 if before is None else before.number + 1),
            ("first_shift", 1 if before is None else before.last_shift + 1),
            ("previous_hash", "" if before is None else before.content_hash),
            ("grand_total", one.total + (0 if before is None else before.grand_total)),
        ):
            if getattr(one, column) != expected:
                look.tell(ZReading, one.pk, column, expected, getattr(one, column))
        before = one


@rule(AREA, _("A Z reading is not what the sales and drawers of its shifts come to."), weight=5)
def z_reading_is_the_sum_of_its_shifts(look: Look) -> None:
    """DESIGN 6: frozen when it was taken, and recomputable to the same bytes."""
    registers = {one.pk: one for one in Register.objects.select_related("location")}
    readings = ZReading.objects.order_by("pk")
    total = readings.count()
    for done, kept in enumerate(readings.iterator(), 1):
        content = reading_hash(kept)
        if content != kept.content_hash:
            look.tell(ZReading, kept.pk, "content_hash", content, kept.content_hash)
        shifts = Shift.objects.filter(
            register=kept.register_id, number__range=(kept.first_shift, kept.last_shift)
        )
        try:
            again = closing(registers[kept.register_id], None, shifts)
        except Refused:
            look.tell(ZReading, kept.pk, "last_shift", "closed shifts", "none, or an open one")
            continue
        if again.figures != kept.figures:
            look.tell(ZReading, kept.pk, "figures", again.figures, kept.figures)
        if again.total != kept.total:
            look.tell(ZReading, kept.pk, "total", again.total, kept.total)
        look.step(done, total)


RULES: tuple[Rule, ...] = (
    correction_takes_its_movement_back,
    cash_moves_in_the_time_of_its_shift,
    z_readings_follow_each_other,
    z_reading_is_the_sum_of_its_shifts,
)
