"""What every answer carries beside what Django's own middleware sets."""

from __future__ import annotations

import http.cookies
from collections.abc import Callable
from typing import Any

from csp.constants import NONE, SELF
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# Nothing here asks for any of them: scanners and drawers are keyboards and printers.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "payment",
        "usb",
    )
)
PRIVATE = "private, no-store"

# Python knows the attribute from 3.14 on.
_morsel: Any = http.cookies.Morsel
_morsel._reserved.setdefault("partitioned", "Partitioned")
_morsel._flags.add("partitioned")


class HeadersMiddleware:
    """Outside of all that answers and sets cookies.

    - An answer that says nothing of caches is kept by none: the next person at a shared till must
      not find it by the back button.
    - Embedded in another site, every cookie is partitioned, those that are deleted as well.
    - X-Frame-Options knows no list of sites: where one is set, frame-ancestors alone says it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cache-Control", PRIVATE)
        if settings.FRAME_ANCESTORS not in ([NONE], [SELF]):
            response.headers.pop("X-Frame-Options", None)
        if settings.EMBEDDED:
            for morsel in response.cookies.values():
                morsel["partitioned"] = True
        return response
