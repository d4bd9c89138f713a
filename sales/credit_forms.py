"""What is asked for when somebody changes a customer's credit by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sales.forms import MoneyField, date_input, no_card_number
from tenants.errors import Refused


class ChangeForm(forms.Form):
    """How much, and why; `id` was made with the page, so that one page changes it once."""

    _again = _("That did not work. Open the page again and try once more.")
    id = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": _again, "invalid": _again}
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, validators=[no_card_number])
    order: tuple[str, ...] = ("amount", "reason", "id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = MoneyField(label=_("Amount"))
        self.order_fields(self.order)

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if not amount:
            raise forms.ValidationError(_("Enter an amount of more than zero."))
        return amount

    def asked(self) -> dict[str, Any]:
        """The arguments of the function that does it."""
        data = self.cleaned_data
        return {"amount": data["amount"], "reason": data["reason"], "request_id": data["id"]}

    def refuse(self, refused: Refused) -> None:
        """Say the refusal at the field that it is about."""
        field = next((name for name in refused.fields if name in self.fields), None)
        if refused.code == "not_enough_credit":
            field = "amount"
        self.add_error(field, str(refused.message))


class GrantForm(ChangeForm):
    expires_on = date_input(_("Can be spent until"))
    order = ("amount", "expires_on", "reason", "id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expires_on"].help_text = _("The last day. Empty: it never expires.")

    def asked(self) -> dict[str, Any]:
        return {**super().asked(), "expires_on": self.cleaned_data["expires_on"]}


class CorrectForm(ChangeForm):
    way = forms.ChoiceField(
        label=_("What to do"),
        choices=[("add", _("Add to the credit")), ("take", _("Take from the credit"))],
    )
    order = ("way", "amount", "reason", "id")

    def asked(self) -> dict[str, Any]:
        asked = super().asked()
        sign = -1 if self.cleaned_data["way"] == "take" else 1
        return {**asked, "amount": sign * asked["amount"]}
