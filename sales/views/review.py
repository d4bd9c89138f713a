"""The inbox of sales made offline that did not fit: the list, one of them, and settling it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import needs
from accounts.permissions import Permission
from sales import review
from sales.kept import RAW, sale_of
from sales.keyset import keyset_page
from sales.models import ReviewItem
from sales.reasons import sentence
from sales.review_forms import CloseForm, NoteForm, RecordForm, unknown_lines
from sales.review_lines import sold_lines, visible_reviews
from tenants.errors import Refused


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
    lines = sold_lines(item, asked)
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
