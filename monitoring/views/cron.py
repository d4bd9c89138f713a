"""The scheduler's calls that look after the installation: the daily tidying, and the alerts."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import limits, sessions
from accounts.access import public
from archive import files
from archive.leaving.deleting import delete_due
from monitoring import regular
from monitoring.alerts import checking
from monitoring.models import LastRun
from monitoring.views.secrets import demand_token
from sales import credit


@transaction.non_atomic_requests
@public
@require_safe
@never_cache
def cron_daily(request: HttpRequest) -> JsonResponse:
    """The daily housekeeping, for the host's scheduler with its secret; 404 for everybody else.

    Each part in transactions of its own: what was done stays done when a later part fails.
    """
    demand_token(request, settings.CRON_SECRET)
    pruned = {
        "sessions": sessions.prune(),
        "attempts": limits.prune(),
        "files": files.prune(),
        **regular.prune(),
    }
    expired = credit.expire_everywhere()
    left = delete_due(timezone.now())
    gone = {"businesses": len(left.deleted), "failed": len(left.failed), "records": left.purged}
    LastRun.objects.update_or_create(name="daily", defaults={"at": timezone.now()})
    # Where nothing else asks, alerts are looked at once a day.
    checking.check()
    return JsonResponse({**pruned, "credit": expired, **gone})


@transaction.non_atomic_requests
@public
@require_safe
@never_cache
def cron_alerts(request: HttpRequest) -> JsonResponse:
    """Evaluate the alerts and tell people, for any scheduler with the secret; 404 without it."""
    demand_token(request, settings.CRON_SECRET)
    outcome = checking.check()
    return JsonResponse(
        {
            "open": outcome.messages,
            "begun": outcome.begun,
            "ended": outcome.ended,
            "sent": outcome.sent,
            "undelivered": outcome.undelivered,
        }
    )
