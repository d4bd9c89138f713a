"""Devices: which have a token, what each may do, renewing it and ending it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import at_visible_locations, location_ids, needs
from accounts.devices import roll_token
from accounts.models import Device
from accounts.operators import signed_in_at
from accounts.permissions import Permission
from accounts.views.refusals import tell
from sales.terminals import disconnect
from tenants.asking import asked
from tenants.errors import Refused


def visible_devices(request: Any) -> QuerySet[Device]:
    """Terminals at the locations of the request; programs too for who sees every location, and for
    everybody their own."""
    if location_ids(request) is None:
        return Device.objects.all()
    own = Q(kind=Device.Kind.PROGRAM, membership=request.membership)
    return Device.objects.filter(at_visible_locations(request) | own)


@needs(Permission.DEVICE_VIEW)
@require_safe
def device_list(request: HttpRequest) -> HttpResponse:
    rows = visible_devices(request).filter(name__icontains=asked(request))
    if request.GET.get("state") != "all":
        rows = rows.filter(revoked_at=None)
    rows = rows.select_related("location", "membership__user").prefetch_related("registers")
    page = Paginator(rows.order_by("name", "pk"), 50).get_page(request.GET.get("page"))
    context = {"page": page, "state": request.GET.get("state", "")}
    return render(request, "sales/device_list.html", context)


@needs(Permission.DEVICE_VIEW)
@require_safe
def device_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = visible_devices(request).select_related("location", "membership__user")
    device = get_object_or_404(rows.prefetch_related("registers"), pk=pk)
    context = {
        "device": device,
        "places": [link.location for link in device.location_links.select_related("location")],
        "rights": sorted(str(one.label) for one in device.scope or ()),
        "session": None if device.is_program else signed_in_at(device),
    }
    return render(request, "sales/device_detail.html", context)


@needs(Permission.DEVICE_CREATE)
@never_cache
@require_POST
def device_roll(request: Any, pk: UUID) -> HttpResponse:
    device = get_object_or_404(visible_devices(request), pk=pk)
    try:
        token = roll_token(actor=request.membership, device=device)
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("device_detail", pk)
    context = {"device": device, "token": token, "rolled": True}
    return render(request, "sales/device_token.html", context)


@needs(Permission.DEVICE_REVOKE)
@require_POST
def device_revoke(request: Any, pk: UUID) -> HttpResponse:
    device = get_object_or_404(visible_devices(request), pk=pk)
    with tell(request, _("“%(name)s” is disconnected.") % {"name": device}):
        disconnect(actor=request.membership, device=device)
    return redirect("device_list")
