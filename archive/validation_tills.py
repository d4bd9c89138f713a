"""Checks of a file that Tillbook wrote: codes, prices, devices, tills, shifts, credit accounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from archive.own_rows import SeriesRow
from archive.rows import parse
from archive.validation_cash import check_movements, check_readings

if TYPE_CHECKING:
    from archive.validation import Reading

_PREFIX: Final = re.compile(r"[A-Z0-9]+", re.ASCII)
_CODE: Final = re.compile(r"[A-Z]{2,4}", re.ASCII)

#: Columns that refer to rows of the same business: table → (column, attribute, other table).
_REFERENCES: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "barcodes": (("productVariationId", "variation_id", "productVariations"),),
    "locationPrices": (
        ("productVariationId", "variation_id", "productVariations"),
        ("locationId", "location_id", "locations"),
    ),
    "devices": (("locationId", "location_id", "locations"), ("userId", "user_id", "users")),
    "registers": (("locationId", "location_id", "locations"), ("deviceId", "device_id", "devices")),
    "shifts": (
        ("registerId", "register_id", "registers"),
        ("openedById", "opened_by_id", "users"),
        ("closedById", "closed_by_id", "users"),
    ),
    "creditAccounts": (("customerId", "customer_id", "customers"),),
    "stockDocuments": (("locationId", "location_id", "locations"), ("userId", "user_id", "users")),
}


def check_tills(reading: Reading) -> None:
    """The rows of our own arrays, those that are streamed excepted."""
    for table, references in _REFERENCES.items():
        for row in reading.export.own[table].values():
            reading.points(table, row, "businessId", "businesses", row.business_id)
            for column, attribute, target in references:
                reading.points(table, row, column, target, getattr(row, attribute))
    own = reading.export.own
    _once(reading, "barcodes", "code", own["barcodes"].values(), lambda row: row.code)
    _once(reading, "registers", "prefix", own["registers"].values(), lambda row: row.prefix)
    _once(
        reading, "stockDocuments", "number", own["stockDocuments"].values(), lambda row: row.number
    )
    _once(
        reading, "creditAccounts", "customerId", own["creditAccounts"].values(),
        lambda row: row.customer_id,
    )  # fmt: skip
    _once(
        reading, "registers", "deviceId",
        (row for row in own["registers"].values() if row.device_id), lambda row: row.device_id,
    )  # fmt: skip
    _check_prices(reading)
    _check_registers(reading)
    _check_shifts(reading)
    for row in own["devices"].values():
        user = reading.export.users.get(row.user_id)
        if user is not None and not user.is_member:
            reading.fault("devices", row.id, "userId", "does not work here", row.user_id)


def _once(
    reading: Reading, table: str, field: str, rows: Iterable[Any], value: Callable[[Any], Any]
) -> None:
    """No value twice in a business."""
    first: dict[tuple[int, Any], int] = {}
    for row in rows:
        other = first.setdefault((row.business_id, value(row)), row.id)
        if other != row.id:
            reading.fault(table, row.id, field, f"is also that of row {other}", value(row))


def _check_prices(reading: Reading) -> None:
    """A price of a location stands with the stock there, or here, and not twice."""
    places = {(row.variation_id, row.location_id) for row in reading.export.stock.values()}
    for row in reading.export.own["locationPrices"].values():
        place = (row.variation_id, row.location_id)
        if place in places:
            reason = "has another row for this location"
            reading.fault("locationPrices", row.id, "productVariationId", reason, row.variation_id)
        places.add(place)


def _check_registers(reading: Reading) -> None:
    codes: set[tuple[int, str]] = set()
    for row in reading.export.own["registers"].values():
        _check_series(reading, row, codes)
        check_readings(reading, row)
        if not _PREFIX.fullmatch(row.prefix):
            reason = "is not made of capital letters and digits"
            reading.fault("registers", row.id, "prefix", reason, row.prefix)
        if row.is_history and row.is_active:
            reason = "is on, though the register holds a history"
            reading.fault("registers", row.id, "isActive", reason)


def _check_series(reading: Reading, register: Any, codes: set[tuple[int, str]]) -> None:
    """The numbers that its devices give by themselves: a code stands once in a business."""
    for at, raw in enumerate(register.series, 1):
        wrong: list[Any] = []
        row: Any = None
        if isinstance(raw, dict):
            row = parse(SeriesRow, "registers", register.id, raw, wrong, own_file=True)
        else:
            reading.fault("registers", register.id, f"series.{at}", "is no object")
        for one in wrong:
            reading.fault("registers", register.id, f"series.{at}.{one.field}", one.reason)
        if row is None:
            continue
        code = (register.business_id, row.code)
        if not _CODE.fullmatch(row.code) or code in codes:
            reason = "is no code of a series, or that of another"
            reading.fault("registers", register.id, f"series.{at}.code", reason, row.code)
        codes.add(code)
        reading.points("registers", register, f"series.{at}.deviceId", "devices", row.device_id)


def _check_shifts(reading: Reading) -> None:
    """A closed shift is closed in every column; one at most is open on a register."""
    open_on: dict[int, int] = {}
    numbers: dict[tuple[int, int], int] = {}
    for row in reading.export.own["shifts"].values():
        check_movements(reading, row)
        closing = (row.closed_at, row.counted_cash, row.expected_cash, row.difference)
        if None in closing and any(value is not None for value in closing):
            reading.fault("shifts", row.id, "closedAt", "is closed in part")
        elif row.closed_at is None:
            other = open_on.setdefault(row.register_id, row.id)
            if other != row.id:
                reason = f"is open, as is shift {other} of the same register"
                reading.fault("shifts", row.id, "closedAt", reason)
        elif row.difference != row.counted_cash - row.expected_cash:
            reason = f"is not counted less expected, {row.counted_cash - row.expected_cash:.4f}"
            reading.fault("shifts", row.id, "difference", reason, f"{row.difference:.4f}")
        other = numbers.setdefault((row.register_id, row.number), row.id)
        if other != row.id:
            reading.fault("shifts", row.id, "number", f"is also that of shift {other}", row.number)
