"""API use: what keys ask for, how much they may, and the credits of the business."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import needs
from accounts.models import Device
from accounts.permissions import Permission
from accounts.views.refusals import explain
from metering import keys, ledger
from metering.forms import LimitForm
from metering.models import ApiEntry, KeyLimit
from tenants import formats
from tenants.errors import Refused

View = TypeVar("View", bound=Callable[..., Any])
PAGE = 20


def whole_business(view: View) -> View:
    """Credits and keys know no locations: for who works at every one."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.membership.location_ids is not None:
            raise PermissionDenied(
                _("This is about the whole business, and you work at some of its locations.")
            )
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[return-value]


@needs(Permission.API_USE_VIEW)
@whole_business
@require_safe
def api_use(request: Any) -> HttpResponse:
    days = keys.by_day()
    entries, earlier = _entries(request.GET.get("cursor", ""))
    account = ledger.balance()
    context = {
        "enforced": settings.METERING.enforced,
        "account": account,
        "shows_credits": settings.METERING.enforced or account.entries_made,
        "days": [(formats.local_date(day), count) for day, count in days],
        "requests_today": days[-1][1],
        "requests_in_days": sum(count for _day, count in days),
        "keys": keys.used_by_keys(),
        "entries": entries,
        "earlier": earlier,
        "is_first": "cursor" not in request.GET,
    }
    return render(request, "metering/api_use.html", context)


def _entries(cursor: str) -> tuple[list[ApiEntry], int | None]:
    """A page of the ledger, the newest first, and where the next begins."""
    rows = ApiEntry.objects.select_related("device", "actor").order_by("-number")
    if cursor.isdecimal() and len(cursor) < 19:
        rows = rows.filter(number__lt=int(cursor))
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].number if len(found) > PAGE else None


@needs(Permission.API_USE_LIMIT)
@whole_business
@require_http_methods(["GET", "HEAD", "POST"])
def key_limits(request: Any, key_id: uuid.UUID) -> HttpResponse:
    device = get_object_or_404(Device, pk=key_id)
    own = KeyLimit.objects.filter(device=device).first()
    initial = {} if own is None else {"per_day": own.per_day, "per_month": own.per_month}
    form = LimitForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            keys.set_limits(actor=request.membership, device=device, **form.cleaned_data)
        except Refused as refused:
            explain(form, refused)
        else:
            messages.success(request, _("The limits of “%(name)s” are changed.") % {"name": device})
            return redirect("api_use")
    context = {
        "form": form,
        "device": device,
        "days": [(formats.local_date(day), count) for day, count in keys.by_day(device)],
        "cancel_url": reverse("api_use"),
    }
    return render(request, "metering/key_limits.html", context)
