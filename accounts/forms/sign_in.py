"""Forms of signing in and of passwords."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts.models import User

# Long enough for any sentence, short enough that hashing one is no burden.
LONGEST = 200


def password_field(label: Any, autocomplete: str, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        **kwargs,
    )


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name or e-mail"),
        max_length=LONGEST,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = password_field(_("Password"), "current-password")


class NewPasswordForm(forms.Form):
    """A new password, typed twice."""

    password = password_field(
        _("New password"),
        "new-password",
        help_text=_("At least 10 characters, not only digits. A short sentence is easy to keep."),
    )
    again = password_field(_("New password once more"), "new-password")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" in cleaned and cleaned["password"] != cleaned.get("again", ""):
            self.add_error("again", _("The two passwords are not the same."))
        return cleaned


class PasswordChangeForm(NewPasswordForm):
    old = password_field(_("Current password"), "current-password")
    field_order = ["old", "password", "again"]

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise forms.ValidationError(_("This is not your current password."))
        return old

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("password") and cleaned["password"] == cleaned.get("old"):
            self.add_error("password", _("Choose another password than the current one."))
        return cleaned


class ResetForm(forms.Form):
    email = forms.EmailField(
        label=_("Your e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
