"""Webhooks: which there are, adding and changing one, its secret, on and off."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Max, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.views.refusals import explain
from tenants.errors import Refused
from webhooks import endpoints
from webhooks.forms import EndpointForm
from webhooks.models import Delivery, Endpoint
from webhooks.views.doors import calling_desk, desk, endpoint_or_404

State = Delivery.State


@desk
@require_safe
def webhook_list(request: Any) -> HttpResponse:
    rows = Endpoint.objects.annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=State.WAITING)),
        given_up=Count("deliveries", filter=Q(deliveries__state=State.GIVEN_UP)),
        last=Max("deliveries__tried_at"),
    )
    context = {"endpoints": rows.order_by("name", "pk")}
    return render(request, "webhooks/webhook_list.html", context)


@calling_desk
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_create(request: Any) -> HttpResponse:
    form = EndpointForm(request.POST or None, actor=request.membership)
    if request.method == "POST" and form.is_valid():
        try:
            endpoint, secret = endpoints.create_endpoint(
                actor=request.membership, **form.cleaned_data
            )
        except Refused as refused:
            explain(form, refused)
        else:
            return _secret_page(request, endpoint, secret)
    return _form_page(request, form, None)


@calling_desk
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_edit(request: Any, endpoint_id: uuid.UUID) -> HttpResponse:
    with transaction.atomic():
        endpoint = endpoint_or_404(endpoint_id)
    form = EndpointForm(request.POST or None, actor=request.membership, endpoint=endpoint)
    if request.method == "POST" and form.is_valid():
        try:
            endpoints.change_endpoint(
                actor=request.membership, endpoint=endpoint, **form.cleaned_data
            )
        except Refused as refused:
            explain(form, refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("webhook_detail", endpoint.pk)
    return _form_page(request, form, endpoint)


def _form_page(request: Any, form: EndpointForm, endpoint: Endpoint | None) -> HttpResponse:
    back = reverse("webhook_detail", args=[endpoint.pk]) if endpoint else reverse("webhook_list")
    context = {"form": form, "endpoint": endpoint, "cancel_url": back}
    with transaction.atomic():
        return render(request, "webhooks/webhook_form.html", context)


def _secret_page(request: Any, endpoint: Endpoint, secret: str) -> HttpResponse:
    context = {"endpoint": endpoint, "secret": secret, "overlap": endpoint.old_secret_until}
    with transaction.atomic():
        return render(request, "webhooks/webhook_secret.html", context)


@desk
@never_cache
@require_POST
def webhook_secret(request: Any, endpoint_id: uuid.UUID) -> HttpResponse:
    endpoint = endpoint_or_404(endpoint_id)
    secret = endpoints.roll_secret(actor=request.membership, endpoint=endpoint)
    endpoint.refresh_from_db()
    return _secret_page(request, endpoint, secret)


@calling_desk
@require_POST
def webhook_on(request: Any, endpoint_id: uuid.UUID) -> HttpResponse:
    with transaction.atomic():
        endpoint = endpoint_or_404(endpoint_id)
    try:
        endpoints.switch(actor=request.membership, endpoint=endpoint, on=True)
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(
            request, _("“%(name)s” is on. What waited is sent now.") % {"name": endpoint}
        )
    return redirect("webhook_detail", endpoint.pk)


@desk
@require_POST
def webhook_off(request: Any, endpoint_id: uuid.UUID) -> HttpResponse:
    endpoint = endpoint_or_404(endpoint_id)
    endpoints.switch(actor=request.membership, endpoint=endpoint, on=False)
    messages.success(request, _("“%(name)s” is off.") % {"name": endpoint})
    return redirect("webhook_detail", endpoint.pk)


@desk
@require_POST
def webhook_delete(request: Any, endpoint_id: uuid.UUID) -> HttpResponse:
    endpoint = endpoint_or_404(endpoint_id)
    endpoints.delete_endpoint(actor=request.membership, endpoint=endpoint)
    messages.success(request, _("“%(name)s” is removed.") % {"name": endpoint})
    return redirect("webhook_list")
