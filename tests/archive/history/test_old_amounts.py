"""Amounts of older systems: decimal commas, prices before tax, and more than a column holds."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from archive.history.importing import SalesRefused, check_sales, import_sales
from archive.history.reading import Unreadable, read_amount
from archive.verify import check_books
from sales.models import Sale
from tenants.context import business
from tenants.models import Business
from tests.archive.web.files import checked, url
from tests.factories import Shop

FIELDS = ("number", "code", "quantity", "price", "time")
MAP: dict[str, Any] = {"columns": {name: name for name in FIELDS}}
TAXED: dict[str, Any] = {"columns": {**MAP["columns"], "tax": "tax"}}
HERE: dict[str, Any] = {"name": "old.csv", "options": {"location": "HS"}}
BEFORE_TAX = b"number,code,quantity,price,time,tax\n77,MUG-1,1,10.00,2025-01-05 10:30:00,0.80\n"


@pytest.mark.parametrize(
    ("raw", "comma", "value"),
    [
        ("12,5", True, "12.5"),
        ("1.234,50", True, "1234.5"),
        ("-1.234.567", True, "-1234567"),
        ("€ 2.000", True, "2000"),
        ("7", True, "7"),
        ("12.5", False, "12.5"),
        ("1,234.50", False, "1234.5"),
        ("0.500", False, "0.5"),
    ],
)
def test_amounts_that_can_be_read_in_one_way(raw: str, comma: bool, value: str) -> None:
    assert read_amount(raw, comma=comma) == Decimal(value)


@pytest.mark.parametrize(
    ("raw", "comma"),
    [
        ("12.5", True),
        ("1.5,30", True),
        ("0.500", True),
        ("1.2345", True),
        ("1234.567", True),
        ("1,234.50", True),
        ("1,5,0", True),
        ("12,5", False),
        ("0,500", False),
    ],
)
def test_amounts_that_are_no_guess(raw: str, comma: bool) -> None:
    with pytest.raises(Unreadable, match="is not a number"):
        read_amount(raw, comma=comma)


def test_a_point_in_a_file_of_commas_is_a_fault(inside: Shop) -> None:
    rows = [f"{number};MUG-1;1;2,95;2025-01-05 10:30:00" for number in range(20)]
    rows.append("99;MUG-1;1;3.95;2025-01-05 10:30:00")
    data = "\n".join([";".join(FIELDS), *rows]).encode()
    report = check_sales(io.BytesIO(data), mapping=MAP, **HERE)
    (fault,) = report.faults.rows
    assert (fault.row, fault.column, fault.value) == (22, "price", "3.95")
    assert fault.reason == "is not a number with a decimal comma"
    assert report.sum == Decimal("59.00")


def test_prices_are_as_the_business_has_them(shop: Shop) -> None:
    Business.objects.filter(pk=shop.business.pk).update(prices_include_tax=False)
    shop.business.refresh_from_db()
    with business(shop.business):
        import_sales(io.BytesIO(BEFORE_TAX), mapping=TAXED, **HERE)
        sale = Sale.objects.get()
        amounts = (sale.net, sale.tax, sale.total, sale.lines.get().tax_inclusive)
        assert amounts == (Decimal(10), Decimal("0.8"), Decimal("10.8"), False)
        assert check_books() == []


def test_a_map_says_otherwise(inside: Shop) -> None:
    mapping = {**TAXED, "prices_include_tax": False}
    import_sales(io.BytesIO(BEFORE_TAX), mapping=mapping, **HERE)
    assert Sale.objects.get().total == Decimal("10.8")


@pytest.mark.parametrize(("inclusive", "total"), [(True, "10"), (False, "10.8")])
def test_the_page_offers_what_the_business_has(
    owner: Client, shop: Shop, inclusive: bool, total: str
) -> None:
    Business.objects.filter(pk=shop.business.pk).update(prices_include_tax=inclusive)
    shop.business.refresh_from_db()
    with business(shop.business):
        batch = checked(owner, shop, BEFORE_TAX, kind="sales", name="old.csv", location="HS")
        assert batch.options["chosen"]["prices"] == ("with" if inclusive else "before")
        owner.post(url(shop, batch, "apply/"), {"only": "all"})
        assert Sale.objects.get().total == Decimal(total)


def test_the_page_takes_the_other_choice(owner: Client, inside: Shop) -> None:
    choices: dict[str, Any] = {"location": "HS", "prices": "before"}
    batch = checked(owner, inside, BEFORE_TAX, kind="sales", name="old.csv", **choices)
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    assert Sale.objects.get().total == Decimal("10.8")


@pytest.mark.parametrize(
    "rows",
    [
        ["A1,MUG-1,9,9999999999999,2025-01-05 10:30:00,"] * 3,
        ["A1,MUG-1,99999999999999,0,2025-01-05 10:30:00,"] * 2,
        ["A1,MUG-1,9,9999999999999,2025-01-05 10:30:00,-99999999999999"],
    ],
)
def test_a_sum_beyond_the_column_is_a_fault(inside: Shop, rows: list[str]) -> None:
    data = "\n".join([",".join([*FIELDS, "tax"]), *rows]).encode()
    with pytest.raises(SalesRefused, match="1 fault;") as refused:
        import_sales(io.BytesIO(data), mapping=TAXED, **HERE)
    (fault,) = refused.value.report.faults.rows
    assert (fault.row, fault.value) == (2, "A1")
    assert fault.reason == "comes to an amount that is too large"
    assert not Sale.objects.exists()


def test_one_number_at_two_locations_says_the_way_out(inside: Shop) -> None:
    rows = "1001,MUG-1,1,5,2025-01-05 10:30:00,HS\n1001,MUG-1,1,5,2025-01-06 10:30:00,MK\n"
    data = f"{','.join(FIELDS)},shop\n{rows}".encode()
    columns = {**MAP["columns"], "location": "shop"}
    with pytest.raises(SalesRefused) as refused:
        import_sales(io.BytesIO(data), name="old.csv", mapping={"columns": columns}, options={})
    assert "join the columns of location and number" in refused.value.report.faults.rows[0].reason
    columns["number"] = ["shop", "number"]
    import_sales(io.BytesIO(data), name="old.csv", mapping={"columns": columns}, options={})
    assert set(Sale.objects.values_list("number", flat=True)) == {"HS-1001", "MK-1001"}
