"""The forms of a key's limits, and of credits that are given."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metering.keys import MOST as MOST_REQUESTS
from metering.keys import usual_limits
from metering.ledger import MOST, Kind
from tenants import formats


class LimitForm(forms.Form):
    """How much a key may ask for; empty is what is usual."""

    per_day = forms.IntegerField(
        label=_("Requests a day"), required=False, min_value=1, max_value=MOST_REQUESTS
    )
    per_month = forms.IntegerField(
        label=_("Requests a month"), required=False, min_value=1, max_value=MOST_REQUESTS
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, usual in zip(self.fields, usual_limits(), strict=True):
            text: Any = _("Leave it empty for no limit.")
            if usual is not None:
                text = _("Leave it empty for the usual limit, %(number)s.") % {
                    "number": formats.quantity(usual)
                }
            self.fields[name].help_text = text


class CreditForm(forms.Form):
    """Credits for one business, by whoever runs the platform."""

    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[
            (Kind.GRANTED, _("A grant")),
            (Kind.BOUGHT, _("A purchase: they were paid for")),
            (Kind.CORRECTED, _("A correction")),
        ],
    )
    amount = forms.IntegerField(
        label=_("Credits"),
        min_value=-MOST,
        max_value=MOST,
        help_text=_("Each is one request. Only a correction may be negative."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("The owner reads it."))
    reference = forms.CharField(
        label=_("Reference"),
        max_length=80,
        required=False,
        help_text=_("Such as the number of an invoice. One reference is booked once."),
    )
