"""What a document became, as the badges that stand beside it."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from sales.models import Sale


def badges(sale: Any) -> SafeString:
    """The badges of a row of `for_list`; a function, for as a template they took longest of a row."""
    return format_html_join(" ", '<span class="badge{}">{}</span>', _badges(sale))


def _badges(sale: Any) -> list[tuple[str, str]]:
    """Tone and label of each."""
    kind = sale.kind
    if sale.register.is_history:
        own = [] if kind == Sale.Kind.SALE else [(" warning", sale.get_kind_display())]
        return [("", _("History")), *own]
    if kind == Sale.Kind.REFUND:
        return [(" warning", _("Refund"))]
    if kind == Sale.Kind.VOID:
        return [(" danger", _("Void"))]
    if sale.is_voided:
        return [(" warning", _("Voided"))]
    found = [(" info", _("Exchange"))] if kind == Sale.Kind.EXCHANGE else []
    if sale.back:
        found.append((" warning", _("Refunded") if sale.back == "all" else _("Partly refunded")))
    return found or [(" success", _("Paid"))]
