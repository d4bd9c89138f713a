"""The one place where data comes in and goes out."""

from __future__ import annotations

import io
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import can
from accounts.permissions import Permission
from archive import jobs
from archive.kinds import FORMS
from archive.models import ImportBatch
from archive.views.doors import desk, unhurried
from archive.views.jobs import shown, visible
from archive.work.desks import desks
from tenants.models import Location

P = Permission
RECENT = 5


@unhurried
@desk(P.DATA_IMPORT, P.DATA_EXPORT)
@require_safe
def data_home(request: Any) -> HttpResponse:
    context: dict[str, Any] = {}
    if can(request, P.DATA_IMPORT):
        batches = ImportBatch.objects.select_related("created_by", "job")
        owned = request.membership.is_owner
        open_ = [one for one in desks().values() if owned or not one.owners_only]
        context["for_owners"] = [one.label for one in desks().values() if one not in open_]
        lacking = {one: one.withholds(request.membership) for one in open_}
        context["choices"] = [one for one, names in lacking.items() if not names]
        context["withheld"] = [
            (one.label, [name.label for name in names]) for one, names in lacking.items() if names
        ]
        context["batches"] = list(batches.order_by("-created_at", "-pk")[:RECENT])
    if can(request, P.DATA_EXPORT):
        context["jobs"] = [shown(row) for row in visible(request)[:RECENT]]
    return render(request, "archive/data_home.html", context)


@desk(P.DATA_IMPORT)
@require_safe
def import_template(request: HttpRequest, form: str) -> HttpResponse:
    """A table of products to fill in, with an example, and with columns for each location."""
    from archive.products.template import as_csv, as_xlsx

    write = {"csv": as_csv, "xlsx": as_xlsx}.get(form)
    if write is None:
        raise Http404
    places = list(Location.objects.filter(is_active=True).values_list("name", flat=True))
    file = io.BytesIO()
    write(file, places if len(places) > 1 else ())
    answer = HttpResponse(file.getvalue(), content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="products.{form}"'
    return answer


@desk(P.DATA_EXPORT)
@require_POST
def export_start(request: Any) -> HttpResponse:
    """Ask for a file of everything, in the `form` that was chosen."""
    kind = FORMS.get(request.POST.get("form", ""))
    return redirect("data_home") if kind is None else _begin(request, kind)


@desk(P.DATA_EXPORT)
@require_POST
def books_check(request: Any) -> HttpResponse:
    return _begin(request, "books.check")


def _begin(request: Any, kind: str) -> HttpResponse:
    row = jobs.ask(kind, by=request.membership, options={})
    return redirect("job_detail", job_id=row.pk)
