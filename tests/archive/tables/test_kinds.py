"""What is no table is refused with what it seems to be and what to do."""

from __future__ import annotations

import gzip
import io
import random
import zipfile

import pytest

from archive.tables import TableError
from tests.archive.tables.making import opened, told, workbook


def _zip(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "seems"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an old Excel file"),
        (b"\n <html><body><table><tr><td>Tea</td></tr></table>", "a web page"),
        (b"\xef\xbb\xbf<!DOCTYPE html>\n<title>x</title>", "a web page"),
        (b"<table border=1><tr><td>Tea</td></tr></table>", "a web page"),
        (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>', "an old Excel file"),
        (b'<?xml version="1.0"?><products/>', "XML"),
        (b'{"products": []}', "JSON"),
        (b'[{"name": "Tea"}]', "JSON"),
        (b"SQLite format 3\0", "a database"),
        (b"7z\xbc\xaf\x27\x1c", "a compressed file"),
        (b"{\\rtf1\\ansi Hello}", "a text document"),
        (_zip(**{"a.csv": b"name\nTea\n"}), "a ZIP archive"),
        (_zip(word__x=b"", **{"word/document.xml": b"<w/>"}), "a document"),
        (_zip(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument file"),
        (_zip(**{"xl/workbook.bin": b""}), "a binary workbook"),
        (gzip.compress(b"%PDF-1.7\n"), "a PDF document"),
        (gzip.compress(gzip.compress(b"name\nTea\n")), "compressed twice"),
        (gzip.compress(workbook(["name"], ["Tea"])), "a compressed archive"),
        (random.Random(5).randbytes(5000), "no text at all"),
    ],
    ids=told,
)
def test_it_says_what_the_file_seems_to_be(content, seems):
    with pytest.raises(TableError) as refused:
        opened(content)
    told = str(refused.value)
    assert told.startswith(f"file seems to be {seems}")
    assert told.count(". ") == 1  # what it is, and what to do
    assert told.endswith(".")


def test_damaged_archives_say_so():
    whole = workbook(["name", "price"], ["Tea", 1])
    for content in (whole[: len(whole) // 2], b"PK\x03\x04" + bytes(100)):
        with pytest.raises(TableError, match="damaged or cut off"):
            opened(content)


def test_text_that_begins_with_a_bracket_is_a_table():
    assert opened("[Name],[Price]\nTea,1\n").columns == ["[Name]", "[Price]"]
    assert opened("<Name>,<Price>\nTea,1\n").columns == ["<Name>", "<Price>"]
