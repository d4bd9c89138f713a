"""How the installation runs, for people who run it: the status page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import public
from backups import status as backups
from monitoring import regular
from monitoring.alerts import checking, delivery, rules
from monitoring.health import kept
from monitoring.metrics import measuring, reading
from monitoring.metrics.reading import Slot, Traffic
from monitoring.models import BOUNDS_MS, Alert, Deployment, LastRun

SLOT_MINUTES: Final = 30
PAST_ALERTS: Final = 10
DEPLOYMENTS: Final = 5
#: The alerts should be looked at each minute, or at least daily where a host calls once a day.
FORGOTTEN: Final = timedelta(hours=25)

PARTS: Final[dict[str, str | Promise]] = {
    "database": gettext_lazy("Database"),
    "migrations": gettext_lazy("Migrations"),
    "role": gettext_lazy("Row-level security"),
    "storage": gettext_lazy("Storage"),
    "backup": gettext_lazy("Backup"),
    "cache": gettext_lazy("Cache"),
    "replica": gettext_lazy("Replica"),
}


@public
@never_cache
@login_required
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """For platform administrators; 404 for everybody else who is signed in. Shows no shop's data."""
    user: Any = request.user
    if not user.is_superuser:
        raise Http404
    if user.must_change_password:
        return redirect("password_change")
    context = {
        "zone": "UTC",
        "now": timezone.now(),
        **_alerts(),
        **_traffic(),
        **_state(),
        "deployments": Deployment.objects.all()[:DEPLOYMENTS],
        "versions": measuring.versions(),
    }
    return render(request, "monitoring/status.html", context)


@dataclass(frozen=True)
class Shown:
    """An alert as the page shows it."""

    title: str | Promise
    row: Alert


def _alerts() -> dict[str, Any]:
    rows = Alert.objects.all()
    past = rows.exclude(resolved_at=None).order_by("-resolved_at")[:PAST_ALERTS]
    checked = checking.last_check()
    return {
        "alerts": [_shown(row) for row in rows.filter(resolved_at=None)],
        "past": [_shown(row) for row in past],
        "checked_at": checked,
        "is_forgotten": checked is None or timezone.now() - checked > FORGOTTEN,
        "undelivered": delivery.waiting().count(),
        "remarks": rules.remarks(),
    }


def _shown(row: Alert) -> Shown:
    return Shown(rules.KINDS.get(row.kind, row.kind), row)


def _traffic() -> dict[str, Any]:
    slots = reading.last_day(SLOT_MINUTES)
    day = reading.merged(slots)
    return {
        "day": day,
        "error_percent": Decimal(f"{day.error_percent:.2f}"),
        "p95": duration(day.p95_ms),
        "sales": reading.sales_of_last_day(),
        "requests": [(_clock(slot), Decimal(slot.count)) for slot in slots],
        "errors": [(_clock(slot), Decimal(slot.errors)) for slot in slots],
        "slowness": [(_clock(slot), Decimal(slot.p95_ms or 0)) for slot in slots],
        "routes": [_route(name, traffic) for name, traffic in reading.busiest()],
    }


def _clock(slot: Slot) -> str:
    return f"{datetime.fromtimestamp(slot.start * 60, UTC):%H:%M}"


def _route(name: str, traffic: Traffic) -> dict[str, Any]:
    return {
        "name": name,
        "count": traffic.count,
        "errors": traffic.errors,
        "p95": duration(traffic.p95_ms),
        "statements": Decimal(traffic.statements / traffic.count).quantize(Decimal("0.1")),
    }


def duration(milliseconds: int | None) -> str:
    """Such as 84 ms or 2.4 s; a dash where nothing was measured."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return _("%(count)s ms") % {"count": milliseconds}
    if milliseconds >= BOUNDS_MS[-1]:
        return _("over %(count)s s") % {"count": BOUNDS_MS[-1] // 1000}
    return _("%(count)s s") % {"count": f"{milliseconds / 1000:.1f}"}


def _state() -> dict[str, Any]:
    limit, size = measuring.database_limit_bytes(), measuring.database_bytes()
    return {
        "parts": [
            {"name": PARTS.get(part.name, part.name), "part": part} for part in kept.report().parts
        ],
        "queue": measuring.queue(),
        "connections": measuring.connections(),
        "database_bytes": size,
        "database_percent": 100 * size // limit if limit else None,
        "database_limit": limit,
        "disk": measuring.disk(),
        "sessions": measuring.sessions(),
        "backups_configured": backups.configured(),
        "backup": backups.last_backup(good=True),
        "last_backup": backups.last_backup(),
        "drill": backups.last_drill(),
        "daily_at": LastRun.objects.filter(name=regular.DAILY).values_list("at", flat=True).first(),
        "has_token": bool(settings.METRICS_TOKEN),
    }
