"""Selects that are drawn at once are those that Django draws."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.translation import gettext_lazy
from pytest_django.asserts import assertHTMLEqual

from pos.controls import Controls

CHOICES: list[Any] = [
    ("", gettext_lazy("All locations")),
    (None, "nothing"),
    (1, 1),
    ('"quoted" & <bold>', "<b>'bold'</b> & more"),
    ("Group & more", [("a", "A"), ("b", "B")]),
]


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


def test_other_controls_are_left_to_django() -> None:
    for widget in (forms.TextInput(), forms.RadioSelect(choices=[("a", "A")]), forms.Textarea()):
        assert drawn(Controls(), widget, "a", {}) == drawn(DjangoTemplates(), widget, "a", {})


def test_what_is_chosen_is_marked() -> None:
    text = drawn(Controls(), forms.Select(choices=[("a", "A"), ("b", "B")]), "b", {})
    assert text.count("selected") == 1
    assert '<option value="b" selected>B</option>' in text
