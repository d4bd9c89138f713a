"""The front door, health, and the pages for what went wrong."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import limits, sessions
from accounts.access import public
from archive import files
from archive.leaving.deleting import delete_due
from pos.errors import body
from sales import credit


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("/businesses/" if request.user.is_authenticated else "/sign-in/")


@public
@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@transaction.non_atomic_requests
@public
@require_safe
@never_cache
def cron_daily(request: HttpRequest) -> JsonResponse:
    """The daily housekeeping, for the host's scheduler with its secret; 404 for everybody else.

    Each part in transactions of its own: what was done stays done when a later part fails.
    """
    asked = request.headers.get("Authorization", "")
    expected = f"Bearer {settings.CRON_SECRET}"
    if not settings.CRON_SECRET or not constant_time_compare(asked, expected):
        raise Http404
    pruned = {"sessions": sessions.prune(), "attempts": limits.prune(), "files": files.prune()}
    expired = credit.expire_everywhere()
    left = delete_due(timezone.now())
    gone = {"businesses": len(left.deleted), "failed": len(left.failed), "records": left.purged}
    return JsonResponse({**pruned, "credit": expired, **gone})


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(request, 400, "bad_request", _("This request could not be understood."))


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(request, 403, "permission_denied", str(exception or _("You may not do this.")))


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _page(request, 404, "not_found", _("There is no such thing here."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 503 where the database did not answer in time: to ask again is then the right thing."""
    if isinstance(sys.exc_info()[1], OperationalError):
        status, code, message = 503, "busy", _("This takes too long. Try again.")
    else:
        status, code = 500, "error"
        message = _("Something went wrong here. Nothing was half done.")
    answer: HttpResponse
    if "/api/" in request.path:
        answer = JsonResponse(body(code, message), status=status)
    else:
        # Without the request's context: whatever failed may be what that context needs.
        answer = HttpResponse(
            render_to_string(f"{status}.html", {"message": message}), status=status
        )
    if status == 503:
        answer["Retry-After"] = "1"
    return answer


def _page(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if "/api/" in request.path:
        answer = JsonResponse(body(code, message), status=status)
        answer["Cache-Control"] = "private, no-store"
        return answer
    return render(request, f"{status}.html", {"message": message}, status=status)
