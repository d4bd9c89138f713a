"""Registers: listed, added, changed and switched off, by the form of their page."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.access import visible_locations
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView
from accounts.versions import demand_version, tag
from inventory.api import asking, rows
from inventory.api.schema import CURSOR, IF_MATCH, STATUS
from sales.api import till_schema as schema
from sales.api.shapes import local_time
from sales.forms import RegisterForm
from sales.models import NumberSeries, Register, Shift
from sales.selection import visible_registers

P = Permission

PAGE = 500


def _read(request: Any, values: dict[str, Any]) -> dict[str, Any]:
    """A prefix in capital letters. Raises Http404 for a location that the request may not see."""
    location = values.get("location")
    if location is not None and not visible_locations(request).filter(pk=location).exists():
        raise Http404
    if "prefix" in values:
        values["prefix"] = values["prefix"].upper()
    return values


REGISTER = rows.Kind(
    model=Register,
    names=RegisterForm.Meta.fields,
    form=lambda request, data, row: RegisterForm(request, data, instance=row),
    read=_read,
)


def whole(request: Any) -> QuerySet[Register]:
    """The registers that the request may see, with all that `till_shape` says of them."""
    open_shifts = Shift.objects.filter(closed_at=None).select_related("opened_by")
    series = NumberSeries.objects.filter(register=OuterRef("pk"))
    return (
        visible_registers(request)
        .select_related("device")
        .annotate(is_fixed=Q(chain_length__gt=0) | Exists(series))
        .prefetch_related(Prefetch("shifts", open_shifts, to_attr="open_shifts"))
    )


def till_shape(register: Any) -> dict[str, Any]:
    """A register of `whole`; reads nothing more."""
    location, device = register.location, register.device
    shift = next(iter(register.open_shifts), None)
    return {
        "id": register.pk,
        "version": REGISTER.version(register),
        "name": register.name,
        "prefix": register.prefix,
        "location": {"id": location.pk, "name": location.name, "code": location.code},
        "is_active": register.is_active,
        "is_fixed": register.is_fixed,
        "last_sale": register.sale_counter,
        "terminal": None if device is None else {"id": device.pk, "name": device.name},
        "shift": None
        if shift is None
        else {
            "id": shift.pk,
            "number": shift.number,
            "opened_at": local_time(shift.opened_at, location),
            "opened_by": str(shift.opened_by),
        },
    }


def answer(request: Any, register_id: uuid.UUID, status: int = 200) -> Response:
    """The register as it is stored now. Raises Http404."""
    register = whole(request).filter(pk=register_id).first()
    if register is None:
        raise Http404
    shape = till_shape(register)
    return Response(shape, status=status, headers=tag(shape["version"]))


class RegistersView(BusinessView):
    needs = {"GET": P.REGISTER_VIEW, "POST": P.REGISTER_CREATE}

    @extend_schema(
        operation_id="registers",
        parameters=[schema.LOCATION, STATUS, CURSOR],
        responses=schema.RegisterPage,
        tags=["Registers"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Registers of one's own locations, 500 a page, in an order that never changes.

        Active ones where no `status` is asked for. At which one may sell here, `GET me` says.
        """
        found = asking.by_status(request, whole(request))
        if location := asking.own_location(request):
            found = found.filter(location=location)
        return self.page(found, till_shape, ordering=("id",), size=PAGE)

    @extend_schema(
        operation_id="register_create",
        request=schema.NewRegister,
        responses={201: schema.Register, 200: schema.Register},
        tags=["Registers"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Add a register: 201. The same `id` with the same fields again: 200."""
        made, status = rows.add(request, REGISTER)
        return answer(request, made, status)


class RegisterView(BusinessView):
    needs = {"GET": P.REGISTER_VIEW, "PATCH": P.REGISTER_UPDATE}

    @extend_schema(operation_id="register", responses=schema.Register, tags=["Registers"])
    def get(self, request: BusinessRequest, register_id: uuid.UUID) -> Response:
        """One register, active or not. The `ETag` names its version, for `If-Match`."""
        return answer(request, register_id)

    @extend_schema(
        operation_id="register_change",
        parameters=[IF_MATCH],
        request=schema.RegisterChange,
        responses=schema.Register,
        tags=["Registers"],
    )
    def patch(self, request: BusinessRequest, register_id: uuid.UUID) -> Response:
        """Change what is sent of a register; the rest stays as it is.

        Location and prefix stay once a receipt was printed (`is_fixed`). With `is_active` false it
        is switched off, and its terminal with it; true brings both back.
        """

        def locked() -> Register:
            found = visible_registers(request).select_for_update(of=("self",))
            register = found.filter(pk=register_id).first()
            if register is None:
                raise Http404
            demand_version(request, REGISTER.version(register))
            return register

        rows.change(request, REGISTER, locked)
        return answer(request, register_id)
