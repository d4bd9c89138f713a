"""Sales history: hand-made rows in the shape of the UCI Online Retail file (CC BY 4.0)."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from archive.history import writing
from archive.history.importing import SalesRefused, check_sales, import_sales
from archive.models import ImportBatch
from archive.products.importing import import_products
from archive.verify import check_books
from inventory.models import Barcode, Product, StockLevel, StockMovement
from sales.models import Customer, Payment, Register, Sale, SaleLine, Shift
from tenants.context import business
from tenants.models import Location
from tests.factories import Shop, customers_named

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
ROWS = """\
536365,MUG-1,BLUE MUG,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,tea,GREEN TEA,2,2010-12-01 08:26:00,3.39,17850.0,United Kingdom
536365,tea,GREEN TEA,2,2010-12-01 08:26:00,3.39,17850.0,United Kingdom
536366,85123A,LANTERN,1,2010-12-01 08:28:00,0.001,,United Kingdom
536366,85123a,LANTERN,1,2010-12-01 08:29:00,0,,United Kingdom
536366,85123A,"LANTERN, WHITE",1,2010-12-01 08:28:00,0.85,,United Kingdom
C536379,MUG-1,BLUE MUG,-1,2010-12-01 09:41:00,2.55,17850.0,United Kingdom
C536380,D,Discount,-1,2010-12-01 09:49:00,27.50,14527.0,United Kingdom
A563185,B,Adjust bad debt,1,2010-12-01 14:50:00,-11.06,,United Kingdom
536589,MUG-1,,-10,2010-12-01 16:50:00,0.0,,United Kingdom
536590,POST,POSTAGE,1,2010-12-02 09:00:00,18.00,12583.0,France
536590,gift_0001_20,Gift Voucher,1,2010-12-02 09:00:00,16.67,12583.0,France
541431,23166,JAR,74215,2011-01-18 10:01:00,1.04,12346.0,United Kingdom
C541433,23166,JAR,-74215,2011-01-18 10:17:00,1.04,12346.0,United Kingdom
"""
SUM = Decimal("23.271")
PRESET: dict[str, Any] = {"preset": "online-retail"}
MAKE: dict[str, Any] = {"location": "HS", "create_missing": True}


def table(rows: str = ROWS) -> io.BytesIO:
    return io.BytesIO(gzip.compress((HEADER + rows).encode()))


def bring(rows: str = ROWS, **options: Any) -> ImportBatch:
    return import_sales(
        table(rows), name="sales.csv.gz", mapping=PRESET, options={**MAKE, **options}
    )


def everything() -> list[Any]:
    models = (Sale, SaleLine, Payment, Register, Shift, Product, Customer, StockMovement)
    return [list(model.objects.order_by("pk").values()) for model in (*models, ImportBatch)]


def test_every_line_is_accounted_for_by_kind(inside: Shop) -> None:
    report = bring().report
    assert (report["lines"], report["documents"], Decimal(report["sum"])) == (14, 9, SUM)
    assert {name: one["lines"] for name, one in report["kinds"].items()} == {
        "sale": 8, "free": 1, "return": 3, "adjustment": 1, "write_off": 1,
    }  # fmt: skip
    assert sum(Decimal(one["sum"]) for one in report["kinds"].values()) == SUM
    assert {name: one["lines"] for name, one in report["items"].items()} == {
        "goods": 10, "service": 3, "voucher": 1,
    }  # fmt: skip
    assert report["odd"]["doubled_lines"] == 1
    assert report["odd"]["implausible"] == 2
    assert sum(SaleLine.objects.values_list("total", flat=True)) == SUM


def test_documents_are_as_they_were(inside: Shop) -> None:
    bring()
    sale = Sale.objects.get(number="536365")
    assert (sale.kind, sale.total, sale.item_count) == ("sale", Decimal("28.86"), 10)
    assert sale.sold_at.isoformat() == "2010-12-01T08:26:00+00:00"
    assert sale.customer is not None
    assert sale.customer.name == "Customer 17850"
    assert [line.sku for line in sale.lines.all()] == ["MUG-1", "tea", "tea"]
    assert {line.variation_id for line in sale.lines.all()} == {inside.mug.pk, inside.tea.pk}
    assert [(p.method, p.amount) for p in sale.payments.all()] == [("other", sale.total)]
    kinds = dict(Sale.objects.values_list("number", "kind"))
    assert kinds["C536379"] == kinds["C536380"] == "return"
    assert (kinds["A563185"], kinds["536589"]) == ("adjustment", "write_off")
    assert Sale.objects.get(number="536366").total == Decimal("0.851")


def test_what_is_made(inside: Shop) -> None:
    bring()
    lantern = Product.objects.get(sku__iexact="85123a")
    assert (lantern.name, lantern.is_stocked) == ("LANTERN", True)
    assert not Product.objects.filter(sku__in=["POST", "D", "gift_0001_20"], is_stocked=True)
    register = Register.objects.get(is_history=True)
    assert (register.is_active, register.sale_counter, register.chain_length) == (False, 4, 9)
    shift = register.shifts.get()
    assert (shift.is_open, shift.expected_cash, shift.difference) == (False, 0, 0)


def test_the_books_hold(inside: Shop) -> None:
    bring(stock=True)
    assert check_books() == []


def test_stock_moves_only_when_asked(inside: Shop) -> None:
    before = dict(StockLevel.objects.values_list("variation", "quantity"))
    bring()
    assert dict(StockLevel.objects.values_list("variation", "quantity")) == before


def test_stock_moves_as_it_was_sold(inside: Shop) -> None:
    report = bring(stock=True).report
    level = StockLevel.objects.get(variation=inside.mug)
    # Ten were there: six sold, one came back, ten written off.
    assert level.quantity == 10 - 6 + 1 - 10
    last = StockMovement.objects.filter(level=level).order_by("-pk").first()
    assert last is not None
    assert (last.balance, last.document_number) == (level.quantity, "536589")
    assert report["stock"] == {"movements": 10, "below_zero": 2}


def test_a_second_run_changes_nothing(inside: Shop) -> None:
    bring(stock=True)
    before = everything()
    again = bring(stock=True)
    assert again.report["same"]["documents"] == 9
    assert everything() == before


def test_an_overlapping_file_brings_what_is_new(inside: Shop) -> None:
    bring()
    more = "536999,tea,GREEN TEA,1,2010-12-03 10:00:00,3.39,17850.0,United Kingdom\n"
    report = bring(ROWS + more).report
    assert (report["new"]["documents"], report["same"]["documents"]) == (1, 9)
    assert len(customers_named("Customer 17850")) == 1
    assert check_books() == []


def test_a_document_that_differs_is_refused_with_the_reason(inside: Shop) -> None:
    bring()
    report = bring(ROWS.replace("MUG,6,", "MUG,7,")).report
    assert report["refused"]["documents"] == 1
    assert "28.86 here and 31.41 in the file" in report["refusals"][0]["reason"]
    assert Sale.objects.get(number="536365").total == Decimal("28.86")


def test_a_check_writes_nothing(inside: Shop) -> None:
    before = everything()
    report = check_sales(table(), name="sales.csv.gz", mapping=PRESET, options=MAKE)
    assert (report.sum, report.codes["missing"], report.is_good) == (SUM, 6, True)
    assert everything() == before


def test_codes_that_nobody_knows_are_listed_and_refused(inside: Shop) -> None:
    before = everything()
    with pytest.raises(SalesRefused, match="6 codes") as refused:
        bring(create_missing=False)
    assert {one["code"] for one in refused.value.report.missing} >= {"85123A", "POST", "23166"}
    assert everything() == before


@pytest.mark.parametrize(
    ("bad", "column", "reason"),
    [
        ("1,tea,TEA,x,2010-12-01 08:26:00,1,,UK", "Quantity", "is not a number"),
        ("1,tea,TEA,1,2010-12-01,1,,UK", "InvoiceDate", "is not a time of the form"),
        ("1,tea,TEA,1,2010-12-01 08:26:00,NaN,,UK", "UnitPrice", "is not a number"),
        ("1,tea,TEA,1,2010-12-01 08:26:00,0.00001,,UK", "UnitPrice", "four decimal places"),
        (",tea,TEA,1,2010-12-01 08:26:00,1,,UK", "InvoiceNo", "is missing"),
        ("1,,TEA,1,2010-12-01 08:26:00,1,,UK", "StockCode", "is missing"),
    ],
)
def test_a_fault_names_row_column_and_reason(
    inside: Shop, bad: str, column: str, reason: str
) -> None:
    before = everything()
    with pytest.raises(SalesRefused, match="1 fault;") as refused:
        bring(f"{ROWS}{bad}\n")
    (fault,) = refused.value.report.faults.rows
    assert (fault.row, fault.column) == (16, column)
    assert reason in fault.reason
    assert everything() == before


def test_stopped_in_the_middle_nothing_is_there(
    inside: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()

    def stop(*args: object, **kwargs: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "record_history", stop)
    with pytest.raises(KeyboardInterrupt):
        bring(stock=True)
    assert everything() == before
    monkeypatch.undo()
    assert bring(stock=True).report["new"]["documents"] == 9


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (gzip.compress(HEADER.encode() * 50, mtime=0)[:-30], "damaged or cut off"),
        (b"Name,Price\nMug,5\n", "has no column"),
        (HEADER.encode(), "no lines"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_no_sales_file_is_refused_in_a_sentence(
    inside: Shop, data: bytes, sentence: str
) -> None:
    with pytest.raises(SalesRefused, match=sentence):
        import_sales(io.BytesIO(data), name="x.csv", mapping=PRESET, options=MAKE)


def test_the_command(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sales.csv.gz"
    file.write_bytes(table().getvalue())
    common = ["import_sales", str(file), "--business", "acme", "--location", "HS"]
    with pytest.raises(CommandError, match="would be refused"):
        call_command(*common, "--preset", "online-retail", "--dry-run")
    call_command(*common, "--preset", "online-retail", "--create-missing")
    assert "23.271" in capsys.readouterr().out
    call_command(*common, "--preset", "online-retail", "--json")
    assert json.loads(capsys.readouterr().out)["same"]["documents"] == 9


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_the_command_ends_with_1_where_a_document_was_refused(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str], dry_run: list[str]
) -> None:
    file = tmp_path / "sales.csv"
    common = ["import_sales", str(file), "--business", "acme", "--location", "HS"]
    common += ["--preset", "online-retail", "--create-missing"]
    file.write_text(HEADER + ROWS)
    call_command(*common)
    more = "536999,tea,GREEN TEA,1,2010-12-03 10:00:00,3.39,17850.0,United Kingdom\n"
    file.write_text(HEADER + ROWS.replace("MUG,6,", "MUG,7,") + more)
    with pytest.raises(CommandError, match=r"^1 document of the file .* refused") as ended:
        call_command(*common, *dry_run)
    assert ended.value.returncode == 1
    assert "28.86 here and 31.41 in the file" in capsys.readouterr().out
    with business(shop.business):
        assert Sale.objects.count() == (9 if dry_run else 10)


def test_codes_with_the_apostrophe_of_a_spreadsheet(inside: Shop) -> None:
    """As import_products reads them: '0012 is 0012, and a name may begin with one."""
    rows = "'0536365,'0012,'80s POSTER,1,2010-12-01 08:26:00,2.55,'0017.0,UK\n"
    bring(rows + "2,0012,'=THING,1,2010-12-01 08:26:00,2.55,0017.0,UK\n")
    sale = Sale.objects.get(number="0536365")
    line = sale.lines.get()
    assert (line.sku, line.name) == ("0012", "'80s POSTER")
    assert Product.objects.filter(sku="0012").count() == 1
    assert SaleLine.objects.get(sale__number="2").name == "=THING"
    assert len(customers_named("Customer 0017")) == 1
    table = io.BytesIO(b"Name,SKU,Barcode,Price\nPoster,'0012,'4006381333931,3\n")
    options = {"location": "HS"}
    import_products(table, name="p.csv", mapping=None, options=options, actor=inside.owner)
    found = Product.objects.get(sku="0012")
    assert (found.name, found.variations.get().price) == ("Poster", 3)
    assert Barcode.objects.filter(variation__product=found, code="4006381333931").exists()


