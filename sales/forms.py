"""Forms of the back office of selling; what they ask for is done elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.access import can, visible_locations
from accounts.forms.contacts import ContactForm
from accounts.permissions import Permission
from sales.cards import holds_card_number
from sales.models import Customer, Payment, Register, Sale, Shift
from sales.numbering import hold_numbers, is_in_history
from sales.selection import Wanted, visible_operators, visible_registers
from tenants.asking import asked
from tenants.context import current
from tenants.errors import Refused


def date_input(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "title": label}, format="%Y-%m-%d"),
    )


def no_card_number(text: str) -> None:
    if holds_card_number(text):
        raise forms.ValidationError(
            _("This looks like a card number. Card numbers must not be stored.")
        )


class SaleFilter(forms.Form):
    """What a list of sales is narrowed to; a value that means nothing narrows nothing."""

    date_from = date_input(_("From"))
    date_to = date_input(_("To"))
    location = forms.ChoiceField(label=_("Location"), required=False)
    register = forms.ChoiceField(label=_("Register"), required=False)
    operator = forms.ChoiceField(label=_("Sold by"), required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("All documents")), *Sale.Kind.choices]
    )
    # Returns, adjustments and write-offs come in with a history only.
    ordinary = (Sale.Kind.SALE, Sale.Kind.VOID, Sale.Kind.REFUND, Sale.Kind.EXCHANGE)

    method = forms.ChoiceField(
        label=_("Paid by"),
        required=False,
        choices=[("", _("Any payment")), *Payment.Method.choices],
    )

    def __init__(self, request: Any) -> None:
        super().__init__(request.GET)
        self.request = request
        # The registers name their locations too: one statement for both choices.
        registers = list(visible_registers(request, history=True))
        places = {str(r.location_id): r.location.name for r in registers}
        self._choices("location", _("All locations"), sorted(places.items(), key=lambda p: p[1]))
        self._choices("register", _("All registers"), [(str(r.pk), placed(r)) for r in registers])
        if not any(register.is_history for register in registers):
            kinds = [(kind.value, str(kind.label)) for kind in self.ordinary]
            self._choices("kind", _("All documents"), kinds)
        if len(places) < 2:
            del self.fields["location"]
        if len(registers) < 2:
            del self.fields["register"]
        if can(request, Permission.SELL_VIEW):
            members = visible_operators(request).select_related("user")
            people = sorted((str(m.user), str(m.user_id)) for m in members)
            self._choices("operator", _("Everybody"), [(key, name) for name, key in people])
        else:
            del self.fields["operator"]

    def _choices(self, name: str, nothing: Any, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", nothing), *choices]

    def wanted(self) -> Wanted:
        self.is_valid()
        return Wanted(text=asked(self.request), **self.cleaned_data)


def placed(register: Register) -> str:
    """The name with the location's: every shop has a "Till 1"."""
    return f"{register.name} · {register.location.name}"


class RegisterChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Register) -> str:
        return placed(obj)


class MoneyField(forms.DecimalField):
    """An amount of cash in the business's currency, in its minor units and not negative."""

    def __init__(self, **kwargs: Any) -> None:
        digits = current().digits
        super().__init__(
            min_value=Decimal(0),
            max_digits=14,
            decimal_places=digits,
            widget=forms.NumberInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            **kwargs,
        )


class OpenShiftForm(forms.Form):
    """Which drawer, and what lies in it."""

    register = RegisterChoiceField(label=_("Register"), queryset=Register.objects.none())

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["register"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = free_registers(request)
        field.empty_label = None
        self.fields["opening_float"] = MoneyField(
            label=_("Cash in the drawer"),
            initial=Decimal(0),
            help_text=_("Count the change before the first sale."),
        )


def free_registers(request: Any) -> QuerySet[Register]:
    """Registers in use, at the locations of the request, without an open shift."""
    return (
        visible_registers(request)
        .filter(is_active=True, location__is_active=True)
        .exclude(pk__in=Shift.objects.filter(closed_at=None).values("register"))
    )


class CloseShiftForm(forms.Form):
    """What was counted, and what there is to say about it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["counted_cash"] = MoneyField(
            label=_("Cash counted"), help_text=_("All notes and coins in the drawer.")
        )
        self.fields["note"] = forms.CharField(
            label=_("Note"),
            required=False,
            max_length=500,
            validators=[no_card_number],
            widget=forms.Textarea(attrs={"rows": 3}),
        )


class VoidForm(forms.Form):
    """Why a sale is voided; `id` was made with the page, so that one page voids once."""

    _again = _("That did not work. Open the sale again and try once more.")
    id = forms.UUIDField(error_messages={"required": _again, "invalid": _again})
    reason = forms.CharField(
        max_length=200, validators=[no_card_number], error_messages={"required": _("Say why.")}
    )


class PrefixField(forms.CharField):
    """Capital letters, whatever was typed; before the validators look."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").upper()


def free_prefix(prefix: str) -> str:
    """The prefix itself. Raises ValidationError where an imported history has its numbers, or may
    have them in a moment."""
    try:
        hold_numbers()
    except Refused as refused:
        raise forms.ValidationError(str(refused)) from None
    if is_in_history(prefix):
        raise forms.ValidationError(
            _("Imported sales have receipt numbers that begin so. Choose another prefix.")
        )
    return prefix


class RegisterForm(forms.ModelForm[Register]):
    """Prefix and location stay for ever once the register has a document."""

    class Meta:
        model = Register
        fields = ("name", "location", "prefix", "is_active")

    prefix = PrefixField(  # type: ignore[assignment]
        label=_("Receipt prefix"),
        max_length=12,
        help_text=_("Begins every receipt number of this register, such as HS1."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        location = self.fields["location"]
        assert isinstance(location, forms.ModelChoiceField)
        locations = visible_locations(request).filter(
            Q(is_active=True) | Q(pk=self.instance.location_id)
        )
        location.queryset = locations
        location.empty_label = None
        is_new = self.instance._state.adding
        if not is_new and (self.instance.chain_length or self.instance.series.exists()):
            for name in ("location", "prefix"):
                self.fields[name].disabled = True
                self.fields[name].help_text = _("Cannot change: receipts have been printed.")

    def clean_prefix(self) -> str:
        prefix: str = self.cleaned_data["prefix"]
        taken = Register.objects.filter(prefix=prefix).exclude(pk=self.instance.pk)
        if taken.exists():
            raise forms.ValidationError(_("Another register has this prefix."))
        return prefix if prefix == self.instance.prefix else free_prefix(prefix)


class CustomerForm(ContactForm):
    class Meta:
        model = Customer
        fields = (
            "name",
            "phone",
            "email",
            "address",
            "tax_number",
            "credit_limit",
            "note",
            "is_active",
        )

    # Of an encrypted column Django would ask for as many lines as one likes.
    name = forms.CharField(label=_("Name"), max_length=200)

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].widget.attrs["rows"] = 3
        self.fields["note"].validators.append(no_card_number)
        if can(request, Permission.CUSTOMER_CREDIT):
            self.fields["credit_limit"].validators.append(MinValueValidator(Decimal(0)))
        else:
            del self.fields["credit_limit"]
