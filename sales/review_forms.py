"""The forms of the page of a sale to review: what a manager puts in the place of what is missing."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import Variation
from sales.customers import customer_matches
from sales.forms import RegisterChoiceField, no_card_number
from sales.judging import OfflineSale
from sales.models import Customer, Register, ReviewItem
from sales.review import Choices
from sales.selection import visible_registers


class NoteForm(forms.Form):
    """A note with which a sale is accepted as it is."""

    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"]
        no_card_number(note)
        return note


class CloseForm(NoteForm):
    """The reason for which something stays out of the books."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].label = _("Reason")
        self.fields["note"].required = True


class RecordForm(NoteForm):
    """Where to record what is held, and what its unknown products and customer are."""

    register = RegisterChoiceField(
        label=gettext_lazy("Register"), queryset=Register.objects.none(), empty_label=None
    )
    customer = forms.CharField(
        label=gettext_lazy("Another customer"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Name, phone number or e-mail. Empty: as it was sold."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    without_customer = forms.BooleanField(
        label=gettext_lazy("Record it without a customer"), required=False
    )

    def __init__(self, request: Any, asked: OfflineSale, unknown: list[int], data: Any) -> None:
        super().__init__(data)
        self.unknown = unknown
        field = self.fields["register"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = visible_registers(request)
        self.initial["register"] = asked.register_id
        for number in unknown:
            self.fields[f"line_{number}"] = forms.CharField(
                label=_("Product of line %(line)s") % {"line": number},
                help_text=_("Scan it, or type its SKU."),
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )
        lines = [f"line_{one}" for one in unknown]
        self.order_fields(["register", *lines, "customer", "without_customer", "note"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for number in self.unknown:
            code = data.get(f"line_{number}", "").strip()
            if code and (found := variation_of(code)) is None:
                self.add_error(f"line_{number}", _("There is no product with this code."))
            elif code:
                data[f"variation_{number}"] = found
        text = data.get("customer", "").strip()
        if text and data.get("without_customer"):
            self.add_error("customer", _("Choose one of the two."))
        elif text:
            found_ids = list(
                Customer.objects.filter(customer_matches(text)).values_list("pk", flat=True)[:2]
            )
            if len(found_ids) == 1:
                data["customer_id"] = found_ids[0]
            else:
                said = _("Nobody is found by this.") if not found_ids else _("Several match this.")
                self.add_error("customer", said)
        return data

    def choices(self) -> Choices:
        data = self.cleaned_data
        return Choices(
            variations={one: data[f"variation_{one}"] for one in self.unknown},
            register_id=data["register"].pk,
            has_customer=bool(data.get("without_customer") or data.get("customer_id")),
            customer_id=data.get("customer_id"),
        )


def variation_of(code: str) -> uuid.UUID | None:
    """The one with this barcode, or else with this SKU in any letter case."""
    by_code = Variation.objects.filter(Q(barcodes__code__iexact=code) | Q(sku__iexact=code))
    found = list(by_code.values_list("pk", "barcodes__code"))
    found.sort(key=lambda row: (row[1] or "").casefold() != code.casefold())
    return found[0][0] if found else None


def unknown_lines(item: ReviewItem) -> list[int]:
    """The lines whose product the server did not know."""
    return sorted(one["line"] for one in item.reasons if one.get("code") == "unknown_variation")
