"""Devices: connecting one at a register, and ending its token."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEntry, Device, Membership, Role
from sales import terminals
from sales.models import Register
from tenants.context import business
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.accounts.reading import found
from tests.factories import Shop, make_person, make_shift, signed_in
from tests.sales.selling import sell


def connect(client: Client, shop: Shop, person: str = "Cashier", **fields):
    with business(shop.business):
        member = Membership.objects.get(user=shop.people[person])
    data = {
        "name": "Tablet",
        "as": "token",
        "register": str(shop.register.pk),
        "person": str(member.pk),
        **fields,
    }
    return client.post(shop.url("devices/new/"), data)


def token_of(answer) -> str:
    return found(r'value="(tb_[^"]+)"', answer.content.decode())


def status(token: str) -> int:
    return Client(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/me").status_code


def test_connect_and_disconnect(shop, manager):
    answer = connect(manager, shop)
    token = token_of(answer)
    assert "no-store" in answer["Cache-Control"]
    assert status(token) == 200
    page = manager.get("/b/acme/devices/").content.decode()
    assert ">Tablet</a>" in page and "Acme.Cashier Person" in page and token not in page
    with business(shop.business):
        device = Device.objects.get()
        assert Register.objects.get().device == device
    assert manager.post(f"/b/acme/devices/{device.pk}/revoke/").status_code == 302
    assert status(token) == 401
    with business(shop.business):
        assert Register.objects.get().device is None
        acts = list(AuditEntry.objects.values_list("action", flat=True))[:4]
    assert acts == ["device.revoke", "register.update", "register.update", "device.create"]
    assert ">Tablet</a>" not in manager.get("/b/acme/devices/").content.decode()
    assert "Disconnected" in manager.get("/b/acme/devices/?state=all").content.decode()


def test_a_second_device_takes_the_place_of_the_first(shop, manager):
    first, second = token_of(connect(manager, shop)), token_of(connect(manager, shop))
    assert (status(first), status(second)) == (401, 200)


def test_a_device_of_a_deactivated_person_is_out(shop, manager):
    token = token_of(connect(manager, shop))
    with business(shop.business):
        Membership.objects.filter(user=shop.cashier).update(is_active=False)
    assert status(token) == 401


def test_nobody_gets_the_rights_of_somebody_above_through_a_device(shop, manager):
    assert "valid choice" in connect(manager, shop, "Owner").content.decode()
    with business(shop.business):
        members = {one.user_id: one for one in Membership.objects.select_related("user")}
        with pytest.raises(Refused) as refused:
            terminals.connect(
                actor=members[shop.manager.pk],
                register=shop.register,
                membership=members[shop.owner.pk],
                name="Climber",
            )
        assert refused.value.code == "outranked"
        assert not Device.objects.exists()


def test_a_register_out_of_use_gets_none(shop, manager):
    with business(shop.business):
        Register.objects.update(is_active=False)
    assert "valid choice" in connect(manager, shop).content.decode()


def test_somebody_at_one_location_manages_its_devices(shop, manager):
    token = token_of(connect(manager, shop))
    with business(shop.business):
        rights = [
            "device.view",
            "device.create",
            "device.revoke",
            *shop.roles["Cashier"].permissions,
        ]
        role = Role.objects.create(name="Lead", permissions=rights)
        lead = signed_in(make_person("lead", role, locations=[shop.market]))
        device = Device.objects.get()
    assert "Tablet" not in lead.get("/b/acme/devices/").content.decode()
    assert lead.post(f"/b/acme/devices/{device.pk}/revoke/").status_code == 404
    assert "valid choice" in connect(lead, shop).content.decode()
    assert status(token) == 200


def test_list_takes_few_statements(shop, manager, django_assert_max_num_queries):
    with business(shop.business):
        member = Membership.objects.get(user=shop.cashier)
        for number in range(30):
            Device.objects.create(
                name=f"Tablet {number}",
                location=shop.market,
                membership=member,
                token_hash=f"{number:064}",
            )
    with django_assert_max_num_queries(12):
        assert "Tablet 29" in manager.get("/b/acme/devices/").content.decode()


def test_a_device_uses_its_own_register_only(shop, manager):
    with business(shop.business):
        make_shift(shop)
        sale = sell(shop)
        other = Register.objects.create(name="Till 2", location=shop.high_street, prefix="ACM2")
    token = token_of(connect(manager, shop, "Manager", register=str(other.pk)))
    terminal = Client(headers={"Authorization": f"Bearer {token}"})
    void = {"id": str(uuid7()), "reason": "Wrong till"}
    for path, body in (
        (f"sales/{sale.pk}/void", void),
        (f"shifts/{sale.shift_id}/close", {"counted_cash": "55.00"}),
    ):
        answer = terminal.post(f"/api/v1/{path}", body, content_type="application/json")
        assert answer.status_code == 404, path
    with business(shop.business):
        sale.shift.refresh_from_db()
        assert sale.shift.is_open and not sale.reversals.exists()


def test_a_device_sees_no_more_than_the_person_it_acts_for(shop, manager):
    with business(shop.business):
        ann = make_person("ann", shop.roles["Manager"], locations=[shop.high_street])
        make_shift(shop)
        sell(shop)
    shop.people["Ann"] = ann
    terminal = Client(
        headers={"Authorization": f"Bearer {token_of(connect(manager, shop, 'Ann'))}"}
    )
    assert len(terminal.get("/api/v1/sales").json()["results"]) == 1
    with business(shop.business):
        ann.memberships.get().location_links.update(location=shop.market)
    assert terminal.get("/api/v1/sales").json()["results"] == []
    assert terminal.get("/api/v1/me").json()["registers"] == []
