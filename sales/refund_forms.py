"""What is asked for at the desk of refunds and exchanges."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from sales.checkout import LineRequest
from sales.exchanges import ExchangeRequest
from sales.forms import RegisterChoiceField, no_card_number
from sales.models import Payment, Register, Sale, Shift
from sales.refunds import RefundRequest
from sales.returning import ReturnRequest
from sales.selection import visible_registers
from sales.sellable import MAX_LINES
from tenants.ids import uuid7

ZERO = Decimal(0)
AS_PAID = "as_paid"
WAYS = [
    (AS_PAID, _("The way it was paid")),
    *((one.value, one.label) for one in (Payment.Method.CASH, Payment.Method.CARD)),
]


def open_registers(request: Any) -> QuerySet[Register]:
    """Registers in use at the locations of the request, with an open drawer."""
    return visible_registers(request).filter(
        is_active=True,
        location__is_active=True,
        pk__in=Shift.objects.filter(closed_at=None).values("register"),
    )


@dataclass(frozen=True, slots=True)
class New:
    """A product that is taken instead, as the page sent it."""

    variation_id: uuid.UUID
    quantity: Decimal
    name: str


class RefundForm(forms.Form):
    """Which lines come back, what is taken instead, why, and how the money moves.

    `id` was made with the page, so that one page records once. The lines have fields of their own,
    `quantity-<line>` and `shelf-<line>`; products taken instead are `new`, repeated, each with
    `count-<id>`. What they say is read leniently: who may take how much back is decided elsewhere.
    """

    _again = _("That did not work. Open the sale again and try once more.")
    id = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": _again, "invalid": _again}
    )
    register = RegisterChoiceField(label=_("Drawer"), queryset=Register.objects.none())
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        validators=[no_card_number],
        error_messages={"required": _("Say why.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "refund-reasons"}),
    )
    way = forms.ChoiceField(label=_("Money"), choices=WAYS)
    reference = forms.CharField(
        label=_("Reference of the card terminal"),
        max_length=60,
        required=False,
        validators=[no_card_number],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    # What the person saw; the summary on the page holds it.
    total = forms.DecimalField(required=False, max_digits=18, decimal_places=4)

    def __init__(self, request: Any, sale: Sale, data: Any = None) -> None:
        registers = open_registers(request)
        rows = list(registers)
        drawers = [row.pk for row in rows]
        own = sale.register_id if sale.register_id in drawers else next(iter(drawers), None)
        super().__init__(data, initial={"id": uuid7(), "register": own, "way": AS_PAID})
        self.sale = sale
        self.has_drawer = bool(drawers)
        field = self.fields["register"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = registers
        field.empty_label = None
        # As they were read: drawing the field would ask for them twice more.
        field.choices = [(row.pk, field.label_from_instance(row)) for row in rows]
        if sale.customer_id is not None:
            way = self.fields["way"]
            assert isinstance(way, forms.ChoiceField)
            way.choices = [*WAYS, (Payment.Method.CREDIT.value, Payment.Method.CREDIT.label)]

    def amount(self, name: str) -> Decimal:
        """A quantity as typed; zero for what is none."""
        try:
            value = forms.DecimalField(max_digits=13, decimal_places=4).clean(self.data.get(name))
        except forms.ValidationError:
            return ZERO
        return value if value is not None and value > 0 else ZERO

    def returns(self) -> list[ReturnRequest]:
        """The lines of which something comes back."""
        lines = self.sale.lines.filter(refunds=None).values_list("line", flat=True)
        return [
            ReturnRequest(line, quantity, bool(self.data.get(f"shelf-{line}")))
            for line in lines
            if (quantity := self.amount(f"quantity-{line}"))
        ]

    def taken(self) -> list[New]:
        """The products that are taken instead."""
        found = []
        keys = self.data.getlist("new") if hasattr(self.data, "getlist") else []
        for key in keys[:MAX_LINES]:
            try:
                variation_id = uuid.UUID(key)
            except ValueError:
                continue
            name = str(self.data.get(f"name-{key}", ""))[:520]
            found.append(New(variation_id, self.amount(f"count-{key}"), name))
        return found

    def refund(self) -> RefundRequest:
        """Of a form that is valid, or of a question, which needs no reason."""
        return RefundRequest(**self._common(), lines=self.returns(), total=self._total())

    def exchange(self) -> ExchangeRequest:
        sold = [LineRequest(one.variation_id, one.quantity) for one in self.taken() if one.quantity]
        return ExchangeRequest(
            **self._common(), returns=self.returns(), lines=sold, total=self._total()
        )

    def _total(self) -> Decimal | None:
        total: Decimal | None = self.cleaned_data.get("total")
        return total

    def _common(self) -> dict[str, Any]:
        data = self.cleaned_data
        way = data.get("way", AS_PAID)
        register = data.get("register")
        return {
            "id": data.get("id") or uuid.UUID(int=0),
            "sale_id": self.sale.pk,
            "register_id": uuid.UUID(int=0) if register is None else register.pk,
            "reason": data.get("reason", ""),
            "method": None if way == AS_PAID else Payment.Method(way),
            "reference": "" if way == AS_PAID else data.get("reference", ""),
        }
