"""Forms of purchasing."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.contacts import ContactForm
from purchasing.models import Supplier


class SupplierForm(ContactForm):
    class Meta:
        model = Supplier
        fields = (
            "name",
            "contact",
            "phone",
            "email",
            "address",
            "tax_number",
            "payment_days",
            "is_active",
        )

    contact = forms.CharField(label=_("Contact person"), required=False, max_length=200)
    payment_days = forms.IntegerField(
        label=_("Days to pay"), required=False, min_value=0, max_value=365
    )
