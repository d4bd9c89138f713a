"""A spoilt file of our own: each fault is named with table, id, field and reason, and nothing of
the file comes in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archive.exportfile import ExportFileError
from archive.importing import ImportRefused, import_export
from archive.validation import read_export
from tenants.models import Business
from tests.archive.exports import row
from tests.archive.rich import changed, elsewhere, faults, rich, taken

pytestmark = pytest.mark.django_db


# Made once: a shop with everything in it takes as long as thirty of these tests.
_FILE: list[bytes] = []


@pytest.fixture
def file(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    path = tmp_path / "rich.json"
    if not _FILE:
        with elsewhere():
            rich()
            _FILE.append(taken(path))
    path.write_bytes(_FILE[0])
    return path


def put(table: str, row_id: int, **values: Any) -> Any:
    return lambda data: row(data, table, row_id).update(values)


def line(sale: int, at: int, **values: Any) -> Any:
    return lambda data: row(data, "sales", sale)["lines"][at - 1].update(values)


def payment(sale: int, at: int, **values: Any) -> Any:
    return lambda data: row(data, "sales", sale)["payments"][at - 1].update(values)


def drop(table: str, row_id: int) -> Any:
    return lambda data: data[table].remove(row(data, table, row_id))


def move_away(data: dict[str, Any]) -> None:
    """To the other location."""
    sale = row(data, "sales", 1)
    sale["locationId"] = 3 - sale["locationId"]


def miscount(data: dict[str, Any]) -> None:
    """A closed shift that agrees with itself and not with its sales."""
    row(data, "shifts", 1).update(expectedCash="1.0000", countedCash="1.0000", difference="0.0000")


def price_again(data: dict[str, Any]) -> None:
    """Where there is stock, whose row has the price."""
    place = ("productVariationId", "locationId")
    data["locationPrices"][0].update({name: data["stock"][0][name] for name in place})


def test_the_file_itself_has_none(file: Path) -> None:
    assert faults(file) == []


# Register 1: sales 1, 2, its void 4 and others; register 3 holds the history, sales 6 and 7.
@pytest.mark.parametrize(
    ("change", "told"),
    [
        # Lines, sums and payments.
        (line(1, 1, total="1.0000"), "sales 1, lines.1.total: does not add up to 9.0000 (1.0000)"),
        (line(1, 1, gross="9.0000"), "sales 1, lines.1.gross: does not add up to 10.0000 (9.0000)"),
        (line(1, 1, quantity="two"), "sales 1, lines.1.quantity: is not a number (two)"),
        (line(1, 1, productVariationId=99), "sales 1, lines.1.productVariationId: refers to no row"),
        (line(1, 2, line=1), "sales 1, lines.2.line: is not above that of the one before it (1)"),
        (put("sales", 1, total="1.0000"), "sales 1, total: does not add up to 13.5500 (1.0000)"),
        (put("sales", 1, subtotal="1.0000"), "sales 1, subtotal: does not add up to 13.5500"),
        (put("sales", 1, payments=[]), "sales 1, payments: come to 0.0000 and the sale to 13.5500"),
        (payment(1, 1, amount="13.0000"), "sales 1, payments.1.tendered: does not add up to"),
        (payment(2, 1, change="1.0000"), "sales 2, payments.1.change: is not change of cash"),
        (payment(1, 1, method="shells"), "sales 1, payments.1.method: is none of cash, card"),
        # What a sale refers to.
        (put("sales", 1, registerId=2), "sales 1, shiftId: is of another register (1)"),
        (put("sales", 1, customerId=9), "sales 1, customerId: refers to no row of customers (9)"),
        (move_away, "sales 1, locationId: is not where the register is"),
        (put("sales", 1, currency="USD"), "sales 1, currency: is not EUR (USD)"),
        (put("sales", 1, soldAt="2026-01-15T08:00:00"), "sales 1, soldAt: is a time without a zone"),
        (put("sales", 1, kind="gift"), "sales 1, kind: is none of sale, void"),
        (put("sales", 1, kind="return"), "sales 1, kind: does not fit the rest of the sale"),
        # Numbers, the chain, voids.
        (put("sales", 2, counter=7), "sales 2, counter: is not the next, 2 (7)"),
        (put("sales", 2, number="XX-2"), "sales 2, number: is not made of the register's prefix"),
        (put("sales", 7, number="536365"), "sales 7, number: stands twice in the file (536365)"),
        (put("sales", 2, id=1), "sales 1, id: is not above that of the sale before it"),
        (put("sales", 2, hash="broken"), "sales 2, hash: is not a SHA-256"),
        (put("sales", 4, reversesId=5), "sales 4, reversesId: refers to no sale before it (5)"),
        (put("sales", 4, reversesId=1), "sales 4, reversesId: is not taken back exactly (1)"),
        # Tills.
        (put("registers", 1, saleCounter=9), "registers 1, saleCounter: is not 4 (9)"),
        (put("registers", 2, prefix="ACM1"), "registers 2, prefix: is also that of row 1 (ACM1)"),
        (put("registers", 3, isActive=True), "registers 3, isActive: is on, though"),
        (miscount, "shifts 1, expectedCash: is not the float and"),
        (put("shifts", 1, difference="1.0000"), "shifts 1, difference: is not counted less"),
        (put("shifts", 1, closedAt=None), "shifts 1, closedAt: is closed in part"),
        (put("devices", 1, userId=99), "devices 1, userId: refers to no row of users (99)"),
        # Stock.
        (put("movements", 3, line=9), "the stock did not move as it was sold"),
        (put("movements", 1, balance="3.0000"), "movements 1, balance: is not the sum so far"),
        (drop("stock", 1), "movements 1, productVariationId: has no row of stock at this location"),
        (put("stock", 1, qtyAvailable="1.0000"), "stock 1, qtyAvailable: is not the sum of its"),
        (put("movements", 3, saleId=99), "movements 3, saleId: refers to no row of sales (99)"),
        (put("movements", 3, saleId=None), "movements 3, saleId: exactly one document has to be"),
        (put("movements", 1, stockDocumentId=2), "movements 1, stockDocumentId: is of another kind"),
        # Credit, codes, prices, pictures, people.
        (put("creditAccounts", 1, balance="1.0000"), "creditAccounts 1, balance: is not the sum"),
        (put("creditEntries", 2, balance="1.0000"), "creditEntries 2, balance: is not the sum so"),
        (put("creditEntries", 1, accountId=5), "creditEntries 1, accountId: refers to no row"),
        (put("barcodes", 2, code="5901234123457"), "barcodes 2, code: is also that of row 1"),
        (price_again, "has another row for this location"),
        (put("pictures", 1, sha256="0" * 64), "pictures 1, sha256: is not that of the picture"),
        (put("pictures", 1, data="%%%"), "pictures 1, data: is not base64"),
        (put("pictures", 1, productId=99), "pictures 1, productId: refers to no row of products"),
        (put("users", 1, password="hunter2"), "users 1, password: is not a bcrypt hash"),
        (put("users", 1, personId=2), "users 1, personId: is called"),
        (lambda data: data.pop("movements"), "movements: is missing from the file"),
    ],
)  # fmt: skip
def test_the_fault_is_named(file: Path, change: Any, told: str) -> None:
    found = faults(changed(file, change))
    assert any(told in one for one in found), found


def test_a_chain_that_was_broken(file: Path) -> None:
    """A line that was changed with all its sums, so that only the chain can tell."""
    data = json.loads(file.read_text())
    row(data, "sales", 1)["note"] = "never happened"
    file.write_text(json.dumps(data))
    assert faults(file) == [
        "sales 1, hash: does not follow from this sale and the one before it: the chain is broken"
    ]


def test_a_sale_that_was_taken_out(file: Path) -> None:
    data = json.loads(file.read_text())
    data["sales"].remove(row(data, "sales", 3))
    file.write_text(json.dumps(data))
    found = faults(file)
    assert any(one.startswith("sales 4, hash: does not follow") for one in found)
    assert any(one.startswith("sales 5, counter: is not the next, 3") for one in found)


def test_a_picture_that_is_none(file: Path) -> None:
    import base64
    import hashlib

    text = b"<svg onload=alert(1)>"
    found = faults(
        changed(
            file,
            put(
                "pictures", 1, data=base64.b64encode(text).decode(),
                sha256=hashlib.sha256(text).hexdigest(),
            ),
        )
    )  # fmt: skip
    assert found == ["pictures 1, data: is not a picture as Tillbook stores them"]


def test_a_password_is_never_shown(file: Path) -> None:
    found = faults(changed(file, put("users", 1, password="hunter2")))
    assert found and not any("hunter2" in one for one in found)


def test_nothing_comes_in(file: Path) -> None:
    export = read_export(changed(file, put("movements", 1, balance="3.0000")))
    with pytest.raises(ImportRefused, match="nothing was imported"):
        import_export(export)
    assert not Business.objects.exists()


def test_many_faults_are_counted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.validation.MOST_FAULTS", 2)

    def spoil(data: dict[str, Any]) -> None:
        for one in data["movements"]:
            one["createdAt"] = "yesterday"

    found = [one for one in faults(changed(file, spoil)) if one.startswith("movements")]
    number = len(json.loads(file.read_text())["movements"])
    assert found[-1] == f"movements: has {number - 2} more faults"
    assert len(found) == 3


def test_arrays_in_another_order(file: Path) -> None:
    data = json.loads(file.read_text())
    sales = data.pop("sales")
    file.write_text(json.dumps({**data, "sales": sales}))
    assert any(one.startswith("sales: stands behind ") for one in faults(file))


def test_a_newer_file_is_refused(file: Path) -> None:
    file.write_text(file.read_text().replace('"version":1', '"version":2', 1))
    with pytest.raises(ExportFileError, match="newer Tillbook"):
        read_export(file)


def test_cut_off_it_is_one_sentence(file: Path) -> None:
    text = file.read_bytes()
    for part in (0.3, 0.7, 0.95):
        file.write_bytes(text[: int(len(text) * part)])
        with pytest.raises(ExportFileError, match="breaks off"):
            read_export(file)


def test_without_its_heading_it_is_a_file_like_others(file: Path) -> None:
    """The books are left out, and that is said."""
    text = file.read_text()
    file.write_text(text.replace('"format":"tillbook","version":1,\n', "", 1))
    export = read_export(file)
    assert {"sales", "movements"} <= set(export.ignored)
    assert not any(one.table in {"sales", "movements"} for one in export.faults)
