"""What the columns of a sales file mean: a map in JSON, read strictly, and the presets we know.

docs/importing.md describes the map for people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _

from archive.history.presets import PRESETS
from sales.models import Sale

#: What a column can be. The first five a file must have.
REQUIRED: Final = ("number", "code", "quantity", "price", "time")
OPTIONAL: Final = (
    "name", "cost", "total", "tax", "tax_rate", "customer", "customer_name", "location",
)  # fmt: skip
FIELDS: Final = (*REQUIRED, *OPTIONAL)
#: Only these may be spread over several columns.
JOINED: Final = ("number", "time")
KINDS: Final = {
    "return": Sale.Kind.RETURN,
    "adjustment": Sale.Kind.ADJUSTMENT,
    "write_off": Sale.Kind.WRITE_OFF,
}
KEYS: Final = {
    "source", "columns", "time", "zone", "join", "kinds", "services", "vouchers", "locations",
    "customers", "decimal_comma", "prices_include_tax", "encoding", "delimiter",
}  # fmt: skip
MAX_BYTES: Final = 1_000_000


class MapError(Exception):
    """The map cannot be used; the message is one sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class KindRule:
    """A document is of this kind where the column begins with, or is, one of these texts."""

    kind: Sale.Kind
    column: str
    starts_with: tuple[str, ...]
    equals: tuple[str, ...]

    def holds(self, value: str) -> bool:
        return value in self.equals or (
            bool(self.starts_with) and value.startswith(self.starts_with)
        )


@dataclass(frozen=True, slots=True)
class SalesMap:
    """A map that was read. `columns` gives each field's columns, in order.

    `time_format` is as Python's strptime has it, "" for ISO 8601; `zone` None means that of the
    location, `decimal_comma` None: as the file shows. `customer_source` is the name under which
    references to customers are kept.
    """

    source: str
    columns: Mapping[str, tuple[str, ...]]
    join: str
    time_format: str
    zone: ZoneInfo | None
    kinds: tuple[KindRule, ...]
    services: re.Pattern[str]
    vouchers: re.Pattern[str]
    locations: Mapping[str, str]
    customer_source: str
    customer_name: str
    customer_ending: str
    decimal_comma: bool | None
    prices_include_tax: bool
    encoding: str | None
    delimiter: str | None

    def item_kind(self, code: str) -> str:
        """`goods`, `service` or `voucher`: only goods can have stock. Letter case is nothing."""
        folded = code.casefold()
        if self.vouchers.fullmatch(folded):
            return "voucher"
        return "service" if self.services.fullmatch(folded) else "goods"


