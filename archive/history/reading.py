"""Lines of a sales file: every cell read strictly, every fault named with row, column and value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from archive.history.mapping import JOINED, MapError, SalesMap
from archive.tables import Exact
from archive.tables.writing import unescaped, unmarked

#: Faults that are told one by one; the others are counted.
MOST_FAULTS: Final = 200
PLACES: Final = Decimal("0.0001")
#: What numeric(18,4) holds.
LIMIT: Final = Decimal(10) ** 14
LENGTHS: Final = {"number": 40, "code": 100, "customer": 100}
NAMES: Final = ("name", "customer_name")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
# No group begins with a zero: 0,500 is half a kilo of another country and not 500.
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?")
_POINT_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?")
_CURRENCY = re.compile(r"^([+-]?)\s*(?:[€$£¥₪₹]|[A-Z]{3}\s)\s*(?=[0-9])")


@dataclass(frozen=True, slots=True)
class RowFault:
    """One thing that is wrong. `row` counts as the file does, its header being row 1; 0: the file
    as a whole."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        place = _("Row %(row)s") % {"row": self.row} if self.row else _("File")
        column = f", {self.column}" if self.column else ""
        value = f" “{self.value}”" if self.value else ""
        return f"{place}{column}{value}: {self.reason}"


@dataclass(slots=True)
class Faults:
    """The first faults, and how many there are; `listen` hears of every one."""

    rows: list[RowFault] = field(default_factory=list)
    count: int = 0
    listen: Callable[[RowFault], None] | None = None

    def add(self, row: int, column: str, value: str, reason: str) -> None:
        self.count += 1
        fault = RowFault(row, column, value[:60], reason)
        if len(self.rows) < MOST_FAULTS:
            self.rows.append(fault)
        if self.listen is not None:
            self.listen(fault)


@dataclass(slots=True)
class Line:
    """One line of the file. Amounts have at most four decimals; `total`, `tax` and `tax_rate` are
    None where the file does not say. `time` has a zone only if the file gives one."""

    row: int
    number: str
    kind: str
    code: str
    name: str
    quantity: Decimal
    price: Decimal
    time: datetime
    customer: str = ""
    customer_name: str = ""
    location: str = ""
    cost: Decimal | None = None
    total: Decimal | None = None
    tax: Decimal | None = None
    tax_rate: Decimal | None = None

    @property
    def gross(self) -> Decimal:
        """Quantity x price to four places, half up."""
        return (self.quantity * self.price).quantize(PLACES, ROUND_HALF_UP)


class Unreadable(Exception):
    """A cell that is not what its column holds; the message goes on after the value."""


