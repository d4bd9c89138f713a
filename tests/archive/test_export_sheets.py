"""Spreadsheets for people: nothing runs, no code is misread, every table is there."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from archive.exporting.sheets import Code, Table, csv_cell, write_csv, write_workbook
from archive.exporting.writing import for_people
from archive.products.importing import check_products, import_products
from inventory.models import Product, Variation
from sales.models import Sale, SaleLine
from tenants.context import business
from tests.archive.rich import rich
from tests.factories import Shop, make_product

TABLES = [
    "products", "customers", "suppliers", "sales", "sale_lines", "payments", "shifts",
    "cash_movements", "z_readings", "movements",
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+31 6", "'+31 6"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("'quoted", "'quoted"),
        ("plain = text", "plain = text"),
        ("0012", "0012"),
        (Code("0012"), "0012"),
        (Code("12"), "12"),
        (Code("5901234123457"), "5901234123457"),
        (Code("1E5"), "1E5"),
        (Code("3-4"), "3-4"),
        (Code("MAR1"), "MAR1"),
        (Code("MUG-1"), "MUG-1"),
        (Code("MUG-1-L"), "MUG-1-L"),
        (Code("-5"), "'-5"),
        (Decimal("-5.5000"), "-5.5"),
        (Decimal("1E+2"), "100"),
        (None, ""),
        (True, "yes"),
        (datetime(2026, 1, 15, 8, 0, 0, 5, UTC), "2026-01-15 08:00:00"),
    ],
)
def test_cells_of_csv(value: Any, cell: str) -> None:
    assert csv_cell(value) == cell


def test_csv_is_what_spreadsheets_open() -> None:
    out = io.BytesIO()
    assert write_csv(out, ["Name", "=x"], [['Ünï, "q"\nb', Code("007")]]) == 1
    assert out.getvalue().startswith(b"\xef\xbb\xbfName,'=x\r\n")
    rows = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))
    assert rows == [["Name", "'=x"], ['Ünï, "q"\nb', "007"]]


def test_cells_of_a_workbook() -> None:
    out = io.BytesIO()
    row = ["=1+1", Code("0012"), Decimal("2.5"), datetime(2026, 1, 15, 8, tzinfo=UTC), "a\x07b"]
    table = Table("t", "T: [x]", ["A", "B", "C", "D", "E"], lambda: [row])
    assert write_workbook(out, [table]) == {"t": 1}
    cells = list(load_workbook(out).worksheets[0])[1]
    assert [cell.data_type for cell in cells] == ["s", "s", "n", "d", "s"]
    assert [cell.number_format for cell in cells[:2]] == ["General", "@"]
    *others, time, text = [cell.value for cell in cells]
    assert (others, text) == (["=1+1", "0012", 2.5], "ab")
    assert time == datetime(2026, 1, 15, 8)  # noqa: DTZ001 - as spreadsheets have it


def test_what_does_not_fit_goes_on_on_another_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.exporting.sheets.MOST_ROWS", 3)
    out = io.BytesIO()
    write_workbook(out, [Table("t", "Rows", ["N"], lambda: [[n] for n in range(5)])])
    book = load_workbook(out)
    assert book.sheetnames == ["Rows", "Rows (2)", "Rows (3)"]
    assert [cell.value for sheet in book for (cell,) in sheet] == ["N", 0, 1, "N", 2, 3, "N", 4]


@pytest.fixture
def full(db: None, settings: Any, tmp_path: Path) -> Shop:
    settings.MEDIA_ROOT = tmp_path / "media"
    return rich()


def test_csv_files_of_a_shop(full: Shop) -> None:
    out = io.BytesIO()
    with business(full.business):
        counts = for_people(out, form="csv")
        sold = (Sale.objects.count(), SaleLine.objects.count())
    assert list(counts) == TABLES
    assert (counts["sales"], counts["sale_lines"]) == sold
    tables = {}
    with zipfile.ZipFile(out) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8-sig")
            tables[name] = list(csv.DictReader(io.StringIO(text, newline="")))
            for row in csv.reader(io.StringIO(text, newline="")):
                assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in row)
    products = {row["Product"]: row for row in tables["products.csv"]}
    assert products["'=Formula"]["SKU"] == "000123"
    assert products["'=Formula"]["Barcodes"] == "0012345678905"
    assert (products["Blue mug"]["Stock HS"], products["Blue mug"]["Price HS"]) == ("6", "4.5")
    assert products["Gift wrapping"]["Price MK"] == "1.25"
    sales = {row["Receipt"]: row for row in tables["sales.csv"]}
    assert sales["ACM1-V000001"]["Reverses"] == "ACM1-000002"
    # The shop's clock, an hour ahead of UTC in winter.
    assert sales["536365"]["Time"] == "2010-12-01 09:26:00"
    assert tables["customers.csv"][0]["Phone"] == "'+31 6 1234 5678"
    assert tables["customers.csv"][0]["Credit"] == "7.01"


def test_a_workbook_of_a_shop(full: Shop) -> None:
    out = io.BytesIO()
    told: list[tuple[int, int]] = []
    with business(full.business):
        counts = for_people(out, form="xlsx", progress=lambda *at: told.append(at))
    book = load_workbook(out)
    assert book.sheetnames == [
        "Products", "Customers", "Suppliers", "Sales", "Sale lines", "Payments", "Shifts",
        "Cash movements", "Z readings", "Stock movements",
    ]  # fmt: skip
    assert [sheet.max_row - 1 for sheet in book] == list(counts.values())
    assert told[-1][0] == told[-1][1]


CODES = {
    "Cup": "CUP-1",
    "=1+1": "=1+1",
    "-5": "-5",
    "Zero": "00123",
    "'quoted": "'quoted",
    "@home": "5901234123457",
    "+1": "1E5",
    "＝wide": "MAR1",
}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_our_own_products_come_back_as_they_were(inside: Shop, form: Any) -> None:
    for name, sku in CODES.items():
        make_product(name, sku=sku, price="3.00")
    before = set(Variation.objects.values_list("product__name", "sku", "price"))
    assert {(name, sku) for name, sku, _price in before} >= set(CODES.items())
    out = io.BytesIO()
    for_people(out, form=form)
    if form == "csv":
        with zipfile.ZipFile(out) as archive:
            out = io.BytesIO(archive.read("products.csv"))
    options = {"stock": "ignore"}
    name = f"products.{form}"
    report = check_products(out, name=name, mapping=None, options=options).as_json()
    assert (report["counts"]["new"], report["counts"]["wrong"]) == (0, 0), report
    import_products(out, name=name, mapping=None, options=options, actor=inside.owner)
    assert set(Variation.objects.values_list("product__name", "sku", "price")) == before


def test_nothing_of_another_shop(full: Shop, other_shop: Shop) -> None:
    out = io.BytesIO()
    with business(other_shop.business):
        Product.objects.update(description="x")
        for_people(out, form="csv")
    with zipfile.ZipFile(out) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "acme" not in text.casefold() and "rival" in text.casefold()


def test_a_folder_and_a_zip(full: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    call_command("export_data", str(folder), form="csv", stdout=io.StringIO())
    assert sorted(path.stem for path in folder.iterdir()) == sorted(TABLES)
    call_command("export_data", str(tmp_path / "t.zip"), form="csv", stdout=io.StringIO())
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        for path in folder.iterdir():
            assert archive.read(path.name) == path.read_bytes()
    with pytest.raises(CommandError, match="--overwrite"):
        call_command("export_data", str(folder), form="csv", stdout=io.StringIO())


def test_spreadsheets_are_of_one_business(shop: Shop, other_shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--business"):
        call_command("export_data", str(tmp_path / "x"), form="xlsx", stdout=io.StringIO())
