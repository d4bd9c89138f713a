"""What an owner says before the business is deleted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MinValueValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tenants.context import current


class LeaveForm(forms.Form):
    """`archived`: there is an archive, so that nobody has to say that they want none."""

    name = forms.CharField(label=_("Name of the business"), max_length=200)
    password = forms.CharField(
        label=_("Your password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    keep_months = forms.IntegerField(label=_("Keep the books for so many months"), max_value=1200)
    reason = forms.CharField(label=_("Why?"), max_length=200, required=False)
    without_archive = forms.BooleanField(label=_("I want no archive"), required=False)

    def __init__(self, *args: Any, archived: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False
        least = settings.RETAIN_MONTHS
        self.fields["name"].help_text = gettext("Type “%(name)s”.") % {"name": current().name}
        months = self.fields["keep_months"]
        months.initial = least
        months.validators.append(MinValueValidator(least))
        months.help_text = gettext(
            "Sales, payments, shifts and stock movements, encrypted, for whoever runs this"
            " installation, because the law asks for them. At least %(months)s here."
        ) % {"months": least}
        if archived:
            del self.fields["without_archive"]
