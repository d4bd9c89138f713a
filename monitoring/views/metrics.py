"""Figures for Prometheus."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import public
from monitoring.metrics import exposition
from monitoring.views.secrets import demand_token


@public
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Every figure as text, for who carries METRICS_TOKEN; 404 for everybody else.

    From rows that all instances share, so it does not matter which of them is asked.
    """
    demand_token(request, settings.METRICS_TOKEN)
    text = exposition.render(exposition.everything())
    return HttpResponse(text, content_type=exposition.CONTENT_TYPE)
