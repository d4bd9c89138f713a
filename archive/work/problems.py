"""Everything that is wrong with a file, as a table to work through beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from archive.exporting.sheets import csv_cell
from archive.files import Writing
from archive.models import StoredFile

# Rows that are put into the file at once. A report lists as many before it leaves any out.
CHUNK = 500


def header() -> list[str]:
    return [_("Row"), _("Column"), _("Value"), _("Problem"), _("Kind")]


def row(number: int | str, column: str, value: str, reason: str, *, is_error: bool) -> list[Any]:
    return [number, column, value, reason, _("error") if is_error else _("warning")]


def as_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """With formulas escaped, so that no spreadsheet runs what it is told about."""
    text = io.StringIO()
    csv.writer(text).writerows([csv_cell(cell) for cell in one] for one in rows)
    return text.getvalue().encode()


class ProblemFile:
    """Keeps every problem that it hears of, however many, in a file of the bound business."""

    def __init__(self, name: str, *, by: User) -> None:
        self._name, self._by = name, by
        self._file: Writing | None = None
        self._rows: list[list[Any]] = []

    def add(self, one: list[Any]) -> None:
        self._rows.append(one)
        if len(self._rows) >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._file is None:
            self._file = Writing(self._name, by=self._by)
            self._file.write(b"\xef\xbb\xbf" + as_csv([header()]))
        self._file.write(as_csv(self._rows))
        self._rows.clear()

    def finish(self) -> StoredFile | None:
        """None while so few were heard of that they stand in the report itself."""
        if self._file is None:
            return None
        self._flush()
        return self._file.finish()
