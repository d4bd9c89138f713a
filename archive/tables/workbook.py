"""The rows of an .xlsx workbook as text, through openpyxl, after workbook_guard.py let it pass."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from archive.tables.errors import BROKEN, TableError
from archive.tables.kinds import refuse_what_is_no_workbook
from archive.tables.source import Source
from archive.tables.workbook_guard import Looked, Sheet, damaged, look_over, unescaped

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook as OpenpyxlWorkbook

_BATCH: Final = 200
_ZEROS: Final = re.compile(r"0{2,20}")


class Exact(str):
    """A number of a workbook: digits with a decimal point, whatever the table's own habit is."""

    __slots__ = ()


class Workbook:
    """One sheet of a workbook. `sheets` are the names of those that are shown and hold rows."""

    def __init__(self, source: Source, sheet: str | None) -> None:
        self._source = source
        with source.raw() as file:
            refuse_what_is_no_workbook(file, source.name)
        with source.raw() as file:
            self._looked = look_over(file, source.name)
        with self._opened() as book:
            shown = [
                (one.title, self._count(one).rows)
                for one in book.worksheets
                if one.sheet_state == "visible" or one.title == sheet
            ]
            self.sheets = [title for title, rows in shown if rows]
            self.sheet = self._chosen([title for title, _rows in shown], sheet)
            self._index = book.sheetnames.index(self.sheet)
            counted = self._count(book[self.sheet])
        self.rows = counted.rows
        self.never_calculated = counted.never_calculated

    def _chosen(self, shown: list[str], sheet: str | None) -> str:
        if sheet is not None:
            if sheet not in shown:
                raise TableError(
                    _("%(name)s has no sheet “%(sheet)s”; it has: %(sheets)s.")
                    % {"name": self._source.name, "sheet": sheet, "sheets": ", ".join(shown)}
                )
            return sheet
        if not self.sheets:
            raise TableError(_("%s is empty.") % self._source.name)
        return self.sheets[0]

    def _count(self, sheet: Any) -> Sheet:
        return self._looked.sheets.get(str(sheet._worksheet_path).lstrip("/"), Sheet())

    @contextmanager
    def _opened(self) -> Iterator[OpenpyxlWorkbook]:
        with self._source.raw() as file:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    book = _load(file, self._looked)
            except BROKEN:
                raise damaged(self._source.name) from None
            yield book

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number in the sheet; cells that are empty at the end are left out."""
        with self._opened() as book:
            sheet: Any = book.worksheets[self._index]
            sheet.reset_dimensions()
            rows = sheet.iter_rows()
            number = 0
            while batch := self._batch(rows):
                for cells in batch:
                    number += 1
                    yield number, cells

    def _batch(self, rows: Any) -> list[list[str]]:
        try:
            with warnings.catch_warnings():  # of dates that do not exist
                warnings.simplefilter("ignore")
                return [[_text(cell) for cell in row] for row in islice(rows, _BATCH)]
        except BROKEN:
            raise damaged(self._source.name) from None


def _load(file: IO[bytes], looked: Looked) -> OpenpyxlWorkbook:
    from openpyxl.reader.excel import ExcelReader

    class Reader(ExcelReader):
        def read_strings(self) -> None:
            """The guard has read them, in less memory."""

    reader = Reader(file, read_only=True, data_only=True, keep_links=False)
    reader.shared_strings = looked.strings
    reader.read()
    book: OpenpyxlWorkbook = reader.wb
    return book


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return unescaped(value) if cell.data_type == "inlineStr" else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat(" ", "seconds") if isinstance(value, datetime) else value.isoformat()
    return str(value)


def _number(value: float, shown_as: str) -> str:
    """The number as it was typed: a float has 15 digits that mean something."""
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        exact = Decimal(f"{value:.15g}")
    else:
        exact = Decimal(value)
    if "%" in shown_as:
        return Exact(_plain(exact * 100) + "%")
    text = _plain(exact)
    if _ZEROS.fullmatch(shown_as) and text.isdigit():
        text = text.zfill(len(shown_as))  # a code whose zeros are in the format of its cell
    return Exact(text)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
