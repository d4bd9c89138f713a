"""Forms for the business and its locations."""

from __future__ import annotations

from typing import Any

from babel import Locale, UnknownLocaleError
from django import forms
from django.core.validators import DecimalValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from tenants.models import Business, Location, time_zones


def zone_choices() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(time_zones())]


class BusinessForm(forms.ModelForm[Business]):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    cash_limit = forms.DecimalField(
        label=_("Largest cash movement without approval"),
        required=False,
        min_value=0,
        max_digits=14,
        help_text=_(
            "Whoever puts more into a drawer or takes more out of it without a sale needs a"
            " supervisor’s approval. Empty: nobody does."
        ),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )

    class Meta:
        model = Business
        fields = (
            "name",
            "time_zone",
            "locale",
            "tax_label",
            "tax_number",
            "prices_include_tax",
            "cash_step",
        )
        widgets = {"tax_number": forms.TextInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["cash_step"] = f"{self.instance.cash_step.normalize():f}"
        self.fields["cash_step"].validators.append(MinValueValidator(0))
        limit = self.instance.cash_limit
        self.initial["cash_limit"] = "" if limit is None else f"{limit:f}"
        self.fields["cash_limit"].validators.append(DecimalValidator(14, self.instance.digits))

    def clean_locale(self) -> str:
        name: str = self.cleaned_data["locale"]
        try:
            return str(Locale.parse(name))
        except (ValueError, UnknownLocaleError):
            raise forms.ValidationError(
                _("“%(name)s” is not known. Write language and country, such as en_GB."),
                params={"name": name},
            ) from None


class LocationForm(forms.ModelForm[Location]):
    own_time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [("", _("As the business")), *zone_choices()],
    )

    class Meta:
        model = Location
        fields = (
            "code",
            "name",
            "address",
            "phone",
            "own_time_zone",
            "receipt_header",
            "receipt_footer",
            "below_zero",
            "is_active",
        )
        widgets = {
            name: forms.Textarea(attrs={"rows": 3})
            for name in ("address", "receipt_header", "receipt_footer")
        }

    def clean_code(self) -> str:
        """The business is no field of the form, so the form itself looks for the same code."""
        code: str = self.cleaned_data["code"].upper()
        if Location.objects.filter(code__iexact=code).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another location has this code."))
        return code
