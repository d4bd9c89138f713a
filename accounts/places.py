"""The business's own settings and its locations: each change in one function, with its audit row."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.access import visible_locations
from accounts.models import Membership
from tenants.errors import Refused
from tenants.models import Business, Location


def find_locations(request: Any, text: str) -> QuerySet[Location]:
    """Those that the request may see, with this in name, code or address; in use or not."""
    return visible_locations(request).filter(
        Q(name__icontains=text) | Q(code__icontains=text) | Q(address__icontains=text)
    )


@transaction.atomic
def change_business(*, actor: Membership, business: Business, **values: Any) -> None:
    """Change the settings of the business; currency and address in the web stay for ever."""
    assert not {"currency", "slug"} & values.keys()
    # Locked: an import notes in the same column what came in.
    stored = Business.objects.select_for_update(no_key=True).get(pk=business.pk)
    before = audit.snapshot(stored)
    limit = values.pop("cash_limit", stored.cash_limit)
    if limit != stored.cash_limit:
        values["settings"] = {
            **stored.settings,
            "cash_limit": "" if limit is None else f"{limit:f}",
        }
    for name, value in values.items():
        setattr(business, name, value)
    business.save(update_fields=[*values])
    changes = audit.changed(before, audit.snapshot(business))
    if limit != stored.cash_limit:
        changes["cash_limit"] = [
            None if one is None else f"{one:f}" for one in (stored.cash_limit, limit)
        ]
    if stored.tax_number != business.tax_number:
        changes["tax_number"] = ["***" if stored.tax_number else "", "***"]
    if changes:
        audit.record(
            actor=actor.user, action="business_settings.edit", target=business, changes=changes
        )


@transaction.atomic
def create_location(*, actor: Membership, **values: Any) -> Location:
    """A new location. Raises Refused for somebody who is confined to some locations."""
    if not actor.all_locations:
        raise Refused("confined", _("You work at some locations only. Ask an owner."), status=403)
    location: Location = Location.objects.create(**values)
    audit.record(
        actor=actor.user,
        action="location.create",
        target=location,
        changes=audit.changed({}, audit.snapshot(location)),
    )
    return location


@transaction.atomic
def change_location(*, actor: Membership, location: Location, **values: Any) -> None:
    """Change a location. Raises Refused when none would remain active."""
    # The lock: two locations cannot be switched off at the same moment.
    active = list(Location.objects.active().select_for_update().order_by("pk"))
    if not values.get("is_active", True) and {one.pk for one in active} <= {location.pk}:
        text = _("This is the only active location, and a business needs one.")
        raise Refused("last_location", text, {"is_active": [text]})
    before = audit.snapshot(Location.objects.get(pk=location.pk))
    for name, value in values.items():
        setattr(location, name, value)
    location.save(update_fields=[*values])
    changes = audit.changed(before, audit.snapshot(location))
    if changes:
        audit.record(actor=actor.user, action="location.update", target=location, changes=changes)
