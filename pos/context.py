"""What every page knows: the business, what this person may do, the navigation."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.permissions import Permission
from archive.leaving.departing import NOTICE
from tenants.formats import local_date

EPHEMERAL_NOTICE = _(
    "No database is set up: everything entered here will be lost. Set DATABASE_URL to keep it."
)
PREVIEW_NOTICE = _(
    "This is a preview with a demo of its own: everything entered here will be lost."
)


class Can:
    """`{% if can.product_create %}`: a permission's name with underscores for dots."""

    _by_attribute = {permission.attribute: permission for permission in Permission}

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def __getattr__(self, name: str) -> bool:
        permission = self._by_attribute.get(name)
        if permission is None:
            raise AttributeError(name)
        return self._membership.can(permission)


def system_notice() -> str:
    """What stands on every page of this installation; empty where data lasts."""
    if not settings.EPHEMERAL:
        return ""
    return str(PREVIEW_NOTICE if settings.PREVIEW else EPHEMERAL_NOTICE)


def house(request: HttpRequest) -> dict[str, Any]:
    membership = getattr(request, "membership", None)
    notice = system_notice()
    if membership is None:
        return {"system_notice": notice}
    from pos.navigation import navigation

    leaves_on = request.business.settings.get(NOTICE)  # type: ignore[attr-defined]
    if leaves_on:
        day = local_date(date.fromisoformat(leaves_on))
        leaving = _("This business will be deleted on %(day)s.") % {"day": day}
        notice = f"{notice} {leaving}".strip()

    # An error page is made after the view's transaction; what this person may do is then asked in
    # one of its own, for outside of any PostgreSQL shows nothing of a business. On SQLite none is
    # needed, and it would wait for the one writer: the job that a page shows the progress of.
    is_served = connection.in_atomic_block or connection.vendor == "sqlite"
    with nullcontext() if is_served else transaction.atomic():
        entries = navigation(request)

    return {
        "system_notice": notice,
        "business": request.business,  # type: ignore[attr-defined]
        "membership": membership,
        "can": Can(membership),
        "navigation": entries,
        "businesses": switcher(request),
    }


def switcher(request: HttpRequest) -> list[dict[str, Any]]:
    """The businesses that this person may change to, where there is a choice."""
    memberships = getattr(request, "memberships", ())
    if len(memberships) < 2:
        return []
    inside = get_script_prefix()
    mount = inside.rstrip("/").rpartition("/")[0]
    entrance = reverse("enter").removeprefix(inside)
    return [
        {
            "name": one.business.name,
            "url": f"{mount}/{one.business.slug}/{entrance}",
            "active": one.business == request.business,  # type: ignore[attr-defined]
        }
        for one in memberships
    ]
