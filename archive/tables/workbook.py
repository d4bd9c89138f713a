"""The rows of an .xlsx workbook as text, through openpyxl, after workbook_guard.py let it pass."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import IO, Any, Final
from xml.etree import ElementTree as ET

from django.utils.translation import gettext as _

from archive.tables.errors import BROKEN, TableError
from archive.tables.kinds import refuse_what_is_no_workbook
from archive.tables.source import Source
from archive.tables.workbook_guard import Sheet, damaged, look_over

_BATCH: Final = 200
_ZEROS: Final = re.compile(r"0{2,20}")


class Exact(str):
    """A number of a workbook: digits with a decimal point, whatever the table's own habit is."""

    __slots__ = ()


@dataclass(slots=True, frozen=True)
class _Part:
    """A sheet: its name, where it lies in the archive, and whether it is shown."""

    name: str
    path: str
    is_shown: bool


@dataclass(slots=True, frozen=True)
class _Styles:
    """How cells are shown, by the number of their style."""

    formats: list[str]
    dates: set[int]
    durations: set[int]
    epoch: datetime


class Workbook:
    """One sheet of a workbook. `sheets` are the names of those that are shown and hold rows."""

    def __init__(self, source: Source, sheet: str | None) -> None:
        self._source = source
        with source.stored() as file:
            refuse_what_is_no_workbook(file, source.name)
        with source.stored() as file:
            self._looked = look_over(file, source.name)
        with source.stored() as file:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    parts, self._styles = _load(file)
            except BROKEN:
                raise damaged(source.name) from None
        parts = [part for part in parts if part.is_shown or part.name == sheet]
        self.sheets = [part.name for part in parts if self._count(part).rows]
        self.sheet = self._chosen([part.name for part in parts], sheet)
        self._part = next(part for part in parts if part.name == self.sheet)
        self.rows = self._count(self._part).rows
        self.never_calculated = self._count(self._part).never_calculated

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

    def _count(self, part: _Part) -> Sheet:
        return self._looked.sheets.get(part.path, Sheet())

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Each row that is there, with its number in the sheet; its cells reach to its last one."""
        with (
            self._source.stored() as file,
            zipfile.ZipFile(file) as archive,
            archive.open(self._part.path) as stream,
        ):
            rows = self._rows(stream)
            number = 0
            while batch := self._batch(rows):
                for told, cells in batch:
                    number = max(told, number + 1)
                    yield number, cells

    def _batch(self, rows: Iterator[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
        try:
            with warnings.catch_warnings():  # of dates that do not exist
                warnings.simplefilter("ignore")
                return list(islice(rows, _BATCH))
        except BROKEN:
            raise damaged(self._source.name) from None

    def _rows(self, stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
        """The library reads the rows; the elements come from the parser in C, several times as
        fast as the library's own (the guard has refused what the latter would protect from)."""
        from openpyxl.worksheet._reader import ROW_TAG, WorkSheetParser

        parser = WorkSheetParser(
            stream,
            self._looked.strings,
            data_only=True,
            epoch=self._styles.epoch,
            date_formats=self._styles.dates,
            timedelta_formats=self._styles.durations,
        )
        open_elements: list[ET.Element] = []
        for event, element in ET.iterparse(stream, ("start", "end")):  # noqa: S314
            if event == "start":
                open_elements.append(element)
                continue
            open_elements.pop()
            if element.tag != ROW_TAG:
                continue
            number, cells = parser.parse_row(element)
            parser.row_dimensions.clear()
            open_elements[-1].clear()  # all rows so far, and not only what they hold
            yield number, self._texts(cells)

    def _texts(self, cells: list[dict[str, Any]]) -> list[str]:
        texts = [""] * max((cell["column"] for cell in cells), default=0)
        formats = self._styles.formats
        for cell in cells:
            value = cell["value"]
            if value is not None:
                style = cell["style_id"]
                shown_as = formats[style] if style < len(formats) else ""
                texts[cell["column"] - 1] = value if type(value) is str else _text(value, shown_as)
        return texts


def _load(file: IO[bytes]) -> tuple[list[_Part], _Styles]:
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    parts: list[_Part] = []

    class Reader(ExcelReader):
        def read_strings(self) -> None:
            """The guard has read them, in less memory."""

        def read_worksheets(self) -> None:
            """Only where they are: the library would look for their size in all of each."""
            for sheet, link in self.parser.find_sheets():
                if link.target in self.valid_files and "chartsheet" not in link.Type:
                    path = link.target.lstrip("/")
                    parts.append(_Part(sheet.name, path, sheet.state == "visible"))

    reader = Reader(file, read_only=True, data_only=True, keep_links=False)
    reader.read()
    book: Any = reader.wb

    def shown_as(number: int) -> str:
        if number < BUILTIN_FORMATS_MAX_SIZE:
            return str(BUILTIN_FORMATS.get(number, "General"))
        return str(book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE])

    formats = [shown_as(style.numFmtId) for style in book._cell_styles]
    return parts, _Styles(formats, book._date_formats, book._timedelta_formats, book.epoch)


def _text(value: Any, shown_as: str) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, shown_as)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat(" ", "seconds") if isinstance(value, datetime) else value.isoformat()
    return str(value)


def _number(value: float, shown_as: str) -> str:
    """The number as it was typed: a float has 15 digits that mean something."""
    if isinstance(value, float):
        if not isfinite(value):
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