def test_a_location_that_was_added_meanwhile(inside: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the code by which the file means another one."""
    before = everything()
    mapping = {
        "columns": {name: name for name in ("number", "code", "quantity", "price", "time")}
        | {"location": "place"}
    }
    rows = "number,code,quantity,price,time,place\n1,TEA,1,1,2020-01-01,Market\n"

    def slow(done: int, total: int) -> None:
        if done > 500:
            Location.objects.get_or_create(code="Market", name="Hall")

    with pytest.raises(SalesRefused, match="Locations of the file were changed"):
        import_sales(
            io.BytesIO(rows.encode()), name="s.csv", mapping=mapping, options={}, progress=slow
        )
    assert everything() == before


COFFEE = """\
id,day,clock,outlet,product,quantity,amount,price
7,01/04/2019,12:04:43,3,TEA,1,2.50,2.50
7,01/04/2019,12:04:43,5,TEA,2,4.00,2.50
7,02/04/2019,23:59:59,3,MUG-1,1,2.00,2.50
"""


def test_a_map_for_another_shape(inside: Shop) -> None:
    """Receipts known by several columns, times in two, a column of locations, discounts."""
    mapping = {
        "source": "coffee",
        "columns": {
            "number": ["outlet", "day", "id"],
            "code": "product",
            "quantity": "quantity",
            "price": "price",
            "total": "amount",
            "time": ["day", "clock"],
            "location": "outlet",
        },
        "time": "%d/%m/%Y %H:%M:%S",
        "locations": {"3": "HS", "5": "Market"},
    }
    import_sales(io.BytesIO(COFFEE.encode()), name="c.csv", mapping=mapping, options={})
    assert Register.objects.filter(is_history=True).count() == 2
    sale = Sale.objects.get(number="5-01/04/2019-7")
    assert (sale.location, sale.total, sale.lines.get().discount) == (inside.market, 4, 1)
    # Amsterdam is two hours ahead of UTC in summer: the day is the shop's.
    late = Sale.objects.get(number="3-02/04/2019-7")
    assert late.business_date == date(2019, 4, 2)
    assert check_books() == []


def test_business_dates_across_midnight_and_daylight_saving(inside: Shop) -> None:
    """London's times at a shop in Amsterdam, an hour ahead, in winter and in summer."""
    bring(
        "1,TEA,T,1,2011-03-26 22:59:00,1,,UK\n2,TEA,T,1,2011-03-26 23:00:00,1,,UK\n"
        "3,TEA,T,1,2011-06-30 22:59:00,1,,UK\n4,TEA,T,1,2011-06-30 23:00:00,1,,UK\n"
    )
    days = dict(Sale.objects.values_list("number", "business_date"))
    assert [days[n].isoformat() for n in "1234"] == [
        "2011-03-26", "2011-03-27", "2011-06-30", "2011-07-01",
    ]  # fmt: skip


def test_the_dashboard_and_the_list_show_it(owner: Client, inside: Shop) -> None:
    bring()
    with time_machine.travel("2010-12-01 20:00+00:00", tick=False):
        owner.force_login(inside.owner)
        page = owner.get(inside.url())
        # 28.86 and 0.851 were sold, 2.55 and 27.50 came back, and a debt was given up.
        assert page.context["today"].now.total == Decimal("-11.399")
    owner.force_login(inside.owner)
    page = owner.get(inside.url("sales/?date_from=2010-12-01&date_to=2010-12-01"))
    assert page.context["totals"].total == Decimal("-11.399")
    assert "Write-off" in page.content.decode()
    assert len(owner.get(inside.url("sales/?kind=return")).context["sales"]) == 3


def test_history_is_shown_and_not_voided(owner: Client, inside: Shop) -> None:
    bring()
    sale = Sale.objects.get(number="536365")
    page = owner.get(inside.url(f"sales/{sale.pk}/")).content.decode()
    assert "History" in page
    assert 'id="void"' not in page
    body = {"id": "0190a1b2-0000-7000-8000-000000000001", "reason": "x"}
    answer = owner.post(inside.url(f"sales/{sale.pk}/void/"), body, follow=True)
    assert "cannot be voided" in answer.content.decode()
    assert not sale.reversals.exists()
    assert "HISTORY" in owner.get(inside.url(f"sales/{sale.pk}/receipt/")).content.decode()


def test_nobody_sells_on_a_history_register(owner: Client, inside: Shop) -> None:
    bring()
    register = Register.objects.get(is_history=True)
    Register.objects.filter(pk=register.pk).update(is_active=True)
    me = owner.get(inside.url("api/v1/me")).json()
    assert [one["id"] for one in me["registers"]] == [str(inside.register.pk)]
    assert owner.get(inside.url(f"registers/{register.pk}/")).status_code == 404
    for path in ("registers/", "shifts/", "shifts/open/"):
        assert register.name not in owner.get(inside.url(path)).content.decode().split("<main")[1]
    answer = owner.post(inside.url("shifts/open/"), {"register": register.pk, "opening_float": "0"})
    assert answer.status_code == 200
    assert not Shift.objects.filter(register=register, closed_at=None)


def test_another_business_sees_nothing_of_it(stranger: Client, inside: Shop) -> None:
    bring()
    sale = Sale.objects.get(number="536365")
    assert stranger.get(inside.url(f"sales/{sale.pk}/")).status_code == 404
