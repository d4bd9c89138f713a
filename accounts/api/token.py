"""The token of a device, renewed by itself."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.api import schema
from accounts.devices import roll_token
from accounts.rest import BusinessRequest, BusinessView
from tenants.errors import Refused


class RollView(BusinessView):
    needs = {"POST": ()}

    @extend_schema(
        operation_id="token_roll",
        request=None,
        responses={201: schema.NewToken},
        tags=["Start"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """A new token for this device or program. Keep it, then use it: its first use ends the old.

        Until then the old one works; where this answer is lost, ask again with it. A new token that
        is not used within 24 hours is forgotten.
        """
        if request.device is None:
            raise Refused("devices_only", _("This is for devices and programs."), status=403)
        return Response({"token": roll_token(device=request.device)}, status=201)
