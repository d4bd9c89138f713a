"""A device's token: where it ends, how it is renewed, and what is noted of who uses it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.device_door import network_of
from accounts.models import Device, Membership
from sales.models import Register
from tenants.context import business
from tests.accounts.reading import found
from tests.api.calls import post, said
from tests.factories import Shop, make_device, signed_in, with_token

ROLL = "/api/v1/token/roll"


def me(token: str, **headers: str) -> int:
    client = Client(headers={"Authorization": f"Bearer {token}", **headers})
    return client.get("/api/v1/me").status_code


@pytest.fixture
def paired(shop: Shop) -> tuple[Device, str]:
    device, token = make_device(shop)
    with business(shop.business):
        Register.objects.filter(pk=shop.register.pk).update(device=device)
    return device, token


@pytest.mark.parametrize("what", ["register", "location", "business"])
def test_it_ends_when_its_place_is_switched_off(
    shop: Shop, paired: tuple[Device, str], owner: Client, what: str
) -> None:
    """Whatever the endpoint, at the next request; and it works again when the place does."""
    terminal = with_token(paired[1])
    row: Any = {"register": shop.register, "location": shop.high_street, "business": shop.business}
    for on in (True, False, True):
        with business(shop.business):
            row[what].is_active = on
            row[what].save(update_fields=["is_active"])
        for path in ("me", "customers", "operators"):
            answer = terminal.get(f"/api/v1/{path}")
            if on:
                assert answer.status_code == 200, path
            else:
                said(answer, 401, "not_authenticated")
                assert answer["WWW-Authenticate"] == "Bearer"


def test_switching_a_location_off_on_its_page_is_enough(
    shop: Shop, paired: tuple[Device, str], owner: Client
) -> None:
    assert me(paired[1]) == 200
    page = f"registers/{shop.register.pk}/"
    data = {"name": "Till 1", "location": str(shop.high_street.pk), "prefix": "ACM1"}
    assert owner.post(shop.url(page), data).status_code == 302
    assert me(paired[1]) == 401


def test_the_place_costs_no_statement(shop: Shop, paired: tuple[Device, str]) -> None:
    terminal = with_token(paired[1])
    with CaptureQueriesContext(connection) as queries:
        assert terminal.get("/api/v1/customers").status_code == 200
    # The door, savepoint, role and place, customers, credit, and the end of the savepoint.
    assert len(queries) <= 6, [query["sql"][:90] for query in queries]
    assert sum("accounts_role" in query["sql"] for query in queries) == 1


def test_a_device_renews_its_token_and_survives_a_lost_answer(paired: tuple[Device, str]) -> None:
    _device, old = paired
    lost = post(with_token(old), ROLL, {})
    assert lost.status_code == 201 and "no-store" in lost["Cache-Control"]
    assert me(old) == 200
    new = post(with_token(old), ROLL, {}).json()["token"]
    assert me(lost.json()["token"]) == 401
    assert me(old) == 200
    assert me(new) == 200
    assert me(old) == 401
    assert me(new) == 200


def test_a_new_token_that_nobody_uses_is_forgotten(shop: Shop) -> None:
    with time_machine.travel(dt.datetime(2030, 1, 1, tzinfo=dt.UTC), tick=False) as clock:
        _device, old = make_device(shop)
        new = post(with_token(old), ROLL, {}).json()["token"]
        clock.shift(24 * 3600 + 1)
        assert (me(new), me(old)) == (401, 200)


def test_a_new_token_dies_with_the_device(shop: Shop, paired: tuple[Device, str]) -> None:
    device, old = paired
    new = post(with_token(old), ROLL, {}).json()["token"]
    assert signed_in(shop.manager).post(shop.url(f"devices/{device.pk}/revoke/")).status_code == 302
    assert (me(new), me(old)) == (401, 401)


def test_people_roll_no_token(shop: Shop, cashier: Client) -> None:
    said(post(cashier, shop.url("api/v1/token/roll"), {}), 403, "devices_only")


def test_the_page_rolls(
    shop: Shop, paired: tuple[Device, str], manager: Client, cashier: Client, stranger: Client
) -> None:
    device, old = paired
    url = shop.url(f"devices/{device.pk}/roll/")
    page = manager.post(url)
    assert "no-store" in page["Cache-Control"]
    new = found(r'value="(tb_[^"]+)"', page.content.decode())
    assert (me(old), me(new), me(old)) == (200, 200, 401)
    assert cashier.post(url).status_code == 403
    assert stranger.post(url).status_code == 404
    assert manager.get(url).status_code == 405
    manager.post(shop.url(f"devices/{device.pk}/revoke/"))
    assert manager.post(url)["Location"].endswith(f"/devices/{device.pk}/")


def test_nobody_rolls_themselves_a_token_of_somebody_above(shop: Shop, manager: Client) -> None:
    device, old = make_device(shop, user=shop.owner)
    assert manager.post(shop.url(f"devices/{device.pk}/roll/")).status_code == 302
    with business(shop.business):
        device.refresh_from_db()
        assert device.next_token_hash is None
    assert me(old) == 200


def test_what_is_noted_of_a_device(shop: Shop, manager: Client) -> None:
    device, token = make_device(shop)
    with business(shop.business):
        Device.objects.update(last_seen_at=None)
    version = "Till 3.2\x07 " + "x" * 100
    client = Client(REMOTE_ADDR="203.0.113.77", headers={"Authorization": f"Bearer {token}"})
    assert client.get("/api/v1/me", headers={"X-App-Version": version}).status_code == 200
    with business(shop.business):
        device.refresh_from_db()
    assert device.app_version.startswith("Till 3.2 xxx") and len(device.app_version) == 60
    assert device.last_network == "203.0.113.0/24"
    page = manager.get(shop.url(f"devices/{device.pk}/")).content.decode()
    assert "203.0.113.0/24" in page and "Till 3.2" in page and "203.0.113.77" not in page
    assert manager.post(shop.url(f"devices/{device.pk}/")).status_code == 405


def test_the_page_is_for_who_may_see_devices(
    shop: Shop, paired: tuple[Device, str], cashier: Client, stranger: Client, owner: Client
) -> None:
    url = shop.url(f"devices/{paired[0].pk}/")
    assert owner.get(url).status_code == 200
    assert cashier.get(url).status_code == 403
    assert stranger.get(url).status_code == 404


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("nonsense", ""),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_token_that_leaks_from_the_table_opens_nothing(shop: Shop) -> None:
    device, token = make_device(shop)
    post(with_token(token), ROLL, {})
    with business(shop.business):
        device.refresh_from_db()
        assert Membership.objects.filter(user=shop.cashier).exists()
    for hashed in (device.token_hash, device.next_token_hash):
        assert me(str(hashed)) == me(f"tb_{hashed}") == 401
