"""Moving in: what a file says is what is here afterwards, once, and all of it or nothing."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db.models import Sum

from accounts.models import Membership, Role, User
from inventory.catalogue import search_text
from inventory.models import (
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
from tenants.models import Business, Location
from tests.archive.exports import PASSWORD, row
from tests.archive.moving import ada, cleo, put

pytestmark = pytest.mark.django_db


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
