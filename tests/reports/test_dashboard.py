"""The dashboard: its figures are those of the sale list, to the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.permissions import Permission
from sales.selection import Totals
from tenants.context import business
from tests.factories import Shop, make_product, make_shift, signed_in
from tests.sales.selling import counted, market_manager, market_shift, percent, sell, void

# Noon of a Sunday in Amsterdam, the first day of winter time.
NOW = datetime(2026, 10, 25, 11, 0, tzinfo=UTC)


@pytest.fixture
def busy(inside: Shop) -> Shop:
    """Sales of two months at two locations, a void among them, stock that runs low."""
    inside.high_street.below_zero = "allow"
    inside.high_street.save()
    inside.mug.product.alert_quantity = Decimal(5)
    inside.mug.product.save()
    with time_machine.travel(NOW - timedelta(days=70), tick=False):
        make_shift(inside)
        stall = market_shift(inside).register
    for days in (0, 0, 1, 7, 29, 30, 31, 45, 59, 60):
        sell(inside, (inside.mug, "1", percent(days % 7)), at=NOW - timedelta(days=days))
    sell(
        inside, (inside.tea, "0.333"), user=inside.manager, register=stall, at=NOW,
        discount=percent(5),
    )  # fmt: skip
    sell(inside, (inside.wrapping, "9"), at=NOW - timedelta(hours=2))
    void(inside, sell(inside, (inside.tea, "2"), at=NOW), at=NOW)
    return inside


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def context(client: Client, shop: Shop) -> Any:
    response = client.get(shop.url())
    assert response.status_code == 200
    return response.context


def listed(client: Client, shop: Shop, url: str) -> Totals:
    response = client.get(url)
    assert response.status_code == 200
    totals: Totals = response.context["totals"]
    return totals


def check_against_the_list(client: Client, shop: Shop) -> Any:
    """Today, the month and each day are what the sale list says of the same days."""
    found = context(client, shop)
    assert listed(client, shop, found["today_url"]) == found["today"].now
    assert listed(client, shop, found["month_url"]) == found["month"].now
    days = [f"{NOW.date() - timedelta(days=n)}" for n in range(29, -1, -1)]
    url = shop.url("sales/")
    assert [amount for _label, amount in found["days"]] == [
        listed(client, shop, f"{url}?date_from={day}&date_to={day}").total for day in days
    ]
    assert sum(amount for _label, amount in found["days"]) == found["month"].now.total
    assert sum(amount for _name, amount in found["locations"]) == found["month"].now.total
    before = (NOW.date() - timedelta(days=59), NOW.date() - timedelta(days=30))
    url = f"{url}?date_from={before[0]}&date_to={before[1]}"
    assert listed(client, shop, url) == found["month"].before
    return found


def test_the_figures_agree_with_the_sale_list(owner: Client, busy: Shop) -> None:
    found = check_against_the_list(owner, busy)
    # Two mugs, wrapping for 13.50, a third of a kilo of tea less 5%, and what was voided.
    assert found["today"].now == Totals(Decimal("27.61"), 5, 1)
    assert found["month"].now.sales == 8
    assert found["month"].before.sales == 4
    assert found["month"].now.average == found["month"].now.total / 7


def test_what_the_page_shows(owner: Client, busy: Shop) -> None:
    text = owner.get(busy.url()).content.decode()
    for shown in ("€27.61", "Blue mug", "ACM1-V000001", "High Street", "Market"):
        assert shown in text
    found = context(owner, busy)
    assert [name for name, _amount in found["locations"]] == ["High Street", "Market"]
    assert [str(level.variation) for level in found["low_stock"]] == ["Blue mug"]
    assert {str(shift) for shift in found["open_shifts"]} == {"Stall #1", "Till 1 #1"}
    assert len(found["recent"]) == 6


def test_best_sellers_without_what_was_voided(owner: Client, busy: Shop) -> None:
    found = context(owner, busy)
    by_revenue = [(name, amount) for name, amount, _url in found["by_revenue"]]
    by_quantity = [(name, amount) for name, amount, _url in found["by_quantity"]]
    # Mugs: 5.00 twice today, 4.95, 5.00 and 4.95 on the other days.
    assert by_revenue == [
        ("Blue mug", Decimal("24.90")),
        ("Gift wrapping", Decimal("13.50")),
        ("Green tea", Decimal("4.11")),
    ]
    assert by_quantity == [
        ("Gift wrapping", 9),
        ("Blue mug", 5),
        ("Green tea", Decimal("0.333")),
    ]


def test_only_the_best(owner: Client, inside: Shop) -> None:
    make_shift(inside)
    for number in range(1, 9):
        thing = make_product(
            f"Thing {number}", sku=f"T{number}", price=f"{10 - number}.0{number}", is_stocked=False
        )
        sell(inside, (thing, str(number)))
    found = context(owner, inside)
    # A little over 9, 16, 21, 24, 25, 24, 21 and 16.
    revenue = [name[-1] for name, _amount, _url in found["by_revenue"]]
    assert revenue == ["5", "6", "4", "7", "3"]
    assert [name[-1] for name, _amount, _url in found["by_quantity"]] == ["8", "7", "6", "5", "4"]


def test_a_colleague_sees_the_same(owner: Client, manager: Client, busy: Shop) -> None:
    assert context(manager, busy)["month"] == context(owner, busy)["month"]


def test_who_is_confined_sees_that_location_alone(busy: Shop) -> None:
    confined = market_manager(busy)
    found = check_against_the_list(confined, busy)
    assert found["today"].now == Totals(Decimal("4.11"), 1, 0)
    assert [name for name, _amount, _url in found["by_revenue"]] == ["Green tea"]
    text = confined.get(busy.url()).content.decode()
    assert "High Street" not in text
    assert "Blue mug" not in text
    assert "ACM1-" not in text


def test_another_business_sees_nothing_of_it(stranger: Client, busy: Shop, other_shop: Shop):
    assert stranger.get(busy.url()).status_code == 404
    found = context(stranger, other_shop)
    assert found["month"].now == Totals()
    assert b"Nothing sold in the last days" in stranger.get(other_shop.url()).content


def test_without_the_permission_neither_page_nor_link(cashier: Client, busy: Shop) -> None:
    assert cashier.get(busy.url()).status_code == 403
    assert b">Dashboard" not in cashier.get(busy.url("sales/")).content


def test_the_parts_need_their_own_permissions(busy: Shop) -> None:
    role = busy.roles["Viewer"]
    role.permissions = [Permission.DASHBOARD_VIEW]
    role.save()
    client = signed_in(busy.people["Viewer"])
    found = context(client, busy)
    assert found["month"].now.sales == 8
    assert not any(name in found for name in ("recent", "low_stock", "open_shifts"))
    assert (found["today_url"], found["by_revenue"][0][2]) == ("", "")
    text = client.get(busy.url()).content.decode()
    assert "Low stock" not in text
    assert "ACM1-" not in text


def test_only_reading(owner: Client, shop: Shop) -> None:
    assert owner.post(shop.url()).status_code == 405


# At 22:30 UTC it is 23:30 in Amsterdam in winter, and half past midnight in summer.
@pytest.mark.parametrize(
    ("moment", "is_today"),
    [
        (datetime(2026, 10, 24, 21, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), False),
    ],
)
def test_today_is_that_of_the_business(
    owner: Client, inside: Shop, moment: datetime, is_today: bool
) -> None:
    make_shift(inside)
    sell(inside, at=moment)
    assert context(owner, inside)["today"].now.sales == int(is_today)
    for now in ("2026-10-24 22:10+00:00", "2026-10-25 22:50+00:00"):
        with time_machine.travel(now, tick=False):
            client = signed_in(inside.owner)
            assert context(client, inside)["today"].now.sales == int(is_today)


def test_at_most_twelve_statements(busy: Shop) -> None:
    confined = market_manager(busy)
    counts = []
    for turn in range(2):
        with counted() as queries:
            confined.get(busy.url())
        counts.append(len(queries))
        for number in range(20):
            thing = make_product(f"More {number}", sku=f"M{turn}-{number}", is_stocked=False)
            sell(busy, (thing, "1"), at=NOW - timedelta(days=number))
    # session, user, membership, savepoint, role, locations, sums, best sellers, low stock,
    # recent sales, open shifts, release
    assert counts == [12, 12]


def test_a_young_shop_is_not_compared(owner: Client, inside: Shop) -> None:
    with time_machine.travel(NOW - timedelta(days=70), tick=False):
        make_shift(inside)
    inside.high_street.below_zero = "allow"
    inside.high_street.save()
    for days in (1, 31):
        sell(inside, (inside.mug, "1"), at=NOW - timedelta(days=days))
    assert context(owner, inside)["month"].growth is None
    assert "30 days before" not in owner.get(inside.url()).content.decode()
    sell(inside, (inside.mug, "1"), at=NOW - timedelta(days=55))
    assert context(owner, inside)["month"].growth == -50
    assert "30 days before" in owner.get(inside.url()).content.decode()


# -- earlier days ----------------------------------------------------------------------------------


def test_figures_of_an_earlier_day(shop: Shop, owner: Client) -> None:
    """Imported history is years old; its days can be looked at."""
    with business(shop.business):
        with time_machine.travel(datetime(2011, 6, 1, tzinfo=UTC), tick=False):
            make_shift(shop)
        sell(shop, (shop.wrapping, "1"), at=datetime(2011, 6, 30, 12, tzinfo=UTC))
    page = owner.get(shop.url("")).content.decode()
    assert "The last sale before that was on 30 Jun 2011." in page
    assert "?day=2011-06-30" in page
    then = owner.get(shop.url(""), {"day": "2011-06-30"})
    assert then.context["today"].now.sales == 1
    assert then.context["month"].now.total > 0
    assert "The figures as they stood on 30 Jun 2011." in then.content.decode()
    assert "?day=2011-05-31" in then.content.decode()
    assert "date_to=2011-06-30" in then.context["month_url"]


@pytest.mark.parametrize("asked", ["tomorrow", "2999-01-01", "", "0001-01-01"])
def test_another_day_that_is_none(shop: Shop, owner: Client, asked: str) -> None:
    assert owner.get(shop.url(""), {"day": asked}).status_code == 200
