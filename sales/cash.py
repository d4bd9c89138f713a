"""Cash that goes into a drawer or comes out of it without a sale.

A movement is written into the open shift of a register, under the lock that sales and the closing
of the shift take too: what is expected in a drawer when it is closed has every movement in it, and
none comes after.

Nobody is refused for want of cash in the drawer. What a person holds in their hand was there,
whatever the books expect: a sale may be on its way from a till that is offline, or a float may never
have been entered. And a refusal would tell whoever tries a few amounts what the drawer should hold,
which is what counting blind keeps from them. A drawer that should hold less than nothing is shown
to who may see it, and a business can set from which amount on a supervisor has to agree.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.canonical import canonical
from sales.checkout import visible
from sales.errors import OtherRequest
from sales.models import CashMovement, Shift
from sales.shifts import lock_open_shift
from tenants.context import current
from tenants.errors import Refused, is_unique_violation

Kind = CashMovement.Kind
Reason = CashMovement.Reason
ZERO = Decimal(0)

#: Above what anybody carries in one go; the column holds ten times as much.
MOST: Final = Decimal(10) ** 13

#: Which reasons a kind of movement can have, the usual one first.
REASONS: Final[Mapping[CashMovement.Kind, Sequence[CashMovement.Reason]]] = MappingProxyType(
    {
        Kind.IN: (Reason.CHANGE, Reason.BANK, Reason.SAFE, Reason.OTHER),
        Kind.OUT: (Reason.EXPENSE, Reason.SUPPLIER, Reason.CHANGE, Reason.OTHER),
        Kind.DROP: (Reason.SAFE, Reason.BANK),
        Kind.OPEN: (Reason.CHANGE, Reason.COUNT, Reason.OTHER),
    }
)
_SIGN: Final = MappingProxyType({Kind.IN: 1, Kind.OUT: -1, Kind.DROP: -1, Kind.OPEN: 0})


@dataclass(frozen=True, slots=True)
class MovementRequest:
    """A movement as it is asked for. `amount` is what moves, never negative; 0 where the drawer is
    opened only. `id` is made by the client and makes the request repeatable."""

    id: uuid.UUID
    shift_id: uuid.UUID
    kind: CashMovement.Kind
    amount: Decimal = ZERO
    reason: CashMovement.Reason = Reason.OTHER
    note: str = ""

    def hash(self) -> str:
        return _hash("movement", self)


@dataclass(frozen=True, slots=True)
class CorrectionRequest:
    """Undo a movement of the same shift, all of it."""

    id: uuid.UUID
    movement_id: uuid.UUID
    note: str = ""

    def hash(self) -> str:
        return _hash("correction", self)


def _hash(kind: str, request: MovementRequest | CorrectionRequest) -> str:
    """The same for the same request, whatever the spelling of its numbers."""
    return hashlib.sha256(canonical([kind, asdict(request)]).encode()).hexdigest()


def move_cash(
    *,
    actor: Membership,
    request: MovementRequest,
    device: Device | None = None,
    at: datetime | None = None,
) -> CashMovement:
    """Write a movement into the open shift; the same request again returns it, `was_recorded`.

    Raises PermissionDenied without cash.in_out, or cash.open_drawer for opening only; Http404 for a
    shift at a place that the actor may not see; and Refused: 400 for an amount, reason or note that
    does not fit, 403 (`needs_approval`) above the business's limit without
    cash.approve_large_transactions, 409 when the shift is closed or the id is another document's.
    `at` is for histories.
    """
    _demand(actor, request.kind)
    _check(request)
    with transaction.atomic():
        shift = _shift(actor, device, request.shift_id)
        locked = lock_open_shift(shift.register_id, device)
        earlier = _recorded(actor, device, request.id, request.hash())
        if earlier is not None:
            return earlier
        shift = _still_open(locked, shift)
        _demand_approval(actor, request.amount)
        movement = _new(request, actor, device, shift, at)
        movement.kind, movement.reason = request.kind, request.reason
        movement.amount = request.amount * _SIGN[request.kind]
        return _write(movement, actor, device)


def correct_movement(
    *, actor: Membership, request: CorrectionRequest, device: Device | None = None
) -> CashMovement:
    """Undo a movement by an opposite one, while its shift is open; the same again returns it.

    Raises as `move_cash` does; Http404 for a movement that the actor may not see, and Refused (409)
    for one that is corrected already (`already_corrected`) or cannot be (`cannot_correct`): a
    correction, or a drawer that was opened only.
    """
    _demand(actor, Kind.IN)
    with transaction.atomic():
        wrong = CashMovement.objects.filter(pk=request.movement_id).first()
        if wrong is None:
            raise Http404
        shift = _shift(actor, device, wrong.shift_id)
        locked = lock_open_shift(shift.register_id, device)
        earlier = _recorded(actor, device, request.id, request.hash())
        if earlier is not None:
            return earlier
        shift = _still_open(locked, shift)
        if wrong.amount == 0 or wrong.corrects_id is not None:
            raise Refused(
                "cannot_correct", _("This cannot be corrected. Enter another movement."), status=409
            )
        if CashMovement.objects.filter(corrects=wrong).exists():
            raise Refused("already_corrected", _("This is corrected already."), status=409)
        _demand_approval(actor, abs(wrong.amount))
        movement = _new(request, actor, device, shift, None)
        movement.kind, movement.reason = wrong.kind, Reason.MISTAKE
        movement.amount, movement.corrects = -wrong.amount, wrong
        return _write(movement, actor, device)


def may_move(actor: Membership, kind: CashMovement.Kind) -> bool:
    needed = Permission.CASH_OPEN_DRAWER if kind == Kind.OPEN else Permission.CASH_IN_OUT
    return actor.can(needed)


def needs_approval(amount: Decimal) -> bool:
    """Whether so much is above the limit that the business has set, where it has set one."""
    limit = current().cash_limit
    return limit is not None and amount > limit


def _demand(actor: Membership, kind: CashMovement.Kind) -> None:
    if not may_move(actor, kind):
        raise PermissionDenied(
            _("You may not open the drawer without a sale.")
            if kind == Kind.OPEN
            else _("You may not put cash in or take it out.")
        )


def _demand_approval(actor: Membership, amount: Decimal) -> None:
    if needs_approval(amount) and not actor.can(Permission.CASH_APPROVE_LARGE_TRANSACTIONS):
        permission = Permission.CASH_APPROVE_LARGE_TRANSACTIONS
        raise Refused(
            "needs_approval",
            _("So much cash needs a supervisor’s approval."),
            {"permissions": [permission.value]},
            status=403,
        )


def _check(request: MovementRequest) -> None:
    """Raises Refused (400) naming the fields that do not fit together."""
    wrong: dict[str, list[str]] = {}
    if request.kind == Kind.OPEN and request.amount != 0:
        wrong["amount"] = [_("No cash moves when a drawer is opened only.")]
    elif request.kind != Kind.OPEN and not 0 < request.amount < MOST:
        wrong["amount"] = [_("Say how much: more than zero.")]
    elif request.amount != round(request.amount, current().digits):
        wrong["amount"] = [
            _("At most %(places)s decimal places are possible here.") % {"places": current().digits}
        ]
    if request.reason not in REASONS[request.kind]:
        names = ", ".join(one.value for one in REASONS[request.kind])
        wrong["reason"] = [_("This must be one of %(names)s.") % {"names": names}]
    elif request.reason == Reason.OTHER and not request.note.strip():
        wrong["note"] = [_("Say what for.")]
    if wrong:
        raise Refused("invalid", _("Some fields are not right."), wrong, status=400)


def _shift(actor: Membership, device: Device | None, shift_id: uuid.UUID) -> Shift:
    """The shift, at a place that the actor and the device may see."""
    shift: Shift | None = (
        Shift.objects.select_related("register__location")
        .filter(pk=shift_id, register__is_history=False)
        .first()
    )
    if shift is None or not visible(actor, device, shift.register.location_id):
        raise Http404
    return shift


def _still_open(locked: Shift | None, shift: Shift) -> Shift:
    """The locked shift of the register, where it is still the one that was asked for."""
    if locked is None or locked.pk != shift.pk:
        raise Refused(
            "shift_closed",
            _("This shift is closed. Cash can move only while a shift is open."),
            status=409,
        )
    if not (locked.register.is_active and locked.register.location.is_active):
        raise Refused("register_inactive", _("This register is switched off."), status=409)
    return locked


def _recorded(
    actor: Membership, device: Device | None, movement_id: uuid.UUID, asked: str
) -> CashMovement | None:
    """The movement that this request wrote before. Raises OtherRequest where another one did."""
    earlier: CashMovement | None = (
        CashMovement.objects.select_related("shift__register__location", "operator")
        .filter(pk=movement_id)
        .first()
    )
    if earlier is None:
        return None
    place = earlier.shift.register.location_id
    if earlier.request_hash != asked or not visible(actor, device, place):
        raise OtherRequest
    earlier.was_recorded = True
    return earlier


def _new(
    request: MovementRequest | CorrectionRequest,
    actor: Membership,
    device: Device | None,
    shift: Shift,
    at: datetime | None,
) -> CashMovement:
    moment = at or timezone.now()
    return CashMovement(
        pk=request.id,
        shift=shift,
        currency=current().currency,
        note=request.note.strip(),
        operator=actor.user,
        device=device,
        moved_at=moment,
        business_date=moment.astimezone(shift.register.location.zone).date(),
        request_hash=request.hash(),
    )


def _write(movement: CashMovement, actor: Membership, device: Device | None) -> CashMovement:
    try:
        with transaction.atomic():
            movement.save(force_insert=True)
    except IntegrityError as error:
        # The same id at another register at the same moment, or in another business.
        if is_unique_violation(error):
            raise OtherRequest from error
        raise
    record(
        actor=actor.user,
        action=f"cash.{movement.kind}",
        target=movement,
        changes={"amount": [None, str(movement.amount)], "reason": [None, movement.reason]},
        device=device,
    )
    return movement