def read_map(data: Any, *, inclusive: bool = True) -> SalesMap:
    """The map in this JSON value; {"preset": name} with other keys changes a preset. MapError.

    `inclusive`: whether prices have tax in them where the map does not say.
    """
    if not isinstance(data, dict):
        raise MapError(_("The map is not a JSON object."))
    if "preset" in data:
        name = data["preset"]
        if name not in PRESETS:
            raise MapError(
                _("There is no preset “%(name)s”; there is: %(names)s.")
                % {"name": name, "names": ", ".join(sorted(PRESETS))}
            )
        data = {**PRESETS[name], **{key: data[key] for key in data if key != "preset"}}
    unknown = sorted(set(data) - KEYS)
    if unknown:
        raise MapError(
            _("The map has unknown parts: %(names)s. It may have: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(sorted(KEYS))}
        )
    columns = _columns(data.get("columns"))
    customers = _object(data, "customers", {"source", "name", "drop_ending"})
    source = _text(data, "source", "history")
    name = _text(customers, "name", _("Customer {}"))
    if name.count("{}") != 1 or len(name) > 100:
        raise MapError(_("“name” of “customers” must hold {} once, such as “Customer {}”."))
    return SalesMap(
        source=source,
        columns=columns,
        join=_text(data, "join", "-"),
        time_format=_text(data, "time", ""),
        zone=_zone(_text(data, "zone", "")),
        kinds=_kinds(data.get("kinds", []), columns),
        services=_patterns(data, "services"),
        vouchers=_patterns(data, "vouchers"),
        locations=_texts(_object(data, "locations", None)),
        customer_source=_text(customers, "source", source),
        customer_name=name,
        customer_ending=_text(customers, "drop_ending", ""),
        decimal_comma=_flag(data, "decimal_comma", False) if "decimal_comma" in data else None,
        prices_include_tax=_flag(data, "prices_include_tax", inclusive),
        encoding=_text(data, "encoding", "") or None,
        delimiter=_text(data, "delimiter", "") or None,
    )


def load_map(path: Path) -> dict[str, Any]:
    """The JSON object in this file, for `read_map`. Raises MapError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MapError(_("The map is too large to be one."))
        data = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(
            _("The map %(path)s cannot be read: %(reason)s.")
            % {"path": path, "reason": getattr(error, "strerror", None) or _("it is no text")}
        ) from None
    except (json.JSONDecodeError, RecursionError) as error:
        place = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise MapError(
            _("The map %(path)s is no valid JSON (%(place)s).") % {"path": path, "place": place}
        ) from None
    read_map(data)
    found: dict[str, Any] = data
    return found


def preset_for(header: Collection[str]) -> str | None:
    """The preset whose columns this header has, all of them; None without one."""
    there = {name.strip() for name in header}
    for name, preset in PRESETS.items():
        columns = [one for value in preset["columns"].values() for one in _listed(value)]
        if there.issuperset(columns):
            return name
    return None


def _columns(data: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(data, dict):
        raise MapError(_("The map needs “columns”: an object of field and column."))
    unknown = sorted(set(data) - set(FIELDS))
    if unknown:
        raise MapError(
            _("“columns” has unknown fields: %(names)s. It may have: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(FIELDS)}
        )
    missing = [name for name in REQUIRED if not data.get(name)]
    if missing:
        raise MapError(
            _("“columns” does not say which column is: %(names)s.") % {"names": ", ".join(missing)}
        )
    columns: dict[str, tuple[str, ...]] = {}
    for name, value in data.items():
        names = _listed(value)
        if not names or not all(isinstance(one, str) and one.strip() for one in names):
            raise MapError(_("The column of “%(field)s” must be a name.") % {"field": name})
        if len(names) > 1 and name not in JOINED:
            raise MapError(_("“%(field)s” is one column.") % {"field": name})
        columns[name] = tuple(one.strip() for one in names)
    if "tax_rate" in columns and "tax" not in columns:
        raise MapError(_("A column of the tax rate needs one of the tax as well."))
    return columns


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _kinds(data: Any, columns: Mapping[str, Sequence[str]]) -> tuple[KindRule, ...]:
    rules = []
    for rule in _listed(data):
        known = {"kind", "column", "starts_with", "equals"}
        if not isinstance(rule, dict) or set(rule) - known or rule.get("kind") not in KINDS:
            raise MapError(
                _("Each of “kinds” needs a “kind” (%(kinds)s) and “starts_with” or “equals”.")
                % {"kinds": ", ".join(KINDS)}
            )
        starts, equals = (_words(rule, name) for name in ("starts_with", "equals"))
        if not starts and not equals:
            raise MapError(_("A rule of “kinds” needs “starts_with” or “equals”."))
        column = _text(rule, "column", columns["number"][0])
        rules.append(KindRule(KINDS[rule["kind"]], column, starts, equals))
    return tuple(rules)


def _words(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    words = _listed(data.get(name, []))
    if not all(isinstance(word, str) and word for word in words):
        raise MapError(_("“%(name)s” must be a list of texts.") % {"name": name})
    return tuple(words)


def _patterns(data: Mapping[str, Any], name: str) -> re.Pattern[str]:
    words = [translate(word.casefold()) for word in _words(data, name)]
    return re.compile("|".join(words) if words else r"(?!)")


def _object(data: Mapping[str, Any], name: str, known: set[str] | None) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict) or (known is not None and set(value) - known):
        raise MapError(_("“%(name)s” is not as the map has it.") % {"name": name})
    return value


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in data.values()):
        raise MapError(_("“locations” must be an object of texts."))
    return {key.strip(): value.strip() for key, value in data.items()}


def _text(data: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = data.get(name, otherwise)
    if not isinstance(value, str) or len(value) > 60:
        raise MapError(_("“%(name)s” must be a short text.") % {"name": name})
    return value


def _flag(data: Mapping[str, Any], name: str, otherwise: bool) -> bool:
    value = data.get(name, otherwise)
    if not isinstance(value, bool):
        raise MapError(_("“%(name)s” must be true or false.") % {"name": name})
    return value


def _zone(name: str) -> ZoneInfo | None:
    if name and name not in available_timezones():
        raise MapError(_("“%(value)s” is not a time zone.") % {"value": name})
    return ZoneInfo(name) if name else None
