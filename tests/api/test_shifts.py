"""shifts: opened on a register, looked at, and closed with counted cash."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from sales.models import Register, Shift
from tenants.context import business
from tests.api.calls import NOWHERE, line, post, said, sale_body
from tests.factories import Shop, make_device, make_person, signed_in, with_token

URL = "/api/v1/shifts"


def opening(shop: Shop, opening_float: Any = "50.00", **fields: Any) -> dict[str, Any]:
    return {"register": str(shop.register.pk), "opening_float": opening_float, **fields}


def opened(client: Client, shop: Shop) -> dict[str, Any]:
    response = post(client, URL, opening(shop))
    assert response.status_code == 201, response.content
    shift: dict[str, Any] = response.json()
    return shift


def test_a_shift_from_opening_to_closing(shop: Shop, terminal: Client) -> None:
    shift = opened(terminal, shop)
    assert shift == {
        "id": shift["id"],
        "register": {"id": str(shop.register.pk), "name": "Till 1"},
        "number": 1,
        "opened_at": shift["opened_at"],
        "opened_by": "Acme.Cashier Person",
        "opening_float": "50.00",
        "closed_at": None,
        "closed_by": None,
        "expected_cash": None,
        "counted_cash": None,
        "difference": None,
        "note": "",
    }
    url = f"{URL}/{shift['id']}"
    assert post(terminal, "/api/v1/sales", sale_body(shop, line(shop.mug), total="5.00")).json()
    assert terminal.get(url).json() == shift
    response = post(terminal, f"{url}/close", {"counted_cash": "54.50", "note": "Short"})
    assert response.status_code == 200, response.content
    closed = response.json()
    assert (closed["expected_cash"], closed["counted_cash"], closed["difference"]) == (
        "55.00",
        "54.50",
        "-0.50",
    )
    assert (closed["closed_by"], closed["note"]) == ("Acme.Cashier Person", "Short")
    assert terminal.get(url).json() == closed
    said(post(terminal, f"{url}/close", {"counted_cash": "54.50"}), 409, "shift_closed")
    with business(shop.business):
        actions = AuditEntry.objects.filter(action__startswith="shift.")
        assert sorted(entry.action for entry in actions) == ["shift.close", "shift.open"]


def test_expected_cash_before_closing_needs_its_permission(
    shop: Shop, terminal: Client, managers_terminal: Client
) -> None:
    url = f"{URL}/{opened(terminal, shop)['id']}"
    assert terminal.get(url).json()["expected_cash"] is None
    assert managers_terminal.get(url).json()["expected_cash"] == "50.00"


def test_one_open_shift_on_a_register(shop: Shop, terminal: Client) -> None:
    opened(terminal, shop)
    said(post(terminal, URL, opening(shop)), 409, "shift_open")


def test_a_colleague_closes_only_with_the_permission(
    shop: Shop, managers_terminal: Client, terminal: Client
) -> None:
    url = f"{URL}/{opened(managers_terminal, shop)['id']}"
    # A cashier sees and closes their own shifts.
    said(terminal.get(url), 404, "not_found")
    said(post(terminal, f"{url}/close", {"counted_cash": 50}), 404, "not_found")
    with business(shop.business):
        role = shop.roles["Cashier"]
        role.permissions = [*role.permissions, "shift.view_all"]
        role.save()
    assert terminal.get(url).status_code == 200
    said(post(terminal, f"{url}/close", {"counted_cash": 50}), 403, "permission_denied")
    assert post(managers_terminal, f"{url}/close", {"counted_cash": 50}).status_code == 200


@pytest.mark.parametrize(
    ("opening_float", "ok"),
    [
        *((right, True) for right in ("50.00", 50, "0")),
        *((wrong, False) for wrong in ("-1", 50.0, "1.005", True, "1e3", "", None, "9" * 14, "٣")),
    ],
)
def test_a_float_is_an_exact_amount_of_coins(
    shop: Shop, terminal: Client, opening_float: Any, ok: bool
) -> None:
    response = post(terminal, URL, opening(shop, opening_float))
    if ok:
        assert response.status_code == 201, response.content
    else:
        assert list(said(response, 400, "invalid")) == ["opening_float"]


def test_unknown_fields_are_named(shop: Shop, terminal: Client) -> None:
    response = post(terminal, URL, opening(shop, business_id=shop.business.pk, number=9))
    assert sorted(said(response, 400, "invalid")) == ["business_id", "number"]


def test_a_register_that_one_may_not_use_does_not_exist(shop: Shop, other_shop: Shop) -> None:
    device, token = make_device(shop)
    terminal = with_token(token)
    with business(shop.business):
        stall = Register.objects.create(name="Stall", location=shop.market, prefix="MK1")
    answers = [
        post(terminal, URL, {"register": str(register), "opening_float": 0})
        for register in (NOWHERE, other_shop.register.pk, stall.pk)
    ]
    with business(shop.business):
        own = Register.objects.create(
            name="Till 2", location=shop.high_street, prefix="HS2", device=device
        )
    answers.append(post(terminal, URL, opening(shop)))
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}
    assert post(terminal, URL, {"register": str(own.pk), "opening_float": 0}).status_code == 201


def test_a_shift_elsewhere_does_not_exist(shop: Shop, other_shop: Shop, terminal: Client) -> None:
    with business(shop.business):
        stall = Register.objects.create(name="Stall", location=shop.market, prefix="MK1")
        ann = make_person("ann", shop.roles["Manager"], locations=[shop.market])
        at_stall = Shift.objects.create(register=stall, number=1, opened_by=shop.cashier)
    with business(other_shop.business):
        foreign = Shift.objects.create(
            register=other_shop.register, number=1, opened_by=other_shop.cashier
        )
    for shift in (NOWHERE, at_stall.pk, foreign.pk):
        said(terminal.get(f"{URL}/{shift}"), 404, "not_found")
        said(post(terminal, f"{URL}/{shift}/close", {"counted_cash": 0}), 404, "not_found")
    here = opened(terminal, shop)["id"]
    said(signed_in(ann).get(shop.url(f"api/v1/shifts/{here}")), 404, "not_found")
    assert signed_in(ann).get(shop.url(f"api/v1/shifts/{at_stall.pk}")).status_code == 200
    with business(other_shop.business):
        foreign.refresh_from_db()
        assert foreign.is_open


def test_a_register_or_location_that_is_switched_off(
    shop: Shop, terminal: Client, cashier: Client
) -> None:
    for thing in (shop.register, shop.high_street):
        with business(shop.business):
            thing.is_active = False
            thing.save()
        said(post(cashier, shop.url("api/v1/shifts"), opening(shop)), 409, "register_inactive")
        # A terminal is dead where its place is.
        code = (409, "register_inactive") if thing is shop.register else (401, "not_authenticated")
        said(post(terminal, URL, opening(shop)), *code)
        with business(shop.business):
            thing.is_active = True
            thing.save()
