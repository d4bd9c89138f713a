"""Shifts: the list, one shift, opening and closing.

The drawer is counted blind: who may not see the expected cash sees neither it nor the sums that add
up to it before the shift is closed.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, demand, needs
from accounts.permissions import Permission
from sales import readings, shifts
from sales.forms import CloseShiftForm, OpenShiftForm
from sales.keyset import keyset_page
from sales.models import CashMovement, Payment, Sale, Shift
from sales.selection import totals, visible_sales, visible_shifts
from sales.views.readings import READ
from sales.views.sales import for_list
from tenants.errors import Refused
from tenants.ids import uuid7

VIEW = (Permission.SHIFT_VIEW, Permission.SHIFT_VIEW_ALL)
MEMBERS = ("register__location", "opened_by")
#: What a row of the list shows, as `for_list` reads sales.
SHOWN = (
    "number", "opened_at", "closed_at", "counted_cash", "difference", "register__name",
    "register__location__name", "register__location__own_time_zone", "opened_by__name",
    "opened_by__username",
)  # fmt: skip


@require_safe
@needs(*VIEW)
@vary_on_headers("HX-Request")
def shift_list(request: HttpRequest) -> HttpResponse:
    sold = Sale.objects.filter(shift=OuterRef("pk"), kind=Sale.Kind.SALE).order_by()
    counted = sold.values("shift").annotate(number=Count("pk")).values("number")
    rows = visible_shifts(request).select_related(None).select_related(*MEMBERS).only(*SHOWN)
    rows = rows.annotate(sale_count=Coalesce(Subquery(counted), 0))
    if request.GET.get("state") == "open":
        rows = rows.filter(closed_at=None)
    elif request.GET.get("state") == "different":
        rows = rows.filter(closed_at__isnull=False).exclude(difference=0)
    page = keyset_page(rows, by="opened_at", cursor=request.GET.get("cursor", ""))
    context = {
        "shifts": page.rows,
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
    }
    return render(request, "sales/shift_list.html", context)


def _shift(request: HttpRequest, pk: uuid.UUID) -> Shift:
    """The door to one shift. Raises Http404 for one that is absent, or not for these eyes."""
    shift: Shift = get_object_or_404(visible_shifts(request), pk=pk)
    return shift


@require_safe
@needs(*VIEW)
def shift_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    shift = _shift(request, pk)
    sees_sales = can(request, Permission.SELL_VIEW) or can(request, Permission.SELL_VIEW_OWN)
    sales = visible_sales(request).filter(shift=shift) if sees_sales else Sale.objects.none()
    page = keyset_page(for_list(sales), by="sold_at", cursor=request.GET.get("cursor", ""))
    context = {
        "shift": shift,
        "opened_on": shift.opened_at.astimezone(shift.register.location.zone).date(),
        "may_close": shift.is_open and _may_close(request, shift),
        "sees_sales": sees_sales,
        **_cash(request, shift),
        **_readings(request, shift),
        "sales": page.rows,
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
    }
    if not shift.is_open or can(request, Permission.CASH_VIEW_EXPECTED):
        context |= {
            "expected": shifts.expected_cash(shift) if shift.is_open else shift.expected_cash,
            "methods": _by_method(shift),
            "totals": totals(Sale.objects.filter(shift=shift)),
        }
    return render(request, "sales/shift_detail.html", context)


def _cash(request: HttpRequest, shift: Shift) -> dict[str, Any]:
    """The cash movements of the shift, and what may be done with them."""
    moved = CashMovement.objects.filter(shift=shift).select_related("operator")
    rows = moved.prefetch_related("corrections").order_by("-moved_at", "-pk")
    may_move = can(request, Permission.CASH_IN_OUT)
    return {
        # With the id of its correction: one page corrects a movement once.
        "movements": [(one, uuid7()) for one in rows],
        "may_move": shift.is_open and (may_move or can(request, Permission.CASH_OPEN_DRAWER)),
        "may_correct": shift.is_open and may_move,
    }


def _readings(request: HttpRequest, shift: Shift) -> dict[str, Any]:
    """Which readings of the shift there are, and may be taken."""
    sees = can(request, Permission.CASH_VIEW_EXPECTED) or not shift.is_open
    z_reading = None if shift.is_open else readings.reading_of_shift(shift)
    may_take = can(request, Permission.READING_Z_READING)
    if may_take and z_reading is None and not shift.is_open:
        may_take = not Shift.objects.filter(register=shift.register_id, closed_at=None).exists()
    return {
        "may_read": sees and can(request, Permission.READING_X_READING),
        "z_reading": z_reading,
        "sees_z": any(can(request, one) for one in READ),
        "may_take_z": may_take and z_reading is None and not shift.is_open,
        "new_z": uuid7(),
    }


def _by_method(shift: Shift) -> list[tuple[str, Any]]:
    rows = (
        Payment.objects.filter(sale__shift=shift)
        .order_by("method")
        .values_list("method")
        .annotate(sum=Sum("amount", output_field=shifts.AMOUNT))
    )
    return [(str(Payment.Method(method).label), amount) for method, amount in rows]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SHIFT_OPEN)
def shift_open(request: Any) -> HttpResponse:
    initial = {"register": request.GET.get("register")}
    form = OpenShiftForm(request, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            shift = shifts.open_shift(
                actor=request.user,
                register=form.cleaned_data["register"],
                opening_float=form.cleaned_data["opening_float"],
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(shift)s is open.") % {"shift": shift})
            return redirect(_back(request, shift))
    context = {"form": form, "cancel_url": _back(request, None)}
    return render(request, "sales/shift_open.html", context)


def _back(request: HttpRequest, shift: Shift | None) -> str:
    """A page of shifts that the person may see; not everybody who opens one may."""
    if not any(can(request, permission) for permission in VIEW):
        return reverse("till") if can(request, Permission.SELL_CREATE) else reverse("shift_open")
    return reverse("shift_detail", args=[shift.pk]) if shift else reverse("shift_list")


def _may_close(request: HttpRequest, shift: Shift) -> bool:
    own = shift.opened_by == request.user and can(request, Permission.SHIFT_CLOSE)
    return own or can(request, Permission.SHIFT_CLOSE_ANY)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SHIFT_CLOSE, Permission.SHIFT_CLOSE_ANY)
def shift_close(request: Any, pk: uuid.UUID) -> HttpResponse:
    shift = _shift(request, pk)
    if not _may_close(request, shift):
        demand(request, Permission.SHIFT_CLOSE_ANY)
    form = CloseShiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            shift = shifts.close_shift(actor=request.user, shift=shift, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(shift)s is closed.") % {"shift": shift})
            return redirect(_back(request, shift))
    context = {"shift": shift, "form": form, "cancel_url": _back(request, shift)}
    if can(request, Permission.CASH_VIEW_EXPECTED):
        context["expected"] = shifts.expected_cash(shift)
    return render(request, "sales/shift_close.html", context)
