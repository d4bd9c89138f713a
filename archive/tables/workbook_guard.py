"""Looks an .xlsx workbook over before a library builds anything out of it.

A workbook is a ZIP archive of XML. Each part is parsed once as a stream, with nothing kept but
counts; parts that would need much memory or time are refused. After this the library may read
what is there: its memory is bounded by the limits below.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import IO, Any, Final
from xml.parsers import expat

from django.utils.translation import gettext as _

from archive.tables.delimited import MOST_COLUMNS, too_wide
from archive.tables.errors import BROKEN, TableError

#: Bytes of a sheet, of all shared text, of any other part, unpacked; files in the archive.
_LARGEST_SHEET: Final = 400 * 1024**2
_LARGEST_TEXT: Final = 32 * 1024**2
_LARGEST_PART: Final = 8 * 1024**2
#: From this size on, a part that was packed this tightly is no table but a trap.
_SUSPICIOUS: Final = 32 * 1024**2
_TIGHTEST: Final = 100
_MOST_PARTS: Final = 2000
_MOST_ROWS: Final = 200_000
_MOST_STRINGS: Final = 500_000
#: Elements of a part other than cells and rows; how deep they lie; characters of one of them.
_MOST_ELEMENTS: Final = 200_000
_DEEPEST: Final = 40
_LONGEST: Final = 1024**2

_CHUNK: Final = 64 * 1024
_CELL_PARTS: Final = frozenset({"row", "c", "v", "f", "is", "t", "r", "rPr"})
_STRING_PARTS: Final = frozenset({"si", "t", "r", "rPr", "rPh", "phoneticPr"})
_REFERENCE: Final = re.compile(r"([A-Z]{1,7})([0-9]{1,9})")
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


class _Refused(Exception):
    """Thrown out of the parser; the argument says why."""


@dataclass(slots=True)
class Sheet:
    """What one pass over a sheet's part has counted."""

    rows: int = 0
    cells: int = 0
    never_calculated: int = 0


class Looked:
    """What the pass has found: each sheet's counts by its part, and the shared text."""

    def __init__(self) -> None:
        self.sheets: dict[str, Sheet] = {}
        self.strings: list[str] = []


