"""X and Z readings in the back office, on paper."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import needs
from accounts.permissions import Permission
from sales import readings
from sales.cash_forms import CorrectionForm
from sales.keyset import keyset_page
from sales.models import CashMovement, Payment, Sale, Shift, ZReading
from sales.readings import Figures
from sales.selection import demand_figures, visible_registers, visible_shifts
from tenants.errors import Refused

READ = (Permission.READING_X_READING, Permission.READING_Z_READING, Permission.REPORT_CASH_VIEW)


@dataclass(frozen=True, slots=True)
class Named:
    """A row of a reading with its name in the reader's language."""

    label: str
    count: int
    amount: Decimal
    numbers: str = ""


def shown(figures: Figures) -> dict[str, Any]:
    """The figures as the paper shows them."""
    return {
        "figures": figures,
        "documents": [
            Named(
                str(Sale.Kind(one.kind).label) + (f" ({one.series})" if one.series else ""),
                one.count,
                one.total,
                one.first if one.first == one.last else f"{one.first} – {one.last}",
            )
            for one in figures.documents
        ],
        "payments": [
            Named(str(Payment.Method(one.method).label), one.count, one.amount)
            for one in figures.payments
        ],
        "movements": [
            Named(str(CashMovement.Kind(one.kind).label), one.count, one.amount)
            for one in figures.movements
        ],
        **{name: figures.sum_of(name) for name in ("discount", "net", "tax", "rounding")},
    }


@require_safe
@needs(Permission.READING_X_READING)
def shift_reading(request: Any, pk: uuid.UUID) -> HttpResponse:
    """Of an open shift only for who may know what is in its drawer before it is counted."""
    shift: Shift = get_object_or_404(visible_shifts(request), pk=pk)
    demand_figures(request, [shift])
    context = {
        "shift": shift,
        "location": shift.register.location,
        "register": shift.register,
        "read_at": timezone.now(),
        "back": shift,
        **shown(readings.shift_figures(shift)),
    }
    return render(request, "sales/reading.html", context)


@require_POST
@needs(Permission.READING_Z_READING)
def z_take(request: Any, pk: uuid.UUID) -> HttpResponse:
    """Close the day of the shift's register."""
    shift: Shift = get_object_or_404(visible_shifts(request), pk=pk)
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["id"][0]))
        return redirect("shift_detail", shift.pk)
    try:
        reading = readings.take_z(
            actor=request.membership, reading_id=form.cleaned_data["id"], register=shift.register
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("shift_detail", shift.pk)
    return redirect("z_reading", reading.pk)


@require_safe
@needs(*READ)
def z_reading(request: Any, pk: uuid.UUID) -> HttpResponse:
    reading: ZReading = get_object_or_404(_visible(request), pk=pk)
    context = {
        "reading": reading,
        "location": reading.register.location,
        "register": reading.register,
        "read_at": reading.taken_at,
        **shown(Figures.of_plain(reading.figures)),
    }
    return render(request, "sales/reading.html", context)


@require_safe
@needs(*READ)
@vary_on_headers("HX-Request")
def z_reading_list(request: Any) -> HttpResponse:
    page = keyset_page(_visible(request), by="taken_at", cursor=request.GET.get("cursor", ""))
    context = {
        "readings": page.rows,
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
    }
    return render(request, "sales/z_reading_list.html", context)


def _visible(request: Any) -> Any:
    readings_here = ZReading.objects.filter(register__in=visible_registers(request))
    return readings_here.select_related("register__location", "taken_by")
