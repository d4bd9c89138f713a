"""Keys for programs: what each may do, where, from which addresses and for how long."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import needs, visible_locations
from accounts.devices import Reach, create_program, networks
from accounts.people import grantable
from accounts.permissions import Permission
from accounts.views.refusals import explain
from accounts.views.roles import right_groups
from tenants.context import current
from tenants.errors import Refused
from tenants.models import Location


class ProgramForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Such as Web shop.")
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Empty: until it is disconnected."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    addresses = forms.CharField(
        label=gettext_lazy("Allowed addresses"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy(
            "One in each line, such as 203.0.113.7 or 203.0.113.0/24. Empty: from anywhere."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    all_locations = forms.BooleanField(
        label=gettext_lazy("All locations that you have access to, also later ones"),
        required=False,
        initial=True,
    )
    locations = forms.ModelMultipleChoiceField(
        Location.objects.none(),
        label=gettext_lazy("Otherwise only these"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    permissions = forms.MultipleChoiceField(
        required=False, choices=[(one.value, one.label) for one in Permission]
    )

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["locations"]
        field.queryset = visible_locations(request)

    def clean_last_day(self) -> date | None:
        day: date | None = self.cleaned_data["last_day"]
        if day is not None and day < timezone.now().astimezone(current().zone).date():
            raise forms.ValidationError(_("This day is over."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("all_locations") and not cleaned.get("locations"):
            self.add_error("locations", _("Choose at least one location, or all of them."))
        return cleaned

    def reach(self) -> Reach:
        """What was chosen. Raises Refused for an address that is none."""
        data = self.cleaned_data
        return Reach(
            permissions=frozenset(map(Permission, data["permissions"])),
            locations=None if data["all_locations"] else tuple(data["locations"]),
            networks=networks(data["addresses"].split()),
            expires_at=_end_of(data["last_day"]),
        )


def _end_of(day: date | None) -> datetime | None:
    """The midnight after the day, where the business is."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=current().zone)


@needs(Permission.DEVICE_CREATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def program_create(request: Any) -> HttpResponse:
    form = ProgramForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device, token = create_program(
                actor=request.membership, name=form.cleaned_data["name"], reach=form.reach()
            )
        except Refused as refused:
            explain(form, refused)
        else:
            return render(request, "sales/device_token.html", {"device": device, "token": token})
    held = grantable(request.membership)
    groups = right_groups(request.membership, form["permissions"].value() or [])
    for group in groups:
        group["rights"] = [one for one in group["rights"] if one["right"] in held]
    context = {
        "form": form,
        "groups": [group for group in groups if group["held"]],
        "cancel_url": reverse("device_list"),
    }
    return render(request, "sales/program_form.html", context)
