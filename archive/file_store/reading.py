"""Reads a folder of JSON files whose objects lie under their ids, one object at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import ijson

from archive.digits import EndlessNumber, Measured
from archive.file_store.mapping import KEY, VALUE, Part, StoreMap, spelt
from sales.models import CreditEntry

MOST_FAULTS = 1000
MOST_FILE = 1_000_000_000
Kind = CreditEntry.Kind
# Which way a kind goes; a correction goes either way.
GOES_OUT = {Kind.SPENT, Kind.EXPIRED}
COMES_IN = {Kind.GRANTED, Kind.BOUGHT, Kind.REFUNDED}
_LIMITS = {"name": 200, "email": 254, "phone": 60, "address": 500, "tax_number": 60, "note": 5000}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class StoreError(Exception):
    """A file of the store cannot be read at all; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class StoreFault:
    """What is wrong with one field of one object."""

    file: str
    key: str
    field: str
    value: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, “{self.key}”, {self.field}: {self.reason} (found: {self.value})"


@dataclass(slots=True)
class Faults:
    """The first faults, and how many there are; `listen` hears of every one."""

    rows: list[StoreFault] = field(default_factory=list)
    count: int = 0
    listen: Callable[[StoreFault], None] | None = None

    def add(self, file: str, key: str, field: str, value: Any, reason: str) -> None:
        self.count += 1
        text = "nothing" if value is None else str(value)[:60]
        fault = StoreFault(file, key[:60], field, text, reason)
        if len(self.rows) < MOST_FAULTS:
            self.rows.append(fault)
        if self.listen is not None:
            self.listen(fault)


@dataclass(frozen=True, slots=True)
class StoredCustomer:
    key: str
    values: dict[str, str]
    is_active: bool


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One change of a customer's credit; positive comes in."""

    key: str
    customer: str
    kind: str
    amount: Decimal
    time: datetime
    reason: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class StoredBalance:
    key: str
    customer: str
    amount: Decimal
    expires_on: date | None


class Store:
    """The folder, by its map. Wrong objects are noted in `faults` and left out.

    `digits` are those of the currency: an amount with more decimals is a fault, and not rounded.
    """

    def __init__(self, folder: Path, asked: StoreMap, *, digits: int, zone: tzinfo) -> None:
        if not folder.is_dir():
            raise StoreError(f"{folder} is not a folder.")
        self.folder = folder
        self.map = asked
        self.digits = digits
        self.zone = asked.zone or zone
        self.faults = Faults()

    def customers(self) -> Iterator[StoredCustomer]:
        part = self.map.customers
        for key, item in self._objects(part):
            told = _Object(self, part, key, item)
            values = {name: told.text(name) for name in part.fields if name != "active"}
            if not values["name"]:
                told.fault("name", None, "has no name")
            for name, text in values.items():
                if len(text) > _LIMITS[name]:
                    told.fault(name, text, f"is longer than {_LIMITS[name]} characters")
            if values.get("email") and not _EMAIL.fullmatch(values["email"]):
                told.fault("email", values["email"], "is no e-mail address")
            is_active = "active" not in part.fields or (
                part.values.get(spelt(told.value("active"))) == "yes"
            )
            if not told.wrong:
                yield StoredCustomer(key, values, is_active)

    def entries(self) -> Iterator[StoredEntry]:
        part = self.map.entries
        assert part is not None
        for key, item in self._objects(part):
            told = _Object(self, part, key, item)
            kind = part.values.get(spelt(told.value("kind")))
            if kind is None:
                told.fault("kind", told.value("kind"), "is no kind that the map knows")
            amount = told.amount()
            time = told.time("time")
            entry = StoredEntry(
                key=key,
                customer=told.text("customer"),
                kind=kind or "",
                amount=_signed(kind, amount, self.map.sign) if amount is not None else Decimal(0),
                time=time or datetime.min.replace(tzinfo=UTC),
                reason=told.text("reason")[:200],
                expires_on=told.day("expires_on"),
            )
            if amount is not None and amount == 0:
                told.fault("amount", amount, "is zero")
            elif (kind in GOES_OUT and entry.amount > 0) or (kind in COMES_IN and entry.amount < 0):
                told.fault("amount", amount, f"has the wrong sign for “{kind}”")
            if not told.wrong:
                yield entry

    def balances(self) -> Iterator[StoredBalance]:
        part = self.map.balances
        assert part is not None
        for key, item in self._objects(part):
            told = _Object(self, part, key, item)
            amount = told.amount()
            if amount is not None and amount < 0:
                told.fault("amount", amount, "is below zero")
            day = told.day("expires_on")
            if not told.wrong and amount is not None:
                yield StoredBalance(key, told.text("customer"), amount, day)

    def _objects(self, part: Part) -> Iterator[tuple[str, Any]]:
        path = self.folder / part.file
        where = f" under “{part.path}”" if part.path else ""
        seen: set[str] = set()
        found = False
        try:
            if path.stat().st_size > MOST_FILE:
                raise StoreError(f"{part.file} is larger than 1 GB.")
            with path.open("rb") as source:
                if source.read(3) != b"\xef\xbb\xbf":
                    source.seek(0)
                for key, item in ijson.kvitems(Measured(source), part.path):
                    found = True
                    if key in seen:
                        self.faults.add(part.file, key, "id", key, "stands twice")
                        continue
                    seen.add(key)
                    yield key, item
        except FileNotFoundError:
            raise StoreError(f"There is no {part.file} in {self.folder}.") from None
        except OSError as error:
            raise StoreError(f"{part.file} cannot be read: {error.strerror}.") from None
        except (ijson.JSONError, UnicodeDecodeError) as error:
            said = str(error).splitlines()[0]
            raise StoreError(f"{part.file} is not valid JSON: {said}.") from None
        except (EndlessNumber, ArithmeticError):
            raise StoreError(f"{part.file} holds a number without measure.") from None
        except RecursionError:
            raise StoreError(f"{part.file} is nested too deeply.") from None
        if not found and not _is_empty_object(path, part.path):
            raise StoreError(f"{part.file} has no objects under their ids{where}.")


