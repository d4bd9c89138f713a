"""Tags and filters of the house, built into every template; docs/design.md shows each in use."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from pos import charts
from pos.controls import CONTROLS
from sales.badges import badges
from tenants import formats
from tenants.addresses import address

register = template.Library()

for _filter in (
    formats.money,
    formats.amount,
    formats.quantity,
    formats.percentage,
    formats.local_time,
    formats.local_date,
    formats.local_clock,
    address,
    badges,
):
    register.filter(_filter.__name__, _filter)

# Icons that point along the line of reading and turn around in right-to-left languages.
_DIRECTED = {"arrow-left", "arrow-right", "chevron-left", "chevron-right", "log-out", "undo-2"}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon from the sprite, hidden from screen readers unless it has a label."""
    if label:
        return _drawn(name, format_html('role="img" aria-label="{}"', label))
    return _silent(name)


@cache
def _silent(name: str) -> SafeString:
    # A page shows dozens of the same few.
    return _drawn(name, mark_safe('aria-hidden="true"'))


def _drawn(name: str, meaning: SafeString) -> SafeString:
    return format_html(
        '<svg class="icon{}" {}><use href="{}#{}"></use></svg>',
        " mirror" if name in _DIRECTED else "",
        meaning,
        static("pos/icons.svg"),
        name,
    )


@register.simple_tag
def platform_url(name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a page outside any business, wherever the request is."""
    inside = get_script_prefix()
    # A business is mounted at <outside>b/<slug>/; what stands before it stays.
    outside = inside[: inside.rindex("/b/") + 1] if "/b/" in inside else inside
    set_script_prefix(outside)
    try:
        return reverse(name, urlconf="pos.urls", args=args, kwargs=kwargs)
    finally:
        set_script_prefix(inside)


@register.simple_tag(takes_context=True)
def reuse_block(context: Context, name: str) -> SafeString:
    """What the block `name` holds, a second time: a page's title is also its heading."""
    block_context = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = block_context and block_context.get_block(name)
    return mark_safe(block.render(context).strip() if block else "")  # noqa: S308 - rendered above


@register.filter
def list_layout(request: HttpRequest | None) -> str:
    """What a list page extends: all of the page, or its results alone for a live search."""
    htmx = getattr(request, "htmx", None)
    return "components/bare.html" if htmx and htmx.target == "results" else "app.html"


@register.filter
def page_layout(request: HttpRequest | None) -> str:
    """What an error page extends: the shell for a member inside a business, else the card."""
    return "app.html" if getattr(request, "membership", None) else "base.html"


# -- forms ----------------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html", name="field")
def field(
    bound: BoundField,
    prefix: str = "",
    suffix: str = "",
    wide: bool = False,
    autofocus: bool = False,
) -> dict[str, Any]:
    """Label, control, hint and error of one field; `prefix` and `suffix` stand inside the control."""
    widget = bound.field.widget
    bound.form.renderer = CONTROLS
    return {
        "field": bound,
        "kind": _kind(widget),
        "control": bound.as_widget(attrs={"autofocus": True} if autofocus else {}),
        "prefix": prefix,
        "suffix": suffix,
        "wide": wide or isinstance(widget, forms.Textarea),
    }


def _kind(widget: forms.Widget) -> str:
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "plain"


# -- lists ----------------------------------------------------------------------------------------


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: Context, key: str, label: str, numeric: bool = False) -> dict[str, Any]:
    """The head of a column that orders the list by `?sort=key`, and by `-key` the second time."""
    request = context["request"]
    current = request.GET.get("sort", "")
    query = request.GET.copy()
    query["sort"] = f"-{key}" if current == key else key
    for paging in ("page", "cursor"):
        query.pop(paging, None)
    order = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    return {"label": label, "numeric": numeric, "order": order, "url": f"?{query.urlencode()}"}


# -- charts ---------------------------------------------------------------------------------------


def _readable(value: Decimal, currency: Any) -> str:
    return formats.money(value, currency) if currency else formats.quantity(value)


@register.inclusion_tag("components/bar_chart.html")
def bar_chart(
    points: Iterable[tuple[Any, Decimal]], title: str, currency: Any = None
) -> dict[str, Any]:
    """(label, number) pairs as bars; `currency` is a business or a code and makes them amounts."""
    pairs = [(str(label), Decimal(value)) for label, value in points]
    chart = charts.bar_chart(pairs)
    labels = [label for label, _value in pairs]
    return {
        "title": title,
        "chart": chart,
        "bars": [(bar, _readable(bar.value, currency)) for bar in chart.bars],
        "ticks": [(formats.compact(value, currency), y) for value, y in chart.ticks],
        "edges": [labels[0], labels[len(labels) // 2], labels[-1]] if len(labels) > 2 else labels,
        "total": _readable(sum((value for _label, value in pairs), Decimal(0)), currency),
    }


@register.inclusion_tag("components/ranked_bars.html")
def ranked_bars(points: Iterable[Any], title: str, currency: Any = None) -> dict[str, Any]:
    """(label, number) or (label, number, address) rows as horizontal bars, in the given order."""
    rows = [(str(label), Decimal(value), *link) for label, value, *link in points]
    widths = charts.shares([row[1] for row in rows])
    return {
        "title": title,
        "rows": [
            {
                "label": row[0],
                "value": _readable(row[1], currency),
                "url": row[2] if len(row) > 2 else "",
                "width": width,
            }
            for row, width in zip(rows, widths, strict=True)
        ],
    }
