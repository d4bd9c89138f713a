"""A new product: its fields, codes, opening stock and implausible values."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import AuditEntry
from inventory.models import (
    Product,
    StockLevel,
    StockMovement,
    Variation,
)
from tenants.context import business
from tenants.models import Location
from tests.factories import Shop
from tests.inventory.product_forms import errors, single, stored


def test_create_a_product_with_its_opening_stock(shop: Shop, owner: Client) -> None:
    form = owner.get(shop.url("products/new/"))
    assert form.context["form"]["tax_rate"].value() == shop.tax.pk
    assert form.context["form"]["tax_inclusive"].value() is True
    answer = owner.post(
        shop.url("products/new/"),
        single(
            **{
                f"row-0-opening_{shop.high_street.pk.hex}": "7",
                f"row-0-opening_{shop.market.pk.hex}": "",
                "unit": str(shop.piece.pk),
            }
        ),
    )
    with business(shop.business):
        product = Product.objects.get(name="Bread board")
        variation = product.variations.get()
        codes = {barcode.code for barcode in variation.barcodes.all()}
        level = StockLevel.objects.get(variation=variation)
        move = StockMovement.objects.get(level=level)
        entry = AuditEntry.objects.get(action="product.create")
    assert answer["Location"] == shop.url(f"products/{product.pk}/")
    assert (variation.price, variation.cost, variation.sku) == (Decimal("12.5"), 5, "BOARD")
    # Leading zeros count.
    assert codes == {"0012345", "998"}
    assert variation.search_text == "bread board board 0012345 998"
    assert (level.location_id, level.quantity) == (shop.high_street.pk, 7)
    assert (move.kind, move.unit_cost, move.actor) == ("opening", 5, shop.owner)
    assert (entry.actor, entry.changes["BOARD price"]) == (shop.owner, [None, "12.5"])


def test_create_a_product_with_variations(shop: Shop, owner: Client) -> None:
    assert "Another variation" in owner.get(shop.url("products/new/?kind=variable")).text
    values = single(
        **{
            "kind": "variable",
            "name": "Shirt",
            "rows": "3",
            "row-0-name": "Small",
            "row-0-sku": "S",
            "row-1-name": "Large",
            "row-1-price": "14",
            "row-1-sku": "L",
            f"row-1-opening_{shop.market.pk.hex}": "2",
            "unit": str(shop.piece.pk),
        }
    )
    assert owner.post(shop.url("products/new/"), values).status_code == 302
    with business(shop.business):
        product = Product.objects.get(name="Shirt")
        rows = [(v.name, v.position, v.price) for v in product.variations.all()]
        level = StockLevel.objects.get(variation__sku="L")
    assert product.kind == "variable"
    # The third row was left empty.
    assert rows == [("Small", 0, Decimal("12.5")), ("Large", 1, 14)]
    assert (level.location_id, level.quantity) == (shop.market.pk, 2)


def test_another_row_keeps_what_was_typed_and_judges_nothing(shop: Shop, owner: Client) -> None:
    values = {"kind": "variable", "name": "", "rows": "1", "row-0-name": "Small", "more": "1"}
    answer = owner.post(shop.url("products/new/"), values)
    assert errors(answer) == {}
    assert len(answer.context["rows"].forms) == 2
    assert 'value="Small"' in answer.text
    assert 'name="rows" value="2"' in answer.text
    with business(shop.business):
        assert Product.objects.count() == 3


def test_what_has_to_be_there(shop: Shop, owner: Client) -> None:
    empty = {"kind": "single", "rows": "1"}
    assert set(errors(owner.post(shop.url("products/new/"), empty))) == {"name", "row-0-price"}
    none = {"kind": "variable", "name": "Shirt", "rows": "2"}
    assert (
        "at least one variation" in errors(owner.post(shop.url("products/new/"), none))["rows"][0]
    )
    gone = {"kind": "single", "name": "Shirt"}
    assert "rows" in errors(owner.post(shop.url("products/new/"), gone))
    minus = single(**{"row-0-price": "-1", "row-0-cost": "-2", "alert_quantity": "-3"})
    assert set(errors(owner.post(shop.url("products/new/"), minus))) == {
        "row-0-price",
        "row-0-cost",
        "alert_quantity",
    }


def test_fractions_only_where_the_unit_allows_them(shop: Shop, owner: Client) -> None:
    half = {f"row-0-opening_{shop.high_street.pk.hex}": "0.5"}
    answer = owner.post(shop.url("products/new/"), single(unit=str(shop.piece.pk), **half))
    assert set(errors(answer)) == {f"row-0-opening_{shop.high_street.pk.hex}"}
    answer = owner.post(shop.url("products/new/"), single(unit=str(shop.kilo.pk), **half))
    assert answer.status_code == 302
    service = single(
        **{"row-0-sku": "X", "row-0-barcodes": "", f"row-0-opening_{shop.high_street.pk.hex}": "1"}
    )
    del service["is_stocked"]
    assert set(errors(owner.post(shop.url("products/new/"), service))) == {
        f"row-0-opening_{shop.high_street.pk.hex}"
    }


# -- codes are unique within the business ---------------------------------------------------------


def test_a_taken_code_is_an_error_beside_its_field(shop: Shop, owner: Client) -> None:
    taken = single(**{"row-0-sku": "MUG-1", "row-0-barcodes": "7, 5901234123457"})
    answer = owner.post(shop.url("products/new/"), taken)
    assert errors(answer) == {
        "row-0-sku": ["Another product has this SKU."],
        "row-0-barcodes": ["Another product has the barcode 5901234123457."],
    }
    twice = single(
        **{
            "kind": "variable",
            "rows": "2",
            "row-0-name": "A",
            "row-1-name": "B",
            "row-1-price": "1",
            "row-1-sku": "BOARD",
            "row-1-barcodes": "998",
        }
    )
    assert set(errors(owner.post(shop.url("products/new/"), twice))) == {
        "row-1-sku",
        "row-1-barcodes",
    }


def test_codes_of_another_business_are_free(
    shop: Shop, other_shop: Shop, owner: Client, stranger: Client
) -> None:
    mine = single(**{"row-0-sku": "ONLY-HERE", "row-0-barcodes": "4711"})
    assert owner.post(shop.url("products/new/"), mine).status_code == 302
    assert stranger.post(other_shop.url("products/new/"), mine).status_code == 302


def test_a_code_that_is_taken_in_the_same_moment(
    shop: Shop, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check finds it free, the database does not: a sentence, and nothing is kept."""
    monkeypatch.setattr("inventory.forms.products.VariationRows._check_skus", lambda *a, **k: None)
    answer = owner.post(shop.url("products/new/"), single(**{"row-0-sku": "MUG-1"}))
    assert "meanwhile" in errors(answer)["__all__"][0]
    with business(shop.business):
        assert not Product.objects.filter(name="Bread board").exists()


