"""The list of sales: what it shows to whom, what narrows it, and that its sums are right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from sales.models import Sale
from sales.selection import Totals
from tenants.context import business
from tests.factories import Shop, make_person, make_shift, signed_in
from tests.sales.selling import counted, market_manager, market_shift, sell, void


@pytest.fixture
def sold(inside: Shop) -> Shop:
    """Two sales by the cashier, one of them voided, and one by the manager at the market."""
    make_shift(inside)
    sell(inside, (inside.mug, "2"), customer=True)
    void(inside, sell(inside))
    stall = market_shift(inside)
    sell(inside, (inside.tea, "1"), user=inside.manager, register=stall.register)
    return inside


def numbers(client: Client, shop: Shop, **query: Any) -> list[str]:
    response = client.get(shop.url("sales/"), query)
    assert response.status_code == 200
    return [sale.number for sale in response.context["sales"]]


def test_newest_first_with_totals(owner: Client, sold: Shop) -> None:
    response = owner.get(sold.url("sales/"))
    assert numbers(owner, sold) == ["ACMM-000001", "ACM1-V000001", "ACM1-000002", "ACM1-000001"]
    assert response.context["totals"] == Totals(Decimal("22.99"), 3, 1)
    text = response.content.decode()
    assert "€22.99" in text
    assert "3 sales" in text
    assert "1 void" in text
    voided = {sale.number: sale.is_voided for sale in response.context["sales"]}
    assert [number for number, is_voided in voided.items() if is_voided] == ["ACM1-000002"]


def test_a_colleague_sees_the_same(owner: Client, manager: Client, sold: Shop) -> None:
    assert numbers(manager, sold) == numbers(owner, sold)


def test_a_stranger_is_told_nothing(stranger: Client, sold: Shop) -> None:
    assert stranger.get(sold.url("sales/")).status_code == 404


def test_own_sales_only_with_the_right_to_own_sales(cashier: Client, sold: Shop) -> None:
    # The void was made by the manager, of the cashier's own sale.
    assert numbers(cashier, sold) == ["ACM1-V000001", "ACM1-000002", "ACM1-000001"]
    response = cashier.get(sold.url("sales/"))
    assert response.context["totals"] == Totals(Decimal(10), 2, 1)
    assert "operator" not in response.context["filter"].fields


def test_without_the_permission(sold: Shop) -> None:
    stock_keeper = signed_in(sold.people["Stock keeper"])
    assert stock_keeper.get(sold.url("sales/")).status_code == 403


def test_only_reading(owner: Client, sold: Shop) -> None:
    assert owner.post(sold.url("sales/")).status_code == 405


def test_who_is_confined_sees_that_location_alone(sold: Shop) -> None:
    confined = market_manager(sold)
    response = confined.get(sold.url("sales/"))
    assert [sale.number for sale in response.context["sales"]] == ["ACMM-000001"]
    assert response.context["totals"] == Totals(Decimal("12.99"), 1, 0)
    assert b"High Street" not in response.content
    assert numbers(confined, sold, location=sold.high_street.pk) == ["ACMM-000001"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "acm1-0"}, ["ACM1-000002", "ACM1-000001"]),
        ({"q": "ACMM"}, ["ACMM-000001"]),
        ({"q": "2"}, ["ACM1-000002"]),
        ({"q": "carla"}, ["ACM1-000001"]),
        ({"q": "carla@acme.example"}, ["ACM1-000001"]),
        ({"q": "0031612345678"}, []),
        ({"q": "+31 (6) 1234-5678"}, ["ACM1-000001"]),
        ({"kind": "void"}, ["ACM1-V000001"]),
        ({"method": "card"}, []),
        ({"method": "cash", "q": "ACMM"}, ["ACMM-000001"]),
        ({"kind": "nonsense", "q": "ACMM"}, ["ACMM-000001"]),
        ({"date_from": "2000-01-01", "date_to": "2000-01-02"}, []),
        ({"date_from": "tomorrow", "q": "ACMM"}, ["ACMM-000001"]),
    ],
)
def test_what_narrows_the_list(owner: Client, sold: Shop, query, expected) -> None:
    assert numbers(owner, sold, **query) == expected


def test_location_register_and_operator_narrow_it(owner: Client, sold: Shop) -> None:
    stall = Sale.objects.get(number="ACMM-000001")
    assert numbers(owner, sold, location=sold.market.pk) == [stall.number]
    assert numbers(owner, sold, register=stall.register_id) == [stall.number]
    by_manager = numbers(owner, sold, operator=sold.manager.pk)
    assert by_manager == [stall.number, "ACM1-V000001"]


def test_customers_are_not_searched_without_the_right_to_see_them(sold: Shop) -> None:
    role = sold.roles["Viewer"]
    role.permissions = ["sell.view"]
    role.save()
    viewer = signed_in(sold.people["Viewer"])
    assert numbers(viewer, sold, q="carla") == []
    assert b"Carla" not in viewer.get(sold.url("sales/")).content


# The clocks of Amsterdam go back in the night to 25 October 2026, at 01:00 UTC.
@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 10, 24, 21, 59, tzinfo=UTC), "2026-10-24"),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "2026-10-25"),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "2026-10-25"),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "2026-10-26"),
    ],
)
def test_days_are_those_of_the_location(owner: Client, inside: Shop, moment, day) -> None:
    make_shift(inside)
    sale = sell(inside, at=moment)
    assert str(sale.business_date) == day
    assert numbers(owner, inside, date_from=day, date_to=day) == [sale.number]
    other = str(sale.business_date - timedelta(days=1))
    assert numbers(owner, inside, date_from=other, date_to=other) == []


def test_the_day_of_a_location_in_another_zone(owner: Client, inside: Shop) -> None:
    inside.high_street.own_time_zone = "Pacific/Auckland"
    inside.high_street.save()
    make_shift(inside)
    sale = sell(inside, at=datetime(2026, 7, 1, 12, 30, tzinfo=UTC))
    assert str(sale.business_date) == "2026-07-02"
    assert numbers(owner, inside, date_from="2026-07-02", date_to="2026-07-02") == [sale.number]
    assert "2 Jul 2026, 00:30" in owner.get(inside.url("sales/")).content.decode()


def test_pages_follow_each_other_and_lead_back(owner: Client, inside: Shop, monkeypatch) -> None:
    monkeypatch.setattr("sales.keyset.keyset_page.__kwdefaults__", {"cursor": "", "size": 2})
    make_shift(inside)
    for _time in range(5):
        sell(inside)
    pages, cursor = [], ""
    while True:
        response = owner.get(inside.url("sales/"), {"cursor": cursor})
        pages.append([sale.counter for sale in response.context["sales"]])
        assert response.context["totals"].sales == 5
        cursor = response.context["next_cursor"]
        if not cursor:
            break
    assert pages == [[5, 4], [3, 2], [1]]
    back = owner.get(inside.url("sales/"), {"cursor": response.context["previous_cursor"]})
    assert [sale.counter for sale in back.context["sales"]] == [3, 2]
    first = owner.get(inside.url("sales/"), {"cursor": back.context["previous_cursor"]})
    assert [sale.counter for sale in first.context["sales"]] == [5, 4]
    assert first.context["previous_cursor"] == ""
    assert numbers(owner, inside, cursor="a'; nonsense") == ["ACM1-000005", "ACM1-000004"]


def test_a_live_search_answers_with_the_results_alone(owner: Client, sold: Shop) -> None:
    response = owner.get(sold.url("sales/"), headers={"HX-Request": "true", "HX-Target": "results"})
    assert b"<html" not in response.content
    assert b"ACMM-000001" in response.content


def test_an_empty_list_says_what_to_do(owner: Client, shop: Shop) -> None:
    assert b"No sales yet" in owner.get(shop.url("sales/")).content
    assert b"No sale matches" in owner.get(shop.url("sales/?q=x")).content


def test_the_statements_do_not_grow_with_the_list(shop: Shop) -> None:
    with business(shop.business):
        make_shift(shop)
        confined = market_manager(shop)
        stall = market_shift(shop).register
    counts = []
    for _round in range(2):
        with business(shop.business):
            for _time in range(4):
                sell(shop, user=shop.manager, register=stall, customer=True)
        with counted() as queries:
            confined.get(shop.url("sales/"), {"q": "carla", "date_from": "2020-01-01"})
        counts.append(len(queries))
    # session, user, membership, savepoint, role, locations, registers, staff, sales, totals, release
    assert counts == [11, 11]


def test_people_elsewhere_are_not_offered_as_sellers(inside: Shop) -> None:
    make_person("acme.stallholder", inside.roles["Cashier"], locations=[inside.market])
    confined = make_person("acme.counter", inside.roles["Manager"], locations=[inside.high_street])
    page = signed_in(confined).get(inside.url("sales/")).content.decode()
    assert "Acme.Counter Person" in page
    assert "Acme.Stallholder Person" not in page
