"""The page of one sale: every figure, and nothing that the reader may not see."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.permissions import Permission
from sales.models import Sale
from tenants.ids import uuid7
from tests.factories import Shop, make_product, make_shift, signed_in
from tests.sales.selling import counted, fixed, market_manager, percent, sell, void


@pytest.fixture
def sale(inside: Shop) -> Sale:
    make_shift(inside)
    return sell(
        inside,
        (inside.mug, "2", percent(10)),
        (inside.tea, "0.5"),
        discount=fixed("1.00"),
        card="5.00",
        cash="20.00",
        customer=True,
    )


def page(client: Client, shop: Shop, sale: Sale) -> str:
    response = client.get(shop.url(f"sales/{sale.pk}/"))
    assert response.status_code == 200
    return response.content.decode()


def test_all_figures(owner: Client, inside: Shop, sale: Sale) -> None:
    text = page(owner, inside, sale)
    for shown in ("ACM1-000001", "Blue mug", "Green tea", "High Street", "Carla of acme"):
        assert shown in text
    # 9.00 + 6.50 - 1.00: total, tax at 20% inside it, given, and change.
    for amount in ("€14.50", "€2.41", "€12.09", "€20.00", "€10.50"):
        assert amount in text
    assert "Visa ****4242" in text
    assert sale.content_hash[:8] in text
    assert 'href="/b/acme/shifts/' in text


def test_a_colleague_sees_it_and_cost_and_profit(manager: Client, inside: Shop, sale: Sale) -> None:
    response = manager.get(inside.url(f"sales/{sale.pk}/"))
    # 2 mugs and half a kilo of tea at a cost of 2.00.
    assert response.context["cost"] == 5
    assert response.context["profit"] == sale.net - 5


def test_the_cashier_sees_neither_cost_nor_profit(
    cashier: Client, inside: Shop, sale: Sale
) -> None:
    response = cashier.get(inside.url(f"sales/{sale.pk}/"))
    assert "cost" not in response.context
    assert "Profit" not in response.content.decode()


def test_cost_and_profit_are_two_rights(inside: Shop, sale: Sale) -> None:
    role = inside.roles["Viewer"]
    role.permissions = [Permission.SELL_VIEW, Permission.SELL_VIEW_PROFIT]
    role.save()
    text = page(signed_in(inside.people["Viewer"]), inside, sale)
    assert "Profit" in text
    assert "<dt>Cost" not in text


def test_a_stranger_is_told_nothing(stranger: Client, inside: Shop, sale: Sale) -> None:
    assert stranger.get(inside.url(f"sales/{sale.pk}/")).status_code == 404


def test_the_stranger_does_not_find_it_at_home(stranger: Client, other_shop: Shop, sale: Sale):
    assert stranger.get(other_shop.url(f"sales/{sale.pk}/")).status_code == 404


def test_absent_and_foreign_are_the_same(owner: Client, inside: Shop) -> None:
    assert owner.get(inside.url(f"sales/{uuid7()}/")).status_code == 404


def test_of_others_with_the_right_to_own_sales(cashier: Client, inside: Shop) -> None:
    make_shift(inside)
    theirs = sell(inside, user=inside.manager)
    assert cashier.get(inside.url(f"sales/{theirs.pk}/")).status_code == 404


def test_of_another_location(inside: Shop, sale: Sale) -> None:
    assert market_manager(inside).get(inside.url(f"sales/{sale.pk}/")).status_code == 404


def test_without_the_permission(inside: Shop, sale: Sale) -> None:
    client = signed_in(inside.people["Stock keeper"])
    assert client.get(inside.url(f"sales/{sale.pk}/")).status_code == 403


def test_only_reading(owner: Client, inside: Shop, sale: Sale) -> None:
    assert owner.post(inside.url(f"sales/{sale.pk}/")).status_code == 405


def test_a_void_and_its_sale_lead_to_each_other(owner: Client, inside: Shop, sale: Sale) -> None:
    reversal = void(inside, sale, reason="Rang up twice")
    first, second = page(owner, inside, sale), page(owner, inside, reversal)
    assert f"/sales/{reversal.pk}/" in first
    assert f"/sales/{sale.pk}/" in second
    assert "Rang up twice" in first
    assert "Rang up twice" in second
    assert "Void sale" not in first
    assert "Void sale" not in second


def test_the_button_to_void_needs_its_right(
    owner: Client, cashier: Client, inside: Shop, sale: Sale
) -> None:
    assert "Void sale" in page(owner, inside, sale)
    assert "Void sale" not in page(cashier, inside, sale)


def test_the_statements_do_not_grow_with_the_lines(owner: Client, inside: Shop) -> None:
    make_shift(inside)
    counts = []
    for size in (2, 30):
        products = [
            (make_product(f"P{size}-{n}", sku=f"P{size}-{n}", is_stocked=False), "1")
            for n in range(size)
        ]
        sale = sell(inside, *products)
        with counted() as queries:
            page(owner, inside, sale)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12