def _is_empty_object(path: Path, prefix: str) -> bool:
    with path.open("rb") as source:
        if source.read(3) != b"\xef\xbb\xbf":
            source.seek(0)
        return any(
            (at, event) == (prefix, "start_map") for at, event, _value in ijson.parse(source)
        )


def _signed(kind: str | None, amount: Decimal, sign: str) -> Decimal:
    if sign == "amount" or kind not in GOES_OUT | COMES_IN:
        return amount
    return -abs(amount) if kind in GOES_OUT else abs(amount)


class _Object:
    """One object of the store, read by its part of the map."""

    def __init__(self, store: Store, part: Part, key: str, item: Any) -> None:
        self.store, self.part, self.key, self.item = store, part, key, item
        self.wrong = False

    def fault(self, name: str, value: Any, reason: str) -> None:
        self.wrong = True
        source = ", ".join(self.part.fields.get(name, (name,)))
        self.store.faults.add(self.part.file, self.key, source, value, reason)

    def value(self, name: str) -> Any:
        """What stands in the (first) field of that name; None where nothing does."""
        paths = self.part.fields.get(name)
        return self._at(paths[0]) if paths else None

    def _at(self, path: str) -> Any:
        if path == KEY:
            return self.key
        if path == VALUE:
            return self.item
        at = self.item
        for step in path.split("."):
            at = at.get(step) if isinstance(at, dict) else None
        return at

    def text(self, name: str) -> str:
        """The texts of the fields of that name, joined by a space."""
        parts = []
        for path in self.part.fields.get(name, ()):
            value = self._at(path)
            if isinstance(value, dict | list):
                self.fault(name, path, "is not a text")
            elif value is not None and str(value).strip():
                parts.append(str(value).replace("\x00", "").strip())
        return " ".join(parts)

    def amount(self) -> Decimal | None:
        """In the currency's major unit; None, with a fault, for anything else."""
        value = self.value("amount")
        try:
            if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
                raise InvalidOperation
            amount = Decimal(value)
            if not amount.is_finite():
                raise InvalidOperation
        except InvalidOperation:
            self.fault("amount", value, "is not a number")
            return None
        if self.store.map.amounts == "minor":
            amount = amount.scaleb(-self.store.digits)
        if abs(amount) >= Decimal(10) ** 11:
            self.fault("amount", value, "is more than anyone has to spend")
            return None
        rounded = amount.quantize(Decimal(1).scaleb(-self.store.digits))
        if rounded != amount:
            self.fault("amount", value, "has more decimals than the currency")
            return None
        return rounded

    def time(self, name: str) -> datetime | None:
        """With a zone; None, with a fault, where there is none."""
        value = self.value(name)
        found: datetime | None = self._read(value, self._time)
        if found is None:
            self.fault(name, value, f"is not a time ({self.store.map.time})")
        return found

    def day(self, name: str) -> date | None:
        """The day in the store's zone, or None where nothing is said."""
        value = self.value(name)
        if value in (None, ""):
            return None
        found: date | None
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip()):
            found = self._read(value.strip(), date.fromisoformat)
        else:
            moment = self._read(value, self._time)
            found = moment.astimezone(self.store.zone).date() if moment else None
        if found is None:
            self.fault(name, value, "is not a day")
        return found

    def _time(self, value: Any) -> datetime:
        form = self.store.map.time
        if form == "iso":
            read = datetime.fromisoformat(str(value).strip())
            return read if read.tzinfo else read.replace(tzinfo=self.store.zone)
        number = Decimal(str(value))
        return datetime.fromtimestamp(int(number / (1000 if form == "milliseconds" else 1)), UTC)

    @staticmethod
    def _read(value: Any, reader: Callable[[Any], Any]) -> Any:
        try:
            found = reader(value)
        except (ValueError, TypeError, OverflowError, OSError, InvalidOperation):
            return None
        # Years that no calendar of a shop has are mistakes of unit.
        return found if 1970 <= found.year <= 2200 else None
