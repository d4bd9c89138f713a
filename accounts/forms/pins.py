"""Forms for PINs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.sign_in import password_field
from accounts.models import User


def pin_field(label: Any, **kwargs: Any) -> forms.CharField:
    """Digits alone; a telephone shows its number pad, and no browser offers to keep them."""
    attributes = {"inputmode": "numeric", "autocomplete": "off", "maxlength": 8}
    return forms.CharField(
        label=label, max_length=8, widget=forms.PasswordInput(attrs=attributes), **kwargs
    )


class PinForm(forms.Form):
    """A new PIN, typed twice."""

    pin = pin_field(
        _("New PIN"), help_text=_("4 to 8 digits. Not the one of your card, and not 1234.")
    )
    again = pin_field(_("New PIN once more"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "pin" in cleaned and cleaned["pin"] != cleaned.get("again", ""):
            self.add_error("again", _("The two PINs are not the same."))
        return cleaned


class OwnPinForm(PinForm):
    """The password says that it is the person, and not whoever found the browser open."""

    password = password_field(_("Your password"), "current-password")
    field_order = ["password", "pin", "again"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password
