"""Every kind of fault is named with table, id, field and reason, and nothing else is."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from archive.rows import Fault
from archive.validation import Export, read_export
from tests.archive.exports import row, stalls, write

Change = Callable[[dict[str, Any]], object]


def read(tmp_path: Path, *changes: Change) -> Export:
    export = stalls()
    for change in changes:
        change(export)
    return read_export(write(tmp_path, export))


def put(table: str, row_id: int, **values: object) -> Change:
    return lambda export: row(export, table, row_id).update(values)


def drop(table: str, row_id: int) -> Change:
    return lambda export: export[table].remove(row(export, table, row_id))


def again(table: str, row_id: int, **values: object) -> Change:
    return lambda export: export[table].append({**row(export, table, row_id), **values})


def test_a_good_file_has_no_faults(tmp_path: Path) -> None:
    export = read(tmp_path)
    assert export.faults == []
    assert len(export.locations) == 3
    assert export.locations[2].business_id == 1
    assert export.products[1].sku == "0001"
    assert export.stock[2].quantity == Decimal(-3)
    assert export.products[4].deleted
    assert export.roles[2].permissions == [
        (1, "sell.create"), (3, "void.create"), (4, "product.view"), (6, "job_order.diagnose"),
    ]  # fmt: skip
    assert dict(export.unknown_permissions) == {"job_order.diagnose": 1}


# Each change, and the one fault that it has to make: table, id, field, part of the reason.
FAULTS: list[tuple[Change, tuple[str, int | str | None, str, str]]] = [
    # the eight that the sample file has planted
    (drop("productVariations", 6), ("products", 5, "variations", "has no variation")),
    (put("stock", 3, productVariationId=99), ("stock", 3, "productVariationId", "no row of")),
    (put("stock", 8, locationId=1), ("stock", 8, "locationId", "business 1 and the product to 2")),
    (put("users", 2, roles=[]), ("users", 2, "roles", "has no role")),
    (put("products", 1, categoryId=4), ("products", 1, "categoryId", "belongs to business 2")),
    (put("products", 3, sku="0001"), ("products", 3, "sku", "that of product 1")),
    (put("products", 3, sellingPrice="twelve"), ("products", 3, "sellingPrice", "not a number")),
    (put("stock", 4, qtyAvailable="NaN"), ("stock", 4, "qtyAvailable", "not a finite number")),
    # numbers
    (put("stock", 4, qtyAvailable="-Infinity"), ("stock", 4, "qtyAvailable", "not a finite")),
    (put("stock", 4, qtyAvailable="1e3x"), ("stock", 4, "qtyAvailable", "not a number")),
    (put("stock", 4, qtyAvailable="1,5"), ("stock", 4, "qtyAvailable", "not a number")),
    (put("stock", 4, qtyAvailable="٣"), ("stock", 4, "qtyAvailable", "not a number")),
    (put("stock", 4, qtyAvailable=True), ("stock", 4, "qtyAvailable", "not a number")),
    (put("stock", 4, qtyAvailable="100000000000000"), ("stock", 4, "qtyAvailable", "too large")),
    (put("stock", 4, qtyAvailable="9e99"), ("stock", 4, "qtyAvailable", "too large")),
    (put("stock", 4, qtyAvailable="0.00001"), ("stock", 4, "qtyAvailable", "four decimals")),
    (put("productVariations", 1, sellingPrice="-1"), ("productVariations", 1, "sellingPrice", "neg")),
    (put("taxRates", 1, amount="2000"), ("taxRates", 1, "amount", "more than 1000 percent")),
    (put("taxRates", 2, amount=None), ("taxRates", 2, "amount", "is empty")),
    # types and text
    (put("customers", 1, id="1"), ("customers", "row 1", "id", "is not an id")),
    (put("brands", 1, name=["x"]), ("brands", 1, "name", "is not a single value")),
    (put("brands", 1, name=7), ("brands", 1, "name", "is not text")),
    (put("brands", 1, name="x" * 201), ("brands", 1, "name", "longer than 200")),
    (put("brands", 1, name="a\x00b"), ("brands", 1, "name", "cannot be stored")),
    (put("products", 1, name="  "), ("products", 1, "name", "is empty")),
    (put("products", 1, enableStock="yes"), ("products", 1, "enableStock", "not true or false")),
    (put("products", 1, type="bundle"), ("products", 1, "type", "is none of single")),
    (put("products", 1, deletedAt="yesterday"), ("products", 1, "deletedAt", "not a time")),
    (put("suppliers", 1, paymentTerms=-1), ("suppliers", 1, "paymentTerms", "whole number")),
    (put("users", 1, password="secret"), ("users", 1, "password", "not a bcrypt hash")),
    (put("users", 1, roles={}), ("users", 1, "roles", "is no list")),
    (put("users", 1, roles=[{}]), ("users", 1, "roles", "without roleId")),
    (lambda e: e["brands"].append(7), ("brands", "row 2", "", "is no object")),
    (lambda e: e["customers"][1].pop("id"), ("customers", "row 2", "id", "is missing")),
    # businesses and locations
    (put("businesses", 1, timeZone="Europe/Yorkshire"), ("businesses", 1, "timeZone", "time zone")),
    (put("businesses", 1, currency={"code": "ZZZ"}), ("businesses", 1, "currency", "ISO 4217")),
    (put("businesses", 1, currency=None), ("businesses", 1, "currency", "is empty")),
    (put("businesses", 1, ownerId=77), ("businesses", 1, "ownerId", "no row of users")),
    (put("locations", 3, businessId=1), ("locations", 3, "businessId", "inside business 2")),
    (lambda e: e["businesses"].append({**row(e, "businesses", 2), "id": 3, "locations": []}),
     ("businesses", 3, "locations", "has no location")),
    # people
    (put("users", 2, username="ADA"), ("users", 2, "username", "also the name of user 1")),
    (put("users", 2, businessId=9), ("users", 2, "businessId", "no row of businesses")),
    (lambda e: row(e, "users", 2)["roles"][0].update(roleId=3),
     ("users", 2, "roles", "belongs to business 2")),
    (lambda e: row(e, "users", 2)["roles"][0].update(roleId=55),
     ("users", 2, "roles", "no row of roles")),
    (lambda e: row(e, "roles", 1)["permissions"].append({"permissionId": 70}),
     ("roles", 1, "permissions", "no row of permissions")),
    # references and trees
    (put("brands", 1, businessId=2), ("products", 1, "brandId", "belongs to business 2")),
    (put("categories", 2, parentId=99), ("categories", 2, "parentId", "no row of categories")),
    (put("categories", 2, parentId=4), ("categories", 2, "parentId", "belongs to business 2")),
    (put("categories", 1, parentId=1), ("categories", 1, "parentId", "lies inside itself")),
    (put("units", 2, baseUnitId=2), ("units", 2, "baseUnitId", "is made of itself")),
    (put("units", 2, baseUnitMultiplier="0"), ("units", 2, "baseUnitMultiplier", "not above 0")),
    (put("units", 2, baseUnitMultiplier=""), ("units", 2, "baseUnitMultiplier", "not above 0")),
    (put("productVariations", 4, supplierId=8),
     ("productVariations", 4, "supplierId", "no row of suppliers")),
    (put("productVariations", 2, sku="0003"),
     ("productVariations", 4, "sku", "also that of variation 2")),
    (put("stock", 4, productId=1), ("stock", 4, "productId", "not the product of variation 3")),
    # the same twice
    (again("brands", 1), ("brands", 1, "id", "stands twice")),
    (again("stock", 1, id=9), ("stock", 9, "locationId", "repeats variation and location of stock 1")),
]  # fmt: skip


@pytest.mark.parametrize(("change", "wanted"), FAULTS)
def test_the_one_fault_is_named(
    tmp_path: Path, change: Change, wanted: tuple[str, int | str | None, str, str]
) -> None:
    faults = read(tmp_path, change).faults
    # A row that has gone may leave others that point at it; what was planted comes by itself.
    table, place, field, reason = wanted
    if table == "products" and field == "variations":
        faults = [f for f in faults if f.table == "products"]
    assert [(f.table, f.id, f.field) for f in faults] == [(table, place, field)], faults
    assert reason in faults[0].reason


def test_a_circle_of_three_is_named_once_each(tmp_path: Path) -> None:
    faults = read(
        tmp_path, put("categories", 5, parentId=3), put("categories", 3, parentId=2)
    ).faults
    assert [(f.id, f.reason) for f in faults] == [(n, "lies inside itself") for n in (2, 3, 5)]


def test_a_broken_row_brings_no_faults_in_those_that_refer_to_it(tmp_path: Path) -> None:
    faults = read(
        tmp_path,
        put("products", 1, sellingPrice="twelve"),
        put("businesses", 2, timeZone=5),
        put("categories", 1, name=5),
        put("users", 3, username=""),
        put("productVariations", 2, purchasePrice="x"),
    ).faults
    assert [(f.table, f.id) for f in faults] == [
        ("businesses", 2),
        ("users", 3),
        ("categories", 1),
        ("products", 1),
        ("productVariations", 2),
    ]


@pytest.mark.parametrize("table", list(stalls()))
def test_a_missing_table_is_one_fault(tmp_path: Path, table: str) -> None:
    faults = read(tmp_path, lambda export: export.pop(table)).faults
    assert faults == [Fault(table, None, "", "is missing from the file")]


def test_a_table_that_is_no_list(tmp_path: Path) -> None:
    faults = read(tmp_path, lambda export: export.update(brands={})).faults
    assert faults == [Fault("brands", None, "", "is no list")]


@pytest.mark.parametrize(
    "change",
    [
        put("products", 3, name="Teapot"),
        put("products", 1, description="", categoryId="", brandId=""),
        put("stock", 1, qtyAvailable="-99999999999999.9999"),
        put("stock", 1, qtyAvailable=7),
        put("stock", 1, qtyAvailable=1.25),
        put("stock", 1, qtyAvailable="1.50000000"),
        put("stock", 1, qtyAvailable=None),
        put("users", 2, deletedAt="2026-01-15T08:00:00.000Z", roles=[]),
        put("users", 2, password=None, email=None),
        put("businesses", 1, ownerId=None),
        put("productVariations", 1, sku="", subSku=""),
        put("products", 2, deletedAt="2026-01-15T08:00:00.000Z", sku="0001"),
        put("locations", 2, businessId=1, locationCode=""),
    ],
)
def test_what_real_files_hold_is_no_fault(tmp_path: Path, change: Change) -> None:
    assert read(tmp_path, change).faults == []


def test_strange_columns_and_keys_are_listed_and_left_aside(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        put("products", 1, shoeSize="9", warehouse={"id": 1}),
        put("locations", 1, colour="red"),
        lambda e: e.update(extras=[1]),
    )
    assert export.faults == []
    assert export.unknown_columns == {
        "products": {"shoeSize", "warehouse"},
        "locations": {"colour"},
    }
    assert export.ignored == ["extras"]


def test_a_fault_reads_as_a_sentence_and_tells_no_secret(tmp_path: Path) -> None:
    assert str(Fault("stock", 41, "qtyAvailable", "is not a number", "x")) == (
        "stock 41, qtyAvailable: is not a number (x)"
    )
    hashed = "$2b$10$tooshort"
    faults = read(tmp_path, put("users", 1, password=hashed)).faults
    assert hashed not in str(faults[0])


@pytest.mark.parametrize("value", [None, "", "x", -1, 1.5, True, [], [[1]], {}, {"id": []}, 10**30])
def test_no_value_in_any_column_is_a_crash(tmp_path: Path, value: object) -> None:
    columns = {c for rows in stalls().values() for r in rows for c in r}
    columns |= stalls()["businesses"][0]["locations"][0].keys()
    for column in sorted(columns):
        export = stalls()
        for rows in [*export.values(), export["businesses"][0]["locations"]]:
            if column in rows[0]:
                rows[0][column] = value
        read_export(write(tmp_path, export))


def test_faults_come_in_the_order_of_the_tables(tmp_path: Path) -> None:
    faults = read(
        tmp_path,
        put("stock", 4, qtyAvailable="x"),
        put("stock", 3, qtyAvailable="x"),
        put("brands", 1, name=1),
    ).faults
    assert [(f.table, f.id) for f in faults] == [("brands", 1), ("stock", 3), ("stock", 4)]
