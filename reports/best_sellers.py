"""Best sellers of any range: by revenue, quantity or profit, at one location or at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, location_ids, needs, visible_locations
from accounts.permissions import Permission
from reports import due, queries, reading
from sales.forms import date_input
from tenants.replica import from_replica

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A range of days, the locations (None: all) and what products are put in order by."""

    first: date | None
    last: date
    places: reading.Places
    by: str


class BestSellersFilter(forms.Form):
    """What is asked for; a value that means nothing asks for the usual: 30 days, all locations that
    the person may see, by revenue."""

    date_from = date_input(gettext_lazy("From"))
    date_to = date_input(gettext_lazy("To"))
    location = forms.ChoiceField(label=gettext_lazy("Location"), required=False)
    by = forms.ChoiceField(label=gettext_lazy("Ordered by"), required=False)

    def __init__(self, request: Any) -> None:
        self.today = timezone.now().astimezone(request.business.zone).date()
        self.usual = self.today - timedelta(days=queries.DAYS - 1)
        # The days stand in their fields from the beginning; who empties one asks without it.
        usual = {"date_from": self.usual.isoformat(), "date_to": self.today.isoformat()}
        super().__init__(usual | request.GET.dict())
        self.places = location_ids(request)
        names = list(visible_locations(request).values_list("pk", "name"))
        orders = {"revenue": _("Revenue"), "quantity": _("Quantity")}
        if can(request, Permission.SELL_VIEW_PROFIT):
            orders["profit"] = _("Profit")
        self._choices("by", list(orders.items()))
        if len(names) < 2:
            del self.fields["location"]
        else:
            self._choices("location", [("", _("All locations")), *((str(k), n) for k, n in names)])

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def asked(self) -> Asked:
        self.is_valid()
        found = self.cleaned_data
        place = found.get("location")
        return Asked(
            first=found.get("date_from"),
            last=found.get("date_to") or self.today,
            places={uuid.UUID(place)} if place else self.places,
            by=found.get("by") or "revenue",
        )


@require_safe
@needs(Permission.REPORT_SALES_VIEW)
@vary_on_headers("HX-Request")
@from_replica
def best_sellers(request: HttpRequest) -> HttpResponse:
    """A page of products, and where its file is for those who may save it."""
    filters = BestSellersFilter(request)
    asked = filters.asked()
    offset = _offset(request.GET.get("cursor", ""))
    found = reading.best(
        asked.first, asked.last, by=[asked.by], limit=PAGE + 1, offset=offset, places=asked.places
    )
    due.note(found.pending)
    sellers = found.by[asked.by]
    context = {
        "filter": filters,
        "sellers": list(enumerate(sellers[:PAGE], offset + 1)),
        "next_cursor": str(offset + PAGE) if len(sellers) > PAGE else "",
        "previous_cursor": str(max(0, offset - PAGE)) if offset else "",
        "sees_cost": can(request, Permission.SELL_VIEW_COST),
        "sees_profit": can(request, Permission.SELL_VIEW_PROFIT),
        "narrowed": bool(request.GET),
        "query": urlencode({key: request.GET[key] for key in filters.fields if key in request.GET}),
    }
    return render(request, "reports/best_sellers.html", context)


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0


def table(request: HttpRequest) -> Iterator[list[Any]]:
    """All products that are asked for, as rows of a file with a head; cost and profit for those who
    may see them."""
    asked = BestSellersFilter(request).asked()
    cost, profit = (
        can(request, one) for one in (Permission.SELL_VIEW_COST, Permission.SELL_VIEW_PROFIT)
    )
    head = [_("SKU"), _("Product"), _("Quantity"), _("Revenue"), _("Without tax")]
    yield head + [_("Cost")] * cost + [_("Profit")] * profit
    found = reading.best(
        asked.first, asked.last, by=[asked.by], limit=1_000_000, places=asked.places
    )
    for one in found.by[asked.by]:
        row = [one.sku, one.name, one.quantity, one.revenue, one.net]
        yield row + [one.cost] * cost + [one.profit] * profit
