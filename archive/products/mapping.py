"""Which column of a table is which field: found out, shown, changed by a person, saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from django.utils.translation import gettext as _

from archive.products.fields import FIELDS
from archive.products.presets import BY_NAME, PRESETS, Preset, preset_of, recognise
from archive.products.synonyms import simple, simple_without_notes

#: A table without any of these cannot say which product a row means.
NEEDED: Final = ("name", "sku", "barcode")

_ULTIMATEPOS_WIDTH: Final = 37


@dataclass(slots=True)
class ColumnMapping:
    """`columns` is {field: column}; a field of one location is written “stock:Main Street”.

    `preset` says how rows make products, "" where each row is one. `unmatched` are the columns of
    the table that no field takes.
    """

    preset: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"preset": self.preset, "columns": dict(self.columns)}

    @classmethod
    def from_json(cls, data: Any, columns: Sequence[str] = ()) -> Self:
        """The mapping that was saved, for a table with these columns.

        Raises ValueError with one sentence for the person where it is none of ours.
        """
        if (
            not isinstance(data, Mapping)
            or not isinstance(data.get("columns", {}), Mapping)
            or set(data) - {"preset", "columns"}
        ):
            raise ValueError(_("This is no mapping of columns."))
        preset = str(data.get("preset") or "")
        if preset != "" and preset not in PRESETS:
            raise ValueError(_("There is no preset “%s”.") % preset)
        chosen = {}
        for key, column in data.get("columns", {}).items():
            name, _colon, place = str(key).partition(":")
            if name not in FIELDS or (place and not FIELDS[name].per_location):
                raise ValueError(_("There is no field “%s”.") % key)
            if column:
                chosen[str(key)] = str(column)
        return cls(preset, chosen, _left_over(columns, chosen))

    def complaints(self, columns: Sequence[str]) -> list[str]:
        """Why a table with these columns cannot be read so; each one sentence."""
        found = [
            _("The table has no column “%s”.") % column
            for column in dict.fromkeys(self.columns.values())
            if column not in columns
        ]
        if not any(needed in self.columns for needed in NEEDED):
            found.append(
                _(
                    "None of the columns is a name, an SKU or a barcode; choose which column is which."
                )
            )
        return found


def detect(columns: Sequence[str], preset: str | None = None) -> ColumnMapping:
    """The mapping that the names of the columns speak for; `preset` states whose table it is.

    With a stated UltimatePOS, or 37 columns that are not known by name, their order counts.
    Raises ValueError for a preset that there is not.
    """
    if preset is not None and preset != "" and preset not in PRESETS:
        raise ValueError(_("There is no preset “%s”.") % preset)
    chosen = recognise(columns) if preset is None else preset_of(preset)
    found = _by_name(columns, chosen)
    by_order = _by_position(columns, found, chosen, is_stated=preset is not None)
    if by_order is not None:
        chosen, found = PRESETS["ultimatepos"], by_order
    if "name" not in found and "description" in found and chosen is BY_NAME:
        found["name"] = found.pop("description")
    return ColumnMapping(chosen.key, found, _left_over(columns, found))


def _by_position(
    columns: Sequence[str], found: dict[str, str], chosen: Preset, *, is_stated: bool
) -> dict[str, str] | None:
    if len(columns) != _ULTIMATEPOS_WIDTH or "name" in found:
        return None
    if chosen.key != "ultimatepos" and (is_stated or chosen is not BY_NAME or len(found) > 3):
        return None
    order = PRESETS["ultimatepos"].by_position
    return {field: column for field, column in zip(order, columns, strict=True) if field}


def _by_name(columns: Sequence[str], preset: Preset) -> dict[str, str]:
    """Exact names before those without their notes in parentheses, preferred words first."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        place = _of_a_location(column, preset)
        if place and place not in found:
            found[place] = column
            taken.add(column)
    for form in (simple, simple_without_notes):
        forms: dict[str, str] = {}
        for column in columns:
            if column not in taken:
                forms.setdefault(form(column), column)
        for key, words in preset.columns.items():
            if key in found:
                continue
            column_found = next((forms[word] for word in words if word in forms), None)
            if column_found is not None and column_found not in taken:
                found[key] = column_found
                taken.add(column_found)
    return found


def _of_a_location(column: str, preset: Preset) -> str:
    for pattern, key in preset.patterns:
        match = pattern.fullmatch(column)
        if match:
            return f"{key}:{match['location'].strip()}"
    return ""


def _left_over(columns: Sequence[str], chosen: Mapping[str, str]) -> list[str]:
    used = set(chosen.values())
    return [column for column in columns if column not in used]
