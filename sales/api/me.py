"""Who is asking, in which business, and at which registers: what a till reads first."""

from __future__ import annotations

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.access import nobody_is_here
from accounts.rest import BusinessRequest, BusinessView
from sales.api import schema
from sales.api.registers import usable_registers
from sales.api.shapes import business_shape, register_shape
from sales.models import Shift
from sales.series import series_of


class MeView(BusinessView):
    needs = {"GET": ()}

    @extend_schema(operation_id="me", responses=schema.Me, tags=["Start"])
    def get(self, request: BusinessRequest) -> Response:
        """Business, person, permissions, and the registers with their open shifts."""
        device, membership = request.device, request.membership
        session = request.operator_session
        open_shifts = Shift.objects.filter(closed_at=None).select_related("opened_by")
        registers = (
            usable_registers(request)
            .filter(is_active=True, location__is_active=True)
            .prefetch_related(Prefetch("shifts", queryset=open_shifts, to_attr="open_shifts"))
        )
        series = {} if device is None else series_of(device)
        return Response(
            {
                "business": business_shape(request.business),
                "person": {
                    "id": membership.pk,
                    "name": "" if nobody_is_here(request) else str(membership.user),
                },
                "permissions": sorted(membership.granted),
                "device": None
                if device is None
                else {
                    "id": device.pk,
                    "name": device.name,
                    "needs_operator": device.needs_operator,
                },
                "operator": None
                if session is None
                else {
                    "id": session.membership_id,
                    "expires_at": session.expires_at.isoformat(timespec="milliseconds"),
                },
                "registers": [
                    register_shape(one, next(iter(one.open_shifts), None), series.get(one.pk))
                    for one in registers
                ],
            }
        )
