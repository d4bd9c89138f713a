"""Cash movements and readings in the back office."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from sales.cash import Kind
from sales.models import CashMovement, Shift, ZReading
from sales.shifts import close_shift, expected_cash
from tenants.context import business
from tenants.ids import uuid7
from tests.factories import Shop, make_shift, signed_in
from tests.sales.moving_cash import move, read_z
from tests.sales.selling import counted, market_manager, market_shift, sell


@pytest.fixture
def shift(inside: Shop) -> Shift:
    return make_shift(inside)


def form(**fields: Any) -> dict[str, Any]:
    usual = {"id": str(uuid7()), "what": "out:expense", "amount": "7.50", "note": "Milk"}
    return {**usual, **fields}


def address(shop: Shop, shift: Shift, rest: str = "cash/") -> str:
    return shop.url(f"shifts/{shift.pk}/{rest}")


def close(shop: Shop, shift: Shift) -> None:
    close_shift(actor=shop.manager, shift=shift, counted_cash=expected_cash(shift))


def test_cash_is_noted_once_a_page(inside: Shop, shift: Shift, cashier: Client) -> None:
    page = cashier.get(address(inside, shift)).content.decode()
    made = re.search(r'name="id" value="([^"]+)"', page)
    assert made is not None
    # A cashier may not open the drawer only.
    assert "in:change" in page and "open:count" not in page
    for _time in range(2):
        answer = cashier.post(address(inside, shift), form(id=made[1]))
        assert answer.headers["Location"] == address(inside, shift, "")
    movement = CashMovement.objects.get()
    assert (movement.amount, movement.reason, movement.note) == (-7.5, "expense", "Milk")
    assert "Milk" in cashier.get(address(inside, shift, "")).content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": ""}, "more than zero"),
        ({"amount": "-1"}, "greater than or equal to 0"),
        ({"amount": "1.005"}, "2 decimal places"),
        ({"what": "open:count"}, "valid choice"),
        ({"what": "out:other", "note": ""}, "Say what for"),
        ({"note": "4242 4242 4242 4242"}, "card number"),
        ({"id": "x"}, "Open the page again"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    inside: Shop, shift: Shift, cashier: Client, fields: dict[str, str], said: str
) -> None:
    answer = cashier.post(address(inside, shift), form(**fields))
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not CashMovement.objects.exists()


def test_a_movement_is_corrected_from_the_list(inside: Shop, shift: Shift, cashier: Client) -> None:
    wrong = move(inside, shift, Kind.OUT, "5")
    page = cashier.get(address(inside, shift, "")).content.decode()
    assert f"cash-movements/{wrong.pk}/correct/" in page
    url, asked = inside.url(f"cash-movements/{wrong.pk}/correct/"), {"id": str(uuid7())}
    for _time in range(2):
        assert cashier.post(url, asked).status_code == 302
    assert CashMovement.objects.count() == 2
    assert expected_cash(shift) == 50
    again = cashier.post(url, {"id": str(uuid7())}, follow=True)
    assert "corrected already" in again.content.decode()
    assert "Open the page again" in cashier.post(url, {}, follow=True).content.decode()
    page = cashier.get(address(inside, shift, "")).content.decode()
    assert "Corrected" in page and f"cash-movements/{wrong.pk}/correct/" not in page


def test_a_closed_shift_takes_nothing(inside: Shop, shift: Shift, owner: Client) -> None:
    close(inside, shift)
    answer = owner.post(address(inside, shift), form())
    assert "This shift is closed" in answer.content.decode()
    assert "Cash in or out" not in owner.get(address(inside, shift, "")).content.decode()


def test_x_and_z_readings_on_paper(inside: Shop, shift: Shift, owner: Client) -> None:
    sell(inside, (inside.mug, "2"))
    move(inside, shift, Kind.IN, "3")
    paper = owner.get(address(inside, shift, "reading/")).content.decode()
    for figure in ("€10.00", "€3.00", "€63.00", "ACM1-000001", "An X reading closes nothing"):
        assert figure in paper
    assert "Take Z reading" not in owner.get(address(inside, shift, "")).content.decode()
    refused = owner.post(address(inside, shift, "z/"), {"id": str(uuid7())}, follow=True)
    assert "Close the shift first" in refused.content.decode()
    close(inside, shift)
    asked = {"id": str(uuid7())}
    for _time in range(2):
        answer = owner.post(address(inside, shift, "z/"), asked)
        reading = ZReading.objects.get()
        assert answer.headers["Location"] == inside.url(f"z-readings/{reading.pk}/")
    paper = owner.get(inside.url(f"z-readings/{reading.pk}/")).content.decode()
    for figure in ("Z reading 1", "€10.00", "€63.00", reading.content_hash[:16]):
        assert figure in paper
    assert "Till 1 Z1" in owner.get(inside.url("z-readings/")).content.decode()
    assert "Z reading 1" in owner.get(address(inside, shift, "")).content.decode()
    again = owner.post(address(inside, shift, "z/"), {"id": str(uuid7())}, follow=True)
    assert "No shift was closed" in again.content.decode()


def test_who_counts_blind_sees_no_reading_before(
    inside: Shop, shift: Shift, cashier: Client
) -> None:
    role = inside.roles["Cashier"]
    role.permissions = [*role.permissions, "reading.x_reading"]
    role.save()
    reading = address(inside, shift, "reading/")
    assert cashier.get(reading).status_code == 403
    assert "X reading" not in cashier.get(address(inside, shift, "")).content.decode()
    close(inside, shift)
    assert cashier.get(reading).status_code == 200
    assert "X reading" in cashier.get(address(inside, shift, "")).content.decode()


def test_a_role_without_the_permissions(inside: Shop, shift: Shift) -> None:
    close(inside, shift)
    made = read_z(inside)
    viewer = signed_in(inside.people["Viewer"])
    wrong = move(inside, make_shift(inside), Kind.IN, "1")
    correct = f"cash-movements/{wrong.pk}/correct/"
    for path in ("cash/", "reading/"):
        assert viewer.get(address(inside, shift, path)).status_code == 403
    assert viewer.post(address(inside, shift, "z/")).status_code == 403
    assert viewer.post(inside.url(correct)).status_code == 403
    for path in ("z-readings/", f"z-readings/{made.pk}/"):
        assert viewer.get(inside.url(path)).status_code == 403


def test_elsewhere_there_is_nothing(inside: Shop, stranger: Client, owner: Client) -> None:
    there = market_shift(inside)
    here = make_shift(inside)
    wrong = move(inside, here, Kind.IN, "1")
    confined = market_manager(inside)
    close(inside, here)
    made = read_z(inside)
    for client in (confined, stranger):
        for path in ("cash/", "reading/"):
            assert client.get(address(inside, here, path)).status_code == 404
        assert client.post(address(inside, here, "z/")).status_code == 404
        assert client.post(inside.url(f"cash-movements/{wrong.pk}/correct/")).status_code == 404
        assert client.get(inside.url(f"z-readings/{made.pk}/")).status_code == 404
    for client, is_seen in ((owner, True), (confined, False)):
        listed = client.get(inside.url("z-readings/")).content.decode()
        assert (f">{made}<" in listed) is (f"z-readings/{made.pk}/" in listed) is is_seen
    assert confined.get(address(inside, there)).status_code == 200


def test_wrong_verbs(inside: Shop, shift: Shift, owner: Client) -> None:
    assert owner.get(address(inside, shift, "z/")).status_code == 405
    assert owner.post(address(inside, shift, "reading/")).status_code == 405
    assert owner.post(inside.url("z-readings/")).status_code == 405


def test_the_page_asks_as_much_for_many_movements(
    inside: Shop, shift: Shift, owner: Client
) -> None:
    counts = []
    for number in (1, 3):
        for _time in range(number):
            move(inside, shift, Kind.IN, "1")
        with counted() as statements:
            owner.get(address(inside, shift, ""))
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_the_limit_is_set_with_the_business(shop: Shop, owner: Client) -> None:
    url, fields = shop.url("settings/edit/"), ("name", "time_zone", "locale", "tax_label")
    values = {name: getattr(shop.business, name) for name in fields} | {"cash_step": "0"}
    assert owner.post(url, {**values, "cash_limit": "250"}).status_code == 302
    shop.business.refresh_from_db()
    assert shop.business.cash_limit == 250
    assert 'value="250"' in owner.get(url).content.decode()
    assert "€250.00" in owner.get(shop.url("settings/")).content.decode()
    with business(shop.business):
        (entry,) = AuditEntry.objects.filter(action="business_settings.edit")
        assert entry.changes["cash_limit"] == [None, "250"]
    assert owner.post(url, {**values, "cash_limit": "1.005"}).status_code == 200
    assert owner.post(url, {**values, "cash_limit": ""}).status_code == 302
    shop.business.refresh_from_db()
    assert shop.business.cash_limit is None
