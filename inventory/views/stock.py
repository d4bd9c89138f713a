"""Stock levels, what runs low, and the history of one variation at one location."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, needs, visible_locations
from accounts.permissions import Permission
from inventory.forms.filters import StockFilter
from inventory.models import StockLevel, StockMovement, Variation
from inventory.paging import page_found, page_of
from inventory.stock import levels, low
from tenants.asking import asked

P = Permission

BY_NAME = (
    "variation__product__name",
    "variation__product_id",
    "variation__position",
    "variation_id",
    "pk",
)
SORTS = {"name": BY_NAME, "quantity": ("quantity", "pk")}


@needs(P.STOCK_VIEW)
@require_safe
@vary_on_headers("HX-Request")
def stock_list(request: HttpRequest) -> HttpResponse:
    return _list(request, only_low=False)


@needs(P.STOCK_VIEW)
@require_safe
@vary_on_headers("HX-Request")
def low_stock(request: HttpRequest) -> HttpResponse:
    return _list(request, only_low=True)


def _list(request: HttpRequest, *, only_low: bool) -> HttpResponse:
    locations = list(visible_locations(request))
    chosen = StockFilter(request.GET, locations, low=only_low)
    rows = chosen.narrow(levels([place.pk for place in locations]))
    level = chosen.value("level")
    if only_low or level == "low":
        rows = low(rows)
    elif level == "none":
        rows = rows.filter(quantity__lte=0)
    rows = rows.select_related("variation__product__unit", "location").order_by(*_order(request))
    page = page_found(rows, "variation", "pk", request)
    see_value = can(request, P.STOCK_VIEW_VALUE)
    if see_value:
        for row in page.object_list:
            row.value = row.quantity * row.variation.cost
    context = {
        "page": page,
        "filter": chosen,
        "query": asked(request),
        "only_low": only_low,
        "several": len(locations) > 1,
        "see_value": see_value,
        "may_history": can(request, P.STOCK_VIEW_HISTORY),
    }
    return render(request, "inventory/stock_list.html", context)


def _order(request: HttpRequest) -> list[Any]:
    sort = request.GET.get("sort", "")
    sign = "-" if sort.startswith("-") else ""
    return [sign + name for name in SORTS.get(sort.removeprefix("-"), BY_NAME)]


@needs(P.STOCK_VIEW_HISTORY)
@require_safe
def stock_history(
    request: HttpRequest, variation_id: uuid.UUID, location_id: uuid.UUID
) -> HttpResponse:
    variations = Variation.objects.select_related("product__unit")
    variation = get_object_or_404(variations, pk=variation_id)
    location = get_object_or_404(visible_locations(request), pk=location_id)
    level = StockLevel.objects.filter(variation=variation, location=location).first()
    moves = StockMovement.objects.filter(level=level) if level else StockMovement.objects.none()
    page = page_of(moves.select_related("actor").order_by("-pk"), request)
    context = {
        "variation": variation,
        "product": variation.product,
        "location": location,
        "quantity": level.quantity if level else 0,
        "page": page,
    }
    return render(request, "inventory/stock_history.html", context)
