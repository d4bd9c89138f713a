"""The form of a product's prices at locations."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.forms.fields import money_field
from inventory.forms.products import VERY_HIGH
from inventory.models import Variation
from tenants.formats import money
from tenants.models import Location


class PricesForm(forms.Form):
    """A price for each variation at each location; empty takes the variation's own."""

    confirm = forms.BooleanField(label=_("Yes, these values are right"), required=False)

    def __init__(
        self,
        *args: Any,
        variations: Sequence[Variation],
        locations: Sequence[Location],
        stored: dict[tuple[Any, Any], Decimal],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asks_to_confirm = False
        self.variations, self.locations = variations, locations
        for variation in variations:
            for location in locations:
                self.fields[self.name(variation, location)] = money_field(
                    location.name, initial=stored.get((variation.pk, location.pk))
                )

    @staticmethod
    def name(variation: Variation, location: Location) -> str:
        return f"{variation.pk}-{location.pk}"

    def table(self) -> list[tuple[Variation, list[forms.BoundField]]]:
        return [
            (row, [self[self.name(row, place)] for place in self.locations])
            for row in self.variations
        ]

    def prices(self) -> dict[tuple[Any, Any], Decimal | None]:
        return {
            (row.pk, place.pk): self.cleaned_data[self.name(row, place)]
            for row in self.variations
            for place in self.locations
        }

    def doubts(self, *, see_cost: bool) -> list[str]:
        found = []
        for row in self.variations:
            for place in self.locations:
                name = self.name(row, place)
                price = self.cleaned_data[name]
                if name not in self.changed_data or price is None:
                    continue
                shown = {"price": money(price), "place": place.name}
                if price > VERY_HIGH:
                    found.append(
                        gettext("%(place)s: %(price)s is a very high price.") % shown,
                    )
                elif see_cost and price < row.cost:
                    found.append(
                        gettext("%(place)s: %(price)s is below the cost.") % shown,
                    )
        return found
