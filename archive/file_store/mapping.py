"""What the fields of a JSON file store mean: a map in JSON, read strictly.

docs/migrating.md describes it for people, with an example.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from sales.models import CreditEntry

#: Stand for the id of an object, and for the object itself where it is a plain value.
KEY: Final = "$key"
VALUE: Final = "$value"
TIMES: Final = ("iso", "seconds", "milliseconds")
AMOUNTS: Final = ("major", "minor")
SIGNS: Final = ("amount", "kind")
DIFFERENCES: Final = ("refuse", "correct")
CONTACTS: Final = ("email", "phone", "address", "tax_number", "note")
MOST_BYTES: Final = 1_000_000


class MapError(Exception):
    """The map cannot be used; the message is one sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the store: where its objects lie, and which of their fields is what.

    `fields` has the paths of each field's sources, in the order in which they are joined.
    """

    file: str
    path: str
    fields: Mapping[str, tuple[str, ...]]
    #: Which values of the field mean what; for `kind` and `active`.
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoreMap:
    """A map that was read; `source` is the name under which the import is remembered."""

    source: str
    customers: Part
    entries: Part | None
    balances: Part | None
    amounts: str
    time: str
    zone: ZoneInfo | None
    sign: str
    difference: str


def load_map(path: Path) -> StoreMap:
    """The map in this file. Raises MapError."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MapError(f"{path.name} is too large for a map.")
        data = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise MapError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise MapError(f"{path.name} is not a text in UTF-8.") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise MapError(f"{path.name} is not valid JSON: {error}.") from None
    return read_map(data)


def read_map(data: Any) -> StoreMap:
    """The map of this JSON. Raises MapError, also for a name that it does not know."""
    top = _object(data, "The map", ("source", "customers", "entries", "balances", "amounts", "time",
                                    "zone", "sign", "difference"))  # fmt: skip
    source = top.get("source")
    if not isinstance(source, str) or not 0 < len(source.strip()) <= 40:
        raise MapError("The map needs a “source”: a short name for where the data comes from.")
    if "customers" not in top:
        raise MapError("The map needs “customers”.")
    customers = _part(top["customers"], "customers", ("name",), (*CONTACTS, "active"))
    entries = balances = None
    if "entries" in top:
        entries = _part(
            top["entries"], "entries", ("customer", "amount", "time", "kind"),
            ("reason", "expires_on"),
        )  # fmt: skip
        wrong = sorted(set(entries.values.values()) - set(CreditEntry.Kind.values))
        if wrong or not entries.values:
            kinds = ", ".join(CreditEntry.Kind.values)
            raise MapError(
                f"“entries.kind” needs “values” that say which value means which of: {kinds}."
            )
    if "balances" in top:
        balances = _part(top["balances"], "balances", ("customer", "amount"), ("expires_on",))
    if entries is None and balances is None:
        raise MapError("The map needs “entries”, or “balances”, or both.")
    return StoreMap(
        source=source.strip(),
        customers=customers,
        entries=entries,
        balances=balances,
        amounts=_choice(top, "amounts", AMOUNTS),
        time=_choice(top, "time", TIMES),
        zone=_zone(top.get("zone")),
        sign=_choice(top, "sign", SIGNS),
        difference=_choice(top, "difference", DIFFERENCES),
    )


def _object(data: Any, what: str, known: Sequence[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise MapError(f"{what} has to be a JSON object.")
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise MapError(f"{what} knows no “{unknown[0]}”; it knows: {', '.join(known)}.")
    return data


def _choice(top: dict[str, Any], name: str, choices: Sequence[str]) -> str:
    value = top.get(name, choices[0])
    if value not in choices:
        raise MapError(f"“{name}” has to be one of: {', '.join(choices)}.")
    return str(value)


def _zone(name: Any) -> ZoneInfo | None:
    if name is None:
        return None
    if name not in available_timezones():
        raise MapError(f"“{name}” is not a time zone, such as Europe/Berlin.")
    return ZoneInfo(name)


def _part(data: Any, name: str, needed: Sequence[str], more: Sequence[str]) -> Part:
    what = f"“{name}”"
    part = _object(data, what, ("file", "path", *needed, *more))
    file = part.get("file")
    if not isinstance(file, str) or not file or "/" in file or "\\" in file or file.startswith("."):
        raise MapError(f"{what} needs the name of its “file” in the folder.")
    path = part.get("path", "")
    if not isinstance(path, str):
        raise MapError(f"“{name}.path” has to be a text such as data.users.")
    missing = [one for one in needed if one not in part]
    if missing:
        raise MapError(f"{what} needs “{missing[0]}”.")
    fields: dict[str, tuple[str, ...]] = {}
    values: dict[str, str] = {}
    for one in (*needed, *more):
        if one not in part:
            continue
        asked = part[one]
        if one in ("kind", "active"):
            if not isinstance(asked, dict) or set(asked) != {"field", "values"}:
                raise MapError(f"“{name}.{one}” has to say its “field” and its “values”.")
            values = _values(asked["values"], f"{name}.{one}")
            asked = asked["field"]
        fields[one] = _paths(asked, f"{name}.{one}")
    return Part(file=file, path=path, fields=fields, values=values)


def _paths(asked: Any, what: str) -> tuple[str, ...]:
    paths = [asked] if isinstance(asked, str) else asked
    if not isinstance(paths, list) or not paths or not all(isinstance(p, str) and p for p in paths):
        raise MapError(f"“{what}” has to be the name of a field, or a list of them.")
    return tuple(paths)


def _values(asked: Any, what: str) -> dict[str, str]:
    """{"a": "granted"}, or a list of the values that mean yes."""
    if isinstance(asked, list):
        asked = {one: "yes" for one in asked if isinstance(one, str | int | bool)}
    if not isinstance(asked, dict) or not all(isinstance(v, str) for v in asked.values()):
        raise MapError(f"“{what}.values” has to say what each value means.")
    return {spelt(key): value for key, value in asked.items()}


def spelt(value: Any) -> str:
    """A value of a field as texts are compared: case and spaces around it do not count."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip().casefold()
