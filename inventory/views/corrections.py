"""Corrections of stock: the list, a new one, one with its lines."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import needs, visible_locations
from accounts.permissions import Permission
from inventory import ledger
from inventory.forms.fields import as_uuid
from inventory.forms.filters import CorrectionFilter
from inventory.forms.stock import CorrectionForm, Lines
from inventory.models import StockDocument, StockMovement, Variation
from inventory.paging import page_of
from inventory.search import find
from tenants.asking import asked, cleaned
from tenants.errors import Refused

P = Permission

OFFERED = 8


@needs(P.INVENTORY_CORRECTION_VIEW)
@require_safe
@vary_on_headers("HX-Request")
def correction_list(request: HttpRequest) -> HttpResponse:
    """Corrections, or opening stock, the newest first."""
    locations = list(visible_locations(request))
    chosen = CorrectionFilter(request.GET, locations)
    documents = chosen.narrow(StockDocument.objects.filter(location__in=locations))
    query = asked(request)
    if query:
        documents = documents.filter(Q(number__icontains=query) | Q(note__icontains=query))
    documents = documents.select_related("location", "actor").order_by("-created_at", "-pk")
    page = page_of(documents, request)
    context = {"page": page, "filter": chosen, "query": query, "several": len(locations) > 1}
    return render(request, "inventory/correction_list.html", context)


@needs(P.INVENTORY_CORRECTION_VIEW)
@require_safe
def correction_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    documents = StockDocument.objects.select_related("location", "actor")
    document = get_object_or_404(documents.filter(location__in=visible_locations(request)), pk=pk)
    lines = StockMovement.objects.filter(document_id=document.pk, kind=document.kind)
    lines = lines.select_related("level__variation__product__unit").order_by("line")
    context = {"document": document, "page": page_of(lines, request)}
    return render(request, "inventory/correction_detail.html", context)


@needs(P.INVENTORY_CORRECTION_CREATE)
@require_http_methods(["GET", "POST"])
def correction_create(request: HttpRequest) -> HttpResponse:
    """One form whose buttons also search, add and take away lines, with and without scripts.

    Only the button without a name of its own writes anything.
    """
    locations = visible_locations(request).filter(is_active=True)
    posted = request.POST if request.method == "POST" else None
    form = CorrectionForm(posted, locations=locations, initial=_initial(request, locations))
    ids = (posted or request.GET).getlist("variation")
    lines = Lines(posted, _changed_ids(request, ids))
    offered: list[Variation] = []
    helping = posted is not None and bool({"find", "add", "drop", "look"} & posted.keys())
    if posted is not None and not helping:
        answer = _save(request, form, lines)
        if answer is not None:
            return answer
    else:
        if posted is not None and "find" in posted:
            offered = _offered(cleaned(posted.get("q", "")))
        lines.at(_location(form, locations), added=request.POST.get("add", ""))
        form.quiet()
        lines.quiet()
    context = {
        "form": form,
        "lines": lines,
        "offered": offered,
        "query": posted["q"] if posted and {"find", "q"} <= posted.keys() else "",
    }
    return render(request, "inventory/correction_edit.html", context)


def _initial(request: HttpRequest, locations: Any) -> dict[str, Any]:
    """The location that a link names, or the only one there is."""
    if wanted := request.GET.get("location"):
        return {"location": wanted}
    first_two = list(locations[:2]) if request.method == "GET" else []
    return {"location": first_two[0].pk} if len(first_two) == 1 else {}


def _changed_ids(request: HttpRequest, ids: list[str]) -> list[str]:
    """The posted lines, with one added or taken away, as the pressed button says."""
    add, drop = request.POST.get("add"), request.POST.get("drop")
    return [key for key in [*ids, *([add] if add else [])] if key != drop]


def _offered(text: str) -> list[Variation]:
    among = Variation.objects.select_related("product__unit")
    return find(text, among=among, only="kept", limit=OFFERED)


def _location(form: CorrectionForm, locations: Any) -> uuid.UUID | None:
    chosen = as_uuid(str(form["location"].value() or ""))
    return chosen if chosen and locations.filter(pk=chosen).exists() else None


def _save(request: HttpRequest, form: CorrectionForm, lines: Lines) -> HttpResponse | None:
    """Write the correction and lead to it; None when something has to be mended first."""
    valid = form.is_valid()
    location = form.cleaned_data.get("location")
    lines.at(location.pk if location else None)
    if not lines.forms:
        form.add_error(None, _("Add at least one product."))
    lines_valid = lines.is_valid(form.cleaned_data.get("reason", ""))
    if not (valid and lines_valid and lines.forms):
        return None
    try:
        document = ledger.correct(
            actor=request.user,  # type: ignore[arg-type]
            location=form.cleaned_data["location"],
            reason=form.cleaned_data["reason"],
            changes=lines.changes(),
            note=form.cleaned_data["note"],
        )
    except ledger.OutOfStock as refused:
        lines.mark_missing(refused.missing)
        return None
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return None
    messages.success(request, _("The stock is corrected."))
    return redirect("correction_detail", pk=document.pk)
