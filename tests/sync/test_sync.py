"""Keeping a copy: the first one, then what changes, comes and goes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Role
from inventory import ledger
from inventory.models import Barcode, LocationPrice, Product, StockDocument, Unit, Variation
from sales.models import Customer
from sync import rendering
from tests.factories import Shop, make_device, make_product, with_token
from tests.sync.conftest import at_work
from tests.sync.copying import Copy, through


def test_a_new_copy_has_everything_of_the_place(till: Copy, shop: Shop) -> None:
    with at_work(shop):
        for place, price in ((shop.high_street, "4.25"), (shop.market, "9")):
            LocationPrice.objects.create(variation=shop.mug, location=place, price=Decimal(price))
    till.sync()
    assert till.resets == ["new"]
    assert {kind: len(rows) for kind, rows in till.rows.items()} == {
        "tax_rates": 1, "units": 2, "categories": 1, "products": 3, "variations": 3,
        "barcodes": 1, "prices": 1, "stock": 2, "customers": 1,
    }  # fmt: skip
    mug = till.rows["variations"][str(shop.mug.pk)]
    assert int(mug["version"], 16) < 2**48
    assert {**mug, "version": ""} == {
        "version": "", "id": str(shop.mug.pk), "product": str(shop.mug.product_id), "name": "",
        "sku": "MUG-1",
        "price": "5.00", "position": 0, "is_active": True,
    }  # fmt: skip
    product = till.rows["products"][str(shop.mug.product_id)]
    assert product["name"] == "Blue mug" and product["unit"] == str(shop.piece.pk)
    assert product["brand"] is None and product["is_stocked"] is True
    assert till.rows["prices"][str(shop.mug.pk)]["price"] == "4.25"
    assert till.rows["stock"][str(shop.tea.pk)]["quantity"] == "4.5"
    assert till.rows["tax_rates"][str(shop.tax.pk)]["rate"] == "20"
    (customer,) = till.rows["customers"].values()
    assert (customer["name"], customer["phone"]) == ("Carla of acme", "+31 6 1234 5678")
    assert till.holes() == []


@pytest.mark.parametrize("limit", [1, 4, 7, 100])
def test_a_page_in_pieces_is_the_same_copy(
    till: Copy, terminal: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Pages end inside, with and behind a piece; the first copy's and those of what changed."""
    with at_work(shop):
        for n in range(8):
            make_product(f"Plate {n}", sku=f"PL{n}", barcode=f"40063813339{n:02}")
    whole = till.sync()
    monkeypatch.setattr(rendering, "PIECE", 3)
    small = Copy(through(terminal), limit=limit).sync()
    assert small.rows == whole.rows and small.holes() == []
    assert small.received == whole.received, "no row twice"
    with at_work(shop):
        Variation.objects.filter(sku__startswith="PL").update(price=Decimal(7))
        Product.objects.filter(name__startswith="Plate").update(name="Plates")
    assert small.sync().rows == till.sync().rows and small.holes() == []
    assert small.received == whole.received


def test_settings_and_permissions_come_along_and_again_when_they_change(
    till: Copy, shop: Shop
) -> None:
    till.sync()
    assert till.settings["business"]["currency"] == "EUR"
    assert till.settings["location"]["code"] == "HS"
    assert "sell.create" in till.settings["permissions"]
    assert till.settings["registers"][0]["prefix"] == "ACM1"
    assert till.settings["payment_methods"][0] == "cash"
    shop.business.tax_label = "Sales tax"
    shop.business.save()
    till.sync()
    assert till.settings["business"]["tax_label"] == "Sales tax"
    assert till.resets == ["new"]


def test_changes_arrive_with_the_next_poll_and_alone(till: Copy, shop: Shop) -> None:
    till.sync()
    before = till.received
    with at_work(shop):
        Variation.objects.filter(pk=shop.mug.pk).update(price=Decimal("6.5"))
        shop.kilo.short_name = "kilo"
        shop.kilo.save()
        Customer.objects.create(name="Neele")
        tea = make_product("Oolong", sku="OOL", price="3")
    till.sync()
    assert till.rows["variations"][str(shop.mug.pk)]["price"] == "6.50"
    assert till.rows["units"][str(shop.kilo.pk)]["short_name"] == "kilo"
    assert len(till.rows["customers"]) == 2
    assert till.rows["variations"][str(tea.pk)]["sku"] == "OOL"
    assert till.received - before == 5
    assert till.holes() == []


def test_stock_follows_its_movements(till: Copy, shop: Shop) -> None:
    till.sync()
    with at_work(shop):
        for place in (shop.high_street, shop.market):
            ledger.correct(
                actor=shop.owner,
                location=place,
                reason=StockDocument.Reason.FOUND,
                changes={shop.mug.pk: Decimal("2.5")},
            )
    before = till.received
    till.sync()
    assert till.rows["stock"][str(shop.mug.pk)]["quantity"] == "12.5"
    assert till.received - before == 1
    assert till.holes() == []


