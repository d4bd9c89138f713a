"""The front door, and the pages for what went wrong."""

from __future__ import annotations

import logging
import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import public
from monitoring.facts import request_id
from pos.context import system_notice
from pos.errors import body

logger = logging.getLogger(__name__)


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("/businesses/" if request.user.is_authenticated else "/sign-in/")


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(request, 400, "bad_request", _("This request could not be understood."))


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(request, 403, "permission_denied", str(exception or _("You may not do this.")))


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(request, 404, "not_found", _("There is no such thing here."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 503 where the database did not answer in time: to ask again is then the right thing."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        status, code, message = 503, "busy", _("This takes too long. Try again.")
    else:
        status, code = 500, "error"
        message = _("Something went wrong here. Nothing was half done.")
    answer: HttpResponse
    if "/api/" in request.path:
        answer = JsonResponse(body(code, message), status=status)
    else:
        # Without the request's context: whatever failed may be what that context needs.
        context = {"message": message, "request_id": request_id(), "system_notice": system_notice()}
        answer = HttpResponse(_error_page(f"{status}.html", context), status=status)
    if status == 503:
        answer["Retry-After"] = "1"
    return answer


def _error_page(template: str, context: dict[str, Any]) -> str:
    """The page of an error; where it fails too, the message alone."""
    try:
        return render_to_string(template, context)
    except Exception:
        # Static files that were not collected fail every page, this one included. An error in here
        # would be caught and answered by each middleware in turn, with this page again.
        logger.exception("The page of an error could not be made")
        return format_html(
            "<!doctype html><title>Tillbook</title><p>{}</p><p>{}</p>",
            context["message"],
            context["request_id"],
        )


def _page(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if "/api/" in request.path:
        answer = JsonResponse(body(code, message), status=status)
        answer["Cache-Control"] = "private, no-store"
        return answer
    return render(request, f"{status}.html", {"message": message}, status=status)
