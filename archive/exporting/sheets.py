"""Tables as spreadsheets: CSV files and XLSX workbooks that open as they are meant.

Text never becomes a formula. A code never becomes a number or a date in a workbook, where its cell
is text; a CSV file cannot say that, and has it as it is. Rows are written as they come.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final

from django.utils.translation import gettext as _

from archive.tables.writing import escaped
from tenants.spelling import plain_number

Progress = Callable[[int, int], None]

#: The rows that a sheet of XLSX can have.
MOST_ROWS: Final = 1_048_576
_EVERY: Final = 500


class Code(str):
    """A text whose every character counts: an SKU, a barcode, a telephone number.

    In a workbook it stays text also when somebody edits it.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `name` is a file's name without ending; `title` is for people; `count` is how many
    rows there are about to be."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Callable[[], Iterable[Sequence[Any]]]
    count: int = 0


def csv_cell(value: Any) -> str:
    """The value as text; an apostrophe stands before what a spreadsheet would run as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    return escaped(value) if isinstance(value, str) else str(value)


class _Told:
    """Hears of each row and tells now and then."""

    def __init__(self, tables: Sequence[Table], progress: Progress | None) -> None:
        self._total = sum(table.count for table in tables)
        self._done, self._progress = 0, progress

    def __call__(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        for row in rows:
            self._done += 1
            if self._progress is not None and self._done % _EVERY == 0:
                self._progress(min(self._done, self._total), self._total)
            yield row

    def end(self) -> None:
        if self._progress is not None:
            self._progress(self._total, self._total)


# -- CSV ------------------------------------------------------------------------------------------


def write_csv(stream: IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """UTF-8 with the mark that spreadsheets look for, commas, CRLF; returns the rows written."""
    text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow([csv_cell(column) for column in columns])
    count = 0
    for row in rows:
        writer.writerow([csv_cell(value) for value in row])
        count += 1
    text.flush()
    text.detach()
    return count


def write_csv_zip(
    stream: IO[bytes], tables: Sequence[Table], progress: Progress | None = None
) -> dict[str, int]:
    """One ZIP with a file for each table; the same rows are the same bytes."""
    told, counts = _Told(tables, progress), {}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in tables:
            entry = zipfile.ZipInfo(f"{table.name}.csv")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                counts[table.name] = write_csv(file, table.columns, told(table.rows()))
    told.end()
    return counts


def write_csv_folder(
    folder: Path, tables: Sequence[Table], progress: Progress | None = None
) -> dict[str, int]:
    """A file for each table in a folder that is there."""
    told, counts = _Told(tables, progress), {}
    for table in tables:
        with (folder / f"{table.name}.csv").open("wb") as file:
            counts[table.name] = write_csv(file, table.columns, told(table.rows()))
    told.end()
    return counts


# -- XLSX -----------------------------------------------------------------------------------------


def write_workbook(
    stream: IO[bytes], tables: Sequence[Table], progress: Progress | None = None
) -> dict[str, int]:
    """One workbook with a sheet for each table; what does not fit goes on on another sheet."""
    from openpyxl import Workbook  # here, because it takes a second to load

    told, counts = _Told(tables, progress), {}
    book = Workbook(write_only=True)
    for table in tables:
        counts[table.name] = _fill(book, table, told(table.rows()))
    book.save(stream)
    told.end()
    return counts


def _fill(book: Any, table: Table, rows: Iterable[Sequence[Any]]) -> int:
    sheet, count, number = _sheet(book, table, 1), 0, 1
    for row in rows:
        if count and count % (MOST_ROWS - 1) == 0:
            number += 1
            sheet = _sheet(book, table, number)
        sheet.append([_xlsx_cell(sheet, value) for value in row])
        count += 1
    return count


def _sheet(book: Any, table: Table, number: int) -> Any:
    title = re.sub(r"[\\/*?:\[\]]", " ", table.title)[:25]
    sheet = book.create_sheet(title if number == 1 else f"{title} ({number})")
    sheet.freeze_panes = "A2"
    sheet.append([_xlsx_cell(sheet, column) for column in table.columns])
    return sheet


def _xlsx_cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return value.replace(tzinfo=None, microsecond=0)
    if not isinstance(value, str):
        return value
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    is_code = isinstance(value, Code)
    if not is_code and not text.startswith("="):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    if is_code:
        cell.number_format = "@"
    return cell
