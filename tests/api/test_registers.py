"""Registers and locations over the API: seen, added, changed and switched off at one's own places."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEntry
from sales.api import tills
from sales.models import Register
from tenants.context import business
from tenants.ids import uuid7
from tenants.models import Location
from tests.api.calls import NOWHERE, ask, line, post, said, sale_body
from tests.api.operating import counter, give_pin, working
from tests.factories import Shop, make_device, make_shift, with_token

URL = "/api/v1/registers"


@pytest.fixture
def keeper(shop: Shop) -> Client:
    """A terminal at the high street in the owner's name."""
    return with_token(make_device(shop, user=shop.owner)[1])


def new(shop: Shop, **fields: Any) -> dict[str, Any]:
    place = str(shop.high_street.pk)
    return {"id": str(uuid7()), "name": "Garden", "location": place, "prefix": "ga1", **fields}


def own(shop: Shop) -> str:
    return f"{URL}/{shop.register.pk}"


def stall(shop: Shop) -> Register:
    with business(shop.business):
        register: Register = Register.objects.create(
            name="Stall", location=shop.market, prefix="MKT"
        )
    return register


def test_one_is_made_once_and_changed(shop: Shop, keeper: Client) -> None:
    sent = new(shop)
    made = post(keeper, URL, sent)
    assert made.status_code == 201, made.content
    told = made.json()
    assert told == {
        "id": sent["id"],
        "version": told["version"],
        "name": "Garden",
        "prefix": "GA1",
        "location": {
            "id": str(shop.high_street.pk),
            "name": shop.high_street.name,
            "code": shop.high_street.code,
        },
        "is_active": True,
        "is_fixed": False,
        "last_sale": 0,
        "terminal": None,
        "shift": None,
    }
    again = post(keeper, URL, sent)
    assert (again.status_code, again.json()) == (200, told)
    said(post(keeper, URL, {**sent, "name": "Other"}), 409, "id_taken")
    after = ask(keeper, "PATCH", f"{URL}/{sent['id']}", {"prefix": "ga2", "is_active": False})
    assert after.json() == {
        **told,
        "prefix": "GA2",
        "is_active": False,
        "version": after.json()["version"],
    }
    assert after["ETag"] == f'"{after.json()["version"]}"' != made["ETag"]
    with business(shop.business):
        entries = AuditEntry.objects.filter(object_id=sent["id"]).order_by("pk")
        assert [entry.action for entry in entries] == ["register.create", "register.update"]
        assert entries[1].changes == {"prefix": ["GA1", "GA2"], "is_active": [True, False]}
        assert all(entry.device is not None for entry in entries)


def test_the_list_and_what_narrows_it(
    shop: Shop, keeper: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with business(shop.business):
        make_shift(shop)
        Register.objects.create(
            name="Old", location=shop.high_street, prefix="OLD", is_active=False
        )
        Register.objects.create(
            name="Past", location=shop.high_street, prefix="PAST", is_history=True
        )
    stall(shop)
    for query, expected in (
        ("", ["Till 1"]),
        ("?status=off", ["Old"]),
        ("?status=all", ["Old", "Till 1"]),
        (f"?location={shop.high_street.pk}", ["Till 1"]),
    ):
        with django_assert_max_num_queries(12):
            told = keeper.get(URL + query).json()["results"]
        assert sorted(one["name"] for one in told) == expected
    assert told[0]["shift"]["opened_by"] == str(shop.cashier)
    said(keeper.get(f"{URL}?location={shop.market.pk}"), 404, "not_found")
    said(keeper.get(f"{URL}?status=closed"), 400, "invalid")


def test_pages(shop: Shop, keeper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tills, "PAGE", 2)
    for number in range(4):
        post(keeper, URL, new(shop, name=f"Till {number + 2}", prefix=f"X{number}"))
    seen, url = [], URL
    while url:
        content = keeper.get(url).json()
        seen += [row["name"] for row in content["results"]]
        url = content["next"]
    assert sorted(seen) == [f"Till {number}" for number in range(1, 6)]


def test_prefix_and_location_stay_after_the_first_receipt(shop: Shop, owner: Client) -> None:
    url = shop.url(f"api/v1/registers/{shop.register.pk}")
    with business(shop.business):
        make_shift(shop)
    moved = ask(owner, "PATCH", url, {"location": str(shop.market.pk)})
    assert moved.json()["location"]["id"] == str(shop.market.pk)
    ask(owner, "PATCH", url, {"location": str(shop.high_street.pk)})
    sold = post(owner, shop.url("api/v1/sales"), sale_body(shop, line(shop.wrapping), total="1.50"))
    assert sold.status_code == 201, sold.content
    told = owner.get(url).json()
    assert (told["is_fixed"], told["last_sale"]) == (True, 1)
    for field, value in (("location", str(shop.market.pk)), ("prefix", "NEW")):
        fields = said(ask(owner, "PATCH", url, {field: value}), 400, "invalid")
        assert "receipts have been printed" in fields[field][0]
    same = {"location": told["location"]["id"], "prefix": told["prefix"].lower(), "name": "Front"}
    assert ask(owner, "PATCH", url, same).json()["name"] == "Front"


def test_a_series_of_its_own_fixes_it_too(shop: Shop, keeper: Client) -> None:
    body = {"id": str(uuid7()), "register": str(shop.register.pk)}
    assert post(keeper, "/api/v1/series", body).status_code == 201
    assert keeper.get(own(shop)).json()["is_fixed"] is True
    assert [*said(ask(keeper, "PATCH", own(shop), {"prefix": "NEW"}), 400, "invalid")] == ["prefix"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"prefix": "acm1"}, ["prefix"]),
        ({"prefix": "A-1"}, ["prefix"]),
        ({"prefix": "A" * 13}, ["prefix"]),
        ({"prefix": None}, ["prefix"]),
        ({"location": None}, ["location"]),
        ({"location": "x"}, ["location"]),
        ({"is_active": True}, ["is_active"]),
        ({"counter": 7}, ["counter"]),
    ],
)
def test_what_is_wrong_is_named(
    shop: Shop, keeper: Client, fields: dict[str, Any], wrong: list[str]
) -> None:
    assert [*said(post(keeper, URL, new(shop, **fields)), 400, "invalid")] == wrong
    with business(shop.business):
        assert Register.objects.count() == 1


