"""The form of a correction of stock, and its lines."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.forms.fields import Quiet, as_uuid, quantity_field, whole_unless
from inventory.models import StockDocument, StockLevel, Variation
from tenants.models import Location

R = StockDocument.Reason
TAKES_AWAY = frozenset({R.DAMAGED, R.EXPIRED, R.LOST, R.OWN_USE, R.GIFT})
MOST_LINES = 500


class CorrectionForm(Quiet, forms.Form):
    location = forms.ModelChoiceField(Location.objects.none(), label=_("Location"))
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("Choose a reason")), *(c for c in R.choices if c[0] != R.OPENING)],
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, locations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["location"]
        field.queryset = locations
        field.empty_label = _("Choose a location")
        # What lies here depends on it; what is being typed into the search does not.
        field.widget.attrs |= {
            "hx-post": "",
            "hx-trigger": "change",
            "hx-vals": '{"look": "1"}',
            "hx-include": "closest form",
            "hx-target": "#chosen",
            "hx-select": "#chosen",
            "hx-swap": "outerHTML",
        }


class LineForm(Quiet, forms.Form):
    quantity = quantity_field(_("Change"), signed=True)

    def __init__(
        self, data: Any, *, variation: Variation, here: Decimal | None, is_added: bool
    ) -> None:
        super().__init__(data, prefix=f"line-{variation.pk}")
        self.variation = variation
        self.here = here
        widget = self.fields["quantity"].widget
        widget.attrs["aria-label"] = gettext("Change of %s") % variation.full_name
        if is_added:
            widget.attrs["autofocus"] = True

    def clean_quantity(self) -> Decimal:
        quantity: Decimal | None = self.cleaned_data["quantity"]
        if not quantity:
            raise ValidationError(gettext("Enter a number that is not zero."))
        whole_unless(quantity, decimals=self.variation.product.allow_decimal)
        return quantity


class Lines:
    """The variations of a correction in the order in which they were added.

    The page posts their ids as `variation`, once each, and a quantity for each. `stock` maps a
    variation to what lies at the chosen location, and is empty while none is chosen.
    """

    def __init__(self, data: Any, ids: Sequence[str]) -> None:
        self.data = data
        wanted = list(dict.fromkeys(key for key in map(as_uuid, ids) if key))[:MOST_LINES]
        found = Variation.objects.select_related("product__unit").in_bulk(wanted)
        self.variations = [found[key] for key in wanted if key in found]
        self.stock: Mapping[uuid.UUID, Decimal] = {}
        self.forms: list[LineForm] = []

    def at(self, location_id: uuid.UUID | None, *, added: str = "") -> None:
        """Read what lies at the location, and make the forms; the added line awaits its number."""
        ids = [row.pk for row in self.variations]
        if location_id is not None:
            levels = StockLevel.objects.filter(location=location_id, variation__in=ids)
            self.stock = dict(levels.values_list("variation_id", "quantity"))
        none = None if location_id is None else Decimal(0)
        self.forms = [
            LineForm(
                self.data,
                variation=row,
                here=self.stock.get(row.pk, none),
                is_added=str(row.pk) == added,
            )
            for row in self.variations
        ]

    def is_valid(self, reason: str) -> bool:
        # Every line is judged, not only up to the first that is wrong.
        valid = False not in {form.is_valid() for form in self.forms}
        for form in self.forms:
            quantity = form.cleaned_data.get("quantity")
            if quantity and quantity > 0 and reason in TAKES_AWAY:
                form.add_error("quantity", gettext("For this reason stock goes down: enter −."))
                valid = False
            elif quantity and quantity < 0 and reason == R.FOUND:
                form.add_error("quantity", gettext("What was found is more, not less."))
                valid = False
        return valid

    def changes(self) -> dict[uuid.UUID, Decimal]:
        return {form.variation.pk: form.cleaned_data["quantity"] for form in self.forms}

    def mark_missing(self, missing: Mapping[uuid.UUID, Decimal]) -> None:
        for form in self.forms:
            if form.variation.pk in missing:
                form.add_error("quantity", gettext("There is not that much here."))

    def quiet(self) -> None:
        for form in self.forms:
            form.quiet()
