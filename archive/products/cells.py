"""One row of a table of products, cell by cell: each a value of its field, or a problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from archive.fitting import Unfit
from archive.products import gtin, numbers
from archive.products.drafts import ERROR, WARNING, Level, Problem
from archive.products.fields import FIELDS, doubt_text, one_line, tidy, yes_or_no
from archive.products.numbers import IMPLAUSIBLE_AMOUNT, IMPLAUSIBLE_QUANTITY
from archive.tables import Exact, Faulty, Table, is_encoded_twice
from archive.tables.writing import unescaped, unmarked

_BLANK: Final = frozenset({"", "NULL", "null", "\\N"})
_SPREADSHEET_ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
)
#: What other tills write where the price is asked for at the moment of selling.
_OPEN_PRICE: Final = frozenset({"variable"})
_MANY_CODES: Final = re.compile(r"[0-9]{6,}(\s*[, ]\s*[0-9]{6,})+")


class Layout:
    """Where the fields are in the rows of one table, and how its numbers are written."""

    def __init__(
        self, table: Table, columns: Mapping[str, str], decimal_comma: bool | None
    ) -> None:
        places = {column: index for index, column in enumerate(table.columns)}
        self.index: dict[str, int] = {}
        self.by_location: dict[str, list[tuple[str, str]]] = {}
        for key, column in columns.items():
            field, _colon, location = key.partition(":")
            self.index[key] = places[column]
            if location:
                self.by_location.setdefault(field, []).append((location, key))
        self.columns = table.columns
        self.decimal_comma = table.about.decimal_comma if decimal_comma is None else decimal_comma
        self.is_mixed = decimal_comma is None and table.about.mixed_decimals

    def column(self, key: str) -> str:
        """What the file calls a field; "" where it has none."""
        index = self.index.get(key)
        return "" if index is None else self.columns[index]


class Line:
    """A row. Reading a cell that is not as it should be adds to `problems`.

    Every reader gives None where the column is absent or the cell is blank or wrong.
    """

    __slots__ = ("cells", "layout", "problems", "row")

    def __init__(self, row: int, cells: list[str], layout: Layout) -> None:
        self.row, self.cells, self.layout = row, cells, layout
        self.problems: list[Problem] = []
        if isinstance(cells, Faulty):
            self.complain("", "", cells.reason, WARNING if cells.is_readable else ERROR)

    @property
    def is_readable(self) -> bool:
        return not isinstance(self.cells, Faulty) or self.cells.is_readable

    def complain(self, key: str, value: str, reason: str, level: Level = ERROR) -> None:
        problem = Problem(self.row, self.layout.column(key), value, reason, level)
        if problem not in self.problems:  # a cell may be looked at more than once
            self.problems.append(problem)

    def has(self, key: str) -> bool:
        """Whether the table has such a column."""
        return key in self.layout.index

    def cell(self, key: str) -> str:
        """The cell as it is, stripped; "" where it is blank in whatever spelling."""
        index = self.layout.index.get(key)
        if index is None:
            return ""
        cell = self.cells[index]
        stripped = cell.strip()
        if stripped in _BLANK:
            return ""
        if stripped in _SPREADSHEET_ERRORS:
            self.complain(key, stripped, _("is an error of the spreadsheet, not a value"))
            return ""
        if stripped[0] == "'" and not isinstance(cell, Exact):
            return unescaped(stripped)
        return cell if cell == stripped else type(cell)(stripped)

    def locations(self, field: str) -> Iterator[tuple[str, str]]:
        """(location, key) of the columns that a field has for single locations."""
        return iter(self.layout.by_location.get(field, ()))

    # -- text -------------------------------------------------------------------------------------

    def body(self, key: str, convert: Callable[[str], str] | None = None) -> str | None:
        """Text that may have several lines."""
        raw = self.cell(key)
        if not raw:
            return None
        text = tidy(convert(raw) if convert is not None else raw)
        limit = FIELDS[key].longest
        if len(text) > limit:
            self.complain(key, text, _("is longer than %d characters") % limit)
            return None
        doubt = doubt_text(raw, text)
        if not doubt and is_encoded_twice(text):
            doubt = _("seems to have been encoded twice on its way")
        if doubt:
            self.complain(key, text, doubt, WARNING)
        return text or None

    def text(self, key: str) -> str | None:
        found = self.body(key)
        return one_line(found) if found else None

    def sku(self, key: str = "sku", value: str | None = None) -> str:
        """A code as it stands, leading zeros and all; "" for none."""
        raw = self.cell(key) if value is None else value.strip()
        if not raw:
            return ""
        text = unmarked(tidy(raw))
        if text != raw.strip() and not raw.isascii():
            reason = doubt_text(raw, text)
            if reason:
                self.complain(key, text, reason)
                return ""
        if gtin.is_mangled_sku(text):
            self.complain(key, text, gtin.mangled_advice())
            return ""
        if len(text) > FIELDS["sku"].longest or "\n" in text or "\x00" in raw:
            self.complain(key, text, _("is no code: it is too long, or has several lines"))
            return ""
        return text

    def barcodes(self, key: str = "barcode") -> list[str]:
        """The codes of a cell, each once; several stand apart by | ; or lines, digits by commas."""
        raw = self.cell(key)
        if not raw:
            return []
        if raw.isascii() and raw.isdigit():
            parts = [raw]
        else:
            many = _MANY_CODES.fullmatch(raw)
            parts = re.split(r"[,\s]+" if many else r"[|;\n\r]+", raw)
        found: list[str] = []
        for part in parts:
            code = tidy(part)
            if not code:
                continue
            checked = gtin.check(code)
            if checked.error:
                self.complain(key, code, checked.error)
                continue
            if checked.warning:
                self.complain(key, code, checked.warning, WARNING)
            if checked.code not in found:
                found.append(checked.code)
        return found

    # -- numbers ----------------------------------------------------------------------------------

    def amount(self, key: str, value: str | None = None) -> Decimal | None:
        """A price or a cost, not below zero."""
        raw = self.cell(key) if value is None else value.strip()
        if raw and raw.casefold() in _OPEN_PRICE:
            reason = _("means that the price is asked for at the till; there is no such price here")
            self.complain(key, raw, reason, WARNING)
            return None
        found = self._number(key, raw, numbers.amount)
        if found is not None and found >= IMPLAUSIBLE_AMOUNT:
            self.complain(key, raw, _("is unusually high; is it right?"), WARNING)
        return found

    def quantity(self, key: str, value: str | None = None) -> Decimal | None:
        """A quantity, which may be below zero: stock that was sold before it was booked in."""
        raw = self.cell(key) if value is None else value.strip()
        found = self._number(key, raw, numbers.number)
        if found is not None and abs(found) >= IMPLAUSIBLE_QUANTITY:
            self.complain(key, raw, _("is unusually high; is it right?"), WARNING)
        elif found is not None and found < 0:
            self.complain(key, raw, _("is below zero"), WARNING)
        return found

    def _number(self, key: str, raw: str, convert: Callable[..., Decimal]) -> Decimal | None:
        if not raw:
            return None
        try:
            found = convert(raw, decimal_comma=self.layout.decimal_comma)
        except Unfit as unfit:
            self.complain(key, raw, str(unfit))
            return None
        doubt = numbers.doubt_number(raw, found, is_mixed=self.layout.is_mixed)
        if doubt:
            self.complain(key, raw, doubt, WARNING)
        return found

    def percent(self, key: str) -> Decimal | None:
        raw = self.cell(key)
        if not raw:
            return None
        try:
            return Decimal(
                numbers.percent(raw, decimal_comma=self.layout.decimal_comma).removesuffix("%")
            )
        except Unfit as unfit:
            self.complain(key, raw, str(unfit))
            return None

    def tax_rate(self, key: str = "tax_rate") -> str | None:
        """A percentage such as “20%”, else the name of a rate."""
        raw = self.cell(key)
        if not raw:
            return None
        try:
            return numbers.percent(raw, decimal_comma=self.layout.decimal_comma)
        except Unfit as unfit:
            if any(char.isalpha() for char in raw):
                return self.text(key)
            self.complain(key, raw, str(unfit))
            return None

    # -- yes and no -------------------------------------------------------------------------------

    def flag(self, key: str) -> bool | None:
        raw = self.cell(key)
        if not raw:
            return None
        try:
            return yes_or_no(raw)
        except Unfit as unfit:
            self.complain(key, raw, str(unfit))
            return None
