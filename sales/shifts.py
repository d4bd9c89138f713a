"""Opening and closing shifts: who answers for a drawer, and what should be in it."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import DecimalField, Exists, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record, snapshot
from accounts.models import Device, User
from sales.models import CashMovement, Payment, Register, Shift
from tenants.errors import Refused
from webhooks import outbox
from webhooks.kinds import Kind

AMOUNT: DecimalField[Any, Any] = DecimalField(max_digits=18, decimal_places=4)


def lock_register(register: Register) -> Register:
    """The register's row, locked until the transaction ends: the lock of its numbers and shift."""
    locked: Register = (
        Register.objects.select_for_update(of=("self",))
        .select_related("location")
        .get(pk=register.pk)
    )
    return locked


def has_another_register(device: Device, register: str) -> Exists:
    """A condition: the terminal stands at one register, and it is not the one in this column."""
    return Exists(Register.objects.filter(device=device).exclude(pk=OuterRef(register)))


def lock_open_shift(register_id: uuid.UUID, device: Device | None = None) -> Shift | None:
    """The open shift of a register, with register and location; None without one.

    None also for a device that stands at another register.
    Both rows are locked until the transaction ends, always in this one statement and so in one
    order: whatever is posted on a register and the closing of its shift wait for each other.
    """
    shifts = (
        # The register first: who holds that alone goes on to the shift, if only by referring to it.
        Shift.objects.select_for_update(of=("register", "self"))
        .select_related("register__location")
        .filter(register=register_id, closed_at=None)
    )
    if device is not None:
        shifts = shifts.exclude(has_another_register(device, "register"))
    shift: Shift | None = shifts.first()
    return shift


def open_shift(
    *, actor: User, register: Register, opening_float: Decimal, at: datetime | None = None
) -> Shift:
    """Open the register's next shift with `opening_float` in the drawer, in the business's currency.

    Raises Refused when the register or its location is switched off, when a shift is open already,
    or when the float is negative. `at` is for histories.
    """
    if opening_float < 0:
        raise Refused("negative", _("The float must not be negative."), status=400)
    with transaction.atomic():
        register = lock_register(register)
        if register.is_history or not (register.is_active and register.location.is_active):
            raise Refused("register_inactive", _("This register is switched off."), status=409)
        if register.shifts.filter(closed_at=None).exists():
            raise Refused("shift_open", _("A shift is open on this register already."), status=409)
        shift: Shift = Shift.objects.create(
            register=register,
            number=register.shifts.count() + 1,
            opened_by=actor,
            opening_float=opening_float,
            opened_at=at or timezone.now(),
        )
        record(actor=actor, action="shift.open", target=shift)
        return shift


def expected_cash(shift: Shift) -> Decimal:
    """What should be in the drawer: the float plus cash taken, less change given and cash returned,
    plus what was put in without a sale, less what was taken out. One statement."""
    paid = Payment.objects.filter(sale__shift=OuterRef("pk"), method=Payment.Method.CASH)
    moved = CashMovement.objects.filter(shift=OuterRef("pk"))
    row = Shift.objects.filter(pk=shift.pk).values_list(
        _sum_of(paid, "sale__shift"), _sum_of(moved, "shift")
    )
    taken, gained = row.get()
    # SQLite adds in floats and answers with fifteen digits: the column holds four decimals.
    total: Decimal = (shift.opening_float + taken + gained).quantize(Decimal("0.0001"))
    return total


def _sum_of(rows: QuerySet[Any], by: str) -> Coalesce:
    """The amounts of these rows of one shift as a column of it."""
    summed = rows.order_by().values(by).annotate(sum=Sum("amount")).values("sum")
    return Coalesce(Subquery(summed), Value(Decimal(0)), output_field=AMOUNT)


def close_shift(
    *,
    actor: User,
    shift: Shift,
    counted_cash: Decimal,
    note: str = "",
    at: datetime | None = None,
) -> Shift:
    """Close the shift with the cash that was counted; freezes expected cash and difference.

    Raises Refused when it is closed already or the count is negative. `at` is for histories.
    """
    if counted_cash < 0:
        raise Refused("negative", _("Counted cash must not be negative."), status=400)
    with transaction.atomic():
        # Nothing can be posted on the register any more once the sum is taken.
        locked = lock_open_shift(shift.register_id)
        if locked is None or locked.pk != shift.pk:
            raise Refused("shift_closed", _("This shift is closed already."), status=409)
        shift = locked
        shift.expected_cash = expected_cash(shift)
        shift.counted_cash = counted_cash
        shift.difference = counted_cash - shift.expected_cash
        shift.closed_by = actor
        shift.closed_at = at or timezone.now()
        shift.note = note
        shift.save(
            update_fields=[
                "expected_cash",
                "counted_cash",
                "difference",
                "closed_by",
                "closed_at",
                "note",
            ]
        )
        record(
            actor=actor,
            action="shift.close",
            target=shift,
            changes={"difference": [None, snapshot(shift)["difference"]]},
        )
        outbox.record(Kind.SHIFT_CLOSED, shift.pk)
        return shift
