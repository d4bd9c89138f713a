"""Which column is which field: found by name, changed by a person, saved and used again."""

from __future__ import annotations

import json

import pytest

from archive.products.fields import FIELDS
from archive.products.mapping import ColumnMapping, detect
from archive.products.presets import BY_NAME, PRESETS
from archive.products.readers import read_drafts
from archive.tables import TableError
from tests.archive.tables.making import opened


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            ["ITEM_CODE", "Product-Name", "Selling Price (EUR)", "on hand"],
            {"sku": 0, "name": 1, "price": 2, "stock": 3},
        ),
        (
            ["Strichcode", "Bezeichnung", "Verkaufspreis", "Lagerbestand", "Meldebestand"],
            {"barcode": 0, "name": 1, "price": 2, "stock": 3, "alert_quantity": 4},
        ),
        (["Штрихкод", "Наименование", "Цена"], {"barcode": 0, "name": 1, "price": 2}),
        (["Désignation", "Référence", "Prix de vente"], {"name": 0, "sku": 1, "price": 2}),
        (["الاسم", "السعر", "الكمية"], {"name": 0, "price": 1, "stock": 2}),
        (
            ["UPC/EAN/ISBN", "Item Name", "Cost Price", "Unit Price", "Reorder Level"],
            {"barcode": 0, "name": 1, "cost": 2, "price": 3, "alert_quantity": 4},
        ),
        (["Name", "Price [Main]", "Stock [ Main ]"], {"name": 0, "price:Main": 1, "stock:Main": 2}),
        (["StockCode", "Description", "UnitPrice"], {"sku": 0, "name": 1, "price": 2}),
    ],
)
def test_columns_are_matched_by_name(columns, expected):
    found = detect(columns)
    assert found.columns == {field: columns[place] for field, place in expected.items()}
    assert found.unmatched == []


def test_what_nobody_takes_is_reported():
    found = detect(["Name", "Shoe size", "CategoryID", "SKU"])
    assert found.unmatched == ["Shoe size", "CategoryID"]


def test_a_column_is_one_field_and_the_better_word_wins():
    found = detect(["Title", "Name", "Code", "SKU"])
    assert found.columns == {"name": "Name", "sku": "SKU"}
    assert found.unmatched == ["Title", "Code"]


def test_every_preset_speaks_of_fields_that_there_are():
    for preset in (*PRESETS.values(), BY_NAME):
        fields = {*preset.columns, *filter(None, preset.by_position)}
        assert fields <= FIELDS.keys()
        assert all(FIELDS[field].per_location for _pattern, field in preset.patterns)
    assert len(PRESETS["ultimatepos"].by_position) == 37


def test_a_preset_that_is_stated_is_obeyed():
    columns = ["Handle", "Title", "Price"]
    assert detect(columns).preset == ""
    assert detect(columns, "shopify").columns["name"] == "Title"
    assert detect(columns, "").preset == ""
    with pytest.raises(ValueError, match="no preset “magento”"):
        detect(columns, "magento")


def test_it_is_saved_as_json_and_comes_back():
    table = opened("Name,Code,Price [Main],x\nTea,1,2,3\n")
    before = detect(table.columns)
    saved = json.loads(json.dumps(before.as_json()))
    after = ColumnMapping.from_json(saved, table.columns)
    assert after == before
    assert after.unmatched == ["x"]


def test_a_person_can_change_it():
    table = opened("Name,Code,x\nTea,1,7\n")
    mapping = ColumnMapping.from_json(
        {"preset": "", "columns": {"name": "Name", "sku": "x", "barcode": ""}}, table.columns
    )
    (draft,) = read_drafts(table, mapping)
    assert (draft.name, draft.sku) == ("Tea", "7")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ([], "no mapping"),
        ({"columns": ["name"]}, "no mapping"),
        ({"preset": "magento", "columns": {}}, "no preset"),
        ({"preset": ["x"], "columns": {}}, "no preset"),
        ({"columns": {"colour": "Name"}}, "no field “colour”"),
        ({"columns": {"name:Main": "Name"}}, "no field “name:Main”"),
    ],
)
def test_what_is_no_mapping_is_refused(data, reason):
    with pytest.raises(ValueError, match=reason):
        ColumnMapping.from_json(data)


def test_a_mapping_that_does_not_fit_the_table_is_refused():
    table = opened("Name,Price\nTea,1\n")
    for columns, reason in (
        ({"name": "Title"}, "no column “Title”"),
        ({"price": "Price"}, "None of the columns is a name, an SKU or a barcode"),
    ):
        with pytest.raises(TableError, match=reason):
            list(read_drafts(table, ColumnMapping("", columns)))
