"""The settings of the business."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import places
from accounts.access import needs
from accounts.forms.settings import BusinessForm
from accounts.permissions import Permission
from tenants.models import Business


@needs(Permission.BUSINESS_SETTINGS_VIEW)
@require_safe
def business_settings(request: Any) -> HttpResponse:
    return render(request, "accounts/business_settings.html", {"shown": request.business})


@needs(Permission.BUSINESS_SETTINGS_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def business_edit(request: Any) -> HttpResponse:
    # A row of its own: a form fills its instance even with what it then refuses.
    form = BusinessForm(request.POST or None, instance=Business.objects.get(pk=request.business.pk))
    if request.method == "POST" and form.is_valid():
        places.change_business(
            actor=request.membership, business=request.business, **form.cleaned_data
        )
        messages.success(request, _("Saved."))
        return redirect("business_settings")
    context = {"form": form, "cancel_url": reverse("business_settings")}
    return render(request, "accounts/business_form.html", context)
