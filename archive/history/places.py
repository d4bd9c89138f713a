"""Which location a document of the file belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from archive.history.mapping import MapError, SalesMap
from archive.history.reading import Faults
from archive.history.survey import Survey
from archive.history.writing import Place
from sales.models import Register
from tenants.models import Location


def find_places(survey: Survey, asked: str, faults: Faults) -> dict[str, Place]:
    """{the file's name for a location: the place}; "" where the file names none.

    `asked` is the location for lines that name none. A name that fits no location is a fault.
    Raises MapError where lines name none and nobody says which it is.
    """
    mapping: SalesMap = survey.mapping
    there = list(Location.objects.order_by("name", "pk"))
    known = {str(one.pk): one for one in there}
    # Codes before names: a code is unique.
    for one in there:
        known.setdefault(one.name.casefold(), one)
    known |= {one.code.casefold(): one for one in there}
    registers = {
        one.location_id: one
        for one in Register.objects.filter(is_history=True).order_by("pk").reverse()
    }
    made: dict[Location, Place] = {}
    places: dict[str, Place] = {}
    for name, row in survey.locations.items():
        location = _asked(asked, there, known) if not name else None
        if name:
            location = known.get(mapping.locations.get(name, name).casefold())
        if location is None:
            column = mapping.columns["location"][0]
            faults.add(row, column, name, _("is no location of this business"))
            continue
        if location not in made:
            made[location] = _place(location, mapping, registers.get(location.pk))
        places[name] = made[location]
    return places


def _asked(asked: str, there: list[Location], known: Mapping[str, Location]) -> Location:
    if not asked:
        active = [one for one in there if one.is_active] or there
        if len(active) == 1:
            return active[0]
        names = ", ".join(f"{one.name} ({one.code})" for one in active)
        raise MapError(_("Say at which location these sales were made: %s.") % names)
    found = known.get(asked.strip().casefold())
    if found is None:
        names = ", ".join(f"{one.name} ({one.code})" for one in there)
        raise MapError(
            _("There is no location “%(asked)s”; there is: %(names)s.")
            % {"asked": asked, "names": names}
        )
    return found


def _place(location: Location, mapping: SalesMap, register: Register | None) -> Place:
    shift = register.shifts.order_by("number").first() if register is not None else None
    return Place(
        location=location,
        zone=location.zone,
        times=mapping.zone or location.zone,
        register=register,
        shift=shift,
    )
