"""Forms of the small tables: categories, brands, units, tax rates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.forms.fields import CategoryField, NumberInput, live
from inventory.models import Brand, Category, TaxRate, Unit
from tenants.forms import TenantModelForm


class EntryForm(TenantModelForm):
    """A new row is active without being asked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            del self.fields["is_active"]


class CategoryForm(EntryForm):
    parent = CategoryField(label=_("Inside"), empty_label=_("None: at the top"))

    class Meta:
        model = Category
        fields = ["name", "parent", "code", "description", "is_active"]
        widgets = {"description": forms.Textarea({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = live(Category.objects.all(), self.instance.parent_id)
        self.fields["parent"].queryset = choices.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]


class BrandForm(EntryForm):
    class Meta:
        model = Brand
        fields = ["name", "description", "is_active"]
        widgets = {"description": forms.Textarea({"rows": 3})}


class UnitForm(EntryForm):
    class Meta:
        model = Unit
        fields = ["name", "short_name", "allow_decimal", "base_unit", "factor", "is_active"]
        widgets = {"factor": NumberInput(min="0")}
        help_texts = {
            "base_unit": _("For a box or a pack: what is in it."),
            "factor": _("How many of these are in one, such as 12."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["base_unit"]
        units = live(Unit.objects.filter(base_unit=None), self.instance.base_unit_id)
        field.queryset = units.exclude(pk=self.instance.pk)
        field.empty_label = _("Nothing: it is counted by itself")

    def clean_base_unit(self) -> Unit | None:
        base: Unit | None = self.cleaned_data["base_unit"]
        if base is not None and Unit.objects.filter(base_unit=self.instance.pk).exists():
            raise forms.ValidationError(_("Other units are made of this one."))
        return base


class TaxRateForm(EntryForm):
    class Meta:
        model = TaxRate
        fields = ["name", "rate", "is_default", "is_active"]
        widgets = {"rate": NumberInput(min="0")}
        help_texts = {"rate": _("Such as 20 for 20%.")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("is_default") and cleaned.get("is_active") is False:
            self.add_error("is_default", _("A rate for new products must be active."))
        return cleaned
