"""The report of a register's day: the figures of `GET /api/v1/day`, on a page."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, needs
from accounts.permissions import Permission
from sales import readings
from sales.days import as_day, today_at
from sales.models import Register, Shift
from sales.selection import hides_figures, visible_registers
from sales.views.readings import shown

P = Permission


@require_safe
@needs(P.READING_X_READING)
@vary_on_headers("HX-Request")
def day_report(request: Any) -> HttpResponse:
    """While a shift of that day is open, its figures are for who may know what is in the drawer."""
    registers = list(visible_registers(request).order_by("location__name", "name", "pk"))
    if not registers:
        return render(request, "sales/day.html", {"registers": []})
    register = _asked(request, registers)
    today = today_at(register)
    day = as_day(request.GET.get("date", "")) or today
    shifts = list(readings.shifts_of_day(register, day).select_related("opened_by"))
    for shift in shifts:
        # It names itself by its register, which is at hand.
        shift.register = register
    context: dict[str, Any] = {
        "registers": _placed(registers),
        "register": register,
        "location": register.location,
        "day": day,
        "is_today": day == today,
        **_around(day, today),
        "hidden": hides_figures(request, shifts),
    }
    if not context["hidden"]:
        context |= {
            "read_at": timezone.now(),
            "shifts": [(shift, _may_open(request, shift)) for shift in shifts],
            **shown(readings.day_figures(register, day)),
        }
    return render(request, "sales/day.html", context)


def _asked(request: Any, registers: list[Register]) -> Register:
    """The register in the query string, or the likeliest. Raises Http404 for one that is not here."""
    text = request.GET.get("register", "")
    if not text:
        own = Shift.objects.filter(opened_by=request.user, closed_at=None).order_by("-opened_at")
        at_work = own.values_list("register", flat=True).first()
        return min(registers, key=lambda one: (one.pk != at_work, not one.is_active))
    try:
        asked = uuid.UUID(text)
    except ValueError:
        raise Http404 from None
    found = next((one for one in registers if one.pk == asked), None)
    if found is None:
        raise Http404
    return found


def _placed(registers: list[Register]) -> list[tuple[str, list[Register]]]:
    """The registers by the names of their locations."""
    places = groupby(registers, key=lambda one: (one.location.name, one.location_id))
    return [(name, list(here)) for (name, _key), here in places]


def _around(day: date, today: date) -> dict[str, str]:
    """The days before and after it; tomorrow has no report yet."""
    one = timedelta(days=1)
    found = {"day_before": (day - one).isoformat()}
    return found | ({"day_after": (day + one).isoformat()} if day < today else {})


def _may_open(request: Any, shift: Shift) -> bool:
    """Whether the shift's page opens for this person."""
    if can(request, P.SHIFT_VIEW_ALL):
        return True
    sees_all = can(request, P.SHIFT_CLOSE_ANY)
    return can(request, P.SHIFT_VIEW) and (sees_all or shift.opened_by == request.user)
