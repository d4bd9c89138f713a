"""Writes tables that open cleanly in a spreadsheet: codes as text, nothing that runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO, Any, Final

#: A spreadsheet takes text that begins so for a formula; some read the wide signs like the others.
_RUNS: Final = tuple("=+-@\t\r\n＝＋－＠")

Value = str | Decimal | int | None


def escaped(text: str) -> str:
    """Text that a spreadsheet shows and does not run: an apostrophe goes before what it would run.

    Nothing else gets one, so codes stand in a CSV as they are: it cannot say that 00123 is text.
    Reading takes the apostrophe off again (`unescaped`), so a table that we wrote comes back as
    it was.
    """
    return f"'{text}" if text.lstrip("'").startswith(_RUNS) else text


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    if text.startswith("'") and text.lstrip("'").startswith(_RUNS):
        return text[1:]
    return text


def unmarked(code: str) -> str:
    """A code without the apostrophe by which a spreadsheet is told that it is text: '0012, '-5.

    Leading zeros survive. An apostrophe before anything else belongs to the code.
    """
    if not code.startswith("'"):
        return code
    bare = code.lstrip("'").lstrip()
    return bare if bare[:1].isdigit() else unescaped(code)


def write_csv(file: IO[bytes], rows: Iterable[Sequence[Value]]) -> None:
    """UTF-8 with a mark, which spreadsheets need to read it right; commas, CRLF, decimal points."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        for row in rows:
            writer.writerow([_plain(value) for value in row])
    finally:
        text.detach()


def _plain(value: Value) -> str:
    if isinstance(value, str):
        return escaped(value)
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


def write_xlsx(file: IO[bytes], sheets: Iterable[tuple[str, Iterable[Sequence[Value]]]]) -> None:
    """One sheet after the other, each (name, rows): text as text, whatever it begins with.

    The first row of each is a header that stays in sight. Rows are streamed to the file.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    bold = Font(bold=True)
    for name, rows in sheets:
        sheet: Any = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for number, row in enumerate(rows):
            cells = []
            for value in row:
                cell: Any = WriteOnlyCell(sheet)
                if isinstance(value, str):
                    _as_text(cell, value)
                else:
                    cell.value = value
                if number == 0:
                    cell.font = bold
                cells.append(cell)
            sheet.append(cells)
    book.save(file)


def _as_text(cell: Any, value: str) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:32767]
    cell.data_type = "s"
    cell.number_format = "@"
