"""Cash movements and readings for tests, in the bound shop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import Membership, User
from sales.cash import CorrectionRequest, Kind, MovementRequest, Reason, correct_movement, move_cash
from sales.models import CashMovement, Register, Shift, ZReading
from sales.readings import take_z
from tenants.ids import uuid7
from tests.factories import Shop

USUAL = {
    Kind.IN: Reason.CHANGE,
    Kind.OUT: Reason.EXPENSE,
    Kind.DROP: Reason.SAFE,
    Kind.OPEN: Reason.CHANGE,
}


def member(user: User) -> Membership:
    found: Membership = Membership.objects.select_related("role", "user").get(user=user)
    return found


def asking(shift: Shift, kind: Kind, amount: str = "0", **fields: Any) -> MovementRequest:
    values: dict[str, Any] = {
        "id": uuid7(),
        "shift_id": shift.pk,
        "kind": kind,
        "amount": Decimal(amount),
        "reason": USUAL[kind],
    }
    return MovementRequest(**{**values, **fields})


def move(
    shop: Shop, shift: Shift, kind: Kind, amount: str = "0", user: User | None = None, **fields: Any
) -> CashMovement:
    with transaction.atomic():
        actor = member(user or shop.manager)
        return move_cash(actor=actor, request=asking(shift, kind, amount, **fields))


def undo(shop: Shop, movement: CashMovement) -> CashMovement:
    with transaction.atomic():
        request = CorrectionRequest(uuid7(), movement.pk)
        return correct_movement(actor=member(shop.manager), request=request)


def read_z(shop: Shop, register: Register | None = None) -> ZReading:
    with transaction.atomic():
        return take_z(
            actor=member(shop.manager), reading_id=uuid7(), register=register or shop.register
        )
