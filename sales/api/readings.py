"""X and Z readings, and the report of a register's day."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.bodies import invalid
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from sales import readings
from sales.api import cash_schema, schema
from sales.api.registers import asked_register, register_or_404, usable_registers
from sales.api.shapes import Shape, local_time
from sales.api.shifts import shift_or_404
from sales.days import as_day, today_at
from sales.models import Register, Shift, ZReading
from sales.readings import Figures
from sales.selection import demand_figures
from tenants.context import current
from tenants.spelling import plain_money, plain_number

PAGE = 20
READ = (Permission.READING_X_READING, Permission.READING_Z_READING, Permission.REPORT_CASH_VIEW)
SUMS = ("discount", "net", "tax", "rounding", "total")


class ShiftReadingView(BusinessView):
    needs = {"GET": Permission.READING_X_READING}

    @extend_schema(
        operation_id="shift_reading",
        responses=cash_schema.ShiftReading,
        tags=["Cash and readings"],
    )
    def get(self, request: BusinessRequest, shift_id: uuid.UUID) -> Response:
        """An X reading: what a shift has come to so far, or came to. Changes nothing.

        Of an open shift it says what the drawer should hold, and needs `cash.view_expected` too.
        """
        shift = shift_or_404(request, shift_id)
        demand_figures(request, [shift])
        location = shift.register.location
        covered = readings.reading_of_shift(shift)
        return Response(
            {
                "shift": shift.pk,
                "register": _named(shift.register),
                "number": shift.number,
                "opened_at": local_time(shift.opened_at, location),
                "closed_at": shift.closed_at and local_time(shift.closed_at, location),
                "read_at": local_time(timezone.now(), location),
                "z_reading": covered and covered.pk,
                "figures": figures_shape(readings.shift_figures(shift)),
            }
        )


class DayView(BusinessView):
    needs = {"GET": Permission.READING_X_READING}

    @extend_schema(
        operation_id="day",
        parameters=[cash_schema.DAYS_REGISTER, cash_schema.DAY],
        responses=cash_schema.Day,
        tags=["Cash and readings"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """What a register sold and moved on a date: what a terminal prints at the end of its day.

        While a shift of that date is open it needs `cash.view_expected` too.
        """
        register = _days_register(request)
        day = _asked_day(request, register)
        shifts = list(
            readings.shifts_of_day(register, day).select_related("opened_by", "closed_by")
        )
        demand_figures(request, shifts)
        return Response(
            {
                "register": _named(register),
                "date": day.isoformat(),
                "read_at": local_time(timezone.now(), register.location),
                "shifts": [_shift_of_day(shift, register) for shift in shifts],
                "figures": figures_shape(readings.day_figures(register, day)),
            }
        )


class ZReadingsView(BusinessView):
    needs = {"GET": READ, "POST": Permission.READING_Z_READING}

    @extend_schema(
        operation_id="z_readings",
        parameters=[schema.ANY_REGISTER, schema.CURSOR],
        responses=cash_schema.ZReadingPage,
        tags=["Cash and readings"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Z readings, the newest first."""
        rows = visible_readings(request)
        if request.GET.get("register"):
            rows = rows.filter(register=asked_register(request))
        return self.page(rows, reading_shape, ordering=("-taken_at", "-id"), size=PAGE)

    @extend_schema(
        operation_id="z_reading_create",
        request=cash_schema.NewZReading,
        responses={201: cash_schema.ZReading, 200: cash_schema.ZReading},
        tags=["Cash and readings"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Close a register's day: 201. The same request again: 200 with the same reading.

        It covers every shift that was closed since the register's last Z reading, has the next
        number and never changes. 409: `shift_open` (close it first), `nothing_to_close`, `id_taken`.
        """
        body = body_of(request)
        reading_id, register_id = body.uuid("id"), body.uuid("register")
        body.finish()
        reading = readings.take_z(
            actor=request.membership,
            reading_id=reading_id,
            register=register_or_404(request, register_id),
            device=request.device,
        )
        return Response(reading_shape(reading), status=200 if reading.was_recorded else 201)


class ZReadingView(BusinessView):
    needs = {"GET": READ}

    @extend_schema(
        operation_id="z_reading", responses=cash_schema.ZReading, tags=["Cash and readings"]
    )
    def get(self, request: BusinessRequest, reading_id: uuid.UUID) -> Response:
        """One Z reading, as it was taken."""
        reading = visible_readings(request).filter(pk=reading_id).first()
        if reading is None:
            raise Http404
        return Response(reading_shape(reading))


def visible_readings(request: Any) -> QuerySet[ZReading]:
    """The readings of the registers that the request may use."""
    rows: QuerySet[ZReading] = ZReading.objects.filter(register__in=usable_registers(request))
    return rows.select_related("register__location", "taken_by")


def _days_register(request: Any) -> Register:
    """The register in the query string, or the terminal's own one. Raises Refused, Http404."""
    if request.GET.get("register") or request.device is None:
        return asked_register(request)
    own = usable_registers(request).filter(device=request.device).first()
    return own if own is not None else asked_register(request)


def _asked_day(request: Any, register: Register) -> date:
    text = request.GET.get("date", "")
    found = as_day(text) if text else today_at(register)
    if found is None:
        invalid("date", _("Write the date as 2026-01-31."))
    return found


# -- answering ------------------------------------------------------------------------------------


def figures_shape(figures: Figures) -> Shape:
    digits = current().digits

    def money(value: Decimal | None) -> str | None:
        return None if value is None else plain_money(value, digits)

    shape: Shape = {
        "documents": [
            {
                "kind": one.kind,
                "series": one.series,
                "count": one.count,
                "first": one.first,
                "last": one.last,
                **{name: money(getattr(one, name)) for name in SUMS[1:]},
            }
            for one in figures.documents
        ],
        "payments": [
            {"method": one.method, "count": one.count, "amount": money(one.amount)}
            for one in figures.payments
        ],
        "taxes": [
            {
                "name": one.name,
                "rate": plain_number(one.rate),
                "discount": money(one.discount),
                "net": money(one.net),
                "tax": money(one.tax),
            }
            for one in figures.taxes
        ],
        "movements": [
            {"kind": one.kind, "count": one.count, "amount": money(one.amount)}
            for one in figures.movements
        ],
        **{name: money(figures.sum_of(name)) for name in SUMS},
        "currency": current().currency,
    }
    drawer = figures.drawer
    if drawer is not None:
        shape["drawer"] = {
            "opening_float": money(drawer.opening_float),
            "cash_taken": money(figures.cash_taken),
            "cash_moved": money(figures.cash_moved),
            "expected": money(drawer.expected),
            "counted": money(drawer.counted),
            "difference": money(drawer.difference),
        }
    return shape


def reading_shape(reading: ZReading) -> Shape:
    location, digits = reading.register.location, current().digits
    return {
        "id": reading.pk,
        "register": _named(reading.register),
        "number": reading.number,
        "business_date": reading.business_date.isoformat(),
        "first_shift": reading.first_shift,
        "last_shift": reading.last_shift,
        "began_at": local_time(reading.began_at, location),
        "ended_at": local_time(reading.ended_at, location),
        "taken_at": local_time(reading.taken_at, location),
        "taken_by": str(reading.taken_by),
        "total": plain_money(reading.total, digits),
        "grand_total": plain_money(reading.grand_total, digits),
        "hash": reading.content_hash,
        "figures": figures_shape(Figures.of_plain(reading.figures)),
    }


def _shift_of_day(shift: Shift, register: Register) -> Shape:
    digits, location = current().digits, register.location
    cash = {
        name: None if value is None else plain_money(value, digits)
        for name, value in (
            ("expected_cash", shift.expected_cash),
            ("counted_cash", shift.counted_cash),
            ("difference", shift.difference),
        )
    }
    return {
        "id": shift.pk,
        "number": shift.number,
        "opened_at": local_time(shift.opened_at, location),
        "opened_by": str(shift.opened_by),
        "closed_at": shift.closed_at and local_time(shift.closed_at, location),
        **cash,
    }


def _named(register: Register) -> Shape:
    return {"id": register.pk, "name": register.name}
