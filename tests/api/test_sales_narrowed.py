"""GET sales, narrowed down: every filter of the page, by the same rules and to the same sales."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Device, Membership, User
from sales.models import Register, Sale
from tenants.context import business
from tests.api.calls import NOWHERE, said
from tests.factories import Shop, make_device, make_person, make_shift, signed_in, with_token
from tests.sales.refunding import back, refund
from tests.sales.selling import market_manager, market_shift, sell, void

URL = "/api/v1/sales"
IDS = ("location", "register", "operator", "customer")


@pytest.fixture
def sold(shop: Shop) -> Shop:
    """Sales of two years, two places and three people; with a void, a refund, a card, a customer."""
    with business(shop.business), transaction.atomic():
        make_shift(shop)
        sell(shop, (shop.mug, "1"), at=datetime(2025, 3, 1, 12, tzinfo=UTC))
        void(shop, sell(shop, (shop.mug, "2"), customer=True))
        refund(shop, sell(shop, (shop.mug, "1"), card="5.00"), back(1))
        stall = market_shift(shop).register
        sell(shop, (shop.tea, "1"), user=shop.manager, register=stall)
    return shop


def key(shop: Shop, user: User) -> Any:
    with business(shop.business), transaction.atomic():
        return Membership.objects.get(user=user).pk


def numbers(client: Client, url: str, **query: Any) -> list[str]:
    response = client.get(url, query)
    assert response.status_code == 200, response.content
    return [sale["number"] for sale in response.json()["results"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "acm1-0"}, ["ACM1-000003", "ACM1-000002", "ACM1-000001"]),
        ({"q": "2"}, ["ACM1-000002"]),
        ({"q": "carla"}, ["ACM1-V000001", "ACM1-000002"]),
        ({"q": "carla@acme.example"}, ["ACM1-V000001", "ACM1-000002"]),
        ({"q": "nobody"}, []),
        ({"kind": "void"}, ["ACM1-V000001"]),
        ({"kind": "refund"}, ["ACM1-R000001"]),
        ({"kind": "exchange"}, []),
        ({"method": "card"}, ["ACM1-R000001", "ACM1-000003"]),
        ({"method": "credit"}, []),
        ({"date_to": "2025-03-01"}, ["ACM1-000001"]),
        ({"date_from": "2025-03-01", "date_to": "2025-12-31"}, ["ACM1-000001"]),
        ({"date": "2025-03-01", "kind": "sale"}, ["ACM1-000001"]),
        ({"date_from": "2025-03-02", "q": "ACMM"}, ["ACMM-000001"]),
        ({"date": "2025-03-01", "date_from": "2025-03-02"}, []),
        ({"kind": "sale", "method": "cash", "q": "ACM1"}, ["ACM1-000002", "ACM1-000001"]),
    ],
)
def test_what_narrows_the_list(sold: Shop, owner: Client, query: Any, found: list[str]) -> None:
    assert numbers(owner, sold.url("api/v1/sales"), **query) == found
    # The page, by the same functions.
    page = {name: value for name, value in query.items() if name != "date"}
    if page == query:
        shown = owner.get(sold.url("sales/"), page).context["sales"]
        assert [sale.number for sale in shown] == found


def test_by_place_person_and_customer(sold: Shop, owner: Client) -> None:
    url = sold.url("api/v1/sales")
    with business(sold.business), transaction.atomic():
        stall = Register.objects.get(prefix="ACMM")
    assert numbers(owner, url, location=sold.market.pk) == ["ACMM-000001"]
    assert numbers(owner, url, register=stall.pk) == ["ACMM-000001"]
    assert numbers(owner, url, register=stall.pk, location=sold.high_street.pk) == []
    by_manager = numbers(owner, url, operator=key(sold, sold.manager))
    assert by_manager == ["ACMM-000001", "ACM1-R000001", "ACM1-V000001"]
    of_carla = numbers(owner, url, customer=sold.customer.pk)
    assert of_carla == ["ACM1-V000001", "ACM1-000002"]
    assert numbers(owner, url, customer=sold.customer.pk, kind="void") == ["ACM1-V000001"]


def test_a_terminal_narrows_like_a_person(sold: Shop) -> None:
    client = with_token(make_device(sold, user=sold.manager)[1])
    assert numbers(client, URL, method="card") == ["ACM1-R000001", "ACM1-000003"]
    assert numbers(client, URL, location=sold.high_street.pk, kind="void") == ["ACM1-V000001"]
    # It sees its own location alone.
    said(client.get(URL, {"location": str(sold.market.pk)}), 404, "not_found")


def test_what_is_elsewhere_is_nowhere(sold: Shop, other_shop: Shop, owner: Client) -> None:
    """Another business's id, another location's and one that was never given: one answer."""
    foreign = {
        "location": other_shop.high_street.pk,
        "register": other_shop.register.pk,
        "operator": key(other_shop, other_shop.cashier),
        "customer": other_shop.customer.pk,
    }
    assert tuple(foreign) == IDS
    for name, value in foreign.items():
        absent = owner.get(sold.url("api/v1/sales"), {name: NOWHERE})
        said(absent, 404, "not_found")
        answer = owner.get(sold.url("api/v1/sales"), {name: str(value)})
        assert (answer.status_code, answer.content) == (404, absent.content), name
    with business(sold.business), transaction.atomic():
        confined = market_manager(sold)
        hans = make_person("hans", sold.roles["Cashier"], locations=[sold.high_street])
    for name, value in (
        ("location", sold.high_street.pk),
        ("register", sold.register.pk),
        ("operator", key(sold, hans)),
    ):
        said(confined.get(sold.url("api/v1/sales"), {name: str(value)}), 404, "not_found")
    assert numbers(confined, sold.url("api/v1/sales"), location=sold.market.pk) == ["ACMM-000001"]


def test_who_sees_own_sales_alone_asks_for_nobody_else(sold: Shop, cashier: Client) -> None:
    url = sold.url("api/v1/sales")
    own = numbers(cashier, url, operator=key(sold, sold.cashier))
    assert own == ["ACM1-000003", "ACM1-000002", "ACM1-000001"]
    for other in (key(sold, sold.manager), NOWHERE):
        said(cashier.get(url, {"operator": other}), 404, "not_found")


def test_customers_need_the_right_to_see_them(sold: Shop) -> None:
    with business(sold.business), transaction.atomic():
        role = sold.roles["Viewer"]
        role.permissions = ["sell.view"]
        role.save()
    viewer, url = signed_in(sold.people["Viewer"]), sold.url("api/v1/sales")
    assert numbers(viewer, url, q="carla") == []
    for customer in (str(sold.customer.pk), NOWHERE):
        said(viewer.get(url, {"customer": customer}), 403, "permission_denied")


@pytest.mark.parametrize("name", [*IDS, "kind", "method", "date", "date_from", "date_to"])
def test_nonsense_is_named(shop: Shop, owner: Client, name: str) -> None:
    for nonsense in ("nonsense", "2026-02-30", "2026-02-30x"):
        answer = owner.get(shop.url("api/v1/sales"), {name: nonsense})
        assert list(said(answer, 400, "invalid")) == [name], nonsense


def test_what_cannot_be_written_cannot_be_searched(shop: Shop, owner: Client) -> None:
    answer = owner.get(shop.url("api/v1/sales") + "?q=%00")
    assert list(said(answer, 400, "invalid")) == ["q"]


def test_imported_sales_are_found_by_their_register(sold: Shop, owner: Client) -> None:
    with business(sold.business), transaction.atomic():
        Register.objects.filter(prefix="ACMM").update(is_history=True)
        stall = Register.objects.get(prefix="ACMM")
    (sale,) = owner.get(sold.url("api/v1/sales"), {"register": str(stall.pk)}).json()["results"]
    assert (sale["number"], sale["is_history"]) == ("ACMM-000001", True)
    assert "is_history" not in str(owner.get(sold.url("api/v1/me")).json()["registers"])


def test_a_terminal_of_a_register_looks_at_that_one(sold: Shop) -> None:
    device, token = make_device(sold, user=sold.manager)
    with business(sold.business), transaction.atomic():
        other = Register.objects.create(name="Till 2", location=sold.high_street, prefix="ACM2")
        Register.objects.filter(pk=sold.register.pk).update(device=Device(pk=device.pk))
    said(with_token(token).get(URL, {"register": str(other.pk)}), 404, "not_found")
    assert numbers(with_token(token), URL, register=sold.register.pk, q="3") == ["ACM1-000003"]


def test_all_filters_at_once_take_no_more_statements_than_a_list_may(
    sold: Shop, managers_terminal: Client
) -> None:
    query = {
        "q": "carla",
        "date_from": "2020-01-01",
        "date_to": "2090-01-01",
        "location": sold.high_street.pk,
        "register": sold.register.pk,
        "operator": key(sold, sold.cashier),
        "customer": sold.customer.pk,
        "kind": "sale",
        "method": "cash",
    }
    assert numbers(managers_terminal, URL, **query) == ["ACM1-000002"]
    with CaptureQueriesContext(connection) as queries:
        managers_terminal.get(URL, query)
    # device; savepoint, role, register, operator, customer, sales, lines, payments, reversals,
    # what came back, release
    assert len(queries) == 12
    with business(sold.business), transaction.atomic():
        assert Sale.objects.count() == 6
