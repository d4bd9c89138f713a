"""What a person chooses about an import of products, beside which column is which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from django.utils.translation import gettext as _

from tenants.errors import Refused

#: For each option that is a choice, what can be chosen.
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "only": ("all", "good"),
    "stock": ("opening", "count", "ignore"),
    "missing": ("create", "refuse"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """`only`: "all" rows or none, or the "good" ones. `stock`: "opening" where a product has not
    been kept yet (what moves already is left alone), "count" to make every level what the file
    says, "ignore". `missing`: "create" categories, brands, units and tax rates that are not here,
    or "refuse" rows that name them. `location` is the name or code of the place that stock without
    a place of its own is for. `pictures`: fetch them from the addresses in the file.

    The others say how the file is to be read; None lets it be found out.
    """

    only: str = "all"
    stock: str = "opening"
    missing: str = "create"
    location: str = ""
    pictures: bool = False
    encoding: str | None = None
    delimiter: str | None = None
    decimal_comma: bool | None = None
    sheet: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises Refused for a choice that there is not; options of others are left out."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        for name, choices in CHOICES.items():
            if name in values and values[name] not in choices:
                raise Refused(
                    "unknown_option",
                    _("“%(value)s” is no choice for %(name)s; choose one of: %(choices)s.")
                    % {"value": values[name], "name": name, "choices": ", ".join(choices)},
                )
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
