"""Devices: which are connected, connecting one, disconnecting it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import at_visible_locations, needs
from accounts.models import Device, Membership
from accounts.people import may_manage
from accounts.permissions import Permission
from accounts.views.refusals import explain, tell
from sales.models import Register
from sales.terminals import connect, disconnect
from tenants.asking import asked
from tenants.errors import Refused


class DeviceForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Such as Tablet 2.")
    )
    register = forms.ModelChoiceField(
        Register.objects.none(),
        label=gettext_lazy("Register"),
        help_text=gettext_lazy("A device that it had before is disconnected."),
    )
    person = forms.ChoiceField(
        label=gettext_lazy("Acts in the name of"),
        help_text=gettext_lazy("The device can do what this person can, at this register."),
    )

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        register: Any = self.fields["register"]
        register.queryset = Register.objects.filter(
            at_visible_locations(request), is_active=True, is_history=False
        ).select_related("location")
        register.label_from_instance = lambda one: f"{one} ({one.prefix}, {one.location})"
        rows = Membership.objects.filter(is_active=True).select_related("user", "role")
        actor = request.membership
        self.people = {
            str(one.pk): one
            for one in rows.prefetch_related("location_links")
            if one.pk == actor.pk or may_manage(actor, one)
        }
        person: Any = self.fields["person"]
        person.choices = sorted(
            ((pk, str(one)) for pk, one in self.people.items()), key=lambda pair: pair[1]
        )
        person.initial = str(actor.pk)


@needs(Permission.DEVICE_VIEW)
@require_safe
def device_list(request: HttpRequest) -> HttpResponse:
    rows = Device.objects.filter(at_visible_locations(request), name__icontains=asked(request))
    if request.GET.get("state") != "all":
        rows = rows.filter(revoked_at=None)
    rows = rows.select_related("location", "membership__user").prefetch_related("registers")
    page = Paginator(rows.order_by("name", "pk"), 50).get_page(request.GET.get("page"))
    context = {"page": page, "state": request.GET.get("state", "")}
    return render(request, "sales/device_list.html", context)


@needs(Permission.DEVICE_CREATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def device_create(request: Any) -> HttpResponse:
    form = DeviceForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device, token = connect(
                actor=request.membership,
                register=form.cleaned_data["register"],
                membership=form.people[form.cleaned_data["person"]],
                name=form.cleaned_data["name"],
            )
        except Refused as refused:
            explain(form, refused)
        else:
            return render(request, "sales/device_token.html", {"device": device, "token": token})
    context = {"form": form, "cancel_url": reverse("device_list")}
    return render(request, "sales/device_form.html", context)


@needs(Permission.DEVICE_REVOKE)
@require_POST
def device_revoke(request: Any, pk: UUID) -> HttpResponse:
    device = get_object_or_404(Device.objects.filter(at_visible_locations(request)), pk=pk)
    with tell(request, _("“%(name)s” is disconnected.") % {"name": device}):
        disconnect(actor=request.membership, device=device)
    return redirect("device_list")
