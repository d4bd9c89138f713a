"""Checks of the cash movements and Z readings of a file that Tillbook wrote.

Movements stand with their shift, readings with their register; rows that are wrong in themselves are
told once and left out of the sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from archive.own_rows import CashRow, ReadingRow, RegisterRow, ShiftRow
from archive.rows import parse
from sales.models import CashMovement, ZReading
from sales.readings import Figures, reading_hash

if TYPE_CHECKING:
    from archive.validation import Reading
    from archive.validation_books import Books

ZERO: Final = Decimal(0)
Kind = CashMovement.Kind
_GAINS: Final = {Kind.IN: 1, Kind.OUT: -1, Kind.DROP: -1, Kind.OPEN: 0}


def nested(
    kind: type, raws: Sequence[Any], reading: Reading | None = None, row: Any = None, at: str = ""
) -> list[Any]:
    """The rows within a row that can be read; what is wrong goes to `reading`, where it is given.
    None in the place of one that cannot be read."""
    found: list[Any] = []
    for place, raw in enumerate(raws, 1):
        wrong: list[Any] = []
        one = None
        if isinstance(raw, dict):
            one = parse(kind, "", row.id if row else 0, raw, wrong, own_file=True)
        elif reading is not None:
            reading.fault(_table(kind), row.id, f"{at}.{place}", "is no object")
        if reading is not None:
            for fault in wrong:
                reading.fault(_table(kind), row.id, f"{at}.{place}.{fault.field}", fault.reason)
        found.append(one)
    return found


def _table(kind: type) -> str:
    return "shifts" if kind is CashRow else "registers"


def movements(shift: ShiftRow) -> list[CashRow | None]:
    return nested(CashRow, shift.movements)


def check_movements(reading: Reading, shift: ShiftRow) -> None:
    """Each goes the way of its kind; a correction takes back one before it, wholly and once."""
    rows = nested(CashRow, shift.movements, reading, shift, "movements")
    corrected: set[int] = set()
    for place, row in enumerate(rows, 1):
        if row is None:
            continue
        at = f"movements.{place}"
        reading.points("shifts", shift, f"{at}.userId", "users", row.user_id)
        reading.points("shifts", shift, f"{at}.deviceId", "devices", row.device_id)
        gains = _GAINS[Kind(row.kind)] * (-1 if row.corrects else 1)
        if (row.amount > 0) - (row.amount < 0) != gains:
            reason = "does not go the way of its kind"
            reading.fault("shifts", shift.id, f"{at}.amount", reason, f"{row.amount:.4f}")
        if row.corrects is None:
            continue
        other = rows[row.corrects - 1] if row.corrects <= len(rows) else None
        is_right = (
            other is not None
            and other.corrects is None
            and other.kind == row.kind
            and other.amount == -row.amount
            and row.corrects not in corrected
        )
        corrected.add(row.corrects)
        if not is_right:
            reason = "is no movement that it takes back"
            reading.fault("shifts", shift.id, f"{at}.corrects", reason, row.corrects)


def check_readings(reading: Reading, register: RegisterRow) -> None:
    """Numbered one after the other over shifts one after the other, each with the hash of its
    content and of the one before."""
    before: ZReading | None = None
    for place, row in enumerate(
        nested(ReadingRow, register.readings, reading, register, "readings"), 1
    ):
        if row is None:
            return
        at = f"readings.{place}"
        reading.points("registers", register, f"{at}.userId", "users", row.user_id)
        reading.points("registers", register, f"{at}.deviceId", "devices", row.device_id)
        business = reading.export.businesses.get(register.business_id)
        made = reading_of(row, before, "" if business is None else business.currency)
        after = 0 if before is None else before.last_shift
        for field, said, expected in (
            ("number", row.number, place),
            ("firstShift", row.first_shift, after + 1),
            ("grandTotal", made.grand_total, made.total + (before.grand_total if before else 0)),
            ("hash", row.mark, reading_hash(made)),
        ):
            if said != expected:
                reading.fault("registers", register.id, f"{at}.{field}", f"is not {expected}", said)
        if row.last_shift < row.first_shift:
            reason = "is before the first"
            reading.fault("registers", register.id, f"{at}.lastShift", reason, row.last_shift)
        if Figures.of_plain(row.figures).total != row.total:
            reason = "is not that of its figures"
            reading.fault("registers", register.id, f"{at}.total", reason, f"{row.total:.4f}")
        before = made


def reading_of(row: ReadingRow, before: ZReading | None, currency: str) -> ZReading:
    """The reading without its keys; its hash is as the file says it."""
    return ZReading(
        number=row.number,
        business_date=row.business_date,
        first_shift=row.first_shift,
        last_shift=row.last_shift,
        began_at=row.began_at,
        ended_at=row.ended_at,
        taken_at=row.taken_at,
        currency=currency,
        figures=row.figures,
        total=row.total,
        grand_total=row.grand_total,
        previous_hash="" if before is None else before.content_hash,
        content_hash=row.mark,
    )


def check_drawers(books: Books) -> None:
    """Closed drawers hold the float, the cash of their sales and what moved without one; readings
    come to the sales and drawers of their shifts."""
    shifts: dict[tuple[int, int], ShiftRow] = {}
    for shift in books.export.table("shifts").values():
        shifts[shift.register_id, shift.number] = shift
        moved = sum((one.amount for one in movements(shift) if one is not None), ZERO)
        expected = shift.opening_float + books.cash[shift.id] + moved
        if shift.expected_cash is not None and shift.expected_cash != expected:
            reason = f"is not the float and the cash of its sales and movements, {expected:.4f}"
            books.fault(shift, "shifts", "expectedCash", reason, f"{shift.expected_cash:.4f}")
    for register in books.export.table("registers").values():
        for place, row in enumerate(nested(ReadingRow, register.readings), 1):
            if row is not None:
                _check_sums(books, register, f"readings.{place}", row, shifts)


def _check_sums(
    books: Books,
    register: RegisterRow,
    at: str,
    row: ReadingRow,
    shifts: dict[tuple[int, int], ShiftRow],
) -> None:
    # However far a file says that it goes, no further than there are shifts.
    last = min(row.last_shift, row.first_shift + len(shifts))
    covered = [shifts.get((register.id, n)) for n in range(row.first_shift, last + 1)]
    if not all(one is not None and one.closed_at is not None for one in covered):
        reason = "goes beyond the closed shifts of the register"
        books.fault(register, "registers", f"{at}.lastShift", reason, row.last_shift)
        return
    found = sum((books.totals[one.id] for one in covered if one is not None), ZERO)
    if found != row.total:
        reason = f"is not that of the sales of its shifts, {found:.4f}"
        books.fault(register, "registers", f"{at}.total", reason, f"{row.total:.4f}")
    drawer = Figures.of_plain(row.figures).drawer
    for field in ("expected", "counted", "difference"):
        column = field if field == "difference" else f"{field}_cash"
        held = sum((getattr(one, column) for one in covered if one is not None), ZERO)
        if drawer is None or getattr(drawer, field) != held:
            books.fault(register, "registers", f"{at}.figures", f"{field} is not {held:.4f}")
