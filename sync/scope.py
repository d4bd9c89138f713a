"""What one request may copy: of which location, which kinds. Another scope begins another copy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from accounts.access import can, visible_locations
from accounts.bodies import invalid, query_uuid
from sync.kinds import KINDS, Kind, visible
from tenants.errors import Refused
from tenants.models import Location

# Another one where rows are written in another way: copies start anew then.
FORM = "2"


@dataclass(frozen=True, slots=True)
class Scope:
    location: Location
    kinds: tuple[Kind, ...]
    digits: int

    @property
    def fingerprint(self) -> str:
        """The same as long as a copy made by it may go on."""
        names = ",".join(kind.name for kind in self.kinds)
        text = f"{FORM}/{self.location.business_id}/{self.location.pk}/{self.digits}/{names}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def kind(self, name: str) -> Kind:
        """Raises Http404 for one that there is not, here or at all."""
        for kind in self.kinds:
            if kind.name == name:
                return kind
        raise Http404


def of(request: Any) -> Scope:
    """At a device's own location; elsewhere at the one that `location` names, or the only one.

    `lists` asks for fewer kinds than one may have. Raises Http404 for a location that the request
    may not see, Refused (400) without one and for a list that there is not.
    """
    kinds = visible(lambda permission: can(request, permission))
    if asked := request.GET.get("lists", ""):
        names = _names(asked)
        kinds = tuple(kind for kind in kinds if kind.name in names)
    return Scope(_location(request), kinds, request.business.digits)


def _names(asked: str) -> set[str]:
    names = set(asked.split(","))
    if not names <= {kind.name for kind in KINDS}:
        invalid("lists", _("Name lists of the sync, with commas between."))
    return names


def _location(request: Any) -> Location:
    locations = visible_locations(request)
    asked = request.GET.get("location", "")
    if asked:
        locations = locations.filter(pk=query_uuid(asked, "location"))
    found = list(locations[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(
            "no_location",
            _("Name the location."),
            {"location": [_("Name the location.")]},
            status=400,
        )
    raise Http404