def test_a_location_that_is_off_takes_none(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        Location.objects.filter(pk=shop.market.pk).update(is_active=False)
    sent = new(shop, location=str(shop.market.pk))
    wrong = said(post(owner, shop.url("api/v1/registers"), sent), 400, "invalid")
    assert [*wrong] == ["location"]


def test_not_over_somebody_else(shop: Shop, keeper: Client) -> None:
    read = keeper.get(own(shop))
    ask(keeper, "PATCH", own(shop), {"name": "Front"})
    late = keeper.patch(
        own(shop),
        {"name": "Back"},
        content_type="application/json",
        headers={"If-Match": read["ETag"]},
    )
    said(late, 412, "changed_meanwhile")
    # What is sold does not make it another one.
    version = keeper.get(own(shop))["ETag"]
    with business(shop.business):
        make_shift(shop)
        Register.objects.filter(pk=shop.register.pk).update(sale_counter=9)
    assert keeper.get(own(shop))["ETag"] == version


def test_a_terminal_that_is_switched_off_is_out(shop: Shop) -> None:
    _device, terminal = counter(shop)
    boss = working(terminal, give_pin(shop, "Manager"))
    assert boss.get(own(shop)).json()["terminal"]["name"] == "Counter"
    assert ask(boss, "PATCH", own(shop), {"is_active": False}).json()["is_active"] is False
    said(boss.get(URL), 401, "not_authenticated")


def test_places_are_the_device_s(shop: Shop, keeper: Client, other_shop: Shop) -> None:
    away = stall(shop)
    foreign = other_shop.register
    for register in (away, foreign):
        said(keeper.get(f"{URL}/{register.pk}"), 404, "not_found")
        said(ask(keeper, "PATCH", f"{URL}/{register.pk}", {"name": "A"}), 404, "not_found")
        taken = new(shop, id=str(register.pk))
        said(post(keeper, URL, taken), 409, "id_taken")
    for place in (str(shop.market.pk), str(other_shop.market.pk), NOWHERE):
        said(post(keeper, URL, new(shop, location=place)), 404, "not_found")
        said(ask(keeper, "PATCH", own(shop), {"location": place}), 404, "not_found")
    with business(shop.business):
        assert Register.objects.count() == 2
        assert Register.objects.get(pk=shop.register.pk).location == shop.high_street


def test_who_may_what(shop: Shop, terminal: Client, stranger: Client) -> None:
    """A cashier sees the registers of the place and changes none."""
    assert terminal.get(URL).json()["results"] == [terminal.get(own(shop)).json()]
    said(post(terminal, URL, new(shop)), 403, "permission_denied")
    said(ask(terminal, "PATCH", own(shop), {"name": "A"}), 403, "permission_denied")
    said(terminal.get("/api/v1/locations"), 403, "permission_denied")
    said(stranger.get(shop.url(f"api/v1/registers/{shop.register.pk}")), 404, "not_found")
    said(ask(terminal, "DELETE", own(shop)), 405, "method_not_allowed")


def test_locations(shop: Shop, keeper: Client, owner: Client, other_shop: Shop) -> None:
    url = "/api/v1/locations"
    (told,) = keeper.get(url).json()["results"]
    assert told == {
        "id": str(shop.high_street.pk),
        "name": shop.high_street.name,
        "code": shop.high_street.code,
        "address": shop.high_street.address,
        "phone": "",
        "time_zone": shop.business.time_zone,
        "receipt_header": "",
        "receipt_footer": "",
        "below_zero": shop.high_street.below_zero,
        "is_active": True,
    }
    assert keeper.get(f"{url}/{shop.high_street.pk}").json() == told
    for place in (shop.market, other_shop.market):
        said(keeper.get(f"{url}/{place.pk}"), 404, "not_found")
    everywhere = shop.url("api/v1/locations")
    with business(shop.business):
        Location.objects.filter(pk=shop.market.pk).update(is_active=False)
    for query, names in (
        ("", [shop.high_street.name]),
        ("?status=off", [shop.market.name]),
        (f"?status=all&q={shop.market.code.lower()}", [shop.market.name]),
        ("?q=nowhere", []),
    ):
        found = owner.get(everywhere + query).json()["results"]
        assert [one["name"] for one in found] == names
