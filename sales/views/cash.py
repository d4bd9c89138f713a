"""Cash movements in the back office: entering one, and correcting a mistake."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import needs
from accounts.permissions import Permission
from sales.cash import correct_movement, move_cash
from sales.cash_forms import CorrectionForm, MovementForm
from sales.models import CashMovement, Shift
from sales.selection import visible_shifts
from tenants.errors import Refused
from tenants.ids import uuid7


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CASH_IN_OUT, Permission.CASH_OPEN_DRAWER)
def cash_move(request: Any, pk: uuid.UUID) -> HttpResponse:
    shift: Shift = get_object_or_404(visible_shifts(request), pk=pk)
    form = MovementForm(request.membership, request.POST or None, initial={"id": uuid7()})
    if request.method == "POST" and form.is_valid():
        try:
            movement = move_cash(actor=request.membership, request=form.asked(shift))
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("%(kind)s: noted.") % {"kind": movement.get_kind_display()})
            return redirect(_back(request, shift))
    context = {"form": form, "shift": shift, "cancel_url": _back(request, shift)}
    return render(request, "sales/cash_form.html", context)


@require_POST
@needs(Permission.CASH_IN_OUT)
def cash_correct(request: Any, movement_id: uuid.UUID) -> HttpResponse:
    movement: CashMovement = get_object_or_404(
        CashMovement.objects.filter(shift__in=visible_shifts(request)), pk=movement_id
    )
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["id"][0]))
    else:
        try:
            correct_movement(actor=request.membership, request=form.asked(movement.pk))
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Corrected."))
    return redirect("shift_detail", movement.shift_id)


def _tell(form: MovementForm, refused: Refused) -> None:
    """At the fields that the refusal names, where the form has them."""
    names = {"reason": "what"}
    told = False
    for field, sentences in refused.fields.items():
        name = names.get(field, field)
        if name in form.fields and refused.code == "invalid":
            form.add_error(name, sentences)
            told = True
    if not told:
        form.add_error(None, str(refused))


def _back(request: Any, shift: Shift) -> str:
    """The shift's page, or the till for who may not look at shifts."""
    may = request.membership.can
    if may(Permission.SHIFT_VIEW) or may(Permission.SHIFT_VIEW_ALL):
        return reverse("shift_detail", args=[shift.pk])
    return reverse("till") if may(Permission.SELL_CREATE) else reverse("cash_move", args=[shift.pk])