def test_what_goes_is_removed(till: Copy, shop: Shop) -> None:
    with at_work(shop):
        price = LocationPrice.objects.create(
            variation=shop.mug, location=shop.high_street, price=Decimal(4)
        )
        plate = make_product("Plate", sku="PL", barcode="4006381333931")
        unit = Unit.objects.create(name="Box", short_name="bx")
    till.sync()
    with at_work(shop):
        price.delete()
        plate.product.delete()
        unit.delete()
        Customer.objects.update(is_active=False)
    till.sync()
    assert str(shop.mug.pk) not in till.rows["prices"]
    assert str(plate.pk) not in till.rows["variations"]
    assert str(plate.product_id) not in till.rows["products"]
    assert len(till.rows["barcodes"]) == 1
    assert str(unit.pk) not in till.rows["units"]
    assert till.rows["customers"] == {}
    assert till.holes() == []
    assert till.resets == ["new"]


def test_a_code_that_moves_to_another_item_is_removed_before_it_comes(
    till: Copy, shop: Shop
) -> None:
    """A device may have a unique key on it."""
    till.sync()
    with at_work(shop):
        old = Barcode.objects.get()
        old_id, code = str(old.pk), old.code
        old.delete()
        Barcode.objects.create(variation=shop.tea, code=code)
    assert till.page() is False
    assert old_id not in till.rows["barcodes"]
    assert [row["variation"] for row in till.rows["barcodes"].values()] == [str(shop.tea.pk)]


def test_a_price_that_moves_to_another_place_leaves_this_one(till: Copy, shop: Shop) -> None:
    with at_work(shop):
        price = LocationPrice.objects.create(
            variation=shop.mug, location=shop.high_street, price=Decimal(4)
        )
    till.sync()
    with at_work(shop):
        price.location = shop.market
        price.save()
    till.sync()
    assert till.rows["prices"] == {}
    assert till.holes() == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_of_any_size_make_the_same_copy(shop: Shop, limit: int) -> None:
    get = through(with_token(make_device(shop)[1]))
    whole, paged = Copy(get).sync(), Copy(get, limit=limit).sync()
    assert paged.rows == whole.rows
    with at_work(shop):
        Variation.objects.update(price=Decimal("7.77"))
        Barcode.objects.all().delete()
        Customer.objects.create(name="Neele")
    assert paged.sync().rows["variations"] == whole.sync().rows["variations"]
    assert paged.holes() == whole.holes() == []


def test_a_page_that_ends_with_the_last_movement_is_followed_by_an_empty_one(shop: Shop) -> None:
    copy = Copy(through(with_token(make_device(shop)[1])), limit=1).sync()
    with at_work(shop):
        ledger.correct(
            actor=shop.owner,
            location=shop.high_street,
            reason=StockDocument.Reason.FOUND,
            changes={shop.tea.pk: Decimal(3)},
        )
    assert copy.sync().rows["stock"][str(shop.tea.pk)]["quantity"] == "7.5"


def test_nothing_new_is_304_and_the_cursor_stays(till: Copy, shop: Shop) -> None:
    till.sync()
    cursor = till.cursor
    assert till.sync().cursor == cursor and till.unchanged == 0
    for _ in range(3):
        till.sync()
    assert till.unchanged == 3 and till.cursor == cursor
    with at_work(shop):
        Variation.objects.update(price=Decimal("7.77"))
    till.sync()
    assert till.cursor != cursor
    assert till.rows["variations"][str(shop.mug.pk)]["price"] == "7.77"


def test_a_page_may_be_asked_for_again(till: Copy, shop: Shop) -> None:
    """The answer was lost on the way: the same cursor, and nothing is missing."""
    till.limit = 2
    till.page()
    cursor = till._next
    till.page()
    till._next = cursor
    till.sync()
    assert till.holes() == []


def test_another_business_changes_nothing_here(till: Copy, shop: Shop, other_shop: Shop) -> None:
    till.sync().sync()
    with at_work(other_shop):
        Variation.objects.update(price=Decimal("7.77"))
        Barcode.objects.all().delete()
        Customer.objects.all().delete()
    assert till.sync().unchanged == 1


def test_a_cursor_of_another_business_begins_anew(till: Copy, shop: Shop, other_shop: Shop) -> None:
    foreign = Copy(through(with_token(make_device(other_shop)[1]))).sync()
    till.cursor = foreign.cursor
    till.sync()
    assert till.resets == ["access"]
    assert str(other_shop.mug.pk) not in till.rows["variations"]
    assert till.holes() == []


