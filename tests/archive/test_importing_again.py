"""Moving in again, and not at all: what a second run, a choice, a fault or a crash leaves."""

import copy
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Membership, Role
from archive import import_catalogue
from archive.importing import ImportRefused
from inventory import ledger
from inventory.ledger import correct
from inventory.models import (
    Brand,
    Product,
    StockDocument,
    StockLevel,
    Variation,
)
from purchasing.models import Supplier
from tenants import context
from tenants.models import Business, ExternalReference, Location
from tests.archive.exports import PASSWORD, row
from tests.archive.moving import ada, everything, put

pytestmark = pytest.mark.django_db


def writes(queries: CaptureQueriesContext) -> list[str]:
    verbs = ("INSERT", "UPDATE", "DELETE")
    return [q["sql"] for q in queries.captured_queries if q["sql"].startswith(verbs)]


def test_a_second_run_writes_nothing(bring) -> None:
    bring()
    before = everything()
    with CaptureQueriesContext(connection) as queries:
        moved = bring()
    assert writes(queries) == []
    assert everything() == before
    assert all(c.created == c.changed == 0 for m in moved for c in m.counts.values())
    assert moved[0].counts["products"].same == 5
    assert not moved[0].created


def test_what_was_changed_here_stays_and_what_changed_there_comes(bring) -> None:
    bring()
    with ada():
        Product.objects.filter(sku="0003").update(name="Best Teapot")
        Variation.objects.filter(sku="0002R").update(price=Decimal("9.99"))
        market = Location.objects.get(code="MK")
        teapot = Variation.objects.get(sku="0001", is_active=True)
        correct(
            actor=Membership.objects.get(is_owner=True).user,
            location=market,
            reason=StockDocument.Reason.LOST,
            changes={teapot.pk: Decimal(-5)},
        )
    moved = bring(
        put("products", 1, name="Round Teapot"),
        put("brands", 1, name="Blue Betty"),
        put("productVariations", 3, sellingPrice="7.9000"),
        put("stock", 1, qtyAvailable="99.0000"),
        put("users", 2, firstName="Benjamin"),
        put("locations", 1, name="Old Market"),
        put("businesses", 1, taxLabel1="Tax"),
    )
    counts = moved[0].counts
    for table in ("products", "brands", "productVariations", "users", "locations", "businesses"):
        assert (counts[table].created, counts[table].changed) == (0, 1), table
    with ada():
        assert Product.objects.get(sku="0003").name == "Best Teapot"
        assert Variation.objects.get(sku="0002R").price == Decimal("9.99")
        assert Variation.objects.get(sku="0002B").price == Decimal("7.90")
        level = StockLevel.objects.get(location=market, variation=teapot)
        assert level.quantity == 7
        assert Location.objects.get(code="MK").name == "Old Market"
        teapot.refresh_from_db()
        assert teapot.product.name == "Round Teapot"
        assert teapot.search_text == "round teapot 0001 0001 blue betty"
        assert Brand.objects.get().name == "Blue Betty"
        assert "Benjamin Stall" in {m.user.name for m in Membership.objects.all()}
    assert Business.objects.get(name="Ada's Stall").tax_label == "Tax"
    with CaptureQueriesContext(connection) as queries:
        bring(
            put("products", 1, name="Round Teapot"),
            put("brands", 1, name="Blue Betty"),
            put("productVariations", 3, sellingPrice="7.9000"),
            put("stock", 1, qtyAvailable="99.0000"),
            put("users", 2, firstName="Benjamin"),
            put("locations", 1, name="Old Market"),
            put("businesses", 1, taxLabel1="Tax"),
        )
    assert writes(queries) == []


def test_what_is_new_in_the_file_is_added(bring) -> None:
    def more(export: dict[str, Any]) -> None:
        product = {**row(export, "products", 3), "id": 60, "sku": "0060", "name": "Kettle"}
        variation = {
            **row(export, "productVariations", 4),
            "id": 60,
            "productId": 60,
            "sku": "0060",
        }
        export["products"].append(product)
        export["productVariations"].append(variation)
        export["stock"].append(
            {**row(export, "stock", 6), "id": 60, "productId": 60, "productVariationId": 60}
        )

    bring()
    moved = bring(more)
    created = {table: c.created for table, c in moved[0].counts.items() if c.created}
    assert created == {"products": 1, "productVariations": 1, "stock": 1}
    with ada():
        assert StockLevel.objects.get(variation__sku="0060").quantity == 2


def test_what_was_deleted_here_comes_back(bring) -> None:
    bring()
    with ada():
        Supplier.objects.all().delete()
    moved = bring()
    assert moved[0].counts["suppliers"].created == 1
    with ada():
        assert Supplier.objects.count() == 1
        assert ExternalReference.objects.filter(table="suppliers").count() == 1


