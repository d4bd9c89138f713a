"""A table becomes drafts: what a blank means, what is a problem, and what rows say of each other."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal
from typing import Any

import pytest

from archive.products.drafts import ReadOptions
from archive.products.gtin import mangled_advice
from archive.products.mapping import detect
from archive.products.readers import read_drafts
from archive.tables import TableError
from tests.archive.tables.making import drafts, opened, workbook


def _problems(text: str, **options: Any) -> list[str]:
    found = drafts(text, options=ReadOptions(**options))
    return [f"{problem.level}: {problem}" for draft in found for problem in draft.problems]


def _one(text: str) -> Any:
    (draft,) = drafts(text)
    return draft


def test_a_blank_and_an_absent_column_say_nothing():
    draft = _one("name,sku,price,brand,active,stock\nTea,1,,NULL,,\n")
    assert (draft.brand, draft.unit, draft.is_active, draft.category) == (None, None, None, None)
    (one,) = draft.variations
    assert (one.price, one.cost, one.stock, one.barcodes) == (None, None, {}, [])
    assert draft.problems == []


def test_a_zero_says_something():
    draft = _one("name,sku,price,stock\nTea,0,0,0\n")
    (one,) = draft.variations
    assert (one.sku, one.price, one.stock) == ("0", 0, {"": 0})


def test_a_code_keeps_its_zeros():
    draft = _one("name,sku,barcode\nTea,000123,00012345678905\n")
    assert draft.variations[0].sku == "000123"
    assert draft.variations[0].barcodes == ["00012345678905"]


def test_each_bad_cell_is_named_with_its_row_column_value_and_reason():
    text = "name,sku,barcode,price,cost,stock,active\nTea,1,4.00638E+12,twelve,-1,NaN,maybe\n"
    assert _problems(text) == [
        "error: Row 2, active: “maybe” is neither yes nor no",
        f"error: Row 2, barcode: “4.00638E+12” {mangled_advice()}",
        "error: Row 2, cost: “-1” is below zero",
        "error: Row 2, price: “twelve” is not a number",
        "error: Row 2, stock: “NaN” is not a finite number",
    ]
    assert not _one(text).is_good


def test_what_is_possible_and_unlikely_is_a_warning():
    text = "name,sku,barcode,price,cost,stock\nTea,1,4006381333932,2500000,90000,5000\nMilk,2,,1,1,-3\n"
    assert _problems(text) == [
        "warning: Row 2, barcode: “4006381333932” is no valid GTIN-13: its check digit would be 1",
        "warning: Row 2, price: “2500000” is unusually high; is it right?",
        "warning: Row 2, cost: “90000.0000” makes this stock worth 450,000,000; is it right?",
        "warning: Row 3, stock: “-3” is below zero",
    ]
    assert all(draft.is_good for draft in drafts(text))


def test_characters_that_nobody_sees():
    text = (
        "name,sku\nabc\u202edef,1\nnul\0byte,2\nCafe\u0301,3\n\u00a0 x\u200cy\u00a0,4\n,5\u0000\n"
    )
    found = drafts(text)
    assert [draft.name for draft in found] == ["abcdef", "nulbyte", "Café", "x\u200cy", ""]
    assert [problem.level for draft in found for problem in draft.problems] == [
        "warning",
        "warning",
        "error",  # a code is taken as it is, or not at all
    ]


def test_texts_that_are_too_long():
    long_name, long_code = _problems(f"name,sku\n{'x' * 301},1\nTea,{'9' * 101}\n")
    assert long_name.endswith("x…” is longer than 300 characters")
    assert long_code.endswith("9…” is no code: it is too long, or has several lines")


def test_errors_of_a_spreadsheet_are_no_values():
    assert _problems("name,sku,price\n#REF!,1,#N/A\n") == [
        "error: Row 2, name: “#REF!” is an error of the spreadsheet, not a value",
        "error: Row 2, price: “#N/A” is an error of the spreadsheet, not a value",
    ]


def test_several_barcodes_in_a_cell():
    text = 'name,barcode\nTea,4006381333931|BOX-1\nMilk,"96385074, 036000291452"\nSalt,"5012345678900\nA 1"\n'
    assert [draft.variations[0].barcodes for draft in drafts(text)] == [
        ["4006381333931", "BOX-1"],
        ["96385074", "036000291452"],
        ["5012345678900", "A 1"],
    ]


def test_categories_are_paths():
    text = "name,category,subcategory\na,A > B>C,\nb,Food/Drinks,Tea\nc,,Tea\nd, > ,\n"
    assert [draft.category for draft in drafts(text)] == [
        ("A", "B", "C"),
        ("Food/Drinks", "Tea"),
        ("Tea",),
        None,
    ]
    assert "more than ten levels" in _problems("name,category\na,1>2>3>4>5>6>7>8>9>10>11\n")[0]


def test_numbers_follow_the_table_or_what_is_stated():
    text = "name;price\na;1,50\nb;1.275\n"
    assert [draft.variations[0].price for draft in drafts(text)] == [Decimal("1.5"), 1275]
    stated = drafts(text, options=ReadOptions(decimal_comma=False))
    assert [draft.variations[0].price for draft in stated] == [Decimal("1.5"), Decimal("1.275")]


def test_numbers_of_a_mixed_table_are_doubted():
    text = 'name,price\na,"1,50"\nb,2.50\nc,1.275\n'
    assert _problems(text) == [
        "warning: Row 4, price: “1.275” can be read in two ways; 1.275 was taken"
    ]


def test_the_same_code_twice():
    text = "name,sku,barcode\na,X1,\nb,x1,\nc,X1 ,\nd,,96385074\ne,,96385074\nf,,\nF,,\n"
    assert _problems(text) == [
        "error: Row 3, sku: “x1” stands in row 2 already",
        "error: Row 4, sku: “X1” stands in row 2 already",
        "error: Row 6, barcode: “96385074” stands in row 5 already",
        "error: Row 8, name: “F” stands in row 7 already, and no code tells the two apart",
    ]


def test_blank_codes_never_match_each_other():
    text = "name,sku,barcode\na,,\nb,  ,\nc,,'\n"
    assert _problems(text) == []


def test_a_row_that_is_not_taken_in_keeps_no_code_from_others():
    text = "name,sku,price\na,1,twelve\nb,1,12\n"
    assert [draft.is_good for draft in drafts(text)] == [False, True]


def test_a_row_that_means_no_product():
    assert _problems("name,sku,price\n,,5\n") == [
        "error: Row 2: has no name, SKU or barcode, so it means no product"
    ]


def test_rows_that_do_not_fit_cost_themselves_alone():
    text = 'name,sku,price\nTea,1,2\nMilk,2\n"Salt,3,4\nRice,4,5\n'
    found = drafts(text + "".join(f"Bread,{n},1\n" for n in range(5, 20)))[:4]
    assert [(draft.row, draft.is_good, draft.name) for draft in found] == [
        (2, True, "Tea"),
        (3, False, ""),
        (4, True, "Salt"),  # its quote is broken, and its cells are still where they belong
        (5, True, "Rice"),
    ]
    assert [problem.level for problem in found[2].problems] == ["warning"]


def test_variations_are_rows_that_follow_each_other():
    text = (
        "name,variation,sku,price,brand\nShirt,S,1,10,Loom\nShirt,M,2,11,\n,L,3,12,\nMug,,4,5,\n"
        "Shirt,XL,5,13,\nShirt,XL,6,13,\n"
    )
    shirt, mug, again = drafts(text)
    assert [one.name for one in shirt.variations] == ["S", "M", "L"]
    assert (shirt.kind, shirt.brand, mug.kind, again.kind) == (
        "variable",
        "Loom",
        "single",
        "variable",
    )
    assert [str(problem) for problem in again.problems] == [
        "Row 7: “XL” is a variation that stands in row 6 already"
    ]


def test_a_workbook_gives_the_same_drafts_as_text():
    rows: list[list[Any]] = [
        ["name", "sku", "barcode", "price", "stock"],
        ["Tea", "007", "4006381333931", 1.275, 3],
    ]
    text = "name,sku,barcode,price,stock\nTea,007,4006381333931,1.275,3\n"
    assert drafts(workbook(*rows)) == drafts(text)


def test_progress_is_told_and_may_stop_the_reading():
    table = opened("name,sku\n" + "".join(f"n{n},{n}\n" for n in range(1200)))
    told: list[tuple[int, int]] = []
    list(read_drafts(table, detect(table.columns), progress=lambda *done: told.append(done)))
    assert told == [(500, 1200), (1000, 1200), (1200, 1200)]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(read_drafts(table, detect(table.columns), progress=stop))


def test_it_gives_up_where_nearly_everything_is_wrong():
    table = opened("name,sku,price\n" + "".join(f"n{n},{n},twelve\n" for n in range(6000)))
    with pytest.raises(TableError, match=r"Nearly all rows are wrong.*“twelve” is not a number"):
        list(read_drafts(table, detect(table.columns)))


def test_memory_grows_with_the_codes_alone():
    table = opened(
        "name,sku,description\n" + "".join(f"n{n},{n},{'long ' * 60}{n}\n" for n in range(20_000))
    )
    tracemalloc.start()
    try:
        count = sum(1 for _draft in read_drafts(table, detect(table.columns)))
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert most < 6_000_000  # the file has 6.4 MB; its codes are a sixth of this
