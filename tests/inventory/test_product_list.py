"""The list of products."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Permission
from inventory import paging
from inventory.ledger import set_opening
from inventory.models import Brand, Category, Product, Variation
from tenants.context import business
from tests.factories import Shop, make_product

P = Permission


def names(client: Client, shop: Shop, query: str = "") -> list[str]:
    page = client.get(shop.url(f"products/{query}"))
    assert page.status_code == 200
    return [product.name for product in page.context["page"]]


def test_shows_products_with_price_and_stock(shop: Shop, owner: Client) -> None:
    page = owner.get(shop.url("products/"))
    assert names(owner, shop) == ["Blue mug", "Gift wrapping", "Green tea"]
    assert "€5.00" in page.text
    mug, _wrapping, tea = page.context["page"]
    assert (mug.figures.stock, tea.figures.stock) == (Decimal(10), Decimal("4.5"))
    assert (mug.figures.sku, mug.figures.count, mug.figures.one_price) == ("MUG-1", 1, True)
    assert "Service" in page.text
    assert shop.url(f"products/{shop.mug.product_id}/") in page.text


def test_the_cashier_sees_it_and_no_buttons(shop: Shop, cashier: Client) -> None:
    page = cashier.get(shop.url("products/"))
    assert "Blue mug" in page.text
    assert shop.url("products/new/") not in page.text


def test_the_doors(shop: Shop, owner: Client, nobody: Client, stranger: Client) -> None:
    assert stranger.get(shop.url("products/")).status_code == 404
    assert nobody.get(shop.url("products/")).status_code == 403
    assert owner.post(shop.url("products/")).status_code == 405


def test_stock_is_absent_without_the_permission(shop: Shop, member: Callable[..., Client]) -> None:
    page = member(P.PRODUCT_VIEW).get(shop.url("products/"))
    assert "In stock" not in page.text
    assert page.context["page"][0].figures.stock == 0


def test_search_answers_a_live_request_with_the_rows_alone(shop: Shop, owner: Client) -> None:
    assert names(owner, shop, "?q=blue+MUG") == ["Blue mug"]
    assert names(owner, shop, "?q=5901234123457") == ["Blue mug"]
    assert names(owner, shop, "?q=100%25") == []
    assert names(owner, shop, "?q=%00") == ["Blue mug", "Gift wrapping", "Green tea"]
    live = owner.get(
        shop.url("products/?q=tea"), headers={"HX-Request": "true", "HX-Target": "results"}
    )
    assert "Green tea" in live.text
    assert "<html" not in live.text
    assert "HX-Request" in live["Vary"]


def test_filters(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        cups = Category.objects.create(name="Cups", parent=shop.category)
        brand = Brand.objects.create(name="Acorn")
        make_product("Teacup", sku="CUP", category=cups, brand=brand)
        make_product("Old vase", sku="VASE", is_active=False)
        make_product("Loose thing", sku="LOOSE")
    # A category holds what is in its sub-categories.
    inside = ["Blue mug", "Gift wrapping", "Green tea", "Teacup"]
    assert names(owner, shop, f"?category={shop.category.pk}") == inside
    assert names(owner, shop, f"?category={cups.pk}") == ["Teacup"]
    assert names(owner, shop, f"?brand={brand.pk}") == ["Teacup"]
    assert names(owner, shop, "?status=off") == ["Old vase"]
    assert len(names(owner, shop, "?status=all")) == 6
    assert names(owner, shop, "?kept=no") == ["Gift wrapping"]
    assert "Gift wrapping" not in names(owner, shop, "?kept=yes")


def test_filters_of_another_business_and_nonsense_narrow_nothing(
    shop: Shop, other_shop: Shop, owner: Client
) -> None:
    for query in [
        f"?category={other_shop.category.pk}",
        f"?location={other_shop.high_street.pk}",
        "?category=x&brand=1&status=maybe&page=0&sort=price;drop",
    ]:
        assert len(names(owner, shop, query)) == 3, query


def test_order(shop: Shop, owner: Client) -> None:
    assert names(owner, shop, "?sort=-name") == ["Green tea", "Gift wrapping", "Blue mug"]
    assert names(owner, shop, "?sort=-changed")[0] == "Gift wrapping"


def test_stock_of_one_location(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        set_opening(
            actor=shop.owner, location=shop.market, quantities={shop.mug.pk: Decimal("2.5")}
        )

    def stock(query: str) -> Decimal:
        page = owner.get(shop.url(f"products/{query}")).context["page"]
        return page[0].figures.stock

    assert stock("") == Decimal("12.5")
    assert stock(f"?location={shop.market.pk}") == Decimal("2.5")


def test_stock_of_other_locations_is_not_counted(
    shop: Shop, owner: Client, market_only: Client
) -> None:
    with business(shop.business):
        set_opening(actor=shop.owner, location=shop.market, quantities={shop.mug.pk: Decimal(2)})
    page = market_only.get(shop.url("products/"))
    assert page.context["page"][0].figures.stock == 2
    assert "High Street" not in page.text
    narrowed = market_only.get(shop.url(f"products/?location={shop.high_street.pk}"))
    assert narrowed.context["page"][0].figures.stock == 2


def test_prices_of_variations_are_a_span(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        Variation.objects.create(product_id=shop.mug.product_id, name="Big", price=8, position=1)
        Variation.objects.create(
            product_id=shop.mug.product_id, name="Gone", price=99, position=2, is_active=False
        )
    page = owner.get(shop.url("products/"))
    assert "€5.00 – €8.00" in page.text
    assert "2 variations" in page.text
    assert "€99" not in page.text


@pytest.mark.parametrize("who", ["owner", "market_only"])
def test_a_long_list_takes_few_statements(
    shop: Shop, within_budget: Any, who: str, request: pytest.FixtureRequest
) -> None:
    with business(shop.business):
        for n in range(70):
            make_product(f"Thing {n:02d}", sku=f"T{n}", category=shop.category, unit=shop.piece)
    client = request.getfixturevalue(who)
    with within_budget():
        page = client.get(shop.url("products/?sort=-category")).context["page"]
    assert len(page) == 50
    assert page.paginator.count == 73
    assert page.has_next()
    second = client.get(shop.url("products/?page=2"))
    assert len(second.context["page"]) == 23
    assert "51–73 of 73" in second.text
    assert not second.context["page"].has_next()
    with within_budget():
        client.get(shop.url("products/?q=thing&status=all&kept=yes"))


def test_counting_stops_somewhere(
    shop: Shop, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", 2)
    monkeypatch.setattr(paging, "PER_PAGE", 1)
    page = owner.get(shop.url("products/?page=2"))
    assert "2–2 of more than 2" in page.text
    assert names(owner, shop, "?page=3") == ["Green tea"]
    assert names(owner, shop, "?page=4") == []


def test_an_empty_shop_says_so(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        Product.objects.update(is_active=False)
    assert "No products yet" in owner.get(shop.url("products/")).text
    assert "Nothing found" in owner.get(shop.url("products/?q=zzz")).text
