"""Pairing: how a terminal gets its token, with a code and without being anybody yet."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import refused
from accounts.device_door import network_of, version_of
from accounts.limits import TooMany, address_of, client_address
from accounts.permissions import Permission
from accounts.rest import StrictJSONParser, body_of
from sales.api import schema
from sales.terminals import BY_ADDRESS, BY_ALL, redeem


class PairView(APIView):
    """Public, and the only one of its kind: it knows nothing but codes."""

    needs: ClassVar[dict[str, tuple[Permission, ...]]] = {"POST": ()}
    authentication_classes = ()
    permission_classes = ()
    parser_classes = (StrictJSONParser,)
    metadata_class = None

    @extend_schema(
        operation_id="pair",
        request=schema.NewPairing,
        responses={201: schema.Paired},
        tags=["Start"],
        auth=[],
    )
    def post(self, request: Request) -> Response | HttpResponse:
        """Turn the code of the Devices page into the token of this terminal, which is told once.

        A code lives for ten minutes and works once; any letter case, with or without the hyphen.
        404 `unknown_code`: it is wrong, used or too old. 429 `too_many`: come back later.
        """
        body = body_of(request)
        code = body.text("code", most=40, required=True)
        model = body.text("name", most=100)
        version = body.text("version", most=60)
        body.finish()
        address = address_of(request._request)
        try:
            BY_ADDRESS.count(address)
            BY_ALL.count()
        except TooMany as too_many:
            return _later(too_many.wait)
        paired = redeem(
            code=code,
            model=model,
            version=version or version_of(request),
            network=network_of(client_address(request._request)),
        )
        if paired is None:
            # Said and not raised: the try must stay counted.
            text = _("This code is wrong, used or too old. Ask for a new one on the Devices page.")
            return refused("unknown_code", text, 404)
        BY_ADDRESS.forgive(address)
        BY_ALL.forgive()
        device, register = paired.device, paired.register
        business, location = register.business, register.location
        answer = {
            "token": paired.token,
            "device": {"id": device.pk, "name": device.name},
            "needs_operator": device.needs_operator,
            "business": {"name": business.name, "slug": business.slug},
            "location": {"id": location.pk, "name": location.name, "code": location.code},
            "register": {"id": register.pk, "name": register.name, "prefix": register.prefix},
        }
        return Response(answer, status=201, headers={"Cache-Control": "private, no-store"})


def _later(wait: int) -> HttpResponse:
    answer = refused("too_many", _("Too many tries. Come back later."), 429)
    answer["Retry-After"] = str(wait)
    return answer
