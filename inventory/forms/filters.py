"""What the lists of products and stock can be narrowed down to. Nonsense narrows nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.catalogue import tree, with_children
from inventory.forms.fields import indented
from inventory.models import Brand, Category, StockDocument
from tenants.models import Location


class Filter(forms.Form):
    """`value()` gives what is chosen, and "" for nothing and for what is not among the choices."""

    def value(self, name: str) -> str:
        if name not in self.fields:
            return ""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "")

    def pk(self, name: str) -> uuid.UUID | None:
        value = self.value(name)
        return uuid.UUID(value) if value else None


def _choice(label: Any, choices: Iterable[tuple[Any, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=list(choices))


class ProductFilter(Filter):
    """Reads categories and brands; `locations` are those that the person may see."""

    def __init__(self, data: Any, locations: Sequence[Location], *, stock: bool) -> None:
        super().__init__(data)
        # Of the whole row the order needs only this; a product may lie in an inactive category.
        self.tree = tree(Category.objects.only("pk", "name", "parent_id"))
        self.fields["category"] = _choice(
            _("Category"),
            [("", _("All categories")), *((str(c.pk), indented(c)) for c in self.tree)],
        )
        brands = Brand.objects.order_by("name").values_list("pk", "name")
        self.fields["brand"] = _choice(
            _("Brand"), [("", _("All brands")), *((str(pk), name) for pk, name in brands)]
        )
        self.fields["kept"] = _choice(
            _("Stock"),
            [("", _("Stock and services")), ("yes", _("Kept in stock")), ("no", _("Services"))],
        )
        self.fields["status"] = _choice(
            _("Status"),
            [("", _("Active")), ("off", _("Inactive")), ("all", _("Active and inactive"))],
        )
        if stock and len(locations) > 1:
            self.fields["location"] = location_choice(locations)

    def narrow(self, products: Any) -> Any:
        category, brand = self.pk("category"), self.pk("brand")
        if category:
            products = products.filter(category__in=with_children(category, self.tree))
        if brand:
            products = products.filter(brand=brand)
        if kept := self.value("kept"):
            products = products.filter(is_stocked=kept == "yes")
        status = self.value("status")
        return products if status == "all" else products.filter(is_active=status != "off")


def location_choice(locations: Sequence[Location]) -> forms.ChoiceField:
    return _choice(
        _("Location"),
        [("", _("All locations")), *((str(place.pk), place.name) for place in locations)],
    )


class StockFilter(Filter):
    def __init__(self, data: Any, locations: Sequence[Location], *, low: bool = False) -> None:
        super().__init__(data)
        if len(locations) > 1:
            self.fields["location"] = location_choice(locations)
        self.tree = tree(Category.objects.only("pk", "name", "parent_id"))
        self.fields["category"] = _choice(
            _("Category"),
            [("", _("All categories")), *((str(c.pk), indented(c)) for c in self.tree)],
        )
        if not low:
            self.fields["level"] = _choice(
                _("Quantity"),
                [
                    ("", _("Any quantity")),
                    ("low", _("Below the warning")),
                    ("none", _("Nothing left")),
                ],
            )

    def narrow(self, levels: Any) -> Any:
        location, category = self.pk("location"), self.pk("category")
        if location:
            levels = levels.filter(location=location)
        if category:
            inside = with_children(category, self.tree)
            levels = levels.filter(variation__product__category__in=inside)
        return levels


class CorrectionFilter(Filter):
    def __init__(self, data: Any, locations: Sequence[Location]) -> None:
        super().__init__(data)
        if len(locations) > 1:
            self.fields["location"] = location_choice(locations)
        self.fields["reason"] = _choice(
            _("Reason"), [("", _("All corrections")), *StockDocument.Reason.choices]
        )

    def narrow(self, documents: Any) -> Any:
        if location := self.pk("location"):
            documents = documents.filter(location=location)
        if reason := self.value("reason"):
            return documents.filter(reason=reason)
        # Opening stock is no correction; it is listed when it is asked for.
        return documents.filter(kind=StockDocument.Kind.CORRECTION)


class EntryFilter(Filter):
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("Active")), ("off", _("Inactive")), ("all", _("Active and inactive"))],
    )

    def narrow(self, entries: Any) -> Any:
        status = self.value("status")
        return entries if status == "all" else entries.filter(is_active=status != "off")