def test_a_dry_run_tells_the_same_and_writes_nothing(bring) -> None:
    before = everything()
    told = bring(dry_run=True)
    assert everything() == before
    done = bring()
    assert [(m.counts, m.slug) for m in told] == [(m.counts, m.slug) for m in done]


def test_faults_refuse_the_whole_file(bring) -> None:
    before = everything()
    with pytest.raises(ImportRefused, match="1 fault; nothing was imported") as caught:
        bring(put("products", 6, sellingPrice="twelve"))
    assert [(f.table, f.id) for f in caught.value.faults] == [("products", 6)]
    assert everything() == before


def test_an_error_in_the_last_business_takes_the_first_back(bring, monkeypatch) -> None:
    before = everything()
    real = ledger.set_opening
    calls = []

    def third_fails(**values: Any) -> Any:
        calls.append(values)
        if len(calls) == 3:
            raise RuntimeError("disk full")
        return real(**values)

    monkeypatch.setattr(import_catalogue, "set_opening", third_fails)
    with pytest.raises(RuntimeError, match="disk full"):
        bring()
    assert len(calls) == 3
    assert everything() == before


@pytest.mark.parametrize("wanted", ["2", "Cleo's Stall", " cleo's stall "])
def test_one_business_of_the_file(bring, wanted: str) -> None:
    assert [m.name for m in bring(only=wanted)] == ["Cleo's Stall"]
    assert Business.objects.count() == 1


def test_a_choice_that_does_not_fit_is_refused_with_what_is_there(bring) -> None:
    with pytest.raises(ImportRefused, match=r"it holds: Ada's Stall \(1\), Cleo's Stall \(2\)"):
        bring(only="Dora's Stall")
    with pytest.raises(ImportRefused, match="say which one"):
        bring(rename="Both")
    with pytest.raises(ImportRefused, match="choose by id: 1, 2"):
        bring(put("businesses", 2, name="Ada's Stall"), only="Ada's Stall")
    assert Business.objects.count() == 0


def test_a_second_time_under_another_name(bring) -> None:
    bring()
    moved = bring(only="1", rename="Ada Two")
    assert (moved[0].name, moved[0].slug, moved[0].created) == ("Ada Two", "ada-two", True)
    assert "User name “ada” is taken; it became “ada.ada-two”." in moved[0].notes
    assert "The e-mail of ada belongs to another person; left out." in moved[0].notes
    assert authenticate(username="ada.ada-two", password=PASSWORD) is not None
    with context.business(Business.objects.get(slug="ada-two")):
        assert Product.objects.count() == 5
    with ada():
        assert Product.objects.count() == 5
    again = bring(only="1", rename="Ada Two")
    assert not again[0].created
    assert Business.objects.count() == 3


def test_names_that_repeat_are_told_apart(bring) -> None:
    def twins(export: dict[str, Any]) -> None:
        row(export, "roles", 2)["name"] = "Admin"
        row(export, "locations", 2)["locationCode"] = "MK"
        row(export, "businesses", 2)["name"] = "Ada's Stall"

    moved = bring(twins)
    assert [m.slug for m in moved] == ["adas-stall", "adas-stall-2"]
    with context.business(Business.objects.get(slug="adas-stall")):
        assert set(Role.objects.values_list("name", flat=True)) >= {"Admin", "Admin-2"}
        assert set(Location.objects.values_list("code", flat=True)) == {"MK", "MK-2"}


def test_the_audit_log_tells_of_it(bring) -> None:
    bring()
    with ada():
        entry = AuditEntry.objects.get(action="data.import")
        assert entry.changes["products"] == [None, 5]


def test_a_big_file_takes_few_statements(bring) -> None:
    def many(export: dict[str, Any]) -> None:
        for n in range(1000, 1400):
            product = {**copy.copy(row(export, "products", 3)), "id": n, "sku": f"P{n}"}
            variation = {
                **row(export, "productVariations", 4), "id": n, "productId": n, "sku": f"P{n}",
            }  # fmt: skip
            stock = {
                **row(export, "stock", 6), "id": n, "productId": n, "productVariationId": n,
            }  # fmt: skip
            export["products"].append(product)
            export["productVariations"].append(variation)
            export["stock"].append(stock)

    with CaptureQueriesContext(connection) as small:
        bring(dry_run=True)
    with CaptureQueriesContext(connection) as big:
        bring(many, dry_run=True)
    # SQLite takes a limited number of values in one statement, so rows come in a few batches.
    assert len(big) <= len(small) + 30


def test_progress_counts_every_row(bring) -> None:
    told: list[tuple[int, int]] = []
    bring(progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 0
