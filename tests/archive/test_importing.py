"""Moving in: what a file says is what is here afterwards, once, and all of it or nothing."""

import copy
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Membership, Role, User
from archive import import_catalogue
from archive.importing import ImportRefused, Moved, import_export
from archive.validation import read_export
from inventory import ledger
from inventory.catalogue import search_text
from inventory.ledger import correct
from inventory.models import (
    Brand,
    Category,
    LocationPrice,
    Product,
    StockDocument,
    StockLevel,
    StockMovement,
    Unit,
    Variation,
)
from purchasing.models import Supplier
from sales.models import Customer
from tenants import context
from tenants.models import Business, ExternalReference, Location, TenantModel
from tests.archive.exports import PASSWORD, row, stalls, write

pytestmark = pytest.mark.django_db

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., list[Moved]]:
    """Import the two stalls, changed as asked."""

    def run(*changes: Change, **options: Any) -> list[Moved]:
        export = stalls()
        for change in changes:
            change(export)
        return import_export(read_export(write(tmp_path, export)), **options)

    return run


def put(table: str, row_id: int, **values: object) -> Change:
    return lambda export: row(export, table, row_id).update(values)


def ada() -> Any:
    return context.business(Business.objects.get(name="Ada's Stall"))


def cleo() -> Any:
    return context.business(Business.objects.get(name="Cleo's Stall"))


def everything() -> dict[str, int]:
    """How many rows each table holds, over all businesses."""
    counts = {}
    for model in apps.get_models():
        if not issubclass(model, TenantModel):
            counts[model.__name__] = model._default_manager.count()
            continue
        counts[model.__name__] = 0
        for company in Business.objects.all():
            with context.business(company):
                counts[model.__name__] += model.objects.count()
    return counts


def test_businesses_and_locations(bring) -> None:
    moved = bring()
    assert [(m.name, m.slug, m.created) for m in moved] == [
        ("Ada's Stall", "adas-stall", True),
        ("Cleo's Stall", "cleos-stall", True),
    ]
    company = Business.objects.get(slug="adas-stall")
    assert (company.currency, company.time_zone, company.tax_label) == (
        "GBP",
        "Europe/London",
        "VAT",
    )
    assert company.tax_number == "GB 1"
    with ada():
        assert list(Location.objects.values_list("code", "name")) == [
            ("BN", "Barn"),
            ("MK", "Market"),
        ]
        assert Location.objects.get(code="MK").address == "York\nUnited Kingdom"
    with cleo():
        assert [p.name for p in Product.objects.all()] == ["Apples"]


def test_catalogue(bring) -> None:
    bring()
    with ada():
        pots = Category.objects.get(name="Pots")
        assert pots.parent == Category.objects.get(name="Kitchen")
        assert Category.objects.filter(name="(no name)").count() == 1
        dozen = Unit.objects.get(name="Dozen")
        assert (dozen.base_unit.name, dozen.factor) == ("Pieces", 12)
        teapot = Product.objects.get(sku="0001", is_active=True)
        assert (teapot.category, teapot.brand.name) == (pots, "Brown Betty")
        assert (teapot.tax_rate.name, teapot.tax_inclusive) == ("VAT 20%", True)
        variation = teapot.variations.get()
        assert (variation.name, variation.sku) == ("", "0001")
        assert (variation.price, variation.cost) == (Decimal("4.99"), 2)
        scarf = Product.objects.get(name="Scarf")
        assert scarf.kind == Product.Kind.VARIABLE
        assert [(v.name, v.sku) for v in scarf.variations.all()] == [
            ("Red", "0002R"), ("Blue", "0002B"),
        ]  # fmt: skip
        assert not Product.objects.get(name="Gift wrapping").is_stocked


def test_soft_deleted_rows_come_in_switched_off(bring) -> None:
    bring()
    with ada():
        old = Product.objects.get(name="Old Teapot")
        assert not old.is_active
        assert not old.variations.get().is_active
        assert old.variations.get().sku == "0001"


