"""GET me: the business, the person, what they may do, and the registers they may use."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.models import Membership
from sales.models import Register
from sales.series import series_for
from tenants.context import business
from tests.factories import Shop, make_device, make_person, signed_in, with_token
from tests.sales.offline_sales import number, offline_body
from tests.sales.reviewing import hand_in

URL = "/api/v1/me"


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [register["name"] for register in response.json()["registers"]]


def add_register(shop: Shop, name: str, **fields: Any) -> Register:
    with business(shop.business):
        values = {"location": shop.high_street, "prefix": name.replace(" ", "").upper(), **fields}
        register: Register = Register.objects.create(name=name, **values)
        return register


def test_a_terminal_learns_where_it_is(open_shop: Shop, terminal: Client) -> None:
    content = terminal.get(URL).json()
    assert content["business"] == {
        "name": "Acme",
        "slug": "acme",
        "currency": "EUR",
        "digits": 2,
        "locale": "en_GB",
        "tax_label": "VAT",
        "time_zone": "Europe/Amsterdam",
        "cash_step": "0",
    }
    assert content["person"]["name"] == "Acme.Cashier Person"
    with business(open_shop.business):
        assert Membership.objects.get(pk=content["person"]["id"]).user == open_shop.cashier
    assert "sell.create" in content["permissions"]
    assert "user.create" not in content["permissions"]
    (register,) = content["registers"]
    assert register["location"] == {
        "id": str(open_shop.high_street.pk),
        "name": "High Street",
        "code": "HS",
        "below_zero": "refuse",
    }
    assert register["shift"]["opening_float"] == "50.00"
    assert register["shift"]["opened_by"] == "Acme.Cashier Person"


def test_a_register_without_a_shift(shop: Shop, terminal: Client) -> None:
    assert terminal.get(URL).json()["registers"][0]["shift"] is None


def test_a_terminal_sees_the_registers_of_its_location(shop: Shop, terminal: Client) -> None:
    add_register(shop, "Till 2")
    add_register(shop, "Stall", location=shop.market)
    assert names(terminal.get(URL)) == ["Till 1", "Till 2"]


def test_a_terminal_with_a_register_of_its_own_sees_that_one(shop: Shop) -> None:
    device, token = make_device(shop)
    add_register(shop, "Till 2", device=device)
    assert names(with_token(token).get(URL)) == ["Till 2"]


def test_a_member_sees_the_registers_of_their_locations(shop: Shop) -> None:
    add_register(shop, "Stall", location=shop.market)
    with business(shop.business):
        ann = make_person("ann", shop.roles["Cashier"], locations=[shop.market])
    assert names(signed_in(ann).get(shop.url("api/v1/me"))) == ["Stall"]
    assert names(signed_in(shop.cashier).get(shop.url("api/v1/me"))) == ["Stall", "Till 1"]


def test_what_is_switched_off_is_absent(shop: Shop, terminal: Client) -> None:
    add_register(shop, "Old till", is_active=False)
    assert names(terminal.get(URL)) == ["Till 1"]
    with business(shop.business):
        shop.high_street.is_active = False
        shop.high_street.save()
    assert names(signed_in(shop.cashier).get(shop.url("api/v1/me"))) == []


def test_no_register_of_another_business(
    shop: Shop, other_shop: Shop, terminal: Client, strange_terminal: Client
) -> None:
    """Both ask in turn, in one process, through the same views."""
    for _turn in range(2):
        ids = [c.get(URL).json()["registers"][0]["id"] for c in (terminal, strange_terminal)]
        assert ids == [str(shop.register.pk), str(other_shop.register.pk)]


def test_permissions_follow_the_role_at_once(shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        shop.roles["Cashier"].permissions = ["sell.create"]
        shop.roles["Cashier"].save()
        assert Membership.objects.get(user=shop.cashier).can("sell.create")
    assert terminal.get(URL).json()["permissions"] == ["sell.create"]


def test_a_terminal_learns_its_series(open_shop: Shop) -> None:
    device, token = make_device(open_shop)
    terminal = with_token(token)
    assert terminal.get(URL).json()["registers"][0]["series"] is None
    with business(open_shop.business):
        open_shop.register.device = device
        open_shop.register.save()
        series = series_for(device)
        assert series is not None
        assert series_for(device) == series
        body = offline_body(open_shop, number=number(open_shop, series, 3))
        hand_in(open_shop, body, device=device)
    told = terminal.get(URL).json()["registers"][0]["series"]
    assert (told["prefix"], told["last"]) == ("ACM1-AA", 3)
    with business(open_shop.business):
        anew = series_for(device, anew=True)
        assert anew is not None
        assert (anew.code, series_for(device)) == ("AB", anew)
    assert terminal.get(URL).json()["registers"][0]["series"]["prefix"] == "ACM1-AB"


def test_a_device_without_a_register_has_no_series(shop: Shop) -> None:
    device, _token = make_device(shop)
    with business(shop.business):
        assert series_for(device) is None
        assert series_for(device, shop.register) is not None
