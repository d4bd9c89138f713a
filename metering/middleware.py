"""Each request of a key is counted, or refused, before its view; each answer says what is left.

Inside the door of devices, outside the view's transaction: no row stays locked while a view works.
People in a browser have no key and are not counted here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers

from metering import admitting


class MeterMiddleware:
    """See `metering/admitting.py` for who may be refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        device = getattr(request, "device", None)
        if device is None:
            return self.get_response(request)
        verdict = admitting.judge(device, route_of(request))
        response = verdict.refusal or self.get_response(request)
        for name, value in verdict.headers.items():
            response.headers[name] = value
        if verdict.refusal is not None:
            response.headers["Cache-Control"] = "private, no-store"
            patch_vary_headers(verdict.refusal, ["Authorization"])
        return response


def route_of(request: Any) -> str:
    """The name of the route; empty where there is none, which is counted like any other.

    Noted on the request too: Django does so only when the view is called, and the log names the
    routes of what was refused as well.
    """
    try:
        request.resolver_match = resolve(request.path_info, request.urlconf)
    except Resolver404:
        return ""
    return request.resolver_match.url_name or ""
