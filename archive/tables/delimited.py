"""Text with delimiters, read as a stream of records within fixed bounds.

A record whose quotes are broken costs that record alone: it is read again without quotes, is
marked, and reading goes on at the next line. (Python's csv would take everything up to the next
quote, however far away, for one cell.)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Final

from django.utils.translation import gettext as _

from archive.tables.encodings import Encoding
from archive.tables.errors import TableError
from archive.tables.source import Source

DELIMITERS: Final = (",", ";", "\t", "|")

#: Characters in one line, in one record of several lines, in one cell; cells in a row.
LONGEST_LINE: Final = 1024 * 1024
LONGEST_RECORD: Final = 2 * LONGEST_LINE
LONGEST_CELL: Final = csv.field_size_limit()
MOST_COLUMNS: Final = 1000

#: Characters that are read again after broken quotes, all in all: it bounds the time.
_MOST_AGAIN: Final = 48 * LONGEST_LINE

_SAMPLE_ROWS: Final = 200


class Faulty(list[str]):
    """The cells of a row that is not as it should be, with the reason.

    `is_readable`: there are as many cells as columns, so each may well be where it belongs.
    """

    def __init__(self, cells: list[str], reason: str, *, is_readable: bool = True) -> None:
        super().__init__(cells)
        self.reason = reason
        self.is_readable = is_readable


class Lines:
    """The lines of a text, of bounded length, with a memory of those of the present record."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text, self._name = text, name
        self._again: list[str] = []
        self._size = self._reread = 0
        self.record: list[str] = []

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) >= LONGEST_LINE:
            raise TableError(
                _("%s has a line of more than a million characters; it is no table, or its line "
                  "ends are lost.") % self._name
            )  # fmt: skip
        self._size += len(line)
        self.record.append(line)
        if self._size > LONGEST_RECORD:
            raise csv.Error("record too long")
        return line

    def start(self) -> None:
        """A new record begins."""
        self.record = []
        self._size = 0

    def retry(self) -> str:
        """Take back all lines of the record but the first, which is returned."""
        self._reread += self._size
        if self._reread > _MOST_AGAIN:
            raise TableError(
                _("%s has broken quotation marks in too many places; save it anew, or state "
                  "another delimiter.") % self._name
            )  # fmt: skip
        first, *others = self.record
        self._again.extend(reversed(others))
        return first


@contextmanager
def open_text(source: Source, encoding: Encoding) -> Iterator[Lines]:
    """One pass over the text of a source; raises TableError where the encoding is another."""
    with source.opened() as file:
        text = io.TextIOWrapper(file, encoding.name, errors=encoding.errors, newline="")
        try:
            lines = Lines(text, source.name)
            yield lines
        except UnicodeError:
            raise TableError(
                _("%(name)s is not in the encoding %(encoding)s; choose another one.")
                % {"name": source.name, "encoding": encoding.name}
            ) from None
        finally:
            text.detach()


def records(lines: Lines, delimiter: str, *, quoted: bool) -> Iterator[list[str]]:
    """Each record's cells; [] for a blank line; `Faulty` where the quotes are broken.

    Raises TableError when a line or a cell is too long, or a row has too many cells.
    """
    if not quoted:
        yield from _plain(lines, delimiter)
        return
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        lines.start()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            first = lines.retry()
            cells = Faulty(_split(first, delimiter), _("has a quotation mark that is not closed"))
            reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
        if len(cells) > MOST_COLUMNS:
            raise too_wide()
        yield cells


def _plain(lines: Lines, delimiter: str) -> Iterator[list[str]]:
    for line in lines:
        lines.start()
        cells = line.rstrip("\r\n").split(delimiter)
        if len(cells) > MOST_COLUMNS:
            raise too_wide()
        yield cells if len(cells) > 1 or cells[0] else []


def _split(line: str, delimiter: str) -> list[str]:
    """The cells of one line by its delimiters alone, without the quotes around them."""
    return [cell.strip('"').replace('""', '"') for cell in line.rstrip("\r\n").split(delimiter)]


def too_wide() -> TableError:
    return TableError(
        _("The table has a row of more than %d cells; it is no table of products or sales.")
        % MOST_COLUMNS
    )


def guess_delimiter(source: Source, encoding: Encoding) -> str:
    """The delimiter that gives the most cells most evenly in the first rows; else a comma."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        score = _evenness(source, encoding, delimiter)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _evenness(source: Source, encoding: Encoding, delimiter: str) -> float:
    widths: list[int] = []
    try:
        with open_text(source, encoding) as lines:
            sample = islice(records(lines, delimiter, quoted=True), _SAMPLE_ROWS)
            widths.extend(len(cells) for cells in sample if cells)
    except TableError:  # with this delimiter; it is raised again where it holds for the chosen one
        return 0.0
    if not widths or widths[0] == 1:
        return 0.0
    # The header counts most: a comma in a price says less than a header of one word.
    same = sum(width == widths[0] for width in widths) / len(widths)
    return same * min(widths[0], 20)


def declared_delimiter(source: Source, encoding: Encoding) -> str:
    """The delimiter of a first line `sep=;`, which spreadsheets write and obey; else ""."""
    with open_text(source, encoding) as lines:
        for line in lines:
            told = line.strip("\r\n\"' ﻿")
            return told[4:] if len(told) == 5 and told[:4].lower() == "sep=" else ""
    return ""


def has_quotes(source: Source, encoding: Encoding, delimiter: str) -> bool:
    """Whether quotation marks enclose cells, rather than stand for inches.

    They do unless reading them so fails somewhere, while without it nearly all rows are as wide
    as the first, and most cells that have quotation marks do not stand between two of them.
    """
    with open_text(source, encoding) as lines:
        if _is_well_quoted(lines, delimiter):
            return True
    total = uneven = width = enclosed = other = 0
    with open_text(source, encoding) as lines:
        for cells in _plain(lines, delimiter):
            width = width or len(cells)
            lines.start()
            total += 1
            uneven += bool(cells) and len(cells) != width
            for cell in cells if any('"' in cell for cell in cells) else ():
                if '"' in cell:
                    within = len(cell) > 1 and cell.startswith('"') and cell.endswith('"')
                    enclosed, other = enclosed + within, other + (not within)
            if width == 1 or (uneven > 100 and uneven * 50 > total):
                return True
    return uneven * 200 > total or enclosed > other


def _is_well_quoted(lines: Lines, delimiter: str) -> bool:
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for _cells in reader:
            lines.start()
    except csv.Error:
        return False
    return True
