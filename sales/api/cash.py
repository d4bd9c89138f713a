"""Cash movements: putting cash in, taking it out, opening the drawer, and correcting a mistake."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.bodies import Body
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from sales.api import cash_schema, schema
from sales.api.reading import safe_text
from sales.api.registers import register_or_404
from sales.api.shapes import Shape, local_time
from sales.api.shifts import shift_or_404
from sales.cash import CorrectionRequest, MovementRequest, correct_movement, move_cash
from sales.models import CashMovement, Shift
from tenants.context import current
from tenants.spelling import plain_money

PAGE = 50
MOVES = (Permission.CASH_IN_OUT, Permission.CASH_OPEN_DRAWER)


class CashMovementsView(BusinessView):
    needs = {"GET": (Permission.SHIFT_VIEW, Permission.SHIFT_VIEW_ALL), "POST": MOVES}

    @extend_schema(
        operation_id="cash_movements",
        parameters=[schema.CURSOR],
        responses=cash_schema.CashMovementPage,
        tags=["Cash and readings"],
    )
    def get(self, request: BusinessRequest, shift_id: uuid.UUID) -> Response:
        """Cash movements of a shift, the newest first."""
        shift = shift_or_404(request, shift_id)
        rows = CashMovement.objects.filter(shift=shift)
        rows = rows.select_related("shift__register__location", "operator")
        return self.page(rows, movement_shape, ordering=("-moved_at", "-id"), size=PAGE)

    @extend_schema(
        operation_id="cash_movement_create",
        request=cash_schema.NewCashMovement,
        responses={
            201: cash_schema.CashMovementDocument,
            200: cash_schema.CashMovementDocument,
        },
        tags=["Cash and readings"],
    )
    def post(self, request: BusinessRequest, shift_id: uuid.UUID) -> Response:
        """Put cash into the drawer of an open shift or take it out: 201. The same again: 200.

        `open` notes that the drawer was opened without a sale and needs `cash.open_drawer`, the
        other kinds `cash.in_out`. 403 `needs_approval`: the amount is above the business's limit;
        send it again with `X-Approval` of somebody who has `cash.approve_large_transactions`. 409:
        `shift_closed`, `id_taken`, `register_inactive`. Nobody is refused because the drawer should
        hold less.
        """
        asked = _movement(body_of(request), shift_id)
        _usable_shift(request, shift_id)
        movement = move_cash(actor=request.membership, request=asked, device=request.device)
        return _recorded(movement)


class CashCorrectionView(BusinessView):
    needs = {"POST": Permission.CASH_IN_OUT}

    @extend_schema(
        operation_id="cash_movement_correct",
        request=cash_schema.NewCorrection,
        responses={
            201: cash_schema.CashMovementDocument,
            200: cash_schema.CashMovementDocument,
        },
        tags=["Cash and readings"],
    )
    def post(self, request: BusinessRequest, movement_id: uuid.UUID) -> Response:
        """Undo a movement by an opposite one, while its shift is open: 201. The same again: 200.

        409: `already_corrected`, `cannot_correct` (a correction, or a drawer that was opened only),
        `shift_closed`, `id_taken`. 403 `needs_approval` as for the movement itself.
        """
        body = body_of(request)
        asked = CorrectionRequest(
            id=body.uuid("id"),
            movement_id=movement_id,
            note=safe_text(body, "note", most=200),
        )
        body.finish()
        movement = CashMovement.objects.filter(pk=movement_id).first()
        if movement is None:
            raise Http404
        _usable_shift(request, movement.shift_id)
        movement = correct_movement(actor=request.membership, request=asked, device=request.device)
        return _recorded(movement)


def _usable_shift(request: BusinessRequest, shift_id: uuid.UUID) -> None:
    """Whoever works at a register moves its cash, whoever opened the shift. Raises Http404."""
    register = Shift.objects.filter(pk=shift_id).values_list("register", flat=True).first()
    if register is None:
        raise Http404
    register_or_404(request, register)


def _movement(body: Body, shift_id: uuid.UUID) -> MovementRequest:
    request = MovementRequest(
        id=body.uuid("id"),
        shift_id=shift_id,
        kind=body.choice("kind", CashMovement.Kind),
        amount=body.optional_amount("amount") or Decimal(0),
        reason=body.choice("reason", CashMovement.Reason),
        note=safe_text(body, "note", most=200),
    )
    body.finish()
    return request


def _recorded(movement: CashMovement) -> Response:
    """201 for a movement that was written now, 200 for one that this request wrote before."""
    return Response(movement_shape(movement), status=200 if movement.was_recorded else 201)


def movement_shape(movement: CashMovement) -> Shape:
    """A movement with its shift, register, location and operator at hand."""
    location = movement.shift.register.location
    return {
        "id": movement.pk,
        "shift": movement.shift_id,
        "kind": str(movement.kind),
        "amount": plain_money(movement.amount, current().digits),
        "currency": movement.currency,
        "reason": str(movement.reason),
        "note": movement.note,
        "operator": str(movement.operator),
        "device": movement.device_id,
        "moved_at": local_time(movement.moved_at, location),
        "business_date": movement.business_date.isoformat(),
        "corrects": movement.corrects_id,
    }
