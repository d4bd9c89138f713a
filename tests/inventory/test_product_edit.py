"""Changing and removing a product with its variations, and who may."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from inventory.ledger import correct
from inventory.models import (
    Barcode,
    Product,
    StockDocument,
    StockLevel,
    StockMovement,
    Variation,
)
from inventory.products import Row, save_product
from tenants.context import business
from tests.factories import Shop, make_product
from tests.inventory.product_forms import errors, single, stored

P = Permission


def test_the_form_shows_what_is_stored_and_saving_it_changes_nothing(
    shop: Shop, owner: Client
) -> None:
    # The number of the last writing is the database's own, and may go on.
    columns = [one.attname for one in Variation._meta.concrete_fields if one.name != "changed"]
    form = owner.get(shop.url(f"products/{shop.mug.product_id}/edit/"))
    assert 'value="5.00"' in form.text
    assert 'value="5901234123457"' in form.text
    assert "Opening stock" not in form.text
    with business(shop.business):
        before = Product.objects.values().get(pk=shop.mug.product_id)
        rows = list(Variation.objects.order_by("pk").values(*columns))
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    assert owner.post(url, stored(shop, shop.mug)).status_code == 302
    with business(shop.business):
        after = Product.objects.values().get(pk=shop.mug.product_id)
        assert list(Variation.objects.order_by("pk").values(*columns)) == rows
        assert list(Barcode.objects.values_list("code", flat=True)) == ["5901234123457"]
        assert not AuditEntry.objects.filter(action="product.update").exists()
    written = {"updated_at": None, "changed": None}
    assert {**after, **written} == {**before, **written}


def test_changes_are_saved_and_logged(shop: Shop, owner: Client) -> None:
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    values = stored(shop, shop.mug, name="Red mug", **{"row-0-price": "6", "row-0-barcodes": "1,2"})
    owner.post(url, values)
    with business(shop.business):
        mug = Variation.objects.select_related("product").get(pk=shop.mug.pk)
        codes = set(mug.barcodes.values_list("code", flat=True))
        entry = AuditEntry.objects.get(action="product.update")
    assert (mug.product.name, mug.price, codes) == ("Red mug", 6, {"1", "2"})
    assert mug.search_text == "red mug mug-1 1 2"
    assert entry.changes["name"] == ["Blue mug", "Red mug"]
    assert entry.changes["MUG-1 price"] == ["5", "6"]


def test_editing_never_loses_a_variation(shop: Shop, owner: Client) -> None:
    """A form without ticks, without rows or with rows of others leaves every variation as it is."""
    with business(shop.business):
        second = Variation.objects.create(
            product_id=shop.mug.product_id, name="Big", sku="MUG-2", price=7, position=1
        )
        Variation.objects.filter(pk=shop.mug.pk).update(name="Small")
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    only_one = stored(shop, second, kind="variable", **{"row-0-sku": "MUG-2", "row-0-price": "7"})
    only_one |= {"row-0-name": "Big", "row-0-barcodes": "", "row-0-is_active": "on"}
    assert owner.post(url, only_one).status_code == 302
    nothing = {k: v for k, v in only_one.items() if not k.startswith("row")}
    assert owner.post(url, nothing).status_code == 302
    foreign = {**only_one, "row-0-id": str(shop.tea.pk)}
    assert "rows" in errors(owner.post(url, foreign))
    with business(shop.business):
        active = Variation.objects.filter(product=shop.mug.product_id, is_active=True)
        assert set(active.values_list("sku", flat=True)) == {"MUG-1", "MUG-2"}
        assert Variation.objects.get(pk=shop.tea.pk).product_id == shop.tea.product_id


def test_the_only_variation_stays_active(shop: Shop, owner: Client) -> None:
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    # A single product's form has no tick for its variation: not sending one switches nothing off.
    assert "row-0-is_active" not in owner.get(url).text
    owner.post(url, stored(shop, shop.mug))
    with business(shop.business):
        assert Variation.objects.get(pk=shop.mug.pk).is_active
    several = stored(shop, shop.mug, kind="variable", **{"row-0-name": "Small"})
    assert "stays active" in errors(owner.post(url, several))["rows"][0]
    removed = {**several, "row-0-is_active": "on", "row-0-remove": "on"}
    assert "at least one" in errors(owner.post(url, removed))["rows"][0]
    with business(shop.business):
        assert Variation.objects.get(pk=shop.mug.pk).is_active


def test_a_single_product_becomes_one_with_variations(shop: Shop, owner: Client) -> None:
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    assert "row-1-name" in owner.get(f"{url}?kind=variable").text
    values = stored(
        shop,
        shop.mug,
        kind="variable",
        **{
            "rows": "2",
            "row-0-name": "Small",
            "row-0-is_active": "on",
            "row-1-name": "Big",
            "row-1-price": "8",
            f"row-1-opening_{shop.high_street.pk.hex}": "3",
        },
    )
    assert owner.post(url, values).status_code == 302
    with business(shop.business):
        product = Product.objects.get(pk=shop.mug.product_id)
        levels = dict(
            StockLevel.objects.filter(variation__product=product).values_list(
                "variation__name", "quantity"
            )
        )
    assert product.kind == "variable"
    assert levels == {"Small": 10, "Big": 3}


def test_a_removed_variation_with_a_history_is_deactivated(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        fresh = Variation.objects.create(
            product_id=shop.mug.product_id, name="Big", sku="MUG-2", price=7, position=1
        )
    values = stored(shop, shop.mug, kind="variable", rows="3")
    values |= {"row-0-name": "Small", "row-0-is_active": "on", "row-0-remove": "on"}
    values |= {"row-1-id": str(fresh.pk), "row-1-name": "Big", "row-1-price": "7"}
    # Its SKU is free for another row at once.
    values |= {"row-1-sku": "MUG-1", "row-1-is_active": "on"}
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    assert owner.post(url, values).status_code == 302
    with business(shop.business):
        assert not Variation.objects.get(pk=shop.mug.pk).is_active
        assert Variation.objects.get(pk=fresh.pk).sku == "MUG-1"
    values = stored(shop, fresh, kind="variable", rows="2")
    values |= {"row-0-name": "Big", "row-0-is_active": "on", "row-0-barcodes": ""}
    values |= {"row-1-name": "New", "row-1-price": "3", "row-0-remove": "on"}
    assert owner.post(url, values).status_code == 302
    with business(shop.business):
        assert not Variation.objects.filter(pk=fresh.pk).exists()


def test_waking_a_product_wakes_its_only_variation(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        Product.objects.filter(pk=shop.mug.product_id).update(is_active=False)
        Variation.objects.filter(pk=shop.mug.pk).update(is_active=False)
    owner.post(shop.url(f"products/{shop.mug.product_id}/edit/"), stored(shop, shop.mug))
    with business(shop.business):
        assert Variation.objects.get(pk=shop.mug.pk).is_active


def test_a_failure_keeps_nothing(inside: Shop) -> None:
    product = Product(name="Half")
    rows = [Row(Variation(sku="NEW", price=1)), Row(Variation(sku="MUG-1", price=1))]
    with pytest.raises(IntegrityError):
        save_product(actor=inside.owner, product=product, rows=rows)
    assert not Product.objects.filter(name="Half").exists()
    assert not Variation.objects.filter(sku="NEW").exists()


# -- who may --------------------------------------------------------------------------------------


def test_costs_are_absent_without_the_permission(shop: Shop, member: Callable[..., Client]) -> None:
    client = member(P.PRODUCT_VIEW, P.PRODUCT_CREATE, P.PRODUCT_UPDATE, P.PRODUCT_PRICE_GLOBAL)
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    with business(shop.business):
        Variation.objects.filter(pk=shop.mug.pk).update(cost=Decimal("63.21"))
    page = client.get(url)
    assert "Cost" not in page.text
    assert "63.21" not in page.text
    # Neither set nor told: a price below the cost is nothing that this person can know.
    values = stored(shop, shop.mug, **{"row-0-cost": "0", "row-0-price": "1"})
    assert client.post(url, values).status_code == 302
    with business(shop.business):
        mug = Variation.objects.get(pk=shop.mug.pk)
    assert (mug.cost, mug.price) == (Decimal("63.21"), 1)


def test_base_prices_need_their_permission(shop: Shop, member: Callable[..., Client]) -> None:
    client = member(P.PRODUCT_VIEW, P.PRODUCT_UPDATE, P.PRODUCT_CREATE)
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    values = stored(shop, shop.mug, name="Renamed", **{"row-0-price": "1"})
    assert client.post(url, values).status_code == 302
    with business(shop.business):
        mug = Variation.objects.select_related("product").get(pk=shop.mug.pk)
    assert (mug.product.name, mug.price) == ("Renamed", 5)


def test_opening_stock_needs_its_permission_and_place(
    shop: Shop, member: Callable[..., Client], market_only: Client
) -> None:
    client = member(P.PRODUCT_VIEW, P.PRODUCT_CREATE)
    page = client.get(shop.url("products/new/"))
    assert "Opening stock" not in page.text
    client.post(
        shop.url("products/new/"), single(**{f"row-0-opening_{shop.high_street.pk.hex}": "7"})
    )
    with business(shop.business):
        assert not StockLevel.objects.filter(variation__sku="BOARD").exists()
    page = market_only.get(shop.url("products/new/"))
    assert "Opening stock, Market" in page.text
    assert "High Street" not in page.text


def test_the_doors(
    shop: Shop, other_shop: Shop, owner: Client, cashier: Client, stranger: Client
) -> None:
    paths = ["products/new/", f"products/{shop.mug.product_id}/edit/"]
    for path in [*paths, f"products/{shop.mug.product_id}/remove/"]:
        assert stranger.get(shop.url(path)).status_code == 404
        assert stranger.post(shop.url(path)).status_code == 404
        assert cashier.post(shop.url(path)).status_code == 403
    for path in paths:
        assert owner.delete(shop.url(path)).status_code == 405
    theirs = other_shop.mug.product_id
    assert owner.get(shop.url(f"products/{theirs}/edit/")).status_code == 404
    assert owner.post(shop.url(f"products/{theirs}/remove/")).status_code == 404
    smuggled = single(
        category=str(other_shop.category.pk), brand="1", unit=str(other_shop.piece.pk)
    )
    assert set(errors(owner.post(shop.url("products/new/"), smuggled))) == {
        "category",
        "brand",
        "unit",
    }


def test_a_colleague_changes_it_too(shop: Shop, manager: Client) -> None:
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    assert manager.post(url, stored(shop, shop.mug, name="Mug")).status_code == 302


# -- removing -------------------------------------------------------------------------------------


def test_remove_deletes_what_was_never_used(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        fresh = make_product("Fresh", sku="FRESH", barcode="123")
    assert owner.get(shop.url(f"products/{fresh.product_id}/remove/")).status_code == 405
    owner.post(shop.url(f"products/{fresh.product_id}/remove/"))
    with business(shop.business):
        assert not Product.objects.filter(pk=fresh.product_id).exists()
        assert not Barcode.objects.filter(code="123").exists()
        assert AuditEntry.objects.get(action="product.delete").object_text == "Fresh"


def test_remove_keeps_what_has_a_history(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        correct(
            actor=shop.owner,
            location=shop.high_street,
            reason=StockDocument.Reason.LOST,
            changes={shop.mug.pk: Decimal(-10)},
        )
    owner.post(shop.url(f"products/{shop.mug.product_id}/remove/"))
    with business(shop.business):
        product = Product.objects.get(pk=shop.mug.product_id)
        assert not product.is_active
        assert product.variations.exists()
        assert StockMovement.objects.filter(level__variation=shop.mug).count() == 2
