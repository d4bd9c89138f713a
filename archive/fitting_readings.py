"""What fits as the figures of a Z reading: spelt as we spell them and no other way, because their
bytes are hashed."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, Final

from archive.fitting import Unfit, one_of, text, whole
from sales.models import CashMovement, Payment, Sale
from sales.readings import Documents, Drawer, Moved, Paid, Taxed

_EXACT: Final = re.compile(r"(0|-?[1-9][0-9]{0,13}|-0(?!\.0000))\.[0-9]{4}", re.ASCII)
_LISTS: Final = {"documents": Documents, "payments": Paid, "taxes": Taxed, "movements": Moved}
_CHOICES: Final = {
    (Documents, "kind"): one_of(*Sale.Kind.values),
    (Paid, "method"): one_of(*Payment.Method.values),
    (Moved, "kind"): one_of(*CashMovement.Kind.values),
}
_WRONG: Final = "are not the figures of a reading"


def figures(value: Any) -> dict[str, Any]:
    """The figures themselves. Raises Unfit."""
    if not isinstance(value, dict) or value.keys() != {*_LISTS, "drawer"}:
        raise Unfit(_WRONG)
    for name, kind in _LISTS.items():
        if not isinstance(value[name], list):
            raise Unfit(_WRONG)
        for row in value[name]:
            _row(kind, row)
    _row(Drawer, value["drawer"])
    return value


def _row(kind: Any, row: Any) -> None:
    types = {field.name: str(field.type) for field in fields(kind)}
    if not isinstance(row, dict) or row.keys() != types.keys():
        raise Unfit(_WRONG)
    for name, type_ in types.items():
        found = row[name]
        if (kind, name) in _CHOICES:
            _CHOICES[kind, name](found)
        elif type_ == "int":
            whole(found)
        elif type_ == "str":
            text(100)(found)
        elif not isinstance(found, str) or not _EXACT.fullmatch(found):
            raise Unfit(_WRONG)
