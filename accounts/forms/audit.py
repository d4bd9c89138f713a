"""The filters of the audit log."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership

KINDS = [
    ("", _("Everything")),
    ("user.", _("People")),
    ("role.", _("Roles")),
    ("device.", _("Devices")),
    ("product.", _("Products")),
    ("stock.", _("Stock corrections")),
    ("sale.", _("Sales")),
    ("shift.", _("Shifts")),
    ("customer.", _("Customers")),
    ("register.", _("Registers")),
    ("location.", _("Locations")),
    ("business_settings.", _("Business")),
    ("data.", _("Data")),
]


def day_field(label: Any) -> forms.DateField:
    """A day that is still a time in every zone."""
    return forms.DateField(
        label=label,
        required=False,
        validators=[MinValueValidator(date(1980, 1, 1)), MaxValueValidator(date(2200, 1, 1))],
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class AuditFilterForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=KINDS)
    person = forms.ChoiceField(label=_("Person"), required=False)
    since = day_field(_("From"))
    until = day_field(_("To"))

    def __init__(self, *args: Any, members: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        named = sorted((str(one.user), str(one.user_id)) for one in members)
        person.choices = [("", _("Everybody")), *((pk, name) for name, pk in named)]
