"""The inbox of sales made offline that did not fit: the list, one of them, and settling it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import at_visible_locations, needs
from accounts.permissions import Permission
from inventory.models import Variation
from sales import review
from sales.judging import OfflineSale
from sales.kept import RAW, sale_of
from sales.keyset import keyset_page
from sales.models import ReviewItem
from sales.reasons import sentence
from sales.review_forms import CloseForm, NoteForm, RecordForm, unknown_lines
from sales.sellable import priced_at
from tenants.errors import Refused
from tenants.models import Location

MEMBERS = ("sale__customer", "location", "register", "device", "operator", "settled_by")


def visible_reviews(request: Any) -> QuerySet[ReviewItem]:
    """Those of the request's locations; what is of no known place, for who sees all of them."""
    items: QuerySet[ReviewItem] = ReviewItem.objects.filter(at_visible_locations(request))
    return items.select_related(*MEMBERS)


@require_safe
@needs(Permission.SELL_REVIEW)
@vary_on_headers("HX-Request")
def review_list(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "open")
    items = visible_reviews(request).defer("body")
    if state == "settled":
        items = items.exclude(settlement="")
    elif state != "all":
        state, items = "open", items.filter(settlement="")
    if request.GET.get("kind") in ReviewItem.Kind.values:
        items = items.filter(kind=request.GET["kind"])
    page = keyset_page(items, by="created_at", cursor=request.GET.get("cursor", ""))
    context = {
        "items": [(one, [sentence(reason) for reason in one.reasons]) for one in page.rows],
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "state": state,
        "narrowed": bool(request.GET),
    }
    return render(request, "sales/review_list.html", context)


@dataclass(slots=True)
class Row:
    """A line as it was sold, beside what the server knows of it now."""

    line: int
    name: str
    sku: str
    quantity: Decimal
    price: Decimal
    tax_rate: Decimal
    price_now: Decimal | None = None
    rate_now: Decimal | None = None
    said: list[str] = field(default_factory=list)


@require_safe
@needs(Permission.SELL_REVIEW)
def review_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _page(request, _item(request, pk))


def _item(request: HttpRequest, pk: uuid.UUID) -> ReviewItem:
    """The door to one. Raises Http404 for one that is absent, or not for these eyes."""
    item: ReviewItem = get_object_or_404(visible_reviews(request), pk=pk)
    return item


def _page(request: HttpRequest, item: ReviewItem, **forms: Any) -> HttpResponse:
    asked = sale_of(item.body) if item.is_held else None
    lines = _lines(item, asked)
    said = [sentence(one) for one in item.reasons if "line" not in one or not lines]
    context = {
        "item": item,
        "asked": asked,
        "rows": lines,
        "said": said,
        "raw": _raw(item) if item.is_held and asked is None else "",
        "note_form": NoteForm() if item.is_open and not item.is_held else None,
        "close_form": CloseForm(prefix="close") if item.is_open and item.is_held else None,
        "record_form": RecordForm(request, asked, unknown_lines(item), None)
        if item.is_open and asked is not None
        else None,
        **forms,
    }
    return render(request, "sales/review_detail.html", context)


def _lines(item: ReviewItem, asked: OfflineSale | None) -> Sequence[Row]:
    rows = []
    keys: list[uuid.UUID] = []
    if item.sale is not None:
        for line in item.sale.lines.all():
            rows.append(
                Row(line.line, line.name, line.sku, line.quantity, line.unit_price, line.tax_rate)
            )
            keys.append(line.variation_id)
    elif asked is not None:
        for number, line in enumerate(asked.lines, start=1):
            rows.append(Row(number, "", "", line.quantity, line.unit_price, line.tax_rate))
            keys.append(line.variation_id)
    known = _known(item.location, keys)
    for row, key in zip(rows, keys, strict=True):
        variation = known.get(key)
        if variation is not None:
            rate = variation.product.sold_tax_rate
            row.name, row.sku = row.name or variation.full_name, row.sku or variation.sku
            row.price_now = variation.selling_price
            row.rate_now = Decimal(0) if rate is None else rate.rate
        row.said = [sentence(one) for one in item.reasons if one.get("line") == row.line]
    return rows


def _known(location: Location | None, keys: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Any]:
    if location is None:
        return {}
    rows: QuerySet[Variation] = priced_at(location).filter(pk__in=set(keys))
    return {row.pk: row for row in rows}


def _raw(item: ReviewItem) -> str:
    return json.dumps((item.body or {}).get(RAW), indent=2, ensure_ascii=False)


@require_POST
@needs(Permission.SELL_REVIEW)
def review_settle(request: Any, pk: uuid.UUID) -> HttpResponse:
    """Accept it, record it, or close it; the same again changes nothing."""
    item = _item(request, pk)
    action = request.POST.get("action")
    settle = {"accept": _accept, "record": _record, "close": _close}.get(action)
    if settle is None:
        messages.error(request, _("Choose what to do with it."))
        return redirect("review_detail", pk=pk)
    try:
        return settle(request, item)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("review_detail", pk=pk)


def _accept(request: Any, item: ReviewItem) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, item, note_form=form)
    review.accept(actor=request.membership, item=item, note=form.cleaned_data["note"])
    messages.success(request, _("%(number)s is accepted as it is.") % {"number": item})
    return redirect("review_list")


def _close(request: Any, item: ReviewItem) -> HttpResponse:
    form = CloseForm(request.POST, prefix="close")
    if not form.is_valid():
        return _page(request, item, close_form=form)
    review.close(actor=request.membership, item=item, reason=form.cleaned_data["note"])
    messages.success(request, _("This is closed. It stays readable here, and is in no book."))
    return redirect("review_list")


def _record(request: Any, item: ReviewItem) -> HttpResponse:
    asked = sale_of(item.body) if item.is_held else None
    if asked is None:
        raise Refused("unreadable", _("There is nothing here that could be recorded."))
    form = RecordForm(request, asked, unknown_lines(item), request.POST)
    if form.is_valid():
        try:
            settled = review.record_held(
                actor=request.membership,
                item=item,
                choices=form.choices(),
                note=form.cleaned_data["note"],
            )
        except review.SettledAlready:
            raise
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            number = settled.sale.number if settled.sale else ""
            messages.success(request, _("Recorded as %(number)s.") % {"number": number})
            return redirect("review_list")
    return _page(request, item, record_form=form)
