"""Locations: shops, warehouses, stalls."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import places
from accounts.access import needs, visible_locations
from accounts.forms.settings import LocationForm
from accounts.permissions import Permission
from accounts.views.refusals import explain
from tenants.asking import asked
from tenants.errors import Refused
from tenants.models import Location

ORDERS = {"name", "-name", "code", "-code"}


@needs(Permission.LOCATION_VIEW)
@require_safe
def location_list(request: HttpRequest) -> HttpResponse:
    sort = request.GET.get("sort", "name")
    rows = places.find_locations(request, asked(request)).order_by(
        "-is_active", sort if sort in ORDERS else "name", "pk"
    )
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "accounts/location_list.html", {"page": page})


@needs(Permission.LOCATION_VIEW)
@require_safe
def location_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    location = get_object_or_404(visible_locations(request), pk=pk)
    return render(request, "accounts/location_detail.html", {"location": location})


@needs(Permission.LOCATION_CREATE)
@require_http_methods(["GET", "HEAD", "POST"])
def location_create(request: Any) -> HttpResponse:
    form = LocationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            location = places.create_location(actor=request.membership, **form.cleaned_data)
        except Refused as refused:
            explain(form, refused)
        else:
            messages.success(request, _("The location is added."))
            return redirect("location_detail", location.pk)
    context = {"form": form, "cancel_url": reverse("location_list")}
    return render(request, "accounts/location_form.html", context)


@needs(Permission.LOCATION_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def location_edit(request: Any, pk: UUID) -> HttpResponse:
    location: Location = get_object_or_404(visible_locations(request), pk=pk)
    form = LocationForm(request.POST or None, instance=location)
    if request.method == "POST" and form.is_valid():
        try:
            places.change_location(actor=request.membership, location=location, **form.cleaned_data)
        except Refused as refused:
            explain(form, refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("location_detail", pk)
    context = {"form": form, "cancel_url": reverse("location_detail", args=[pk])}
    return render(request, "accounts/location_form.html", context)
