"""Importing products: what is new, what changes, what stays, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from archive.models import BatchPart, ImportBatch
from archive.products.importing import ImportRefused, import_products
from inventory import search
from inventory.models import (
    Barcode,
    Brand,
    LocationPrice,
    Product,
    StockLevel,
    StockMovement,
    TaxRate,
    Variation,
)
from tenants.context import business
from tenants.errors import Refused
from tests.archive.products.bulk_file import gtin
from tests.archive.products.importing_them import (
    GOOD,
    HALF_GOOD,
    HEADER,
    bring,
    check,
    contents,
    sheet,
    variation,
)
from tests.factories import Shop, make_product

pytestmark = pytest.mark.django_db


def level(sku: str, code: str = "HS") -> Decimal | None:
    rows = StockLevel.objects.filter(variation__sku=sku, location__code=code)
    found: Decimal | None = rows.values_list("quantity", flat=True).first()
    return found


def test_new_products_come_in_whole(inside: Shop) -> None:
    batch = bring(inside, GOOD)
    cup = variation("CUP-1")
    assert (cup.price, cup.cost, cup.product.name) == (Decimal("4.50"), Decimal("2.10"), "Red cup")
    assert cup.product.category.name == "Cups"
    assert cup.product.category.parent == inside.category
    assert (cup.product.unit, cup.product.tax_rate) == (inside.piece, inside.tax)
    assert [code.code for code in cup.barcodes.all()] == ["4006381333931"]
    assert variation("007").product.brand == cup.product.brand
    assert level("CUP-1") == 12
    movement = StockMovement.objects.get(level__variation=cup)
    assert (movement.kind, movement.balance, movement.unit_cost) == ("opening", 12, cup.cost)
    assert [one.pk for one in search.find("nord cup", among=Variation.objects.all())] == [cup.pk]
    assert (batch.state, batch.report["counts"]["new"]) == (ImportBatch.State.APPLIED, 2)
    entry = AuditEntry.objects.get(action="data.import")
    assert entry.actor == inside.owner
    assert entry.changes["new"] == [None, 2]


def test_a_product_that_is_here_changes_where_the_file_says_something_else(inside: Shop) -> None:
    report = check(GOOD)
    assert [one["changes"] for one in report.changed] == [
        [{"field": "price", "variation": "MUG-1", "old": "5", "new": "6"}]
    ]
    bring(inside, GOOD)
    inside.mug.refresh_from_db()
    assert (inside.mug.price, inside.mug.cost) == (6, 2)
    # It has moved already: what is in the shop is known better here.
    assert level("MUG-1") == 10
    assert report.counts["stock_left"] == 1


def test_a_check_writes_nothing_and_says_what_an_import_then_does(inside: Shop) -> None:
    before = contents()
    checked = check(GOOD)
    assert contents() == before
    assert not ImportBatch.objects.exists()
    assert checked.as_json()["counts"] == bring(inside, GOOD).report["counts"]
    assert checked.made == {"categories": ["Kitchen > Cups", "Light"], "brands": ["Nord"]}


def test_the_second_run_writes_nothing(inside: Shop) -> None:
    rows = [*GOOD, "Nameless thing,,,,,,1,2,,4"]
    bring(inside, rows)
    before = contents()
    records = (ImportBatch.objects.count(), BatchPart.objects.count(), AuditEntry.objects.count())
    again = bring(inside, rows)
    assert contents() == before
    assert records == (
        ImportBatch.objects.count(), BatchPart.objects.count(), AuditEntry.objects.count()
    )  # fmt: skip
    assert (again.report["counts"]["same"], again.report["counts"]["new"]) == (4, 0)


def test_of_a_half_good_file_all_rows_or_none(inside: Shop) -> None:
    before = contents()
    with pytest.raises(ImportRefused) as refused:
        bring(inside, HALF_GOOD)
    assert contents() == before
    (wrong,) = refused.value.report.wrong
    assert (wrong["row"], wrong["column"], wrong["value"]) == (3, "Price", "twelve")
    assert not ImportBatch.objects.exists()


def test_of_a_half_good_file_the_good_rows(inside: Shop) -> None:
    batch = bring(inside, HALF_GOOD, only="good")
    assert set(Variation.objects.filter(sku__in=["CUP-1", "VASE", "007"]).values_list("sku")) == {
        ("CUP-1",),
        ("007",),
    }
    assert batch.report["counts"]["wrong"] == 1


def test_a_blank_sku_matches_nothing(inside: Shop) -> None:
    blank = make_product("Old thing", sku="", price="1.00")
    bring(inside, ["New thing,,,,,,1,99,,"])
    blank.refresh_from_db()
    assert blank.price == 1
    assert Product.objects.filter(name="New thing").count() == 1


def test_letter_case_does_not_make_a_second_product(inside: Shop) -> None:
    mixed = make_product("Bowl", sku="Bowl-7")
    report = check(["Bowl,BOWL-7,,,,,,8,,", "Blue mug,mug-1,,,,,,7,,"])
    assert (report.counts["new"], report.counts["changed"]) == (0, 2)
    bring(inside, ["Bowl,BOWL-7,,,,,,8,,"])
    mixed.refresh_from_db()
    assert (mixed.sku, mixed.price) == ("Bowl-7", 8)


def test_what_could_mean_two_products_is_a_problem(inside: Shop) -> None:
    make_product("Bowl", sku="BOWL")
    make_product("Other bowl", sku="Bowl")
    rows = ["Bowl,bOwL,,,,,,8,,", "Tea,TEA,5901234123457,,,,,1,,"]
    reasons = [one["reason"] for one in check(rows).wrong]
    assert "could be" in reasons[0]
    assert "Blue mug" in reasons[1]


def test_found_by_barcode(inside: Shop) -> None:
    bring(inside, ["Blue mug,,5901234123457,,,,,9,,"])
    inside.mug.refresh_from_db()
    assert (inside.mug.price, inside.mug.sku) == (9, "MUG-1")
    assert Barcode.objects.filter(variation=inside.mug).count() == 1


def test_leading_zeros_survive(inside: Shop) -> None:
    bring(inside, ["Lamp,0007,00012348,,,,,1,,"])
    assert variation("0007").barcodes.get().code == "00012348"


def test_an_update_never_removes_a_variation(inside: Shop) -> None:
    header = "Name,Variation,SKU,Price"
    shirt = ["Shirt,Red,SH-R,10", "Shirt,Blue,SH-B,10"]
    bring(inside, shirt, header)
    product = variation("SH-R").product
    assert (product.kind, product.variations.count()) == ("variable", 2)
    bring(inside, ["Shirt,Red,SH-R,11", "Shirt,Green,SH-G,12"], header)
    kept = product.variations.order_by("position").values_list("sku", "price", "is_active")
    assert list(kept) == [("SH-R", 11, True), ("SH-B", 10, True), ("SH-G", 12, True)]


def test_one_row_of_a_product_with_several_changes_its_variation_alone(inside: Shop) -> None:
    header = "Name,Variation,SKU,Price"
    bring(inside, ["Shirt,Red,SH-R,10", "Shirt,Blue,SH-B,10"], header)
    bring(inside, ["Shirt red,SH-R,12", "Shirt blue,SH-B,13"], "Name,SKU,Price")
    product = variation("SH-R").product
    assert (product.name, product.kind) == ("Shirt", "variable")
    assert list(product.variations.values_list("price", flat=True)) == [12, 13]


def test_prices_of_locations(inside: Shop) -> None:
    header = "Name,SKU,Price,Price [Market]"
    bring(inside, ["Blue mug,MUG-1,5,4.50"], header)
    assert LocationPrice.objects.get(variation=inside.mug).price == Decimal("4.50")
    report = check(["Blue mug,MUG-1,5,4.50"], header)
    assert (report.counts["same"], report.counts["changed"]) == (1, 0)


def test_a_place_that_is_not_here_is_a_problem(inside: Shop) -> None:
    with pytest.raises(Refused, match="no location “Nowhere”"):
        check(GOOD, location="Nowhere")
    (wrong,) = check(["Blue mug,MUG-1,5,1"], "Name,SKU,Price,Price [Nowhere]").wrong
    assert (wrong["row"], wrong["value"]) == (2, "Nowhere")
    wrong = check(GOOD[:1], location="").wrong[0]
    assert (wrong["column"], wrong["value"]) == ("Stock", "12")


def test_a_count_is_a_correction_by_the_difference(inside: Shop) -> None:
    bring(inside, GOOD, stock="count")
    assert level("MUG-1") == 99
    last = StockMovement.objects.filter(level__variation=inside.mug).latest("pk")
    assert (last.kind, last.quantity, last.balance) == ("correction", 89, 99)
    assert StockMovement.objects.get(level__variation__sku="CUP-1").kind == "opening"
    assert bring(inside, GOOD, stock="count").report["counts"]["stock_counted"] == 0


def test_stock_can_be_ignored(inside: Shop) -> None:
    bring(inside, GOOD, stock="ignore")
    assert level("CUP-1") is None


def test_what_is_missing_can_be_refused(inside: Shop) -> None:
    report = check(GOOD, missing="refuse")
    assert {(one["row"], one["column"], one["value"]) for one in report.wrong} == {
        (2, "Category", "Kitchen > Cups"), (2, "Brand", "Nord"),
        (3, "Category", "Light"), (3, "Brand", "Nord"),
    }  # fmt: skip
    bring(inside, GOOD, missing="refuse", only="good")
    assert not Brand.objects.exists()


def test_a_new_rate_of_tax_needs_its_percentage(inside: Shop) -> None:
    bring(inside, ["A,A,,,,,,1,VAT 9%,"])
    assert TaxRate.objects.get(name="VAT 9%").rate == 9
    (wrong,) = check(["A,A,,,,,,1,Reduced,"]).wrong
    assert (wrong["column"], wrong["value"]) == ("Tax rate", "Reduced")


@pytest.mark.parametrize(("price", "warns"), [("50", True), ("0.4", True), ("6", False)])
def test_a_price_far_from_before_is_a_warning(inside: Shop, price: str, warns: bool) -> None:
    report = check([f"Blue mug,MUG-1,,,,,0.1,{price},,"])
    about_price = [one for one in report.warnings if one["column"] == "Price"]
    assert bool(about_price) is warns
    assert not report.wrong


def test_another_business_is_untouched(inside: Shop, other_shop: Shop) -> None:
    with business(other_shop.business):
        before = contents()
    bring(inside, GOOD)
    with business(other_shop.business):
        assert contents() == before


def test_statements_do_not_grow_with_the_rows(inside: Shop) -> None:
    def statements(rows: int, first: int) -> int:
        lines = [
            f"P {n},P-{n},{gtin(n)},Kitchen,,Pieces,1,2,20%,5" for n in range(first, first + rows)
        ]
        with CaptureQueriesContext(connection) as asked:
            bring(inside, lines)
        return len([one for one in asked.captured_queries if "DISCARD" not in one["sql"]])

    assert statements(400, 1000) == statements(20, 5000)


def test_a_file_that_is_no_table_is_one_sentence(inside: Shop) -> None:
    file = sheet([], "")
    with pytest.raises(Refused, match="empty") as refused:
        import_products(file, name="e.csv", mapping=None, options={}, actor=None)
    assert refused.value.code == "bad_file"


def test_an_import_is_made_once(inside: Shop) -> None:
    batch = bring(inside, GOOD)
    with pytest.raises(Refused) as refused:
        import_products(
            sheet(GOOD, HEADER), name="p.csv", mapping=None, options={"location": "HS"},
            actor=inside.owner, batch=batch,
        )  # fmt: skip
    assert refused.value.code == "already_applied"


@pytest.mark.parametrize(
    ("header", "cells", "column"),
    [
        ("Keep stock", "yes", "Keep stock"),
        ("Tax rate", "20%", "Tax rate"),
        ("Tax rate", "33%", "Tax rate"),
        ("Stock", "10", "Stock"),
    ],
)
def test_credit_gets_neither_stock_nor_tax(
    inside: Shop, header: str, cells: str, column: str
) -> None:
    stocked = header == "Stock"
    credit = make_product("Store credit", sku="CREDIT", adds_credit=True, is_stocked=stocked)
    before = contents()
    with pytest.raises(ImportRefused) as refused:
        bring(inside, [f"Store credit,CREDIT,{cells}"], f"Name,SKU,{header}")
    found = refused.value.report.as_json()["wrong"]
    assert [(one["row"], one["column"]) for one in found] == [(2, column)]
    assert "Credit is" in found[0]["reason"]
    assert contents() == before
    bring(inside, ["Gift credit,CREDIT,30,no"], "Name,SKU,Price,Keep stock")
    credit.refresh_from_db()
    assert credit.price == 30
