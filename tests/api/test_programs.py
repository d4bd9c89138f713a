"""Keys for programs: what each may do, where, from where, and until when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.devices import Reach, create_program, networks
from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.models import Register
from tenants.context import business
from tenants.errors import Refused
from tests.accounts.reading import found
from tests.api.calls import line, post, said, sale_body
from tests.api.operating import give_pin, member
from tests.factories import Shop, make_person, make_shift, signed_in, with_token


def key(shop: Shop, *permissions: Permission, person: str = "Manager", **reach: Any) -> str:
    with business(shop.business):
        actor = Membership.objects.get(user=shop.people[person])
        chosen = Reach(frozenset(permissions), **reach)
        return create_program(actor=actor, name="Web shop", reach=chosen)[1]


def ask_for_key(client: Client, shop: Shop, **fields: Any) -> Any:
    data = {"name": "Web shop", "all_locations": "on", "permissions": ["customer.view"], **fields}
    return client.post(shop.url("devices/programs/new/"), data)


def test_a_key_is_made_shown_once_and_does_what_was_chosen(
    shop: Shop, manager: Client, cashier: Client, stranger: Client
) -> None:
    form = manager.get(shop.url("devices/programs/new/")).content.decode()
    assert "See customers" in form and "Import data" not in form
    page = ask_for_key(manager, shop)
    assert "no-store" in page["Cache-Control"]
    token = found(r'value="(tb_[^"]+)"', page.content.decode())
    program = with_token(token)
    me = program.get("/api/v1/me").json()
    assert me["permissions"] == ["customer.view"]
    assert program.get("/api/v1/customers").status_code == 200
    said(post(program, "/api/v1/customers", {"name": "Cees"}), 403, "permission_denied")
    with business(shop.business):
        device = Device.objects.get()
    seen = manager.get(shop.url("devices/")).content.decode()
    assert "Web shop" in seen and "Program" in seen and token not in seen
    detail = manager.get(shop.url(f"devices/{device.pk}/")).content.decode()
    assert "See customers" in detail and "From anywhere" in detail
    assert cashier.get(shop.url("devices/programs/new/")).status_code == 403
    assert ask_for_key(cashier, shop).status_code == 403
    assert ask_for_key(stranger, shop).status_code == 404
    assert manager.post(shop.url(f"devices/{device.pk}/revoke/")).status_code == 302
    said(program.get("/api/v1/me"), 401, "not_authenticated")


def test_nobody_gives_a_program_what_they_do_not_hold(shop: Shop, manager: Client) -> None:
    page = ask_for_key(manager, shop, permissions=["data.export"]).content.decode()
    assert "rights that you hold yourself" in page
    assert (
        "Choose what the program may do"
        in ask_for_key(manager, shop, permissions=[]).content.decode()
    )
    with business(shop.business):
        assert not Device.objects.exists()
        actor = Membership.objects.get(user=shop.manager)
        reach = Reach(frozenset({Permission.DATA_EXPORT}))
        with pytest.raises(Refused):
            create_program(actor=actor, name="x", reach=reach)


def test_a_key_never_does_more_than_its_person_now(shop: Shop) -> None:
    program = with_token(key(shop, Permission.CUSTOMER_VIEW, Permission.PRODUCT_VIEW))
    with business(shop.business):
        shop.roles["Manager"].permissions = ["product.view", "user.create"]
        shop.roles["Manager"].save()
    assert program.get("/api/v1/me").json()["permissions"] == ["product.view"]
    with business(shop.business):
        Membership.objects.filter(user=shop.manager).update(is_active=False)
    said(program.get("/api/v1/me"), 401, "not_authenticated")


def test_an_owner_s_key_grants_no_more_than_the_key(shop: Shop) -> None:
    """Owners may grant what they do not hold; their keys may not."""
    from accounts.people import grantable

    owner = member(shop, "Owner")
    with business(shop.business):
        assert grantable(owner) == frozenset(Permission)
        owner.scope = frozenset({Permission.USER_CREATE})
        assert grantable(owner) == {Permission.USER_CREATE}


def test_all_or_some_locations(shop: Shop) -> None:
    with business(shop.business):
        Register.objects.create(name="Stall", location=shop.market, prefix="MKT")
        make_shift(shop)

    def registers(token: str) -> list[str]:
        told = with_token(token).get("/api/v1/me").json()
        return [one["name"] for one in told["registers"]]

    everywhere = key(shop, Permission.SELL_CREATE)
    market = key(shop, Permission.SELL_CREATE, locations=(shop.market,))
    assert sorted(registers(everywhere)) == ["Stall", "Till 1"]
    assert registers(market) == ["Stall"]
    body = sale_body(shop, line(shop.mug), total="5.00")
    said(post(with_token(market), "/api/v1/sales", body), 404, "not_found")
    assert post(with_token(everywhere), "/api/v1/sales", body).status_code == 201


def test_a_confined_person_s_key_is_confined(shop: Shop) -> None:
    with business(shop.business):
        shop.people["Lea"] = make_person("lea", shop.roles["Manager"], locations=[shop.market])
    told = with_token(key(shop, Permission.SELL_CREATE, person="Lea")).get("/api/v1/me").json()
    assert told["registers"] == []
    with pytest.raises(Refused):
        key(shop, Permission.SELL_CREATE, person="Lea", locations=(shop.high_street,))
    lea = signed_in(shop.people["Lea"])
    token = key(shop, Permission.SELL_CREATE)
    with business(shop.business):
        theirs, own = Device.objects.order_by("created_at").reverse()
    assert token
    assert lea.get(shop.url(f"devices/{own.pk}/")).status_code == 200
    assert lea.get(shop.url(f"devices/{theirs.pk}/")).status_code == 404


@pytest.mark.parametrize(
    ("allowed", "address", "enters"),
    [
        (("203.0.113.7/32",), "203.0.113.7", True),
        (("203.0.113.7/32",), "203.0.113.8", False),
        (("198.51.100.0/24", "203.0.113.0/24"), "203.0.113.8", True),
        (("203.0.113.0/24",), "::ffff:203.0.113.8", True),
        (("2001:db8::/32",), "2001:db8:5::1", True),
        (("2001:db8::/32",), "203.0.113.8", False),
        (("203.0.113.0/24",), "nonsense", False),
        ((), "203.0.113.8", True),
    ],
)
def test_allowed_addresses(
    shop: Shop, allowed: tuple[str, ...], address: str, enters: bool
) -> None:
    token = key(shop, Permission.CUSTOMER_VIEW, networks=allowed)
    client = Client(REMOTE_ADDR=address, headers={"Authorization": f"Bearer {token}"})
    answer = client.get("/api/v1/customers")
    if enters:
        assert answer.status_code == 200
    else:
        said(answer, 403, "address_refused")


def test_a_forged_address_does_not_count(shop: Shop, settings: Any) -> None:
    token = key(shop, Permission.CUSTOMER_VIEW, networks=("203.0.113.7/32",))
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.7"}
    said(Client(headers=headers).get("/api/v1/customers"), 403, "address_refused")
    settings.TRUSTED_PROXIES = 1
    assert Client(headers=headers).get("/api/v1/customers").status_code == 200


def test_what_is_no_address(shop: Shop, manager: Client) -> None:
    page = ask_for_key(manager, shop, addresses="203.0.113.7\nshop.example").content.decode()
    assert "“shop.example” is neither an address nor a network." in page
    assert networks(["203.0.113.7", "203.0.113.9/24"]) == ("203.0.113.7/32", "203.0.113.0/24")


def test_a_key_ends_on_its_last_day(shop: Shop) -> None:
    with time_machine.travel(dt.datetime(2030, 1, 1, 8, tzinfo=dt.UTC), tick=False) as clock:
        page = ask_for_key(signed_in(shop.manager), shop, last_day="2030-01-02").content.decode()
        program = with_token(found(r'value="(tb_[^"]+)"', page))
        # Amsterdam is an hour ahead.
        clock.move_to(dt.datetime(2030, 1, 2, 22, 59, 59, tzinfo=dt.UTC))
        assert program.get("/api/v1/customers").status_code == 200
        clock.move_to(dt.datetime(2030, 1, 2, 23, 0, 0, tzinfo=dt.UTC))
        said(program.get("/api/v1/customers"), 401, "not_authenticated")
        late = ask_for_key(signed_in(shop.manager), shop, last_day="2030-01-01").content.decode()
        assert "This day is over" in late


def test_a_program_is_no_terminal(shop: Shop) -> None:
    manager = give_pin(shop, "Manager")
    program = with_token(key(shop, Permission.CUSTOMER_VIEW))
    said(program.get("/api/v1/operators"), 403, "terminals_only")
    body = {"person": str(manager.pk), "pin": "274951"}
    said(post(program, "/api/v1/operators/sign-in", body), 403, "terminals_only")
    asked = {**body, "permissions": ["sell.void"], "location": str(shop.high_street.pk)}
    said(post(program, "/api/v1/approvals", asked), 403, "terminals_only")
    assert post(program, "/api/v1/token/roll", {}).status_code == 201