def test_what_may_be_seen_changes_and_so_does_the_copy(till: Copy, shop: Shop) -> None:
    till.sync()
    with at_work(shop):
        role = Role.objects.get(name="Cashier")
        role.permissions = [one for one in role.permissions if one != "customer.view"]
        role.save()
    till.sync()
    assert till.resets == ["new", "access"]
    assert "customers" not in till.rows and "customer.view" not in till.settings["permissions"]
    with at_work(shop):
        role.permissions = [one for one in role.permissions if one != "sell.discount"]
        role.save()
    till.sync()
    assert till.resets == ["new", "access"], "another right than to see is a setting"
    assert "sell.discount" not in till.settings["permissions"]


def test_a_device_that_moves_begins_anew(shop: Shop) -> None:
    device, token = make_device(shop)
    till = Copy(through(with_token(token))).sync()
    with at_work(shop):
        device.location = shop.market
        device.save()
    till.sync()
    assert till.resets == ["new", "access"]
    assert till.settings["location"]["code"] == "MK"
    assert "stock" not in till.rows


def test_people_name_the_place_when_they_have_several(shop: Shop, owner: Client) -> None:
    get = through(owner, shop.url("api/v1/"))
    status, _headers, body = get("sync", "")
    assert status == 400 and b'"location"' in body
    assert get(f"sync?location={shop.market.pk}", "")[0] == 200
    assert get(f"sync?location={shop.mug.pk}", "")[0] == 404


def test_who_may_not_see_products_gets_nothing(shop: Shop, stranger: Client) -> None:
    with at_work(shop):
        role = Role.objects.create(name="Nobody", permissions=["customer.view"])
        Membership.objects.filter(user=shop.cashier).update(role=role)
    client = with_token(make_device(shop)[1])
    for path in ("sync", "sync/checksums", "sync/buckets/products/00"):
        assert client.get(f"/api/v1/{path}").status_code == 403
        assert client.post(f"/api/v1/{path}").status_code == 405
        assert stranger.get(shop.url(f"api/v1/{path}")).status_code == 404
        assert Client().get(f"/api/v1/{path}").status_code == 401


def test_costs_are_never_told(till: Copy, shop: Shop) -> None:
    with at_work(shop):
        Variation.objects.update(cost=Decimal("61.2345"))
    told = till.get("sync", "")[2]
    # No time of day has so many seconds.
    assert b"61.2345" not in told and b"cost" not in told


def test_few_statements_however_many_rows(
    shop: Shop, terminal: Client, till: Copy, django_assert_max_num_queries: Any
) -> None:
    till.sync()
    with django_assert_max_num_queries(10):
        till.sync()
    with at_work(shop):
        for n in range(30):
            make_product(f"Thing {n}", sku=f"T{n}", barcode=f"{n:08}")
        Customer.objects.create(name="Neele")
        Barcode.objects.filter(code="00000003").delete()
    for since in (till.cursor, ""):
        with django_assert_max_num_queries(14):
            terminal.get(f"/api/v1/sync?since={since}")


def test_a_copy_of_some_lists_alone(terminal: Client, shop: Shop) -> None:
    """A till that asks for customers when it needs one keeps none of them."""
    get = through(terminal)

    def asked(path: str, tag: str) -> Any:
        return get(f"{path}{'&' if '?' in path else '?'}lists=products,stock,variations", tag)

    copy = Copy(asked).sync()
    assert set(copy.rows) == {"products", "variations", "stock"}
    with at_work(shop):
        Customer.objects.create(name="Neele")
        Variation.objects.filter(pk=shop.mug.pk).update(price=Decimal(9))
    before = copy.received
    copy.sync()
    assert copy.rows["variations"][str(shop.mug.pk)]["price"] == "9.00"
    assert copy.received - before == 1 and copy.resets == ["new"]
    assert copy.holes() == []
    # Another choice is another copy.
    assert json.loads(get(f"sync?since={copy.cursor}", "")[2])["reset"] == "access"
    status, _headers, body = get("sync?lists=products,costs", "")
    assert (status, json.loads(body)["code"]) == (400, "invalid")


def test_whether_a_product_has_a_picture_is_told_and_not_where_it_lies(
    till: Copy, shop: Shop
) -> None:
    till.sync()
    assert {row["has_image"] for row in till.rows["products"].values()} == {False}
    with at_work(shop):
        Product.objects.filter(pk=shop.mug.product_id).update(image="products/secret.webp")
    till.sync()
    mug = till.rows["products"][str(shop.mug.product_id)]
    assert mug["has_image"] is True and "secret" not in json.dumps(mug)
    assert till.holes() == []