def test_what_is_searched_by_is_what_the_catalogue_would_write(bring) -> None:
    bring()
    with ada():
        for variation in Variation.objects.select_related("product__brand"):
            assert variation.search_text == search_text(variation)


def test_quantities_become_opening_movements(bring) -> None:
    bring()
    with ada():
        levels = {
            (v.variation.sku, v.variation.is_active, v.location.code): v.quantity
            for v in StockLevel.objects.select_related("variation", "location")
        }
        assert levels == {
            ("0001", True, "MK"): 12,
            ("0001", True, "BN"): -3,
            ("0002B", True, "MK"): 4,
            ("0002B", True, "BN"): 1,
            ("0003", True, "MK"): 2,
            ("0001", False, "MK"): 6,
            ("0002R", True, "MK"): 0,
        }
        for level in StockLevel.objects.all():
            assert level.quantity == level.movements.aggregate(sum=Sum("quantity"))["sum"]
        kinds = set(StockMovement.objects.values_list("kind", flat=True))
        assert kinds == {StockMovement.Kind.OPENING}
        assert StockDocument.objects.count() == 2
        price = LocationPrice.objects.get()
        assert (price.variation.sku, price.location.code) == ("0002B", "BN")
        assert price.price == Decimal("8.25")


def test_suppliers_and_customers(bring) -> None:
    bring()
    with ada():
        supplier = Supplier.objects.get()
        assert (supplier.name, supplier.contact, supplier.payment_days) == (
            "Potters Ltd",
            "Pat",
            30,
        )
        dora = Customer.objects.get()
        assert (dora.email, dora.credit_limit) == ("dora@example.com", 500)
        assert dora.email_index and dora.phone_index
    with cleo():
        assert Customer.objects.get().address == "Cork\nIreland"


def test_people_keep_their_roles_and_rights(bring) -> None:
    moved = bring()
    with ada():
        owner = Membership.objects.get(is_owner=True)
        assert (owner.user.username, owner.user.name) == ("ada", "Ada Stall")
        assert owner.role.permissions == [
            "product.view",
            "sell.create",
            "sell.view",
            "sell.void_line",
        ]
        ben = next(m for m in Membership.objects.all() if m.user.username == "ben")
        assert ben.role.name == "Cashier + sell.refund"
        assert ben.role.permissions == [
            "product.view", "sell.create", "sell.refund", "sell.void_line",
        ]  # fmt: skip
        assert ben.all_locations
        assert "sell.refund" not in Role.objects.get(name="Cashier").permissions
    assert "Cashier + sell.refund" in moved[0].notes[0]


def test_an_old_password_works_once_and_is_then_hashed_anew(bring) -> None:
    bring()
    before = User.objects.get_by_natural_key("ada").password
    assert before.startswith("bcrypt$$2b$")
    assert authenticate(username="ada", password="wrong") is None
    assert authenticate(username="ada@example.com", password=PASSWORD) is not None
    after = User.objects.get_by_natural_key("ada").password
    assert not after.startswith("bcrypt")
    assert authenticate(username="ADA", password=PASSWORD) is not None


def test_who_may_not_sign_in_there_may_not_here(bring) -> None:
    bring(
        put("users", 1, allowLogin=False),
        put("users", 2, deletedAt="2026-01-15T08:00:00.000Z", password=None),
    )
    assert authenticate(username="ada", password=PASSWORD) is None
    ben = User.objects.get_by_natural_key("ben")
    assert not ben.is_active and not ben.has_usable_password()
    with ada():
        assert not Membership.objects.get(user=ben).is_active
        assert Membership.objects.get(is_owner=True).is_active


def test_people_with_some_locations(bring) -> None:
    def confine(export: dict[str, Any]) -> None:
        export["permissions"].append({"id": 90, "name": "location.2"})
        row(export, "users", 2)["permissions"].append({"permissionId": 90, "permission": None})

    bring(confine)
    with ada():
        ben = next(m for m in Membership.objects.all() if m.user.username == "ben")
        assert not ben.all_locations
        assert [link.location.code for link in ben.location_links.all()] == ["BN"]


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
