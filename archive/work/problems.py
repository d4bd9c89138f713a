"""Everything that is wrong with a file, as a table to work through beside it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from archive.exporting.sheets import csv_cell
from archive.files import copied
from archive.models import StoredFile

# Rows that are put into the file at once. A report lists as many before it leaves any out.
CHUNK = 500
MOST_IN_MEMORY = 1024 * 1024


def header() -> list[str]:
    return [_("Row"), _("Column"), _("Value"), _("Problem"), _("Kind")]


def row(number: int | str, column: str, value: str, reason: str, *, is_error: bool) -> list[Any]:
    return [number, column, value, reason, _("error") if is_error else _("warning")]


def as_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """With formulas escaped, so that no spreadsheet runs what it is told about."""
    text = io.StringIO()
    csv.writer(text).writerows([csv_cell(cell) for cell in one] for one in rows)
    return text.getvalue().encode()


class ProblemFile(AbstractContextManager["ProblemFile"]):
    """Keeps every problem that it hears of, however many, for a file of the bound business.

    Until `finish()` they lie in a temporary file: the transaction in which a check looks at what it
    would write is rolled back, and they are not to go with it. A report that `listed` as many leaves
    none out, and needs no file.
    """

    def __init__(self, name: str, *, by: User, listed: int = CHUNK) -> None:
        self._name, self._by, self._listed = name, by, listed
        # In memory as long as it is small.
        self._file = tempfile.SpooledTemporaryFile(max_size=MOST_IN_MEMORY)  # noqa: SIM115
        self._file.write(b"\xef\xbb\xbf" + as_csv([header()]))
        self._rows: list[list[Any]] = []
        self._count = 0

    def add(self, one: list[Any]) -> None:
        self._rows.append(one)
        self._count += 1
        if len(self._rows) >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        self._file.write(as_csv(self._rows))
        self._rows.clear()

    def finish(self) -> StoredFile | None:
        """None while so few were heard of that they stand in the report itself."""
        if self._count <= self._listed:
            return None
        self._flush()
        self._file.seek(0)
        return copied(self._name, self._file, by=self._by)

    def __exit__(self, *error: object) -> None:
        self._file.close()
