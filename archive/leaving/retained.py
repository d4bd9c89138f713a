"""What the law wants kept of a business that is gone: its books as tables, encrypted.

Sales, their lines, payments, shifts, cash and stock movements, Z readings, and who the business was.
Not the catalogue, not the list of customers, not its people's accounts: nothing asks for those. No
page and no API shows it; operators read it with `manage.py retained_records`.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Iterator
from datetime import date
from typing import IO, Any, Final

from archive.exporting.people import people_tables
from archive.leaving.whole import Archive
from archive.models import RetainedPart, RetainedRecord
from tenants.context import current
from tenants.models import Location

PART: Final = 1024 * 1024
KEPT: Final = (
    "sales", "sale_lines", "payments", "shifts", "cash_movements", "z_readings", "movements"
)  # fmt: skip


def keep_books(*, until: date) -> RetainedRecord:
    """Keep the books of the bound business, closed, until this day. Part of the caller's
    transaction, which deletes the rest."""
    with tempfile.TemporaryFile() as file:
        with Archive(file) as archive:
            with archive.file("business.json") as part:
                part.write(json.dumps(_business(), indent=2, ensure_ascii=False).encode())
            archive.tables(table for table in people_tables() if table.name in KEPT)
            manifest = archive.end(keep_until=until.isoformat())
        file.seek(0)
        record: RetainedRecord = RetainedRecord.objects.create(
            business_name=current().name, keep_until=until, manifest=manifest
        )
        for number, data in enumerate(_pieces(file)):
            RetainedPart.objects.create(record=record, number=number, data=data)
    return record


def _business() -> dict[str, Any]:
    business = current()
    return {
        "name": business.name,
        "currency": business.currency,
        "time_zone": business.time_zone,
        "tax_label": business.tax_label,
        "tax_number": business.tax_number,
        "locations": [
            {"code": place.code, "name": place.name, "address": place.address}
            for place in Location.objects.order_by("pk")
        ],
    }


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(PART):
        yield data


def read_books(record_id: uuid.UUID, out: IO[bytes]) -> int:
    """Write a record's archive to `out`, decrypted; its size in bytes."""
    size = 0
    parts = RetainedPart.objects.filter(record=record_id).order_by("number")
    for data in parts.values_list("data", flat=True).iterator(chunk_size=8):
        size += out.write(data)
    return size


def purge(today: date) -> int:
    """Delete the records whose time is over; how many."""
    over = RetainedRecord.objects.filter(keep_until__lt=today)
    count = over.count()
    over.delete()
    return count
