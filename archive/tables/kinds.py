"""What a file is, by its first bytes; and for what is no table, what to do about it."""

from __future__ import annotations

import io
import re
import zipfile
from typing import IO, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from archive.tables.encodings import wide
from archive.tables.errors import BROKEN, TableError

ZIP: Final = b"PK\x03\x04"

_SAVE_AS: Final = gettext_noop("Open it where it was made and save it as CSV or .xlsx.")
UNPACK: Final = gettext_noop("Unpack it and choose the table inside.")
_PROGRAM: Final = gettext_noop("Choose a table: CSV, TSV or .xlsx.")

#: First bytes, what the file seems to be, what to do.
_SIGNATURES: Final[list[tuple[bytes, str, str]]] = [
    (b"%PDF", gettext_noop("a PDF document"), _SAVE_AS),
    (b"\x89PNG", gettext_noop("a picture"), _PROGRAM),
    (b"\xff\xd8\xff", gettext_noop("a picture"), _PROGRAM),
    (b"GIF8", gettext_noop("a picture"), _PROGRAM),
    (b"II*\x00", gettext_noop("a picture"), _PROGRAM),
    (b"MM\x00*", gettext_noop("a picture"), _PROGRAM),
    (b"RIFF", gettext_noop("a picture or a sound"), _PROGRAM),
    (
        b"\xd0\xcf\x11\xe0",
        gettext_noop("an old Excel file (.xls) or one with a password"),
        gettext_noop("Open it in a spreadsheet and save it as .xlsx, without a password."),
    ),
    (b"\x09\x08\x10\x00", gettext_noop("an old Excel file (.xls)"), _SAVE_AS),
    (b"BZh", gettext_noop("a compressed file"), UNPACK),
    (b"\xfd7zXZ", gettext_noop("a compressed file"), UNPACK),
    (b"7z\xbc\xaf", gettext_noop("a compressed file"), UNPACK),
    (b"Rar!", gettext_noop("a compressed file"), UNPACK),
    (b"\x28\xb5\x2f\xfd", gettext_noop("a compressed file"), UNPACK),
    (b"\x1f\x8b", gettext_noop("compressed twice"), UNPACK),
    (b"PK\x05\x06", gettext_noop("an empty ZIP archive"), _PROGRAM),
    (b"SQLite format 3", gettext_noop("a database"), _PROGRAM),
    (b"PGDMP", gettext_noop("a database dump"), _PROGRAM),
    (b"\x7fELF", gettext_noop("a program"), _PROGRAM),
    (b"MZ\x90", gettext_noop("a program"), _PROGRAM),
    (b"{\\rtf", gettext_noop("a text document (RTF)"), _SAVE_AS),
]

#: How text begins that is no table.
_TEXTS: Final[list[tuple[re.Pattern[bytes], str, str]]] = [
    (
        re.compile(rb"<\?xml[^>]*>.{0,200}(mso-application|urn:schemas-microsoft-com)", re.DOTALL),
        gettext_noop("an old Excel file in XML"),
        _SAVE_AS,
    ),
    (
        re.compile(rb"<(!doctype html|html|head|body|table|meta|style|div)\b", re.IGNORECASE),
        gettext_noop("a web page, whatever its name says"),
        _SAVE_AS,
    ),
    (re.compile(rb"<(\?xml|!doctype)", re.IGNORECASE), "XML", _SAVE_AS),
    (
        re.compile(rb'(\{\s*("|\})|\[\s*[\[{\]])'),
        "JSON",
        gettext_noop("A database export is taken in with the import of a business, not here."),
    ),
]

#: Control characters that text does not have; tab, line ends, form feed and escape it may.
_BINARY: Final = bytes({*range(1, 9), *range(14, 27), *range(28, 32), 127})


def no_table(name: str, what: str, advice: str) -> TableError:
    """`what` and `advice` are translated here."""
    return TableError(
        _("%(name)s seems to be %(what)s. %(advice)s")
        % {"name": name, "what": _(what), "advice": _(advice)}
    )


def refuse_what_is_no_text(head: bytes, name: str) -> None:
    """Raise TableError where the first bytes are those of something else than a table of text."""
    if not head.strip(b"\x00"):
        raise TableError(_("%s holds nothing but zero bytes; it is no table.") % name)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise TableError(_("%s is empty.") % name)
    for start, what, advice in _SIGNATURES:
        if head.startswith(start):
            raise no_table(name, what, advice)
    if head[257:262] == b"ustar":
        raise no_table(name, gettext_noop("an archive (tar)"), UNPACK)
    if head[4:8] == b"ftyp":
        raise no_table(name, gettext_noop("a picture or a film"), _PROGRAM)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, what, advice in _TEXTS:
        if pattern.match(start):
            raise no_table(name, what, advice)
    if _is_binary(head) and not wide(head):
        raise no_table(name, gettext_noop("no text at all"), _PROGRAM)


def _is_binary(head: bytes) -> bool:
    strange = len(head) - len(head.translate(None, _BINARY))
    return strange > len(head) // 20 and not head.startswith((b"\xff\xfe", b"\xfe\xff"))


def refuse_what_is_no_workbook(file: IO[bytes], name: str) -> None:
    """Raise TableError where a ZIP archive is something else than an .xlsx workbook."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            mimetype = b""
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                mimetype = archive.read("mimetype")
    except BROKEN:
        raise TableError(_("%s is damaged or cut off; save or download it again.") % name) from None
    if "xl/workbook.bin" in names:
        raise no_table(name, gettext_noop("a binary workbook (.xlsb)"), _SAVE_AS)
    if b"opendocument" in mimetype:
        raise no_table(name, gettext_noop("an OpenDocument file"), _SAVE_AS)
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        raise no_table(name, gettext_noop("a document, not a spreadsheet"), _SAVE_AS)
    if any(part.startswith("Index/") for part in names):
        raise no_table(name, gettext_noop("an Apple Numbers file"), _SAVE_AS)
    if "[Content_Types].xml" not in names:
        raise no_table(name, gettext_noop("a ZIP archive"), UNPACK)


def is_zip(file: IO[bytes]) -> bool:
    head = file.read(4)
    file.seek(0, io.SEEK_SET)
    return head == ZIP
