"""Cost and profit of a document over the API: each for who may see it, and absent otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.permissions import Permission
from inventory.models import Variation
from sales.models import Sale, SaleLine
from sales.telling import document_shape
from tenants.context import business
from tests.api.calls import line, post, sale_body
from tests.factories import Shop, signed_in
from tests.sales.refunding import back, refund
from tests.sales.selling import percent, sell, void
from webhooks.models import Event

URL = "/api/v1/sales"


@pytest.fixture
def sale(open_shop: Shop) -> Sale:
    """Two mugs less a tenth, 0.333 kg of tea and a wrapping; all of them cost 2.00, but tea 2.3457."""
    shop = open_shop
    with business(shop.business), transaction.atomic():
        Variation.objects.filter(pk=shop.tea.pk).update(cost=Decimal("2.3457"))
        return sell(
            shop, (shop.mug, "2", percent(10)), (shop.tea, "0.333"), (shop.wrapping, "1"),
            user=shop.manager,
        )  # fmt: skip


def viewer(shop: Shop, *rights: Permission) -> Client:
    with business(shop.business), transaction.atomic():
        role = shop.roles["Viewer"]
        role.permissions = [Permission.SELL_VIEW, *rights]
        role.save()
    return signed_in(shop.people["Viewer"])


def told(client: Client, shop: Shop, sale: Sale) -> dict[str, Any]:
    response = client.get(shop.url(f"api/v1/sales/{sale.pk}"))
    assert response.status_code == 200, response.content
    content: dict[str, Any] = response.json()
    (listed,) = client.get(shop.url("api/v1/sales")).json()["results"]
    assert listed == content
    return content


def test_of_each_line_and_of_the_document(shop: Shop, owner: Client, sale: Sale) -> None:
    found = told(owner, shop, sale)
    # 0.333 × 2.3457 = 0.7811181
    assert [one["cost"] for one in found["lines"]] == ["4.00", "0.7811", "2.00"]
    assert found["cost"] == "6.7811"
    net = Decimal(found["net"])
    assert Decimal(found["profit"]) == net - Decimal(found["cost"])
    for one in found["lines"]:
        assert Decimal(one["profit"]) == Decimal(one["net"]) - Decimal(one["cost"])
    # What the page says, by the same function.
    page = owner.get(shop.url(f"sales/{sale.pk}/"))
    assert str(page.context["cost"]) == "6.7811"
    assert page.context["profit"] == Decimal(found["profit"])


@pytest.mark.parametrize(
    ("rights", "seen"),
    [
        ((), set()),
        ((Permission.SELL_VIEW_COST,), {"cost"}),
        ((Permission.SELL_VIEW_PROFIT,), {"profit"}),
        ((Permission.SELL_VIEW_COST, Permission.SELL_VIEW_PROFIT), {"cost", "profit"}),
    ],
)
def test_two_rights(shop: Shop, sale: Sale, rights: Any, seen: set[str]) -> None:
    found = told(viewer(shop, *rights), shop, sale)
    assert {"cost", "profit"} & found.keys() == seen
    for one in found["lines"]:
        assert {"cost", "profit"} & one.keys() == seen


def test_a_cashier_is_told_neither(shop: Shop, terminal: Client, sale: Sale) -> None:
    answer = post(terminal, URL, sale_body(shop, line(shop.mug), total="5.00"))
    assert answer.status_code == 201
    for content in (answer.content, terminal.get(URL).content):
        assert b'"cost"' not in content
        assert b'"profit"' not in content


def test_the_answer_to_a_sale_is_the_one_to_its_repetition(
    open_shop: Shop, managers_terminal: Client
) -> None:
    body = sale_body(open_shop, line(open_shop.tea, "0.5"), total="6.50")
    first, again = (post(managers_terminal, URL, body) for _time in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["cost"] == first.json()["lines"][0]["cost"] == "1.00"


def test_what_came_back_takes_its_cost_back(shop: Shop, owner: Client, sale: Sale) -> None:
    with business(shop.business), transaction.atomic():
        some = refund(shop, sale, back(1, "1"))
        lost = refund(shop, sale, back(1, "1", restock=False))
        sold = sell(shop, (shop.mug, "1"))
        gone = void(shop, sold)
    found = {
        one.pk: owner.get(shop.url(f"api/v1/sales/{one.pk}")).json()["cost"]
        for one in (some, lost, sold, gone)
    }
    # What is lost to the shelf has cost what it had cost.
    assert list(found.values()) == ["-2.00", "0.00", "2.00", "-2.00"]


def test_webhooks_never_say_it(shop: Shop, sale: Sale) -> None:
    with business(shop.business), transaction.atomic():
        said = document_shape(Event(object_id=str(sale.pk)))
        assert SaleLine.objects.filter(sale=sale, unit_cost__gt=0).count() == 3
    assert said is not None
    assert "cost" not in said and "profit" not in said
    assert all("cost" not in one for one in said["lines"])
