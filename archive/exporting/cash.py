"""Cash movements and Z readings as they stand within rows of shifts and registers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from archive.exporting.form import amount, day, moment
from archive.exporting.reading import Numbers, pieces
from archive.exporting.shop import Row, person
from sales.models import CashMovement, Shift, ZReading


def with_movements(numbers: Numbers) -> Iterator[tuple[Shift, list[Row]]]:
    """All shifts in the order of their keys, with their movements in theirs."""
    for piece in pieces(Shift.objects.all()):
        moved: defaultdict[Any, list[CashMovement]] = defaultdict(list)
        rows = CashMovement.objects.filter(shift__in=[shift.pk for shift in piece])
        for one in rows.order_by("pk"):
            moved[one.shift_id].append(one)
        for shift in piece:
            places = {one.pk: place for place, one in enumerate(moved[shift.pk], 1)}
            yield shift, [_movement(numbers, one, places) for one in moved[shift.pk]]


def _movement(numbers: Numbers, row: CashMovement, places: dict[Any, int]) -> Row:
    return {
        "kind": row.kind,
        "amount": amount(row.amount),
        "reason": row.reason,
        "note": row.note or None,
        "corrects": None if row.corrects_id is None else places[row.corrects_id],
        "userId": person(numbers, row.operator_id),
        "deviceId": numbers.of("devices", row.device_id),
        "movedAt": moment(row.moved_at),
        "businessDate": day(row.business_date),
        "requestHash": row.request_hash or None,
    }


def reading_row(numbers: Numbers, row: ZReading) -> Row:
    return {
        "number": row.number,
        "businessDate": day(row.business_date),
        "firstShift": row.first_shift,
        "lastShift": row.last_shift,
        "beganAt": moment(row.began_at),
        "endedAt": moment(row.ended_at),
        "userId": person(numbers, row.taken_by_id),
        "deviceId": numbers.of("devices", row.device_id),
        "takenAt": moment(row.taken_at),
        "figures": row.figures,
        "total": amount(row.total),
        "grandTotal": amount(row.grand_total),
        "hash": row.content_hash,
    }
