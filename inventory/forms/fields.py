"""Fields that several forms of the catalogue share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _

from inventory.catalogue import tree
from inventory.models import Category
from tenants.context import current

ZERO = Decimal(0)
# More is a slip of the keyboard; sums of quantities stay within their column.
MOST = Decimal(10) ** 12
INDENT = "\u2003"  # As wide as it is high: spaces would be folded into one.


def plain(value: Any, least: int = 0) -> str:
    """A number without needless zeros, with at least `least` decimals: 5.0000 is 5.00."""
    try:
        number = Decimal(value).normalize()
    except (InvalidOperation, TypeError, ValueError):
        return str(value)
    places = -int(number.as_tuple().exponent)
    return f"{number:.{max(places, least, 0)}f}"


class Quiet:
    """A form that can show what was typed so far without judging it."""

    def quiet(self) -> None:
        self._errors = ErrorDict()


class NumberInput(forms.NumberInput):
    """Shows stored numbers without the zeros that the column adds."""

    def __init__(self, *, money: bool = False, **attrs: Any) -> None:
        self.money = money
        super().__init__(attrs={"step": "any", "inputmode": "decimal", **attrs})

    def format_value(self, value: Any) -> str | None:
        if value is None or value == "":
            return None
        return plain(value, current().digits if self.money else 0)


def money_field(label: Any, *, required: bool = False, **kwargs: Any) -> forms.DecimalField:
    """An amount of at most 14 digits before and 4 after the point, never negative."""
    return forms.DecimalField(
        label=label,
        required=required,
        max_digits=18,
        decimal_places=4,
        validators=[MinValueValidator(ZERO)],
        widget=NumberInput(money=True, min="0"),
        **kwargs,
    )


def quantity_field(label: Any, *, signed: bool = False, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=18,
        decimal_places=4,
        validators=[MinValueValidator(-MOST if signed else ZERO), MaxValueValidator(MOST)],
        widget=NumberInput() if signed else NumberInput(min="0"),
        **kwargs,
    )


def whole_unless(quantity: Decimal, *, decimals: bool) -> None:
    """Raises ValidationError for a fraction of something that is sold in whole pieces."""
    if not decimals and quantity != quantity.to_integral_value():
        raise forms.ValidationError(_("Only whole numbers: the unit allows no fractions."))


def as_uuid(text: str) -> uuid.UUID | None:
    """The key that a person's browser sent, or None for nonsense."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def indented(category: Any) -> str:
    return f"{INDENT * category.depth}{category.name}"


class _TreeIterator(forms.models.ModelChoiceIterator):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield ("", self.field.empty_label)
        for category in tree(self.queryset):
            yield (self.field.prepare_value(category), indented(category))


class CategoryField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A category out of the tree, shown indented."""

    iterator = _TreeIterator

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Category.objects.all(), required=False, **kwargs)


def live(queryset: Any, chosen: Any = None) -> Any:
    """The active rows of a small table, and the one that is chosen already."""
    if chosen is None:
        return queryset.filter(is_active=True)
    return queryset.filter(is_active=True) | queryset.filter(pk=chosen)