# -- implausible values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "cost", "says"),
    [
        ("4", "5", "above the price"),
        ("600", "5", "more than 100 times"),
        ("2000000", "1500000", "very high"),
        ("5", "23560000000000", "very high"),
    ],
)
def test_implausible_values_are_asked_about(
    shop: Shop, owner: Client, price: str, cost: str, says: str
) -> None:
    values = single(**{"row-0-price": price, "row-0-cost": cost})
    answer = owner.post(shop.url("products/new/"), values)
    assert says in " ".join(errors(answer)["__all__"])
    assert 'name="confirm"' in answer.text
    assert owner.post(shop.url("products/new/"), {**values, "confirm": "on"}).status_code == 302


def test_old_values_are_not_asked_about_again(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        Variation.objects.filter(pk=shop.mug.pk).update(cost=9)
    values = stored(shop, shop.mug, name="Renamed", **{"row-0-cost": "9"})
    url = shop.url(f"products/{shop.mug.product_id}/edit/")
    assert owner.post(url, values).status_code == 302


def test_opening_stock_stays_where_it_was_typed(shop: Shop, owner: Client) -> None:
    """Although a location that stands before it in the list was added meanwhile."""
    page = owner.get(shop.url("products/new/"))
    (row,) = page.context["rows"].forms
    first = row.opening_fields[0]
    assert first.label == "Opening stock, High Street"
    with business(shop.business):
        Location.objects.create(code="AA", name="Attic")
    assert (
        owner.post(shop.url("products/new/"), single(**{first.html_name: "7"})).status_code == 302
    )
    with business(shop.business):
        level = StockLevel.objects.get(variation__sku="BOARD")
    assert (level.location_id, level.quantity) == (shop.high_street.pk, 7)
