"""Stock levels, low stock, and the history of a variation at a location."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.permissions import Permission
from inventory.ledger import Entry, correct, post, set_opening
from inventory.models import Category, Product, StockDocument, StockMovement
from tenants.context import business
from tests.factories import Shop, make_product, make_shift
from tests.sales.selling import sell

P = Permission


def rows(client: Client, shop: Shop, path: str = "stock/") -> list[tuple[str, str, Decimal]]:
    page = client.get(shop.url(path))
    assert page.status_code == 200
    return [
        (level.variation.product.name, level.location.name, level.quantity)
        for level in page.context["page"]
    ]


MUG = ("Blue mug", "High Street", Decimal(10))
TEA = ("Green tea", "High Street", Decimal("4.5"))


def stock_the_market(shop: Shop) -> None:
    with business(shop.business):
        set_opening(actor=shop.owner, location=shop.market, quantities={shop.mug.pk: Decimal(3)})


def warn_below(shop: Shop, quantity: int) -> None:
    with business(shop.business):
        Product.objects.filter(pk=shop.mug.product_id).update(alert_quantity=quantity)


# -- levels ---------------------------------------------------------------------------------------


def test_levels_of_everything_in_stock(shop: Shop, owner: Client, cashier: Client) -> None:
    stock_the_market(shop)
    assert rows(owner, shop) == [MUG, ("Blue mug", "Market", Decimal(3)), TEA]
    page = cashier.get(shop.url("stock/"))
    assert "Green tea" in page.text
    # What it is worth is a permission, and so is what happened to it.
    assert "Value" not in page.text
    assert shop.url(f"stock/{shop.mug.pk}/") not in page.text
    page = owner.get(shop.url("stock/"))
    assert "€20.00" in page.text
    assert shop.url(f"stock/{shop.mug.pk}/{shop.market.pk}/") in page.text


def test_filters_search_and_order(shop: Shop, owner: Client, other_shop: Shop) -> None:
    stock_the_market(shop)
    warn_below(shop, 5)
    with business(shop.business):
        drinks = Category.objects.create(name="Drinks", parent=shop.category)
        Product.objects.filter(pk=shop.tea.product_id).update(category=drinks)
        correct(
            actor=shop.owner,
            location=shop.high_street,
            reason=StockDocument.Reason.LOST,
            changes={shop.tea.pk: Decimal("-4.5")},
        )
    market = ("Blue mug", "Market", Decimal(3))
    none = ("Green tea", "High Street", Decimal(0))
    assert rows(owner, shop, f"stock/?location={shop.market.pk}") == [market]
    assert rows(owner, shop, f"stock/?category={drinks.pk}") == [none]
    assert len(rows(owner, shop, f"stock/?category={shop.category.pk}")) == 3
    assert rows(owner, shop, "stock/?level=low") == [market]
    assert rows(owner, shop, "stock/?level=none") == [none]
    assert rows(owner, shop, "stock/?q=GREEN") == [none]
    assert rows(owner, shop, "stock/?sort=-quantity") == [MUG, market, none]
    nonsense = f"stock/?location={other_shop.market.pk}&category=x&level=&sort=pk&q=%00&page=no"
    assert len(rows(owner, shop, nonsense)) == 3


def test_what_is_not_sold_any_more_is_left_out(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        Product.objects.filter(pk=shop.mug.product_id).update(is_active=False)
    assert rows(owner, shop) == [TEA]


def test_only_visible_locations(shop: Shop, market_only: Client) -> None:
    stock_the_market(shop)
    warn_below(shop, 100)
    market = [("Blue mug", "Market", Decimal(3))]
    assert rows(market_only, shop) == market
    assert rows(market_only, shop, f"stock/?location={shop.high_street.pk}") == market
    assert rows(market_only, shop, "stock/low/") == market
    assert market_only.get(history(shop, shop.high_street)).status_code == 404


def test_low_stock(shop: Shop, owner: Client) -> None:
    assert "Nothing runs low" in owner.get(shop.url("stock/low/")).text
    warn_below(shop, 10)
    assert rows(owner, shop, "stock/low/") == []
    warn_below(shop, 11)
    assert rows(owner, shop, "stock/low/") == [MUG]
    assert "Low" in owner.get(shop.url("stock/")).text


@pytest.mark.parametrize("path", ["stock/", "stock/low/"])
def test_the_doors(shop: Shop, owner: Client, nobody: Client, stranger: Client, path: str) -> None:
    assert stranger.get(shop.url(path)).status_code == 404
    assert nobody.get(shop.url(path)).status_code == 403
    assert owner.post(shop.url(path)).status_code == 405


@pytest.mark.parametrize("who", ["owner", "market_only"])
def test_long_lists_take_few_statements(
    shop: Shop, within_budget: Any, who: str, request: pytest.FixtureRequest
) -> None:
    with business(shop.business):
        things = [
            make_product(f"Thing {n:02d}", sku=f"T{n}", unit=shop.piece, alert_quantity=9)
            for n in range(60)
        ]
        set_opening(
            actor=shop.owner,
            location=shop.market,
            quantities={thing.pk: Decimal(n % 7) for n, thing in enumerate(things)},
        )
    client = request.getfixturevalue(who)
    for path in ["stock/", "stock/low/", "stock/?q=thing&level=low&sort=quantity"]:
        with within_budget():
            page = client.get(shop.url(path)).context["page"]
        assert (len(page), page.has_next()) == (50, True)


# -- history --------------------------------------------------------------------------------------


def history(shop: Shop, place: Any, query: str = "") -> str:
    return shop.url(f"stock/{shop.mug.pk}/{place.pk}/{query}")


def test_history_with_running_balance_and_documents(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        make_shift(shop)
        sale = sell(shop, (shop.mug, "2"))
        document = correct(
            actor=shop.manager,
            location=shop.high_street,
            reason=StockDocument.Reason.FOUND,
            changes={shop.mug.pk: Decimal(5)},
        )
    page = owner.get(history(shop, shop.high_street))
    moves = [(m.kind, m.quantity, m.balance) for m in page.context["page"]]
    assert moves == [("correction", 5, 13), ("sale", -2, 8), ("opening", 10, 10)]
    assert page.context["quantity"] == 13
    assert f'href="{shop.url(f"corrections/{document.pk}/")}"' in page.text
    assert f'href="{shop.url(f"sales/{sale.pk}/")}"' in page.text
    assert sale.number in page.text
    assert "Acme.Manager Person" in page.text
    for link in [f"corrections/{document.pk}/", f"sales/{sale.pk}/"]:
        assert owner.get(shop.url(link)).status_code == 200
    # Where nothing was ever moved there is an empty page.
    empty = owner.get(history(shop, shop.market))
    assert "Nothing was moved yet" in empty.text


def test_a_long_history_is_paged(shop: Shop, owner: Client, within_budget: Any) -> None:
    with business(shop.business), transaction.atomic():
        post(
            actor=shop.owner,
            kind=StockMovement.Kind.COUNT,
            location=shop.high_street,
            document_id=uuid.uuid4(),
            document_number="C1",
            entries=[Entry(n, shop.mug.pk, Decimal(1)) for n in range(1, 121)],
        )
    with within_budget():
        page = owner.get(history(shop, shop.high_street))
    balances = [move.balance for move in page.context["page"]]
    assert balances == [Decimal(n) for n in range(130, 80, -1)]
    last = owner.get(history(shop, shop.high_street, "?page=3"))
    assert last.context["page"][-1].kind == "opening"
    assert "101–121 of 121" in last.text


def test_the_doors_of_the_history(
    shop: Shop,
    other_shop: Shop,
    owner: Client,
    cashier: Client,
    stranger: Client,
    member: Callable[..., Client],
) -> None:
    path = history(shop, shop.high_street)
    assert member(P.STOCK_VIEW_HISTORY).get(path).status_code == 200
    assert stranger.get(path).status_code == 404
    assert cashier.get(path).status_code == 403
    assert owner.post(path).status_code == 405
    for variation, place in [
        (other_shop.mug, shop.high_street),
        (shop.mug, other_shop.high_street),
    ]:
        assert owner.get(shop.url(f"stock/{variation.pk}/{place.pk}/")).status_code == 404
