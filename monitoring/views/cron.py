"""The scheduler's calls that look after the installation: the daily tidying, and the alerts."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import public
from monitoring import regular
from monitoring.alerts import checking
from monitoring.views.secrets import demand_token


@transaction.non_atomic_requests
@public
@require_safe
@never_cache
def cron_daily(request: HttpRequest) -> JsonResponse:
    """The daily housekeeping, for the host's scheduler with its secret; 404 for everybody else."""
    demand_token(request, settings.CRON_SECRET)
    done = regular.tidy()
    # Where nothing else asks, alerts are looked at once a day.
    checking.check()
    return JsonResponse(done)


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
