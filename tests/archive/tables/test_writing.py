"""Tables that we write open cleanly in a spreadsheet, and come back as they were."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from archive.tables.writing import escaped, unescaped, write_csv, write_xlsx
from tests.archive.tables.making import rows

TRAPS = [
    "=1+1",
    "+1+1|cmd",
    "-119 Master",
    "@SUM(A1)",
    "\t=1",
    "'=1",
    "''-x",
    "plain",
    "o'clock",
    "'x",
    "\n=1",
    "＝1",
]


@pytest.mark.parametrize("text", TRAPS)
def test_escaping_comes_off_again(text):
    assert unescaped(escaped(text)) == text
    assert not escaped(text).startswith(("=", "+", "-", "@", "\t"))


def test_what_needs_no_escape_is_left_alone():
    assert [escaped(text) for text in ("plain", "1+1", "o'clock", "'x", "", "00123")] == [
        "plain", "1+1", "o'clock", "'x", "", "00123"
    ]  # fmt: skip


def test_csv_is_read_back():
    file = io.BytesIO()
    write_csv(file, [["name", "sku", "price"], ["=1+1", "007", Decimal("-1.50")], ["Öl", None, 3]])
    assert file.getvalue().startswith(b"\xef\xbb\xbfname,sku,price\r\n'=1+1,007,-1.50\r\n")
    assert rows(file.getvalue())[1] == (3, ["Öl", "", "3"])


def test_a_workbook_holds_text_and_no_formula():
    from openpyxl import load_workbook

    file = io.BytesIO()
    write_xlsx(file, [("One", [["name", "sku"], ["=1+1", "007"], ["a\x07b", None]])])
    cell = load_workbook(file)["One"]["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("=1+1", "s", "@")
    assert rows(file.getvalue()) == [(2, ["=1+1", "007"]), (3, ["ab", ""])]
