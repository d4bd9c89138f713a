"""The copy of the client: what the server has, through changes, holes and new beginnings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction
from tillbook_client import Catalogue, NoAnswer, Terminal
from tillbook_client.catalogue import sums

from inventory.models import Barcode, LocationPrice
from tenants.context import business
from tests.clients.wiring import InProcess, away, cut
from tests.conftest import ROOT
from tests.factories import Shop, make_product, make_shop


@pytest.fixture
def shop(committed_db: None) -> Shop:
    """Committed: what a transaction has not committed is told to no copy."""
    with transaction.atomic():
        return make_shop("acme")


@pytest.fixture
def copy(till: Terminal, tmp_path: Path) -> Iterator[Catalogue]:
    made = Catalogue(till.client, tmp_path / "copy.sqlite3", limit=3)
    made.sync()
    yield made
    made.close()


def is_whole(copy: Catalogue) -> bool:
    told = {kind: one["sums"] for kind, one in copy.client.checksums().items()}
    mine = copy.checksums()
    return all(mine.get(kind, ["0"] * 256) == one for kind, one in told.items())


def test_sums_are_those_of_the_vectors() -> None:
    vectors = json.loads((ROOT / "tests/vectors/sync.json").read_text())
    for one in vectors:
        found = sums([(row["id"], row["version"]) for row in one["rows"]])
        assert {f"{n:02x}": told for n, told in enumerate(found) if told != "0"} == one["sums"]
    assert len(vectors) > 3
    assert sums([("0e", "ffffffffffff"), ("1e", "1"), ("0e", "2")])[14] == "1"


def test_a_copy_follows(shop: Shop, copy: Catalogue, line: InProcess) -> None:
    assert is_whole(copy) and copy.last_reset == "new"
    assert [copy.find(code).name for code in ("5901234123457", "TEA")] == ["Blue mug", "Green tea"]  # type: ignore[union-attr]
    assert copy.find("nothing") is None
    assert len(list(copy.items())) == 3
    assert copy.settings["business"]["currency"] == "EUR"
    before = len(line.sent)
    assert copy.sync() == 0
    assert len(line.sent) == before + 1

    with business(shop.business), transaction.atomic():
        make_product("Red mug", sku="MUG-2", price="6.00", barcode="4006381333931")
        LocationPrice.objects.create(
            variation=shop.mug, location=shop.high_street, price=Decimal("5.20")
        )
        Barcode.objects.filter(variation=shop.mug).delete()
        product = shop.tea.product
        product.is_for_sale = False
        product.save()
    assert copy.sync() > 0
    assert is_whole(copy)
    assert copy.find("5901234123457") is None and copy.find("TEA") is None
    red, mug = copy.find("4006381333931"), copy.find("MUG-1")
    assert red is not None and red.price == Decimal("6.00")
    assert mug is not None and (mug.price, mug.tax_rate, mug.stock) == (
        Decimal("5.20"),
        Decimal(20),
        Decimal(10),
    )


def test_a_broken_sync_goes_on_where_it_was(
    shop: Shop, till: Terminal, line: InProcess, tmp_path: Path
) -> None:
    path = tmp_path / "broken.sqlite3"
    copy = Catalogue(till.client, path, limit=3)
    line.faults = [None, cut]
    with pytest.raises(NoAnswer):
        copy.sync()
    assert copy.find("MUG-1") is None, "half a copy is none"
    copy.close()
    again = Catalogue(till.client, path, limit=3)
    line.sent.clear()
    again.sync()
    assert is_whole(again) and again.find("MUG-1") is not None
    assert "since=&" not in line.sent[0].path and "since=" in line.sent[0].path
    again.close()


def test_holes_are_found_and_healed(copy: Catalogue) -> None:
    with copy._writing() as db:
        db.execute("DELETE FROM rows WHERE kind = 'barcodes'")
        db.execute("UPDATE rows SET version = '1' WHERE kind = 'products'")
        db.execute(
            "INSERT INTO rows SELECT copy, kind, '0199a3c4-0000-7000-8000-0000000000aa', '7', NULL,"
            " told FROM rows WHERE kind = 'units' LIMIT 1"
        )
    assert copy.find("5901234123457") is None and not is_whole(copy)
    assert copy.heal() >= 3
    assert is_whole(copy) and copy.find("5901234123457") is not None
    assert copy.heal() == 0


def test_a_new_beginning_grows_beside_the_old_one(
    shop: Shop, copy: Catalogue, line: InProcess
) -> None:
    with copy._writing():
        copy._keep(cursor="nonsense", tag="")
    line.faults = [None, away]
    with pytest.raises(NoAnswer):
        copy.sync()
    assert copy.last_reset == "unknown"
    assert copy.find("MUG-1") is not None, "nothing is missing meanwhile"
    copy.sync()
    assert is_whole(copy)
    with copy._lock:
        assert copy._db.execute("SELECT count(DISTINCT copy) FROM rows").fetchone() == (1,)
