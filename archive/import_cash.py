"""Brings the cash movements and Z readings that stand within shifts and registers of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from archive.own_rows import CashRow, ReadingRow
from archive.references import Move, insert
from archive.validation_cash import nested, reading_of
from sales.models import CashMovement, ZReading
from tenants.bulk import references_later


def bring_movements(move: Move, shifts: Iterable[Any]) -> None:
    # A correction may have the lower key: clients make them.
    with references_later():
        insert(CashMovement, (one for shift in shifts for one in _movements(move, shift)))


def _movements(move: Move, shift: Any) -> Iterator[CashMovement]:
    rows: list[CashRow] = nested(CashRow, shift.movements)
    keys = [move.keys.following() for _row in rows]
    for pk, row in zip(keys, rows, strict=True):
        yield CashMovement(
            pk=pk,
            kind=row.kind,
            shift_id=move.ids["shifts"][shift.id],
            amount=row.amount,
            currency=move.business.currency,
            reason=row.reason,
            note=row.note,
            corrects_id=None if row.corrects is None else keys[row.corrects - 1],
            operator_id=move.ids["users"][row.user_id],
            device_id=move.id_of("devices", row.device_id),
            moved_at=row.moved_at,
            business_date=row.business_date,
            request_hash=row.request_hash,
        )


def bring_readings(move: Move, registers: Iterable[Any]) -> None:
    insert(ZReading, (one for register in registers for one in _readings(move, register)))


def _readings(move: Move, register: Any) -> Iterator[ZReading]:
    before: ZReading | None = None
    rows: list[ReadingRow] = nested(ReadingRow, register.readings)
    for row in rows:
        before = reading_of(row, before, move.business.currency)
        before.pk = move.keys.following()
        before.register_id = move.ids["registers"][register.id]
        before.taken_by_id = move.ids["users"][row.user_id]
        before.device_id = move.id_of("devices", row.device_id)
        yield before
