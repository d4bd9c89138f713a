"""GET sales and sales/ID: what was sold, to whom one may show it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from sales.api import sales
from sales.models import Register
from sales.shifts import open_shift
from tenants.context import business
from tests.api.calls import NOWHERE, line, post, said, sale_body
from tests.factories import Shop, make_person, make_shift, signed_in

URL = "/api/v1/sales"


def sell(client: Client, shop: Shop, url: str = URL, **fields: Any) -> dict[str, Any]:
    response = post(client, url, sale_body(shop, line(shop.wrapping), total="1.50", **fields))
    assert response.status_code == 201, response.content
    sale: dict[str, Any] = response.json()
    return sale


def numbers(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [sale["number"] for sale in response.json()["results"]]


def stall_of(shop: Shop) -> Register:
    """A register at the market, with an open shift."""
    with business(shop.business):
        stall: Register = Register.objects.create(name="Stall", location=shop.market, prefix="MK1")
        open_shift(actor=shop.owner, register=stall, opening_float=0)  # type: ignore[arg-type]
        return stall


def test_the_newest_first_and_each_as_it_was_answered(open_shop: Shop, terminal: Client) -> None:
    sold = [sell(terminal, open_shop) for _n in range(3)]
    response = terminal.get(URL)
    assert response.json() == {"results": sold[::-1], "next": None}
    assert terminal.get(f"{URL}/{sold[0]['id']}").json() == sold[0]


def test_own_sales_only_without_the_right_to_all(
    open_shop: Shop, terminal: Client, managers_terminal: Client
) -> None:
    own, other = sell(terminal, open_shop), sell(managers_terminal, open_shop)
    assert numbers(terminal.get(URL)) == [own["number"]]
    said(terminal.get(f"{URL}/{other['id']}"), 404, "not_found")
    said(terminal.get(f"{URL}/{other['id']}/receipt"), 404, "not_found")
    assert numbers(managers_terminal.get(URL)) == [other["number"], own["number"]]
    assert managers_terminal.get(f"{URL}/{own['id']}").status_code == 200


def test_only_at_ones_own_locations(
    open_shop: Shop, owner: Client, managers_terminal: Client
) -> None:
    stall = stall_of(open_shop)
    with business(open_shop.business):
        ann: User = make_person("ann", open_shop.roles["Manager"], locations=[open_shop.market])
    here = sell(managers_terminal, open_shop)
    url = open_shop.url("api/v1/sales")
    there = sell(owner, open_shop, url, register=str(stall.pk))
    assert numbers(owner.get(url)) == [there["number"], here["number"]]
    assert numbers(signed_in(ann).get(url)) == [there["number"]]
    assert numbers(managers_terminal.get(URL)) == [here["number"]]
    said(managers_terminal.get(f"{URL}/{there['id']}"), 404, "not_found")
    said(signed_in(ann).get(f"{url}/{here['id']}"), 404, "not_found")
    # A register elsewhere is none: not an empty list.
    said(managers_terminal.get(f"{URL}?register={stall.pk}"), 404, "not_found")


def test_another_business_has_no_sales_here(
    open_shop: Shop, other_shop: Shop, managers_terminal: Client, stranger: Client
) -> None:
    own = sell(managers_terminal, open_shop)
    with business(other_shop.business):
        make_shift(other_shop)
    url = other_shop.url("api/v1/sales")
    foreign = sell(stranger, other_shop, url)
    for _turn in range(2):
        assert numbers(managers_terminal.get(URL)) == [own["number"]]
        assert numbers(stranger.get(url)) == [foreign["number"]]
    absent = managers_terminal.get(f"{URL}/{NOWHERE}")
    answer = managers_terminal.get(f"{URL}/{foreign['id']}")
    assert (answer.status_code, answer.content) == (404, absent.content)


def test_by_register_and_by_date(open_shop: Shop, managers_terminal: Client) -> None:
    sale = sell(managers_terminal, open_shop)
    with business(open_shop.business):
        second = Register.objects.create(
            name="Till 2", location=open_shop.high_street, prefix="HS2"
        )
    day = sale["business_date"]
    for query, found in [
        (f"register={open_shop.register.pk}", 1),
        (f"register={second.pk}", 0),
        (f"date={day}", 1),
        ("date=2020-01-01", 0),
        (f"register={open_shop.register.pk}&date={day}", 1),
    ]:
        assert len(numbers(managers_terminal.get(f"{URL}?{query}"))) == found, query
    for date in ("yesterday", "2026-02-30", "01-02-2026"):
        response = managers_terminal.get(f"{URL}?date={date}")
        assert list(said(response, 400, "invalid")) == ["date"]
    said(managers_terminal.get(f"{URL}?register={NOWHERE}"), 404, "not_found")


def test_pages_stay_whole_while_sales_arrive(
    open_shop: Shop, terminal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sales, "PAGE", 2)
    sold = [sell(terminal, open_shop)["number"] for _n in range(5)]
    seen: list[str] = []
    url: str | None = URL
    while url:
        content = terminal.get(url).json()
        seen += [sale["number"] for sale in content["results"]]
        url = content["next"]
        sell(terminal, open_shop)
    assert seen == sold[::-1]


def test_the_statements_do_not_grow_with_the_sales(
    open_shop: Shop, managers_terminal: Client
) -> None:
    counts = []
    for _round in range(2):
        for _n in range(3):
            sell(managers_terminal, open_shop, customer=str(open_shop.customer.pk))
        with CaptureQueriesContext(connection) as queries:
            managers_terminal.get(URL)
        counts.append(len(queries))
    # device; savepoint, role, sales, lines, payments, reversals, what came back, release
    assert counts == [9, 9]
