"""Addresses for balancers and watchers: alive, ready, and the plain old health."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import public
from monitoring.health import kept

# What a proxy adds. One on this machine would otherwise look like the machine itself.
PROXIED = (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Real-IP",
    "Forwarded",
    "Via",
)


@transaction.non_atomic_requests
@public
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers; no database is asked."""
    return JsonResponse({"status": "ok"})


@transaction.non_atomic_requests
@public
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when a shop can sell, otherwise 503; the parts for whoever looks after the machine."""
    report = kept.report()
    content = report.details() if may_see_details(request) else report.summary()
    answer = JsonResponse(content, status=200 if report.is_ready else 503)
    if not report.is_ready:
        answer["Retry-After"] = "5"
    return answer


@public
@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers; and whether it is one that lasts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    content: dict[str, Any] = {"status": "ok"}
    if settings.EPHEMERAL:
        content |= {"persistent": False, "set": ["DATABASE_URL"]}
    return JsonResponse(content)


def may_see_details(request: HttpRequest) -> bool:
    """With METRICS_TOKEN, or from this machine itself and not through a proxy on it."""
    token = settings.METRICS_TOKEN
    asked = request.headers.get("Authorization", "")
    if token and constant_time_compare(asked, f"Bearer {token}"):
        return True
    if any(name in request.headers for name in PROXIED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
