"""Who may open these pages, and how they call elsewhere without holding a transaction open."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounts.access import demand, needs
from accounts.permissions import Permission
from webhooks.models import Delivery, Endpoint

View = TypeVar("View", bound=Callable[..., Any])
MANAGE = Permission.WEBHOOK_MANAGE


def desk(view: View) -> View:
    """Declare that a page is for who manages webhooks and works at every location: what is told
    knows none."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        _demand_everywhere(request)
        return view(request, *args, **kwargs)

    return needs(MANAGE)(guarded)  # type: ignore[return-value]


def calling_desk(view: View) -> View:
    """The same for a page that looks hosts up or calls them: the view opens its transactions."""

    @transaction.non_atomic_requests
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            demand(request, MANAGE)
            _demand_everywhere(request)
        return view(request, *args, **kwargs)

    guarded.needs = (MANAGE,)  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def _demand_everywhere(request: Any) -> None:
    if request.membership.location_ids is not None:
        raise PermissionDenied(
            _("This is about the whole business, and you work at some of its locations.")
        )


def endpoint_or_404(endpoint_id: uuid.UUID) -> Endpoint:
    endpoint: Endpoint = get_object_or_404(Endpoint, pk=endpoint_id)
    return endpoint


def delivery_or_404(delivery_id: uuid.UUID) -> Delivery:
    rows = Delivery.objects.select_related("endpoint", "event")
    delivery: Delivery = get_object_or_404(rows, pk=delivery_id)
    return delivery