def look_over(file: IO[bytes], name: str) -> Looked:
    """Raise TableError where the workbook is a trap, too large, or damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _look_over(archive)
    except _Refused as refused:
        raise TableError(f"{name}: {refused}") from None
    except BROKEN:
        raise damaged(name) from None


def damaged(name: str) -> TableError:
    return TableError(
        _("%s is a damaged workbook; open it in a spreadsheet, save it again, and try that.") % name
    )


def _look_over(archive: zipfile.ZipFile) -> Looked:
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS:
        raise _Refused(_("the workbook consists of too many files; it is refused."))
    looked = Looked()
    for part in parts:
        path = part.filename.lstrip("/")
        if not path.endswith((".xml", ".rels")):
            continue
        if path.startswith("xl/worksheets/") and path.endswith(".xml"):
            looked.sheets[path] = _look_at_sheet(archive, part)
        elif path.lower().endswith("sharedstrings.xml"):
            looked.strings = _read_strings(archive, part)
        elif not path.startswith(("xl/drawings/", "xl/pivotCache/", "xl/comments")):
            _Pass(_LARGEST_PART).run(archive, part)
    return looked


class _Pass:
    """One part, parsed within bounds. Entities and document types are refused: none belongs here."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._elements = self._depth = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._seen_at = 0

    def run(self, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        packed_too_tightly = (
            part.file_size > _SUSPICIOUS and part.file_size > _TIGHTEST * part.compress_size
        )
        if part.file_size > self._largest or packed_too_tightly:
            raise _Refused(
                _("the workbook unpacks to far more than it should; save the table as CSV.")
            )
        fed = 0
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                fed += len(chunk)
                self.parser.Parse(chunk, False)
                if fed - self._seen_at > _LONGEST:
                    raise _Refused(_("a cell holds more than a million characters."))
            self.parser.Parse(b"", True)

    def element(self, tag: str, attributes: dict[str, str]) -> bool:
        """Whether the element is one that may be there in any number; raises to refuse."""
        return False

    def ended(self, tag: str) -> None: ...

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._seen_at = self.parser.CurrentByteIndex
        self._depth += 1
        if not self.element(tag.rpartition(" ")[2], attributes):
            self._elements += 1
        if self._elements > _MOST_ELEMENTS or self._depth > _DEEPEST:
            raise _Refused(_("the workbook holds far more than a table; save the table as CSV."))

    def _end(self, tag: str) -> None:
        self._seen_at = self.parser.CurrentByteIndex
        self._depth -= 1
        self.ended(tag.rpartition(" ")[2])

    def _doctype(self, *_declared: Any) -> None:
        raise _Refused(_("the workbook declares entities, which none needs; it is refused."))


class _SheetPass(_Pass):
    def __init__(self) -> None:
        super().__init__(_LARGEST_SHEET)
        self.sheet = Sheet()
        self._width = 0
        self._formula = self._value = False

    def element(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag == "c":
            self._cell(attributes.get("r"))
        elif tag == "row":
            self._row(attributes.get("r"))
        elif tag == "f":
            self._formula = True
        elif tag == "v":
            self._value = True
        return tag in _CELL_PARTS and (tag not in ("r", "rPr", "t", "is") or self._within())

    def _within(self) -> bool:
        """Text inside of cells is as many elements as there are cells, and a few more."""
        self._texts = getattr(self, "_texts", 0) + 1
        return self._texts <= 4 * self.sheet.cells + 1000

    def _cell(self, reference: str | None) -> None:
        self.sheet.cells += 1
        self._width += 1
        self._formula = self._value = False
        if reference is not None:
            found = _REFERENCE.fullmatch(reference)
            if found is None:
                raise _Refused(_("the workbook has a cell without a proper place."))
            if len(found[1]) > 2 or _column(found[1]) > MOST_COLUMNS:
                self._width = MOST_COLUMNS + 1
        if self._width > MOST_COLUMNS:
            raise too_wide()

    def _row(self, number: str | None) -> None:
        self.sheet.rows += 1
        self._width = 0
        if self.sheet.rows > _MOST_ROWS or (number and int(number) > 1_048_576):
            raise _Refused(_("the sheet has more than %d rows; save it as CSV.") % _MOST_ROWS)

    def ended(self, tag: str) -> None:
        if tag == "c" and self._formula and not self._value:
            self.sheet.never_calculated += 1


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _look_at_sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Sheet:
    sheet = _SheetPass()
    sheet.run(archive, part)
    return sheet.sheet


class _StringPass(_Pass):
    """The shared text: what stands in `t`, but for the reading aids of East Asian names."""

    def __init__(self) -> None:
        super().__init__(_LARGEST_TEXT)
        self.strings: list[str] = []
        self._pieces: list[str] = []
        self._aside = 0
        self._texts = 0
        self.parser.buffer_text = True

    def element(self, tag: str, attributes: dict[str, str]) -> bool:
        self._texts += 1
        if tag == "si":
            self._pieces = []
        elif tag == "rPh":
            self._aside += 1
        elif tag == "t" and not self._aside:
            self.parser.CharacterDataHandler = self._pieces.append
        return tag in _STRING_PARTS and self._texts < 6 * len(self.strings) + _MOST_ELEMENTS

    def ended(self, tag: str) -> None:
        if tag == "t":
            self.parser.CharacterDataHandler = None
        elif tag == "rPh":
            self._aside -= 1
        elif tag == "si":
            self.strings.append(unescaped("".join(self._pieces)))
            if len(self.strings) > _MOST_STRINGS:
                raise _Refused(_("the workbook holds far too much text; save the table as CSV."))


def _read_strings(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> list[str]:
    strings = _StringPass()
    strings.run(archive, part)
    return strings.strings


def unescaped(text: str) -> str:
    """Text with the escapes that OOXML uses for control characters (ECMA-376, ST_Xstring)."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
