"""Locations, where stock lies and registers stand: as a program needs them to name one."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.access import visible_locations
from accounts.permissions import Permission
from accounts.places import find_locations
from accounts.rest import BusinessRequest, BusinessView
from inventory.api import asking, schema
from inventory.api.shapes import place_shape
from tenants.models import Location

PAGE = 500


def location_shape(location: Location) -> dict[str, Any]:
    return {
        **place_shape(location),
        "address": location.address,
        "phone": location.phone,
        "time_zone": location.time_zone,
        "receipt_header": location.receipt_header,
        "receipt_footer": location.receipt_footer,
        "below_zero": location.below_zero,
        "is_active": location.is_active,
    }


class LocationsView(BusinessView):
    needs = {"GET": Permission.LOCATION_VIEW}

    @extend_schema(
        operation_id="locations",
        parameters=[schema.PLACE_TEXT, schema.STATUS, schema.CURSOR],
        responses=schema.LocationPage,
        tags=["Registers"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """One's own locations, 500 a page, in an order that never changes.

        Active ones where no `status` is asked for.
        """
        found = find_locations(request, asking.asked_text(request, "q"))
        rows = asking.by_status(request, found)
        return self.page(rows, location_shape, ordering=("id",), size=PAGE)


class LocationView(BusinessView):
    needs = {"GET": Permission.LOCATION_VIEW}

    @extend_schema(operation_id="location", responses=schema.LocationShape, tags=["Registers"])
    def get(self, request: BusinessRequest, location_id: uuid.UUID) -> Response:
        """One of one's own locations, active or not."""
        location = visible_locations(request).filter(pk=location_id).first()
        if location is None:
            raise Http404
        return Response(location_shape(location))
