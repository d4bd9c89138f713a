"""POST series: receipt numbers of a device's own, which no other device ever has."""

from __future__ import annotations

from typing import Any

from django.test import Client

from sales.models import NumberSeries, Register
from sales.series import LETTERS, make_series, own_number
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import post, said
from tests.factories import Shop, make_device, with_token

URL = "/api/v1/series"


def ask(client: Client, shop: Shop, url: str = URL, **fields: Any) -> Any:
    return post(client, url, {"id": str(uuid7()), "register": str(shop.register.pk), **fields})


def test_each_that_asks_has_its_own(shop: Shop, terminal: Client, cashier: Client) -> None:
    first = ask(terminal, shop)
    assert first.status_code == 201, first.content
    assert first.json()["prefix"] == "ACM1-AA"
    assert first.json()["last"] == 0
    second = ask(cashier, shop, shop.url("api/v1/series"))
    assert second.json()["prefix"] == "ACM1-AB"


def test_the_same_request_again_is_the_same_series(shop: Shop, terminal: Client) -> None:
    key = str(uuid7())
    first, second = (ask(terminal, shop, id=key) for _time in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    with business(shop.business):
        assert NumberSeries.objects.count() == 1


def test_an_id_is_one_devices(shop: Shop, other_shop: Shop, terminal: Client) -> None:
    key = str(uuid7())
    ask(terminal, shop, id=key)
    other = with_token(make_device(shop, name="Other")[1])
    said(ask(other, shop, id=key), 409, "id_taken")
    strange = with_token(make_device(other_shop)[1])
    said(ask(strange, other_shop, id=key), 409, "id_taken")


def test_what_is_wrong_is_named(shop: Shop, other_shop: Shop, terminal: Client) -> None:
    assert list(said(ask(terminal, shop, id="x"), 400, "invalid")) == ["id"]
    said(ask(terminal, shop, register=str(other_shop.register.pk)), 404, "not_found")
    with business(shop.business):
        stall = Register.objects.create(name="Stall", location=shop.market, prefix="MK1")
    said(ask(terminal, shop, register=str(stall.pk)), 404, "not_found")


def test_codes_go_on_without_end(inside: Shop) -> None:
    last = LETTERS[-1]
    made = []
    for before in ("AA", f"A{last}", f"{last}{last}", f"AA{last}"):
        NumberSeries.objects.create(register=inside.register, code=before)
        made.append(make_series(register=inside.register).code)
    assert made == ["AB", "BA", "AAA", "ABA"]


def test_a_number_is_read_as_it_is_written() -> None:
    found = own_number("HS1-AB000017")
    assert found is not None
    assert (found.prefix, found.series, found.counter) == ("HS1", "AB", 17)
    long = own_number("HS1-AB1000000")
    assert long is not None
    assert long.counter == 10**6
    for wrong in (
        "HS1-000017",
        "HS1-V000017",
        "HS1-AB17",
        "HS1-AB0000017",
        "hs1-AB000017",
        "",
        "٣",
    ):
        assert own_number(wrong) is None
