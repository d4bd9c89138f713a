"""shifts/…/reading, z-readings and day: what a terminal prints at the end."""

from __future__ import annotations

import pytest
from django.test import Client

from sales.cash import Kind
from sales.models import Register, Shift
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, line, post, said, sale_body
from tests.factories import Shop, make_device, make_person, signed_in, with_token
from tests.sales.moving_cash import move, read_z
from tests.sales.selling import counted

SUMS = ("discount", "net", "tax", "rounding", "total")


@pytest.fixture
def shift(open_shop: Shop) -> Shift:
    with business(open_shop.business):
        found: Shift = Shift.objects.get()
        return found


def worked(shop: Shop, shift: Shift, client: Client) -> None:
    body = sale_body(shop, line(shop.mug, "2"), total="10.00")
    assert post(client, "/api/v1/sales", body).status_code == 201
    with business(shop.business):
        move(shop, shift, Kind.OUT, "4.00")


def close(client: Client, shift: Shift, cash: str) -> None:
    answer = post(client, f"/api/v1/shifts/{shift.pk}/close", {"counted_cash": cash})
    assert answer.status_code == 200, answer.content


def test_an_x_reading(shop: Shop, shift: Shift, managers_terminal: Client) -> None:
    worked(shop, shift, managers_terminal)
    answer = managers_terminal.get(f"/api/v1/shifts/{shift.pk}/reading")
    assert answer.status_code == 200, answer.content
    reading = answer.json()
    figures = reading["figures"]
    assert (reading["number"], reading["closed_at"], reading["z_reading"]) == (1, None, None)
    (documents,) = figures["documents"]
    assert (documents["kind"], documents["count"], documents["total"]) == ("sale", 1, "10.00")
    assert (documents["first"], documents["last"]) == ("ACM1-000001", "ACM1-000001")
    assert figures["payments"] == [{"method": "cash", "count": 1, "amount": "10.00"}]
    assert figures["movements"] == [{"kind": "out", "count": 1, "amount": "-4.00"}]
    assert figures["drawer"] == {
        "opening_float": "50.00",
        "cash_taken": "10.00",
        "cash_moved": "-4.00",
        "expected": "56.00",
        "counted": None,
        "difference": None,
    }
    assert (figures["total"], figures["currency"]) == ("10.00", "EUR")


def test_who_counts_blind_reads_nothing_of_an_open_shift(
    shop: Shop, shift: Shift, terminal: Client
) -> None:
    reading, day = f"/api/v1/shifts/{shift.pk}/reading", f"/api/v1/day?register={shop.register.pk}"
    for address in (reading, day):
        said(terminal.get(address), 403, "permission_denied")
    with business(shop.business):
        role = shop.roles["Cashier"]
        role.permissions = [*role.permissions, "reading.x_reading"]
        role.save()
    for address in (reading, day):
        said(terminal.get(address), 403, "permission_denied")
    close(terminal, shift, "50")
    for address in (reading, day):
        assert terminal.get(address).status_code == 200


def test_a_z_reading_is_taken_once(shop: Shop, shift: Shift, managers_terminal: Client) -> None:
    client, asked = managers_terminal, {"id": str(uuid7()), "register": str(shop.register.pk)}
    worked(shop, shift, client)
    said(post(client, "/api/v1/z-readings", asked), 409, "shift_open")
    close(client, shift, "55.00")
    first = post(client, "/api/v1/z-readings", asked)
    assert first.status_code == 201, first.content
    made = first.json()
    assert (made["number"], made["first_shift"], made["last_shift"]) == (1, 1, 1)
    assert (made["total"], made["grand_total"]) == ("10.00", "10.00")
    assert made["figures"]["drawer"]["difference"] == "-1.00"
    again = post(client, "/api/v1/z-readings", asked)
    assert (again.status_code, again.json()) == (200, made)
    said(post(client, "/api/v1/z-readings", {**asked, "id": str(uuid7())}), 409, "nothing_to_close")
    assert client.get(f"/api/v1/z-readings/{made['id']}").json() == made
    listed = client.get(f"/api/v1/z-readings?register={shop.register.pk}").json()
    assert listed == {"results": [made], "next": None}
    reading = client.get(f"/api/v1/shifts/{shift.pk}/reading").json()
    assert (reading["z_reading"], reading["figures"]) == (made["id"], made["figures"])


def test_a_cashier_takes_none(shop: Shop, shift: Shift, terminal: Client) -> None:
    close(terminal, shift, "50")
    asked = {"id": str(uuid7()), "register": str(shop.register.pk)}
    said(post(terminal, "/api/v1/z-readings", asked), 403, "permission_denied")
    said(terminal.get("/api/v1/z-readings"), 403, "permission_denied")


def test_the_day_of_a_terminal_is_that_of_its_register(shop: Shop, shift: Shift) -> None:
    device, token = make_device(shop, user=shop.manager)
    client = with_token(token)
    said(client.get("/api/v1/day"), 400, "invalid")
    with business(shop.business):
        Register.objects.filter(pk=shop.register.pk).update(device=device)
    worked(shop, shift, client)
    answer = client.get("/api/v1/day")
    assert answer.status_code == 200, answer.content
    day = answer.json()
    assert day["register"] == {"id": str(shop.register.pk), "name": "Till 1"}
    assert (day["figures"]["total"], "drawer" in day["figures"]) == ("10.00", False)
    assert [(one["number"], one["expected_cash"]) for one in day["shifts"]] == [(1, None)]
    assert client.get(f"/api/v1/day?date={day['date']}").json()["figures"] == day["figures"]
    before = client.get("/api/v1/day?date=2020-02-29").json()
    assert (before["figures"]["documents"], before["shifts"]) == ([], [])
    for wrong in ("2026-02-30", "yesterday", "9999-12-31", "0001-01-01"):
        assert list(said(client.get(f"/api/v1/day?date={wrong}"), 400, "invalid")) == ["date"]


def test_elsewhere_there_is_nothing(shop: Shop, other_shop: Shop, shift: Shift) -> None:
    with business(shop.business):
        ann = make_person("ann", shop.roles["Manager"], locations=[shop.market])
    close(with_token(make_device(shop, user=shop.manager)[1]), shift, "50")
    with business(shop.business):
        made = read_z(shop)
    root = shop.url("api/v1/")
    stranger = with_token(make_device(other_shop, user=other_shop.manager)[1])
    for client, at in ((signed_in(ann), root), (stranger, "/api/v1/")):
        said(client.get(f"{at}shifts/{shift.pk}/reading"), 404, "not_found")
        said(client.get(f"{at}z-readings/{made.pk}"), 404, "not_found")
        said(client.get(f"{at}day?register={shop.register.pk}"), 404, "not_found")
        asked = {"id": str(uuid7()), "register": str(shop.register.pk)}
        said(post(client, f"{at}z-readings", asked), 404, "not_found")
        assert client.get(f"{at}z-readings").json()["results"] == []
        said(client.get(f"{at}z-readings/{NOWHERE}"), 404, "not_found")


def test_the_statements_do_not_grow_with_the_sales(
    shop: Shop, shift: Shift, managers_terminal: Client
) -> None:
    counts = []
    for _time in range(2):
        worked(shop, shift, managers_terminal)
        with counted() as statements:
            managers_terminal.get(f"/api/v1/shifts/{shift.pk}/reading")
            managers_terminal.get(f"/api/v1/day?register={shop.register.pk}")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 24
