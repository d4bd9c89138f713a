"""A table out of a file, whatever it is stored as: columns, and rows as a stream of text.

`open_table` looks at the whole file once, decides how it is to be read, and says so in `about`;
what a person states goes before what was detected. Memory stays bounded, whatever the file is.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from archive.tables import delimited
from archive.tables.decimals import uses_decimal_comma
from archive.tables.delimited import Faulty
from archive.tables.encodings import Encoding, Survey, is_encoded_twice
from archive.tables.errors import TableError
from archive.tables.kinds import UNPACK, ZIP, is_zip, no_table, refuse_what_is_no_text
from archive.tables.source import Source
from archive.tables.workbook import Exact, Workbook

_SAMPLE: Final = 500
_HEADER_WITHIN: Final = 10
_MOST_MISFITS: Final = 5000
_BLOCK: Final = 256 * 1024


@dataclass(slots=True)
class About:
    """How a table is read, to be shown. `stated` names what a person said; the rest is detected.

    `lines` is about the number of rows, for a progress bar. `warnings` are sentences.
    """

    kind: str = "csv"
    compressed: bool = False
    encoding: str = ""
    delimiter: str = ""
    quoted: bool = True
    decimal_comma: bool = False
    mixed_decimals: bool = False
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    header_row: int = 0
    lines: int = 0
    stated: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return asdict(self)


class Table:
    """Rows under a header. `columns` are the header's names, none of them empty or twice."""

    def __init__(self, name: str, about: About, backend: Text | Workbook) -> None:
        self.name = name
        self.about = about
        self._backend = backend
        self.columns: list[str] = []
        self._trims = False
        self._find_header()
        self._look_at_sample()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not blank, with its number in the file (the first row is 1).

        A record of several lines counts as one row, as in a spreadsheet. The cells are as many as
        the columns, not stripped; numbers of a workbook are `Exact`. A row that does not fit the
        header comes as `Faulty` with the reason. Raises TableError where the file breaks off, and
        where after thousands of rows most do not fit.
        """
        misfits = 0
        for number, cells in self._backend.records():
            if number <= self.about.header_row or not any(map(str.strip, cells)):
                continue
            fitted = self._fitted(cells)
            if isinstance(fitted, Faulty) and not fitted.is_readable:
                misfits += 1
                if misfits > _MOST_MISFITS and 2 * misfits > number:
                    raise TableError(
                        _("Most rows of %s do not fit its header; state another delimiter, or "
                          "save it anew.") % self.name
                    )  # fmt: skip
            yield number, fitted

    def _fitted(self, cells: list[str]) -> list[str]:
        width = len(self.columns)
        if len(cells) == width:
            return cells
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) == width:
            return cells
        missing = width - len(cells)
        is_broken = isinstance(cells, Faulty)
        if missing > 0 and not is_broken and (self._trims or self.about.kind == "xlsx"):
            cells.extend([""] * missing)
            return cells
        reason = _("has %(cells)d cells where the header has %(columns)d") % {
            "cells": len(cells),
            "columns": width,
        }
        if isinstance(cells, Faulty):
            reason = cells.reason
        return Faulty((cells + [""] * missing)[:width], reason, is_readable=False)

    def _find_header(self) -> None:
        """The first row with a name for most columns; a title above it is passed over."""
        first = [row for row in islice(self._backend.records(), _HEADER_WITHIN) if _filled(row[1])]
        if not first:
            raise TableError(_("%s is empty.") % self.name)
        widest = max(_filled(cells) for _number, cells in first)
        number, header = first[0]
        if _filled(header) == 1 and widest > 2:
            number, header = next(row for row in first if _filled(row[1]) > 1)
        self.about.header_row = number
        self.columns = _names(header)

    def _look_at_sample(self) -> None:
        sample = [
            cells
            for number, cells in islice(self._backend.records(), _SAMPLE)
            if number > self.about.header_row and cells
        ]
        sample = [cells for cells in sample if not isinstance(cells, Faulty)]
        # Some programs leave out what is blank at the end of a row: then many rows are short, some
        # are whole, and none ends in a blank. One short row among many has lost a cell instead.
        short = sum(len(cells) < len(self.columns) for cells in sample)
        self._trims = len(sample) > short > len(sample) // 10 and all(
            cells[-1].strip() for cells in sample
        )
        if "decimal_comma" not in self.about.stated:
            habit = uses_decimal_comma(
                (cell for cells in sample for cell in cells if not isinstance(cell, Exact)),
                otherwise=self.about.delimiter == ";",
            )
            self.about.decimal_comma, self.about.mixed_decimals = habit
            if self.about.mixed_decimals:
                self.about.warnings.append(
                    _("Some numbers have a decimal comma and others a decimal point.")
                )
        self._warn_of_characters(sample)

    def _warn_of_characters(self, sample: list[list[str]]) -> None:
        strange = [cell for cells in sample for cell in cells if not cell.isascii()]
        twice = next((cell for cell in strange if is_encoded_twice(cell)), "")
        if twice:
            self.about.warnings.append(
                _("Some text seems to have been encoded twice on its way, such as “%s”.")
                % twice[:60]
            )
        if any("\ufffd" in cell for cell in strange):
            self.about.warnings.append(
                _("Some characters could not be read; another encoding may fit better.")
            )


class Text:
    """The records of text with delimiters."""

    def __init__(self, source: Source, encoding: Encoding, about: About) -> None:
        self._source, self._encoding, self._about = source, encoding, about
        self.skips_first = False

    def records(self) -> Iterator[tuple[int, list[str]]]:
        about = self._about
        with delimited.open_text(self._source, self._encoding) as lines:
            if self.skips_first:
                next(lines)
            found = delimited.records(lines, about.delimiter, quoted=about.quoted)
            yield from enumerate(found, 1)


def open_table(
    source: Path | str | IO[bytes],
    *,
    name: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal_comma: bool | None = None,
    sheet: str | None = None,
) -> Table:
    """The table in a file: CSV, TSV (both plain or gzip) or XLSX.

    `source` is a path or a seekable binary file, which stays open and has to stay so while the
    table is in use; `name` is what messages call it. None means: detect it. Raises TableError
    with a sentence for the person where the file is no table, damaged, or beyond all bounds.
    """
    origin = Source(source, name)
    about = About()
    for key, value in (
        ("encoding", encoding),
        ("delimiter", delimiter),
        ("decimal_comma", decimal_comma),
        ("sheet", sheet),
    ):
        if value is not None and value != "":
            about.stated.append(key)
    about.decimal_comma = bool(decimal_comma)
    with origin.stored() as file:
        workbook = is_zip(file)
    if workbook:
        return Table(name, about, _workbook(origin, about, sheet or None))
    return Table(name, about, _text(origin, about, encoding or None, delimiter or None))


def _workbook(source: Source, about: About, sheet: str | None) -> Workbook:
    workbook = Workbook(source, sheet)
    about.kind, about.sheet, about.sheets = "xlsx", workbook.sheet, workbook.sheets
    about.lines = workbook.rows
    if workbook.never_calculated:
        about.warnings.append(
            _("%d cells hold a formula without its result and count as empty; open the file in a "
              "spreadsheet and save it there.") % workbook.never_calculated
        )  # fmt: skip
    return workbook


def _text(source: Source, about: About, encoding: str | None, delimiter: str | None) -> Text:
    survey = Survey()
    with source.opened() as file:
        about.compressed = source.is_compressed
        while block := file.read(_BLOCK):
            if not survey.size:
                _refuse_other_kinds(block, source.name)
            survey.see(block)
    if not survey.size:
        raise TableError(_("%s is empty.") % source.name)
    chosen = _stated_encoding(encoding) if encoding else survey.decide()
    about.encoding = chosen.name
    if not chosen.is_sure:
        about.warnings.append(
            _("The encoding could not be told for certain; “%s” was taken.") % chosen.name
        )
    text = Text(source, chosen, about)
    declared = delimited.declared_delimiter(source, chosen)
    text.skips_first = bool(declared)
    about.delimiter = (
        _stated_delimiter(delimiter)
        if delimiter
        else declared or delimited.guess_delimiter(source, chosen)
    )
    about.quoted = survey.has_quotes and delimited.has_quotes(source, chosen, about.delimiter)
    about.kind = "tsv" if about.delimiter == "\t" else "csv"
    about.lines = survey.lines
    return text


def _refuse_other_kinds(head: bytes, name: str) -> None:
    if head.startswith(ZIP):
        raise no_table(name, gettext_noop("a compressed archive"), UNPACK)
    refuse_what_is_no_text(head[:65536], name)


def _stated_encoding(encoding: str) -> Encoding:
    try:
        found = codecs.lookup(encoding)
        b"".decode(encoding)
    except (LookupError, ValueError):
        raise TableError(_("There is no encoding “%s”.") % encoding) from None
    return Encoding("utf-8-sig" if found.name == "utf-8" else found.name)


def _stated_delimiter(delimiter: str) -> str:
    given = "\t" if delimiter.lower() in ("tab", "\\t") else delimiter
    if len(given) != 1 or given in '"\r\n' or given.isalnum():
        raise TableError(_("“%s” cannot be a delimiter; it is one character.") % delimiter)
    return given


def _filled(cells: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _names(header: list[str]) -> list[str]:
    """The header's names, tidy: a blank one by its place, one that stands twice with a number."""
    while header and not header[-1].strip():
        header.pop()
    names: list[str] = []
    seen: set[str] = set()
    for place, cell in enumerate(header, 1):
        tidy = " ".join(unicodedata.normalize("NFC", cell).replace("\ufeff", "").split())
        name = base = tidy.replace("\x00", "")[:200] or f"Column {place}"
        copy = 1
        while name in seen:
            copy += 1
            name = f"{base} ({copy})"
        seen.add(name)
        names.append(name)
    return names
