"""Connecting a terminal: a code to type or scan, or a token for what can do neither."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import at_visible_locations, needs
from accounts.models import Membership
from accounts.people import may_manage
from accounts.permissions import Permission
from accounts.views.refusals import explain
from sales.models import Pairing, Register
from sales.terminals import connect, invite
from tenants.errors import Refused

NOBODY = "nobody"


class DeviceForm(forms.Form):
    register = forms.ModelChoiceField(
        Register.objects.none(),
        label=gettext_lazy("Register"),
        help_text=gettext_lazy("A device that it had before is disconnected."),
        empty_label=None,
    )
    person = forms.ChoiceField(
        label=gettext_lazy("Who works at it"),
        help_text=gettext_lazy(
            "People sign in with the PIN of their own, and each may do what their role says. Or one"
            " person for all: whoever has the device then acts in their name."
        ),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Such as Tablet 2. Empty: what the device calls itself."),
    )

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        register: Any = self.fields["register"]
        register.queryset = Register.objects.filter(
            at_visible_locations(request),
            is_active=True,
            is_history=False,
            location__is_active=True,
        ).select_related("location")
        register.label_from_instance = lambda one: f"{one} ({one.prefix}, {one.location})"
        self.actor: Membership = request.membership
        rows = Membership.objects.filter(is_active=True).select_related("user", "role")
        self.people = {
            str(one.pk): one
            for one in rows.prefetch_related("location_links")
            if one.pk == self.actor.pk or may_manage(self.actor, one)
        }
        person: Any = self.fields["person"]
        person.choices = [
            (NOBODY, _("Everybody with a PIN")),
            *sorted(((pk, str(one)) for pk, one in self.people.items()), key=lambda pair: pair[1]),
        ]

    def wish(self) -> dict[str, Any]:
        """What `invite` and `connect` are asked for."""
        data = self.cleaned_data
        return {
            "register": data["register"],
            "membership": self.people.get(data["person"], self.actor),
            "needs_operator": data["person"] == NOBODY,
        }


@needs(Permission.DEVICE_CREATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def device_create(request: Any) -> HttpResponse:
    initial = {"register": request.GET.get("register", ""), "person": NOBODY}
    form = DeviceForm(request, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("as") == "token":
                return _token(request, form)
            return _code(request, form)
        except Refused as refused:
            explain(form, refused)
    context = {"form": form, "cancel_url": reverse("device_list")}
    return render(request, "sales/device_form.html", context)


def _code(request: Any, form: DeviceForm) -> HttpResponse:
    name = form.cleaned_data["name"]
    pairing, code = invite(actor=request.membership, name=name, **form.wish())
    address = request.build_absolute_uri(_outside(request, "api_pair"))
    context = {
        "pairing": pairing,
        "code": code,
        "address": address,
        "picture": qr_code(f"{address}#{code}"),
        "minutes": int(Pairing.LASTS.total_seconds()) // 60,
    }
    return render(request, "sales/pairing.html", context)


def _outside(request: Any, name: str) -> str:
    """The path of an address that stands outside any business."""
    inside = get_script_prefix()
    path = reverse(name, urlconf=settings.ROOT_URLCONF).removeprefix(inside)
    return inside.removesuffix(f"b/{request.business.slug}/") + path


def _token(request: Any, form: DeviceForm) -> HttpResponse:
    name = form.cleaned_data["name"] or _("Terminal")
    device, token = connect(actor=request.membership, name=name, **form.wish())
    return render(request, "sales/device_token.html", {"device": device, "token": token})


@needs(Permission.DEVICE_CREATE)
@never_cache
@require_safe
def pairing_state(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Whether the code was used, asked again and again by the page that shows it."""
    rows = Pairing.objects.filter(at_visible_locations(request, field="register__location"))
    pairing = get_object_or_404(rows.select_related("register__location", "device"), pk=pk)
    return render(request, "sales/pairing_state.html", {"pairing": pairing})


def qr_code(text: str) -> SafeString:
    """An SVG that any camera reads in the dark theme too: it brings its own white."""
    import segno

    code = segno.make(text, error="m", micro=False)
    # Of segno alone: the text is in the picture's squares and not in its source.
    return mark_safe(  # noqa: S308
        code.svg_inline(scale=5, border=4, light="#fff", omitsize=True, svgclass="qr", lineclass="")
    )
