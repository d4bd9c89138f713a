"""Workbooks: every kind of cell as text, and nothing that grows beyond bounds."""

from __future__ import annotations

import io
from datetime import date, datetime, time

import pytest

from archive.tables import Exact, TableError, open_table
from tests.archive.tables.making import crafted_workbook, inline, opened, rows, told, workbook


def _cells(*values, **made) -> list[str]:
    header = [f"c{number}" for number in range(len(values))]
    return rows(workbook(header, list(values), **made))[0][1]


def test_text_keeps_its_zeros_and_numbers_are_as_they_were_typed():
    assert _cells("000123", 4006381333931, 1.275, 0.1 + 0.2, 5.0, -3, 1e15, 19.99) == [
        "000123",
        "4006381333931",
        "1.275",
        "0.3",
        "5",
        "-3",
        "1000000000000000",
        "19.99",
    ]


def test_numbers_are_exact_whatever_the_texts_are_like():
    table = opened(workbook(["name", "price", "cost"], ["Tea", 1.275, "1,50"]))
    assert table.about.decimal_comma is True
    (_row, cells), *_rest = table.rows()
    assert [isinstance(cell, Exact) for cell in cells] == [False, True, False]


def test_zeros_and_percents_that_are_in_the_format_of_a_cell():
    found = _cells(123, 0.19, 0.077, formats={"A2": "000000", "B2": "0%", "C2": "0.0%"})
    assert found == ["000123", "19%", "7.7%"]


def test_dates_times_truth_and_errors():
    found = _cells(
        date(2026, 11, 21),
        datetime.combine(date(2026, 11, 21), time(9, 30)),
        time(9, 30),
        True,
        False,
        "#N/A",
        None,
        1,
    )
    assert found == [
        "2026-11-21",
        "2026-11-21 09:30:00",
        "09:30:00",
        "TRUE",
        "FALSE",
        "#N/A",
        "",
        "1",
    ]


def test_a_formula_is_worth_its_cached_value():
    content = crafted_workbook(
        "<sheetData>" + inline(1, "Name", "Price", "Cost")
        + '<row r="2"><c t="str"><f>"T"&amp;"ea"</f><v>Tea</v></c><c><f>1+1</f><v>2</v></c>'
        "<c><f>1+2</f></c></row></sheetData>"
    )  # fmt: skip
    table = opened(content)
    assert list(table.rows()) == [(2, ["Tea", "2", ""])]
    assert "1 cells hold a formula without its result" in table.about.warnings[0]


def test_rows_have_the_numbers_of_the_sheet_and_are_filled_up():
    content = workbook(["name", "sku", "price"], ["Tea"], [], ["Milk", None, 2])
    assert rows(content) == [(2, ["Tea", "", ""]), (4, ["Milk", "", "2"])]


def test_a_sheet_can_be_chosen_and_empty_and_hidden_ones_are_passed_over():
    from openpyxl import Workbook

    book = Workbook()
    book.worksheets[0].title = "Empty"
    hidden = book.create_sheet("Hidden")
    hidden.append(["name", "x"])
    hidden.sheet_state = "hidden"
    for title in ("First", "Second"):
        sheet = book.create_sheet(title)
        sheet.append(["name", "sku"])
        sheet.append([title, "1"])
    file = io.BytesIO()
    book.save(file)
    table = open_table(file, name="b.xlsx")
    assert (table.about.sheet, table.about.sheets) == ("First", ["First", "Second"])
    assert rows(file.getvalue(), sheet="Second") == [(2, ["Second", "1"])]
    with pytest.raises(TableError, match="no sheet “Third”; it has: Empty, First, Second"):
        open_table(file, name="b.xlsx", sheet="Third")


def test_shared_text_in_pieces_and_with_escapes():
    strings = (
        "<si><t>Name</t></si><si><r><t>Gre</t></r><r><t xml:space='preserve'>en tea</t></r></si>"
        "<si><t>東京</t><rPh sb='0' eb='1'><t>トウキョウ</t></rPh></si><si><t>a_x000A_b</t></si>"
    )
    cells = "".join(f'<row r="{n + 1}"><c t="s"><v>{n}</v></c></row>' for n in range(4))
    assert rows(crafted_workbook(f"<sheetData>{cells}</sheetData>", strings)) == [
        (2, ["Green tea"]),
        (3, ["東京"]),
        (4, ["a\nb"]),
    ]


def test_declared_dimensions_are_not_believed():
    content = crafted_workbook(
        '<dimension ref="A1:XFD1048576"/><sheetData>'
        + inline(1, "Name", "Price") + inline(2, "Tea", "1") + "</sheetData>"
    )  # fmt: skip
    assert rows(content) == [(2, ["Tea", "1"])]


_DTD = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b SYSTEM 'file:///etc/passwd'>]>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (crafted_workbook("<sheetData/>", before=_DTD), "declares entities"),
        (
            crafted_workbook(
                f'<sheetData>{inline(1, "a", "b")}<row><c r="XFD2"/></row></sheetData>'
            ),
            "more than 1000 cells",
        ),
        (crafted_workbook('<sheetData><row r="99999999"/></sheetData>'), "more than 200000 rows"),
        (crafted_workbook("<sheetData>" + "<row/>" * 200_001 + "</sheetData>"), "200000 rows"),
        (
            crafted_workbook("<sheetData>" + "<x/>" * 200_001 + "</sheetData>"),
            "far more than a table",
        ),
        (crafted_workbook("<x>" * 60 + "</x>" * 60), "far more than a table"),
        (
            crafted_workbook(f"<sheetData>{inline(1, 'y' * 2_000_000)}</sheetData>"),
            "more than a million characters",
        ),
        (crafted_workbook("<sheetData/>", "<si/>" * 510_000), "far too much text"),
        (
            crafted_workbook("<sheetData/>", f"<si><t>{'z' * 1000}</t></si>" * 34_000),
            "unpacks to far",
        ),
        (crafted_workbook("<sheetData>" + inline(1, "a")), "damaged workbook"),
        (
            crafted_workbook('<sheetData><row><c t="s"><v>7</v></c></row></sheetData>'),
            "damaged workbook",
        ),
        (
            crafted_workbook("<sheetData><row><c><v>twelve</v></c></row></sheetData>"),
            "damaged workbook",
        ),
        (crafted_workbook("<sheetData/>"), "is empty"),
    ],
    ids=told,
)
def test_traps_and_damage_are_refused_in_a_sentence(content, reason):
    with pytest.raises(TableError, match=reason):
        list(opened(content).rows())


def test_a_date_that_does_not_exist_is_no_reason_to_stop():
    content = workbook(["name", "day"], ["Tea", 99999999999], formats={"B2": "yyyy-mm-dd"})
    assert rows(content)[0][1][0] == "Tea"
