"""The audit log: who did what, newest first."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import audit, people
from accounts.access import can, needs
from accounts.forms.audit import AuditFilterForm
from accounts.models import AuditEntry, Membership
from accounts.permissions import Permission

PAGE = 50


@needs(Permission.AUDIT_LOG_VIEW)
@require_safe
def audit_list(request: Any) -> HttpResponse:
    """A person who is confined to some locations sees their own acts: entries have no location,
    and those of others may be about places that they must not see."""
    members = list(Membership.objects.select_related("user").prefetch_related("location_links"))
    form = AuditFilterForm(request.GET, members=people.visible_members(request.membership, members))
    form.is_valid()
    rows: QuerySet[AuditEntry] = AuditEntry.objects.select_related("actor", "device")
    if not request.membership.all_locations:
        rows = rows.filter(actor=request.user)
    rows = _filtered(rows, form.cleaned_data, request.business.zone)
    cursor = request.GET.get("cursor", "")
    if cursor.isdecimal() and len(cursor) < 19:
        rows = rows.filter(pk__lt=int(cursor))
    entries = list(rows.order_by("-pk")[: PAGE + 1])
    more = len(entries) > PAGE
    names = {str(one.pk): str(one.user) for one in members}
    names |= audit.names_of_others(entries)
    costs = can(request, Permission.PRODUCT_VIEW_PURCHASE_PRICE)
    for entry in entries:
        entry.changes = audit.shown_changes(entry, costs=costs)
    context = {
        "form": form,
        "entries": [(entry, names.get(entry.object_id, "")) for entry in entries[:PAGE]],
        "next_cursor": entries[PAGE - 1].pk if more else "",
        "confined": not request.membership.all_locations,
    }
    return render(request, "accounts/audit_list.html", context)


def _filtered(rows: QuerySet[AuditEntry], asked: dict[str, Any], zone: Any) -> QuerySet[AuditEntry]:
    """The entries asked for; days begin and end in the business's zone."""

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), zone)

    if asked.get("kind"):
        rows = rows.filter(action__startswith=asked["kind"])
    if asked.get("person"):
        rows = rows.filter(actor=asked["person"])
    if asked.get("since"):
        rows = rows.filter(created_at__gte=midnight(asked["since"]))
    if asked.get("until"):
        rows = rows.filter(created_at__lt=midnight(asked["until"] + timedelta(days=1)))
    return rows
