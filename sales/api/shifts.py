"""Shifts: opening a register, looking at its drawer, and closing it with counted cash."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.bodies import Body
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from sales.api import schema
from sales.api.reading import safe_text
from sales.api.registers import register_or_404
from sales.api.shapes import shift_shape
from sales.models import Shift
from sales.selection import visible_shifts
from sales.shifts import close_shift, expected_cash, open_shift
from tenants.context import current


def shift_or_404(request: Any, shift_id: uuid.UUID) -> Shift:
    """The shift with register and people. Raises Http404 for one that the request may not see."""
    shift = visible_shifts(request).filter(pk=shift_id).first()
    if shift is None:
        raise Http404
    if request.device is not None:
        register_or_404(request, shift.register_id)
    return shift


def cash(body: Body, name: str) -> Decimal:
    """An amount that exists in coins: not negative, and of the currency's decimals."""
    value = body.amount(name)
    if value < 0:
        body.problem(name, _("This must not be negative."))
    elif value != round(value, current().digits):
        body.problem(
            name,
            _("At most %(places)s decimal places are possible here.")
            % {"places": current().digits},
        )
    return value


class ShiftsView(BusinessView):
    needs = {"POST": Permission.SHIFT_OPEN}

    @extend_schema(
        operation_id="shift_open",
        request=schema.NewShift,
        responses={201: schema.Shift},
        tags=["Shifts"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Open the next shift of a register."""
        body = body_of(request)
        register_id = body.uuid("register")
        opening_float = cash(body, "opening_float")
        body.finish()
        register = register_or_404(request, register_id)
        shift = open_shift(actor=request.user, register=register, opening_float=opening_float)
        return Response(shift_shape(request, shift, None), status=201)


class ShiftView(BusinessView):
    needs = {"GET": (Permission.SHIFT_VIEW, Permission.SHIFT_VIEW_ALL)}

    @extend_schema(operation_id="shift", responses=schema.Shift, tags=["Shifts"])
    def get(self, request: BusinessRequest, shift_id: uuid.UUID) -> Response:
        """One shift; the expected cash once it is closed, or for who may see it before."""
        shift = shift_or_404(request, shift_id)
        expected = shift.expected_cash
        if shift.is_open and request.membership.can(Permission.CASH_VIEW_EXPECTED):
            expected = expected_cash(shift)
        return Response(shift_shape(request, shift, expected))


class ShiftCloseView(BusinessView):
    needs = {"POST": (Permission.SHIFT_CLOSE, Permission.SHIFT_CLOSE_ANY)}

    @extend_schema(
        operation_id="shift_close",
        request=schema.ClosingShift,
        responses=schema.Shift,
        tags=["Shifts"],
    )
    def post(self, request: BusinessRequest, shift_id: uuid.UUID) -> Response:
        """Close a shift with the cash that was counted; answers what was expected."""
        body = body_of(request)
        counted = cash(body, "counted_cash")
        note = safe_text(body, "note", most=500)
        body.finish()
        shift = shift_or_404(request, shift_id)
        if shift.opened_by_id != request.user.pk and not request.membership.can(
            Permission.SHIFT_CLOSE_ANY
        ):
            raise PermissionDenied(_("You may close your own shifts only."))
        shift = close_shift(actor=request.user, shift=shift, counted_cash=counted, note=note)
        return Response(shift_shape(request, shift, shift.expected_cash))
