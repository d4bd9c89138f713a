"""Selects and inputs that are drawn at once are those that Django draws."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from pytest_django.asserts import assertHTMLEqual

from pos.controls import INPUTS, Controls

CHOICES: list[Any] = [
    ("", gettext_lazy("All locations")),
    (None, "nothing"),
    (1, 1),
    ('"quoted" & <bold>', "<b>'bold'</b> & more"),
    ("Group & more", [("a", "A"), ("b", "B")]),
]


def every_input() -> Iterator[forms.Widget]:
    """Of each kind that is drawn at once."""
    for name in forms.widgets.__all__:
        one = getattr(forms, name)
        if getattr(one, "template_name", None) in INPUTS:
            yield one()


def drawn(renderer: Any, widget: forms.Widget, value: Any, attrs: dict[str, Any]) -> str:
    return str(widget.render("field<1>", value, attrs=attrs, renderer=renderer))


@pytest.mark.parametrize("value", ["", None, 1, "b", '"quoted" & <bold>', "absent"])
@pytest.mark.parametrize("attrs", [{}, {"id": 'x"y', "required": True, "disabled": False, "n": 3}])
def test_as_django(value: Any, attrs: dict[str, Any]) -> None:
    for widget in (forms.Select(choices=CHOICES), forms.SelectMultiple(choices=CHOICES)):
        values = [value] if isinstance(widget, forms.SelectMultiple) else value
        assertHTMLEqual(
            drawn(Controls(), widget, values, attrs),
            drawn(DjangoTemplates(), widget, values, attrs),
        )


@pytest.mark.parametrize("widget", [*every_input()], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    "value",
    [None, "", 0, 5, Decimal("1.50"), True, False, '"quoted" & <bold>', mark_safe("a &amp; b")],
    ids=repr,
)
@pytest.mark.parametrize("attrs", [{}, {"id": 'x"y', "required": True, "disabled": False, "n": 3}])
def test_inputs_are_django_s_to_the_letter(
    widget: forms.Widget, value: Any, attrs: dict[str, Any]
) -> None:
    text = drawn(Controls(), widget, value, attrs)
    assert text == drawn(DjangoTemplates(), widget, value, attrs)
    assert text.startswith("<input ")


def test_moments_are_django_s_to_the_letter() -> None:
    moment = datetime(2026, 11, 22, 8, 5, tzinfo=UTC)
    for widget, value in (
        (forms.DateInput(), moment.date()),
        (forms.DateTimeInput(), moment),
        (forms.TimeInput(), moment.time()),
    ):
        assert drawn(Controls(), widget, value, {}) == drawn(DjangoTemplates(), widget, value, {})


def test_other_controls_are_left_to_django() -> None:
    choices = [("a", "A")]
    for widget in (
        forms.RadioSelect(choices=choices),
        forms.CheckboxSelectMultiple(choices=choices),
        forms.Textarea(),
        forms.ClearableFileInput(),
    ):
        assert drawn(Controls(), widget, "a", {}) == drawn(DjangoTemplates(), widget, "a", {})


def test_what_is_chosen_is_marked() -> None:
    text = drawn(Controls(), forms.Select(choices=[("a", "A"), ("b", "B")]), "b", {})
    assert text.count("selected") == 1
    assert '<option value="b" selected>B</option>' in text
