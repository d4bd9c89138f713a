"""Text with delimiters: which ones, quotes that are broken, rows that do not fit."""

from __future__ import annotations

import gzip

import pytest

from archive.tables import Faulty, TableError, open_table
from tests.archive.tables.making import opened, rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    text = f"name{delimiter}price{delimiter}note\nTea{delimiter}1{delimiter}a, b; c\n"
    if delimiter in ",;":
        text = text.replace("a, b; c", '"a, b; c"')
    table = opened(text)
    assert table.about.delimiter == delimiter
    assert [cells for _row, cells in table.rows()] == [["Tea", "1", "a, b; c"]]


def test_a_decimal_comma_does_not_make_the_comma_a_delimiter():
    table = opened("name;price;cost\nTea;1,50;1,00\nMilk;2,50;2,00\n")
    assert table.about.delimiter == ";"
    assert table.about.decimal_comma is True


def test_what_is_stated_goes_before_what_would_be_found():
    table = opened("a;b,c\n1;2,3\n", delimiter=",", decimal_comma=True, encoding="latin-1")
    assert table.columns == ["a;b", "c"]
    assert table.about.decimal_comma is True
    assert sorted(table.about.stated) == ["decimal_comma", "delimiter", "encoding"]


def test_a_spreadsheets_line_for_the_delimiter_is_obeyed_and_is_no_row():
    table = opened("sep=|\r\nname|sku\r\nTea|1\r\n")
    assert table.columns == ["name", "sku"]
    assert list(table.rows()) == [(2, ["Tea", "1"])]


def test_rows_are_counted_as_a_spreadsheet_counts_them():
    text = 'name,note\n"Tea","two\nlines"\n\n  ,\nMilk,x\n'
    assert rows(text) == [(2, ["Tea", "two\nlines"]), (5, ["Milk", "x"])]


def test_quotes_commas_and_doubled_quotes_in_cells():
    assert rows('name,n\n"12"" pizza, ""Quattro""",1\n12" ruler,2\n') == [
        (2, ['12" pizza, "Quattro"', "1"]),
        (3, ['12" ruler', "2"]),
    ]


def test_a_quote_that_never_closes_costs_its_row_alone():
    text = "sku,name,price\n" + '1,"Tea,2\n' + "".join(f'{n},"a ""b""",3\n' for n in range(2, 50))
    table = opened(text)
    found = list(table.rows())
    assert [number for number, _cells in found] == list(range(2, 51))
    bad = [cells for _number, cells in found if isinstance(cells, Faulty)]
    assert bad == [["1", "Tea", "2"]]
    assert bad[0].is_readable
    assert "not closed" in bad[0].reason
    assert found[-1][1] == ["49", 'a "b"', "3"]


def test_inches_in_a_table_without_quoting_are_no_quotes():
    text = "id\tname\tqty\n" + "".join(f'{n}\t"{n} inch" pipe\t1\n' for n in range(300))
    table = opened(text)
    assert table.about.quoted is False
    assert [cells[1] for _row, cells in table.rows()][:2] == ['"0 inch" pipe', '"1 inch" pipe']


def test_ragged_rows_are_faulty_and_say_how():
    table = opened("a,b,c\n1,2,3\n1,2\n1,2,3,4\n1,2,3,,\n1,2,\n")
    found = list(table.rows())
    assert found[3] == (5, ["1", "2", "3"])  # blank cells too many are none
    faults = {number: cells.reason for number, cells in found if isinstance(cells, Faulty)}
    assert faults == {
        3: "has 2 cells where the header has 3",
        4: "has 4 cells where the header has 3",
    }
    assert all(len(cells) == 3 for _number, cells in found)


def test_rows_whose_writer_leaves_out_blank_ends_are_whole():
    assert rows("a,b,c\n1,2,3\n1\n1,2\n") == [
        (2, ["1", "2", "3"]),
        (3, ["1", "", ""]),
        (4, ["1", "2", ""]),
    ]


def test_names_of_columns_are_tidy_and_never_the_same():
    table = opened(' Price ,"two\nlines",,Price,Café,,\n1,2,3,4,5\n')
    assert table.columns == ["Price", "two lines", "Column 3", "Price (2)", "Café"]


def test_a_title_above_the_header_is_passed_over():
    table = opened("Price list 2026,,\n,,\nname,sku,price\nTea,1,2\n")
    assert table.columns == ["name", "sku", "price"]
    assert table.about.header_row == 3
    assert list(table.rows()) == [(4, ["Tea", "1", "2"])]


def test_only_a_header_is_a_table_without_rows():
    assert rows("name,sku\n") == []


@pytest.mark.parametrize("text", ["", "\n\n", " \n \n", ",,,\n,,\n"])
def test_an_empty_file_says_so(text):
    with pytest.raises(TableError, match="is empty"):
        opened(text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_ends_of_lines(end):
    assert rows(end.join(["name,sku", "Tea,1", "Milk,2", ""])) == [
        (2, ["Tea", "1"]),
        (3, ["Milk", "2"]),
    ]


def test_gzip_is_read_and_a_cut_one_refused():
    text = b"name,sku\n" + b"".join(b"Tea %d,%d\n" % (n, n * n) for n in range(5000))
    packed = gzip.compress(text)
    table = opened(packed)
    assert table.about.compressed
    assert sum(1 for _row in table.rows()) == 5000
    for broken in (packed[: len(packed) // 2], packed + b"more"):
        with pytest.raises(TableError, match="damaged or cut off"):
            list(opened(broken).rows())


def test_a_table_can_be_read_twice_and_from_a_path(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,sku\nTea,1\n")
    table = open_table(path, name="t.csv")
    assert list(table.rows()) == list(table.rows()) == [(2, ["Tea", "1"])]


def test_a_missing_file_and_a_folder_say_so(tmp_path):
    with pytest.raises(TableError, match="no file"):
        open_table(tmp_path / "none.csv", name="none.csv")
    with pytest.raises(TableError, match="is a folder"):
        open_table(tmp_path, name="folder")


def test_unknown_statements_are_refused():
    with pytest.raises(TableError, match="no encoding"):
        opened("a,b\n1,2\n", encoding="klingon")
    with pytest.raises(TableError, match="cannot be a delimiter"):
        opened("a,b\n1,2\n", delimiter="ab")
    with pytest.raises(TableError, match="not in the encoding"):
        list(opened("a,b\nü,2\n".encode("latin-1"), encoding="utf-8").rows())


def test_about_is_plain_values():
    about = opened("a,b\n1,2\n").about.as_dict()
    assert about["delimiter"] == ","
    assert about["encoding"] == "utf-8"
    assert about["lines"] == 2
