"""Drawing the controls of forms, as Django draws them.

Django renders two templates for each option of a select; a list of 600 time zones takes ten times as
long by that as the rest of the page. Each input takes three, a quarter of a form with forty of them.
Here both are put together at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

#: Whose templates include that of an input, and nothing else.
INPUTS: Final = frozenset(
    widget.template_name
    for widget in (
        forms.TextInput,
        forms.NumberInput,
        forms.EmailInput,
        forms.URLInput,
        forms.PasswordInput,
        forms.HiddenInput,
        forms.DateInput,
        forms.DateTimeInput,
        forms.TimeInput,
        forms.CheckboxInput,
        forms.FileInput,
    )
)


class Controls(DjangoTemplates):
    """Django's own, but for inputs, which are the same text, and selects, which are so without its
    white space."""

    def render(self, template_name: str, context: Any, request: Any = None) -> str:
        if template_name in INPUTS:
            return _input(context["widget"])
        if template_name == forms.Select.template_name:
            return _select(context["widget"])
        return super().render(template_name, context, request)


CONTROLS = Controls()


def _input(widget: Mapping[str, Any]) -> SafeString:
    value = widget["value"]
    given = {} if value is None else {"value": str(value)}
    return format_html(
        '<input type="{}" name="{}"{}{}>',
        widget["type"],
        widget["name"],
        _attributes(given),
        _attributes(widget["attrs"]),
    )


def _select(widget: Mapping[str, Any]) -> SafeString:
    groups = []
    for name, options, _index in widget["optgroups"]:
        drawn = _options(options)
        groups.append(
            format_html('<optgroup label="{}">{}</optgroup>', name, drawn) if name else drawn
        )
    return format_html(
        '<select name="{}"{}>{}</select>',
        widget["name"],
        _attributes(widget["attrs"]),
        mark_safe("".join(groups)),  # noqa: S308 - put together of what was escaped
    )


def _options(options: Iterable[Mapping[str, Any]]) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((str(one["value"]), _attributes(one["attrs"]), one["label"]) for one in options),
    )


def _attributes(attrs: Mapping[str, Any]) -> SafeString:
    """What is False is left out, and of what is True the name alone is there."""
    found = [
        f" {conditional_escape(name)}"
        if value is True
        else f' {conditional_escape(name)}="{conditional_escape(str(value))}"'
        for name, value in attrs.items()
        if value is not False
    ]
    return mark_safe("".join(found))  # noqa: S308 - escaped above
