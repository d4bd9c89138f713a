"""The files of other systems, recognised by their headers and read into products."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from archive.products.mapping import detect
from tests.archive.products.good_files import FILES, SHOPIFY, ULTIMATEPOS, WOOCOMMERCE
from tests.archive.tables.making import drafts, opened

D = Decimal


def _read(preset: str) -> dict[str, Any]:
    found = drafts(FILES[preset])
    assert [str(p) for draft in found for p in draft.problems if p.level == "error"] == []
    return {draft.name: draft for draft in found}


@pytest.mark.parametrize("preset", FILES)
def test_a_file_is_recognised_by_its_header(preset):
    mapping = detect(opened(FILES[preset]).columns)
    assert mapping.preset == preset
    assert mapping.complaints(opened(FILES[preset]).columns) == []


def test_a_bare_table_in_german():
    found = _read("")
    tea, cheese = found["Grüner Tee"], found["Käse"]
    assert (tea.kind, tea.sku, tea.category, tea.brand) == (
        "single",
        "000123",
        ("Getränke", "Tee"),
        "Blatt",
    )
    (one,) = tea.variations
    assert (one.name, one.sku, one.barcodes) == ("", "000123", ["4006381333931"])
    assert (one.cost, one.price, tea.tax_rate) == (D("1.5"), D("2.99"), "20%")
    assert one.stock == {"Hafen": 24, "Markt": 6}  # two rows that differ in the location alone
    (one,) = cheese.variations
    assert (one.cost, one.price, one.stock) == (D("1011.40"), D("1219.80"), {"": D("7.25")})
    assert (cheese.tax_rate, cheese.brand, cheese.description) == ("10%", None, None)


def test_ultimatepos():
    found = _read("ultimatepos")
    tea, shirt, wrapping = found["Green tea"], found["T-shirt"], found["Wrapping"]
    assert (tea.kind, tea.sku, tea.category) == ("single", "000123", ("Drinks", "Tea"))
    assert (tea.tax_rate, tea.tax_inclusive, tea.is_stocked, tea.alert_quantity) == (
        "VAT 20%",
        True,
        True,
        5,
    )
    assert tea.variations[0].price == D("3.00")  # the cost and its margin
    assert tea.variations[0].stock == {"Harbour": 24}
    assert (shirt.kind, shirt.sku, shirt.tax_inclusive, shirt.is_for_sale) == (
        "variable",
        "TS",
        False,
        True,
    )
    assert [
        (one.name, one.sku, one.cost, one.price, one.stock) for one in shirt.variations
    ] == [
        ("S", "TS-S", 5, D("9.90"), {"": 1}),
        ("M", "TS-M", 5, D("10.90"), {"": 2}),
        ("L", "TS-L", 5, D("11.90"), {"": 3}),
    ]  # fmt: skip
    assert (wrapping.is_stocked, wrapping.is_for_sale, wrapping.variations[0].cost) == (
        False,
        False,
        1,
    )


def test_ultimatepos_by_position():
    lines = ULTIMATEPOS.splitlines(keepends=True)
    anonymous = ",".join(f"Spalte {n}" for n in range(1, 38)) + "\n" + "".join(lines[1:])
    table = opened(anonymous)
    assert detect(table.columns).preset == "ultimatepos"
    assert drafts(anonymous) == drafts(ULTIMATEPOS)
    assert detect(table.columns[:-1]).preset == ""


def test_ultimatepos_counts_its_values():
    bad = ULTIMATEPOS.replace("TS-S|TS-M|TS-L", "TS-S|TS-M|TS-L|TS-XL")
    (shirt,) = (draft for draft in drafts(bad) if draft.name == "T-shirt")
    assert [problem.reason for problem in shirt.problems] == ["lists 4 values for 3 variations"]


def test_shopify():
    found = _read("shopify")
    scarf, mug, repair = found["Scarf"], found["Mug"], found["Repair"]
    assert (scarf.kind, scarf.reference, scarf.brand, scarf.category) == (
        "variable",
        "scarf",
        "Loom",
        ("Clothing",),
    )
    assert scarf.description == "Warm & soft\n- Wool"
    assert scarf.image == "https://example.com/red.jpg"
    assert (scarf.is_stocked, scarf.is_active) == (True, True)
    assert [(v.row, v.name, v.sku, v.barcodes, v.price, v.cost, v.stock) for v in scarf.variations] == [
        (2, "Red / Long", "SC-RL", ["4006381333931"], D("42.5"), D(20), {"": 3}),
        (3, "Blue / Short", "SC-BS", [], D(40), None, {"": 0}),
    ]  # fmt: skip
    assert (mug.kind, mug.sku, mug.is_active, mug.is_stocked) == ("single", "MUG", False, None)
    assert mug.variations[0].stock == {"": 7}
    assert (repair.is_stocked, repair.variations[0].stock) == (False, {})


def test_shopify_rows_without_their_first():
    lines = SHOPIFY.splitlines(keepends=True)
    orphans = [draft for draft in drafts(lines[0] + "".join(lines[2:])) if not draft.is_good]
    assert [(draft.row, draft.problems[0].reason) for draft in orphans] == [
        (2, "continues a product whose first row is not above it"),
        (3, "continues a product whose first row is not above it"),
    ]


def test_shopify_the_same_variation_twice():
    lines = SHOPIFY.splitlines(keepends=True)
    (scarf,) = (d for d in drafts("".join([*lines[:3], lines[2], *lines[3:]])) if d.name == "Scarf")
    assert [str(problem) for problem in scarf.problems] == [
        "Row 4: “Blue / Short” is a variation that stands in row 3 already"
    ]


def test_woocommerce():
    found = _read("woocommerce")
    hoodie, service, cap = found["Hoodie"], found["Alteration"], found["Cap"]
    assert (hoodie.kind, hoodie.sku, hoodie.reference) == ("variable", "HOOD", "10")
    assert (hoodie.category, hoodie.image) == (("Clothing", "Hoodies"), "https://example.com/1.jpg")
    assert (hoodie.description, hoodie.tax_rate, hoodie.is_stocked) == (
        "Warm",
        "reduced-rate",
        True,
    )
    assert [
        (v.row, v.name, v.sku, v.barcodes, v.price, v.stock, v.is_active) for v in hoodie.variations
    ] == [
        (3, "Blue", "HOOD-B", ["4006381333931"], 45, {"": 4}, True),
        (5, "Red", "HOOD-R", [], 47, {"": 0}, False),
    ]  # fmt: skip
    assert (service.kind, service.is_stocked, service.is_active) == ("single", False, True)
    assert (cap.is_active, cap.alert_quantity, cap.variations[0].stock) == (False, 2, {"": 9})


def test_woocommerce_variations_may_stand_before_their_parent():
    lines = WOOCOMMERCE.splitlines(keepends=True)
    moved = "".join([lines[0], *reversed(lines[1:])])
    found = {draft.name: draft for draft in drafts(moved)}
    assert [one.sku for one in found["Hoodie"].variations] == ["HOOD-R", "HOOD-B"]
    assert all(draft.is_good for draft in found.values())


def test_woocommerce_families_that_are_not_whole():
    lines = WOOCOMMERCE.splitlines(keepends=True)
    without_parent = [d for d in drafts("".join([lines[0], *lines[2:]])) if not d.is_good]
    assert [d.problems[-1].reason for d in without_parent] == [
        "is a variation of a product that is not in the file"
    ] * 2
    without_children = drafts("".join(lines[:2]))
    assert [d.problems[-1].reason for d in without_children] == [
        "has variations, and none of them is in the file"
    ]
    twice = [d for d in drafts("".join([*lines[:4], lines[1], *lines[4:]])) if not d.is_good]
    assert [(d.row, d.problems[-1].reason) for d in twice] == [(5, "is the same product again")]


def test_square():
    found = _read("square")
    latte, beans = found["Latte"], found["Beans"]
    assert (latte.kind, latte.tax_rate, latte.is_stocked, latte.is_for_sale) == (
        "variable",
        "6.625%",
        False,
        True,
    )
    assert [(one.name, one.sku, one.price) for one in latte.variations] == [
        ("Small", "L-S", D("3.2")),
        ("Large", "L-L", None),
    ]
    assert "asked for at the till" in latte.problems[0].reason
    assert (beans.kind, beans.is_active, beans.tax_rate, beans.alert_quantity) == (
        "single",
        False,
        None,
        2,
    )
    assert beans.variations[0].stock == {"Harbour": 8, "Main": 1}
    assert (beans.variations[0].cost, beans.variations[0].barcodes) == (D("6.5"), ["4006381333931"])


def test_loyverse():
    found = _read("loyverse")
    lemonade, cheese, basket = found["Lemonade"], found["Cheese"], found["Basket"]
    assert (lemonade.kind, lemonade.is_stocked, lemonade.is_for_sale) == ("variable", True, True)
    assert lemonade.alert_quantity == 5
    small, large = lemonade.variations
    assert (small.name, small.price, small.prices) == ("Small", D("2.5"), {"Harbour": D("2.8")})
    assert small.stock == {"Main": 20, "Harbour": 6}
    assert (large.name, large.price, large.prices, large.stock) == (
        "Large",
        D("3.5"),
        {},
        {"Main": 12},
    )
    assert (cheese.unit, cheese.variations[0].stock) == ("kg", {"Main": D("7.25")})
    assert (basket.kind, basket.variations[0].price) == ("single", None)
    assert "bundle" in " ".join(problem.reason for problem in basket.problems)
