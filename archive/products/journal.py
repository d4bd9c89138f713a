"""The record of what an import did, from which it can be taken back: the batch's parts.

Of a created row its id and a fingerprint are kept, of a changed one each column before and after.
Parts are written as they fill, so that memory stays bounded.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from archive.models import BatchPart, ImportBatch
from archive.products.known import PRODUCT_COLUMNS, VARIATION_COLUMNS

#: So many rows of one table stand in a part.
PART: Final = 1000

#: The columns that a fingerprint is of. What other work writes of itself is not among them.
PRINTED: Final[dict[str, tuple[str, ...]]] = {
    "product": tuple(name for name in PRODUCT_COLUMNS if name != "image"),
    "variation": ("product_id", *VARIATION_COLUMNS),
    "barcode": ("variation_id", "code"),
    "location_price": ("variation_id", "location_id", "price"),
    "category": ("name", "code", "description", "parent_id", "is_active"),
    "brand": ("name", "description", "is_active"),
    "unit": ("name", "short_name", "allow_decimal", "base_unit_id", "factor", "is_active"),
    "tax_rate": ("name", "rate", "is_default", "is_active"),
    "customer": (
        "name",
        "email",
        "phone",
        "address",
        "tax_number",
        "credit_limit",
        "note",
        "is_active",
    ),
}


def fingerprint(values: Iterable[Any]) -> str:
    """The same for the same values, whether on their way into the database or read from it."""
    text = "\x1f".join([one if type(one) is str else plain(one) or "" for one in values])
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


def plain(value: Any) -> str | None:
    """A value as JSON keeps it and a column's to_python() takes it back."""
    if value is None or type(value) is str:
        return value
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


class Journal:
    """Notes of one import, in the order of its work; `close()` writes what is left."""

    def __init__(self, batch: ImportBatch) -> None:
        self._batch = batch
        self._number = 0
        self._waiting: dict[tuple[str, str], list[Any]] = defaultdict(list)

    def created(self, table: str, keys: Iterable[Any]) -> None:
        """Rows without a fingerprint: documents, references."""
        self._note(table, BatchPart.Action.CREATED, [[str(key), ""] for key in keys])

    def printed(self, table: str, rows: Iterable[tuple[uuid.UUID, Sequence[Any]]]) -> None:
        """Created rows, each with its values in the order of PRINTED."""
        noted = [[str(key), fingerprint(values)] for key, values in rows]
        self._note(table, BatchPart.Action.CREATED, noted)

    def changed(
        self, table: str, rows: Iterable[tuple[Any, dict[str, Any], dict[str, Any]]]
    ) -> None:
        """Rows as (id, {column: before}, {column: after})."""
        noted = [
            [str(key), {name: [plain(before[name]), plain(after[name])] for name in after}]
            for key, before, after in rows
        ]
        self._note(table, BatchPart.Action.CHANGED, noted)

    def _note(self, table: str, action: BatchPart.Action, noted: list[Any]) -> None:
        waiting = self._waiting[table, action]
        waiting += noted
        while len(waiting) >= PART:
            self._write(table, action, waiting[:PART])
            del waiting[:PART]

    def _write(self, table: str, action: str, data: list[Any]) -> None:
        self._number += 1
        BatchPart.objects.create(
            batch=self._batch, number=self._number, table=table, action=action, data=data
        )

    def close(self) -> None:
        for (table, action), data in self._waiting.items():
            if data:
                self._write(table, action, data)
        self._waiting.clear()


class Notes:
    """What the journal of an import says, part by part."""

    def __init__(self, batch: ImportBatch) -> None:
        self._batch = batch

    def parts(self, action: str, *tables: str) -> Iterator[tuple[str, list[Any]]]:
        """The latest first, so that a row that changed twice ends as it began."""
        rows = BatchPart.objects.filter(batch=self._batch, action=action).order_by("-number")
        if tables:
            rows = rows.filter(table__in=tables)
        for pk, table in list(rows.values_list("pk", "table")):
            yield table, BatchPart.objects.values_list("data", flat=True).get(pk=pk)

    def created(self, *tables: str) -> Iterator[tuple[str, dict[uuid.UUID, str]]]:
        """(table, {id: fingerprint}) of rows that the import made."""
        for table, data in self.parts(BatchPart.Action.CREATED, *tables):
            yield table, {uuid.UUID(key): told for key, told in data}

    def numbers(self, table: str) -> set[int]:
        """The ids of rows that the import made in a table whose rows are numbered."""
        parts = self.parts(BatchPart.Action.CREATED, table)
        return {int(key) for _table, data in parts for key, _told in data}

    def changed(self, table: str) -> dict[str, dict[str, list[str | None]]]:
        """{id: {column: [before, after]}} of a table of few rows, as text."""
        parts = self.parts(BatchPart.Action.CHANGED, table)
        return {key: changes for _table, data in parts for key, changes in data}
