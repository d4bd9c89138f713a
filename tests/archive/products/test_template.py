"""Our own template: known again, and good as it stands."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from archive.products.mapping import detect
from archive.products.readers import read_drafts
from archive.products.template import COLUMNS, as_csv, as_xlsx, columns
from archive.tables import open_table


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
@pytest.mark.parametrize("locations", [(), ("Main",), ("Main", "Old Harbour")])
def test_the_example_is_read_without_a_problem(write, locations):
    file = io.BytesIO()
    write(file, locations)
    table = open_table(file, name="template")
    mapping = detect(table.columns)
    assert (mapping.preset, mapping.unmatched) == ("tillbook", [])
    found = {draft.name: draft for draft in read_drafts(table, mapping)}
    assert [problem for draft in found.values() for problem in draft.problems] == []
    place = locations[0] if len(locations) > 1 else ""
    coffee = found["Ground coffee 500 g"]
    assert (coffee.sku, coffee.category) == ("000123", ("Groceries", "Coffee"))
    assert coffee.description == "Medium roast.\nKeep it dry."
    assert coffee.variations[0].stock == {place: 24}
    assert [one.name for one in found["T-shirt"].variations] == ["Small", "Large"]
    assert found["Mountain cheese"].variations[0].stock == {place: Decimal("7.25")}
    assert found["-20 °C cooling pack"].variations[0].barcodes == ["96385074", "CP-BOX"]
    assert found["Gift wrapping"].is_stocked is False


def test_csv_holds_nothing_that_runs():
    file = io.BytesIO()
    as_csv(file)
    assert b"\n'-20 \xc2\xb0C" in file.getvalue()


def test_several_locations_have_columns_of_their_own():
    assert columns() == list(COLUMNS)
    names = columns(["A", "B"])
    assert {"Price", "Price [A]", "Price [B]", "Stock [A]", "Stock [B]"} <= set(names)
    assert not {"Stock", "Location"} & set(names)
