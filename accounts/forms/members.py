"""Forms for staff and roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MinLengthValidator, RegexValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Role
from accounts.people import Place, grantable
from accounts.permissions import Permission
from tenants.models import Location


class MemberForm(forms.Form):
    """Someone's place in the business; `actor` decides what is offered."""

    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("For signing in and for a forgotten password."),
    )
    role = forms.ModelChoiceField(Role.objects.none(), label=_("Role"))
    is_owner = forms.BooleanField(
        label=_("Owner"),
        required=False,
        help_text=_("Owners can manage everybody, and give every right."),
    )
    all_locations = forms.BooleanField(
        label=_("Works at all locations, also at later ones"), required=False
    )
    locations = forms.ModelMultipleChoiceField(
        Location.objects.none(),
        label=_("Locations"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self,
        *args: Any,
        actor: Membership,
        locations: QuerySet[Location],
        member: Membership | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        held = grantable(actor)
        roles = [role for role in Role.objects.all() if role.granted <= held]
        self._field("role").queryset = Role.objects.filter(pk__in=[role.pk for role in roles])
        self._field("locations").queryset = locations
        if not actor.is_owner:
            del self.fields["is_owner"]
        if not actor.all_locations:
            del self.fields["all_locations"]

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def place(self) -> Place:
        data = self.cleaned_data
        was_owner = self.member is not None and self.member.is_owner
        return Place(
            role=data["role"],
            is_owner=data.get("is_owner", was_owner),
            all_locations=data.get("all_locations", False),
            locations=tuple(data["locations"]),
        )


class NewMemberForm(MemberForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=[
            MinLengthValidator(2),
            # An @ would let a user name stand in the way of somebody's e-mail at signing in.
            RegexValidator(r"^[^@\s]+$", _("Without spaces and without @.")),
        ],
        help_text=_("For signing in. Upper and lower case make no difference."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    field_order = ["username", "name", "email", "role", "is_owner", "all_locations", "locations"]


class RoleForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(label=_("Description"), max_length=200, required=False)
    permissions = forms.MultipleChoiceField(
        label=_("Rights"),
        required=False,
        choices=[(permission.value, permission.label) for permission in Permission],
        error_messages={"invalid_choice": _("There is no right “%(value)s”.")},
    )