class LineReader:
    """Reads the rows of one file. Raises MapError when a column of the map is not in the header."""

    def __init__(
        self, mapping: SalesMap, names: Sequence[str], faults: Faults, *, comma: bool = False
    ) -> None:
        self.mapping, self.faults, self.comma = mapping, faults, comma
        places = {name: index for index, name in enumerate(names)}
        wanted = [name for names in mapping.columns.values() for name in names]
        wanted += [rule.column for rule in mapping.kinds]
        missing = sorted({name for name in wanted if name not in places})
        if missing:
            raise MapError(
                _("The file has no column %(missing)s; it has: %(there)s.")
                % {
                    "missing": ", ".join(f"“{name}”" for name in missing),
                    "there": ", ".join(name[:40] for name in names[:40]),
                }
            )
        self.places = {
            field: tuple(places[name] for name in names) for field, names in mapping.columns.items()
        }
        self.rules = [(rule, places[rule.column]) for rule in mapping.kinds]
        self._amounts: dict[str, Decimal] = {}
        self._time: tuple[str, datetime] | None = None

    def read(self, row: int, cells: Sequence[str]) -> Line | None:
        """The line in these cells; None, and its faults noted, where it cannot be one."""
        before = self.faults.count
        get = self._cell
        number = get(row, "number", cells, self._text)
        code = get(row, "code", cells, self._text)
        quantity = get(row, "quantity", cells, self._amount)
        price = get(row, "price", cells, self._amount)
        time = get(row, "time", cells, self._moment)
        rest: dict[str, Any] = {}
        for name in ("cost", "total", "tax", "tax_rate"):
            if name in self.places and self._raw(name, cells):
                rest[name] = get(row, name, cells, self._amount)
        for name in ("customer", "customer_name", "location"):
            if name in self.places:
                rest[name] = clean(self._raw(name, cells))
        if self.faults.count > before:
            return None
        if rest.get("customer"):
            rest["customer"] = rest["customer"].removesuffix(self.mapping.customer_ending)
        name = clean(self._raw("name", cells)) if "name" in self.places else ""
        kind = self._kind(cells)
        line = Line(row, number, kind, code, name[:300], quantity, price, time, **rest)
        if not self._fits(line):
            return None
        return line

    def _raw(self, name: str, cells: Sequence[str]) -> str:
        places = self.places[name]
        # A name may begin with an apostrophe, as '80s posters do.
        bare = unescaped if name in NAMES else unmarked
        if len(places) == 1:
            cell = cells[places[0]]
            # A workbook's numbers are told apart by their type: they have no decimal comma.
            return cell if isinstance(cell, Exact) else bare(cell.strip())
        parts = [bare(cells[place].strip()) for place in places]
        if not all(parts):
            return ""
        return (self.mapping.join if name == "number" else " ").join(parts)

    def _cell(
        self, row: int, name: str, cells: Sequence[str], fit: Callable[[str, str], Any]
    ) -> Any:
        raw = self._raw(name, cells)
        try:
            return fit(name, raw)
        except Unreadable as problem:
            column = " + ".join(self.mapping.columns[name]) if name in JOINED else ""
            self.faults.add(row, column or self.mapping.columns[name][0], raw, str(problem))
            return None

    def _text(self, name: str, raw: str) -> str:
        text = clean(raw)
        if not text:
            raise Unreadable(_("is missing"))
        if len(text) > LENGTHS[name]:
            raise Unreadable(_("is longer than %(most)s characters") % {"most": LENGTHS[name]})
        return text

    def _amount(self, name: str, raw: str) -> Decimal:
        if isinstance(raw, Exact):
            return read_amount(str(raw), comma=False)
        found = self._amounts.get(raw)
        if found is None:
            found = read_amount(raw, comma=self.comma)
            if len(self._amounts) < 20_000:
                self._amounts[raw] = found
        return found

    def _moment(self, name: str, raw: str) -> datetime:
        # The lines of a document stand together and have one time.
        if self._time is None or self._time[0] != raw:
            self._time = (raw, read_time(raw, self.mapping.time_format))
        return self._time[1]

    def _kind(self, cells: Sequence[str]) -> str:
        for rule, place in self.rules:
            if rule.holds(cells[place].strip()):
                return rule.kind.value
        return ""

    def _fits(self, line: Line) -> bool:
        """Whether its amount fits the books, and so does what it names."""
        columns = self.mapping.columns
        if abs(line.quantity * line.price) >= LIMIT:
            reason = _("comes to an amount that is too large")
            self.faults.add(line.row, columns["quantity"][0], f"{line.quantity}", reason)
            return False
        if len(line.customer) > LENGTHS["customer"]:
            reason = _("is longer than %(most)s characters") % {"most": LENGTHS["customer"]}
            self.faults.add(line.row, columns["customer"][0], line.customer, reason)
            return False
        return True


def clean(text: str) -> str:
    """Without characters that no name has: they break receipts, and PostgreSQL refuses one."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text.strip()


def read_amount(raw: str, *, comma: bool) -> Decimal:
    """A number as people write it, at most four decimals. Raises Unreadable.

    `comma`: decimals follow a comma, and a point only parts thousands.
    """
    if not raw:
        raise Unreadable(_("is missing"))
    text = raw
    if not _NUMBER.fullmatch(text) or (comma and "." in text):
        text = _CURRENCY.sub(r"\1", text.replace("−", "-").replace("\u00a0", " "))
        text = text.replace(" ", "").replace("\u202f", "")
        if comma:
            if "." in text and not _POINT_GROUPED.fullmatch(text):
                raise Unreadable(_("is not a number with a decimal comma"))
            text = text.replace(".", "").replace(",", ".")
        elif _GROUPED.fullmatch(text):
            text = text.replace(",", "")
        if not _NUMBER.fullmatch(text):
            raise Unreadable(_("is not a number"))
    value = Decimal(text)
    if abs(value) >= LIMIT:
        raise Unreadable(_("is too large"))
    exact = value.quantize(PLACES)
    if exact != value:
        raise Unreadable(_("has more than four decimal places"))
    return value + 0


def read_time(raw: str, pattern: str) -> datetime:
    """A moment; without a zone unless the text has one. Raises Unreadable."""
    if not raw:
        raise Unreadable(_("is missing"))
    try:
        # The zone, where the text has none, is the document's: it is added there.
        found = (
            datetime.strptime(raw, pattern)  # noqa: DTZ007
            if pattern
            else datetime.fromisoformat(raw)
        )
    except ValueError:
        if pattern:
            told = {"pattern": pattern}
            raise Unreadable(_("is not a time of the form %(pattern)s") % told) from None
        raise Unreadable(_("is not a time such as 2010-12-01 08:26:00")) from None
    # Years before any till was computerised are typing mistakes, and time zones did not exist.
    if not 1970 <= found.year <= 2200:
        raise Unreadable(_("is not a time that a sale can have"))
    return found
