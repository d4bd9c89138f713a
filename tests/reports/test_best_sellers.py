"""Best sellers of any range, as a page and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.permissions import Permission
from reports.folding import fold
from tests.factories import Shop, make_product, signed_in
from tests.reports.selling_for_long import open_for_months
from tests.sales.selling import counted, market_manager, sell

NOW = datetime(2026, 10, 25, 11, 0, tzinfo=UTC)
PATH = "best-sellers/"
FILE = "data/best-sellers/"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def busy(inside: Shop) -> Shop:
    """Mugs that cost much, wrapping that costs nothing, tea at the market and long ago."""
    stall = open_for_months(inside, now=NOW, cost="4.00")
    sell(inside, (inside.mug, "4"), at=NOW)
    sell(inside, (inside.wrapping, "12"), at=NOW - timedelta(days=29))
    sell(inside, (inside.tea, "8"), at=NOW - timedelta(days=30))
    sell(inside, (inside.tea, "1"), user=inside.manager, register=stall, at=NOW)
    fold()
    sell(inside, (inside.mug, "1"), at=NOW)
    return inside


def shown(client: Client, shop: Shop, **query: str) -> list[tuple[str, Decimal]]:
    response = client.get(shop.url(PATH), query)
    assert response.status_code == 200
    by = query.get("by", "revenue")
    return [(one.name, getattr(one, by)) for _rank, one in response.context["sellers"]]


def test_thirty_days_by_revenue(owner: Client, busy: Shop) -> None:
    assert shown(owner, busy) == [
        ("Blue mug", Decimal("25.00")),
        ("Gift wrapping", Decimal("18.00")),
        ("Green tea", Decimal("12.99")),
    ]
    page = owner.get(busy.url(PATH)).content.decode()
    for text in ("€25.00", 'value="2026-09-26"', 'value="2026-10-25"', "Profit", FILE):
        assert text in page


def test_any_range_and_order(owner: Client, busy: Shop) -> None:
    ever = {"date_from": "", "date_to": "", "by": "quantity"}
    assert shown(owner, busy, **ever) == [
        ("Gift wrapping", Decimal(12)),
        ("Green tea", Decimal(9)),
        ("Blue mug", Decimal(5)),
    ]
    day = {"date_from": "2026-09-25", "date_to": "2026-09-25"}
    assert [name for name, _sum in shown(owner, busy, **day)] == ["Green tea"]
    profit = shown(owner, busy, by="profit", date_from="2026-10-01", date_to="2026-10-25")
    assert [name for name, _sum in profit][-1] == "Blue mug"
    assert shown(owner, busy, date_from="2026-10-25", date_to="2026-10-01", by="revenue") == []
    assert (
        b"Nothing was sold in these days"
        in owner.get(busy.url(PATH), {"date_from": "1999-01-01", "date_to": "1999-01-02"}).content
    )


@pytest.mark.parametrize(
    "query",
    [
        {"date_from": "x", "date_to": "9999-12-31"},
        {"date_from": "0001-01-01", "by": "profits"},
        {"location": "nowhere", "cursor": "-1"},
        {"cursor": "9999999999999"},
    ],
)
def test_what_means_nothing(owner: Client, busy: Shop, query: dict[str, str]) -> None:
    assert owner.get(busy.url(PATH), query).status_code == 200


def test_one_location(owner: Client, busy: Shop) -> None:
    market = str(busy.market.pk)
    assert shown(owner, busy, location=market) == [("Green tea", Decimal("12.99"))]


def test_who_is_confined_sees_that_location_alone(busy: Shop) -> None:
    confined = market_manager(busy)
    elsewhere = str(busy.high_street.pk)
    for query in ({}, {"location": elsewhere}):
        assert shown(confined, busy, **query) == [("Green tea", Decimal("12.99"))]
    text = confined.get(busy.url(FILE)).content.decode()
    assert "Green tea" in text and "Blue mug" not in text


def test_pages(owner: Client, busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.best_sellers.PAGE", 2)
    first = owner.get(busy.url(PATH)).context
    assert [rank for rank, _one in first["sellers"]] == [1, 2]
    second = owner.get(busy.url(PATH), {"cursor": first["next_cursor"]}).context
    assert [(rank, one.name) for rank, one in second["sellers"]] == [(3, "Green tea")]
    assert (second["next_cursor"], second["previous_cursor"]) == ("", "0")


def permitted(shop: Shop, *permissions: Permission) -> Client:
    role = shop.roles["Viewer"]
    role.permissions = list(permissions)
    role.save()
    return signed_in(shop.people["Viewer"])


def test_cost_and_profit_are_for_those_who_may_see_them(busy: Shop) -> None:
    plain = permitted(busy, Permission.REPORT_SALES_VIEW, Permission.REPORT_EXPORT)
    page = plain.get(busy.url(PATH), {"by": "profit"}).content.decode()
    assert "Cost" not in page and "Profit" not in page
    assert shown(plain, busy)[0] == ("Blue mug", Decimal("25.00"))
    assert plain.get(busy.url(PATH), {"by": "profit"}).context["sellers"][0][1].name == "Blue mug"
    head = plain.get(busy.url(FILE)).content.decode("utf-8-sig").splitlines()[0]
    assert head == "SKU,Product,Quantity,Revenue,Without tax"
    assert f"products/{busy.mug.product_id}" not in page


def test_the_file(owner: Client, busy: Shop) -> None:
    answer = owner.get(busy.url(FILE), {"date_from": "2026-10-25", "date_to": "2026-10-25"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    head, mug, tea = answer.content.decode("utf-8-sig").splitlines()
    assert head == "SKU,Product,Quantity,Revenue,Without tax,Cost,Profit"
    values: list[Any] = mug.split(",")
    assert (values[1], Decimal(values[2]), Decimal(values[3])) == (
        "Blue mug",
        Decimal(5),
        Decimal(25),
    )
    assert Decimal(values[5]) == 20
    assert Decimal(values[6]) == Decimal(values[4]) - 20
    assert "Green tea" in tea


def test_who_may(cashier: Client, stranger: Client, owner: Client, busy: Shop) -> None:
    for path in (PATH, FILE):
        assert stranger.get(busy.url(path)).status_code == 404
        assert cashier.get(busy.url(path)).status_code == 403
        assert owner.post(busy.url(path)).status_code == 405
    viewer = permitted(busy, Permission.REPORT_SALES_VIEW)
    assert viewer.get(busy.url(PATH)).status_code == 200
    assert viewer.get(busy.url(FILE)).status_code == 403
    assert FILE not in viewer.get(busy.url(PATH)).content.decode()


def test_another_business_sees_nothing_of_it(
    stranger: Client, busy: Shop, other_shop: Shop
) -> None:
    assert shown(stranger, other_shop) == []


def test_at_most_twelve_statements_whatever_was_sold(busy: Shop) -> None:
    confined = market_manager(busy)
    counts = []
    for turn in range(2):
        with counted() as statements:
            confined.get(busy.url(PATH))
        counts.append(len(statements))
        for number in range(9):
            thing = make_product(f"More {number}", sku=f"M{turn}-{number}", is_stocked=False)
            sell(busy, (thing, "1"), at=NOW - timedelta(days=number))
    assert counts[0] == counts[1] <= 12
