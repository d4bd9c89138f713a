"""Wall 1: which business a request is for, and whether this person or device may enter it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import get_script_prefix, set_script_prefix
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

from tenants import context

MOUNT = re.compile(r"^/b/(?P<slug>[-a-z0-9_]+)(?P<rest>/.*)$")
# The description of the API is public and tells nothing of any business; whoever pairs is nobody
# yet.
DEVICE_MOUNT = re.compile(r"^/api/v1/(?!schema/|docs/|pair$)")


class BusinessMiddleware:
    """Mounts a business at `/b/<slug>/`, and the API of devices at `/api/v1/`.

    The mount is the script prefix, so every address reversed inside carries it. Only these URLs
    reach tenant data: the URL configuration is another one inside, and outside nothing is bound.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        # Found by name: this package knows nothing of people and devices.
        self.enter_business = import_string(settings.BUSINESS_DOOR)
        self.enter_device = import_string(settings.DEVICE_DOOR)

    @cached_property
    def answer_at_once(self) -> Callable[[HttpRequest], HttpResponseBase | None]:
        """Looked for when a device comes: nobody else needs what it imports."""
        found: Callable[[HttpRequest], HttpResponseBase | None] = import_string(settings.AT_ONCE)
        return found

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        mount = MOUNT.match(request.path_info)
        if mount:
            entered = self.enter_business(request, mount["slug"])
            prefix = request.path_info[: mount.start("rest")]
            return self._inside(request, entered, prefix, mount["rest"], settings.BUSINESS_URLCONF)
        if DEVICE_MOUNT.match(request.path_info):
            answer = self.answer_at_once(request)
            if answer is not None:
                return answer
            entered = self.enter_device(request)
            return self._inside(request, entered, "", request.path_info, settings.DEVICE_URLCONF)
        return self.get_response(request)

    def _inside(
        self, request: HttpRequest, entered: Any, prefix: str, rest: str, urlconf: str
    ) -> HttpResponseBase:
        # A door answers with the business, or with what to say to someone who may not enter.
        if isinstance(entered, HttpResponseBase):
            return entered
        outer = get_script_prefix()
        request.path_info = rest
        request.urlconf = urlconf
        set_script_prefix(outer.rstrip("/") + prefix + "/")
        try:
            with context.business(entered):
                response = self.get_response(request)
            # Lists answer htmx with a part of the page: a cache must not give it to the browser.
            patch_vary_headers(response, ["HX-Request"])
            return response
        finally:
            set_script_prefix(outer)
