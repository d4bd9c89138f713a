"""cash-movements: cash in and out of an open shift, exactly once, and correcting a mistake."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.approvals import approved_by
from sales.models import CashMovement, Register, Shift
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, post, said
from tests.api.operating import PIN, approving, counter, give_pin, member, working
from tests.factories import Shop, make_device, make_person, signed_in, with_token
from tests.sales.selling import counted, market_shift


@pytest.fixture
def shift(open_shop: Shop) -> Shift:
    with business(open_shop.business):
        found: Shift = Shift.objects.get()
        return found


def url(shift: Shift | str, root: str = "/api/v1/") -> str:
    return f"{root}shifts/{getattr(shift, 'pk', shift)}/cash-movements"


def body(**fields: Any) -> dict[str, Any]:
    usual = {"id": str(uuid7()), "kind": "in", "amount": "20.00", "reason": "change"}
    return {**usual, **fields}


def test_cash_goes_in_once_and_is_listed(open_shop: Shop, shift: Shift, terminal: Client) -> None:
    asked = body(note="From the bank")
    first = post(terminal, url(shift), asked)
    assert first.status_code == 201, first.content
    made = first.json()
    assert made == {
        "id": asked["id"],
        "shift": str(shift.pk),
        "kind": "in",
        "amount": "20.00",
        "currency": "EUR",
        "reason": "change",
        "note": "From the bank",
        "operator": "Acme.Cashier Person",
        "device": made["device"],
        "moved_at": made["moved_at"],
        "business_date": made["business_date"],
        "corrects": None,
    }
    again = post(terminal, url(shift), {**asked, "amount": "20"})
    assert (again.status_code, again.json()) == (200, made)
    said(post(terminal, url(shift), {**asked, "amount": "21.00"}), 409, "id_taken")
    out = post(terminal, url(shift), body(kind="out", amount="5", reason="expense")).json()
    assert out["amount"] == "-5.00"
    listed = terminal.get(url(shift)).json()
    assert (listed["results"], listed["next"]) == ([out, made], None)
    closing = post(terminal, f"/api/v1/shifts/{shift.pk}/close", {"counted_cash": "65"}).json()
    assert (closing["expected_cash"], closing["difference"]) == ("65.00", "0.00")
    said(post(terminal, url(shift), body()), 409, "shift_closed")
    # A lost answer is found again, also now.
    assert post(terminal, url(shift), asked).status_code == 200


def test_opening_the_drawer_is_a_permission_of_its_own(
    shop: Shop, shift: Shift, terminal: Client, managers_terminal: Client
) -> None:
    asked = body(kind="open", amount=None, reason="count")
    said(post(terminal, url(shift), asked), 403, "permission_denied")
    answer = post(managers_terminal, url(shift), asked)
    assert (answer.status_code, answer.json()["amount"]) == (201, "0.00")
    with business(shop.business):
        role = shop.roles["Cashier"]
        role.permissions = ["cash.open_drawer"]
        role.save()
    assert post(terminal, url(shift), {**asked, "id": str(uuid7())}).status_code == 201
    said(post(terminal, url(shift), body()), 403, "permission_denied")


def test_whoever_works_at_the_register_moves_its_cash(
    shop: Shop, shift: Shift, managers_terminal: Client, terminal: Client
) -> None:
    """Also in a colleague's shift, which a cashier does not see."""
    post(terminal, f"/api/v1/shifts/{shift.pk}/close", {"counted_cash": 50})
    opened = post(
        managers_terminal,
        "/api/v1/shifts",
        {"register": str(shop.register.pk), "opening_float": 0},
    ).json()["id"]
    assert post(terminal, url(opened), body()).status_code == 201
    said(terminal.get(url(opened)), 404, "not_found")


def test_a_mistake_is_corrected_once(shift: Shift, terminal: Client) -> None:
    wrong = post(terminal, url(shift), body()).json()["id"]
    address, asked = f"/api/v1/cash-movements/{wrong}/correct", {"id": str(uuid7())}
    first = post(terminal, address, asked)
    assert first.status_code == 201, first.content
    made = first.json()
    assert (made["kind"], made["amount"], made["corrects"], made["reason"]) == (
        "in",
        "-20.00",
        wrong,
        "mistake",
    )
    again = post(terminal, address, asked)
    assert (again.status_code, again.json()) == (200, made)
    said(post(terminal, address, {"id": str(uuid7())}), 409, "already_corrected")
    back = f"/api/v1/cash-movements/{made['id']}/correct"
    said(post(terminal, back, {"id": str(uuid7())}), 409, "cannot_correct")


def test_a_supervisor_approves_what_is_large(shop: Shop, shift: Shift) -> None:
    shop.business.settings["cash_limit"] = "100"
    shop.business.save()
    _device, terminal = counter(shop)
    give_pin(shop, "Manager")
    at_work = working(terminal, give_pin(shop, "Cashier", "86420"), "86420")
    asked = body(kind="drop", amount="500.00", reason="safe")
    fields = said(post(at_work, url(shift), asked), 403, "needs_approval")
    assert fields == {"permissions": ["cash.approve_large_transactions"]}
    approval = post(
        at_work,
        "/api/v1/approvals",
        {"person": str(member(shop, "Manager").pk), "pin": PIN, **fields},
    )
    assert approval.status_code == 201, approval.content
    approved = approving(at_work, approval.json()["approval"])
    made = post(approved, url(shift), asked)
    assert made.status_code == 201, made.content
    assert post(approved, url(shift), asked).status_code == 200
    said(post(approved, url(shift), body(amount="500.00")), 403, "approval_over")
    with business(shop.business):
        (found,) = approved_by(CashMovement.objects.get().pk)
        assert found.approver == member(shop, "Manager")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"amount": 20.0}, ["amount"]),
        ({"amount": "0"}, ["amount"]),
        ({"amount": None}, ["amount"]),
        ({"amount": "-1"}, ["amount"]),
        ({"amount": "0.001"}, ["amount"]),
        ({"amount": "9" * 14}, ["amount"]),
        ({"kind": "borrow"}, ["kind"]),
        ({"reason": "safe", "kind": "out"}, ["reason"]),
        ({"reason": "other"}, ["note"]),
        ({"note": "4242 4242 4242 4242"}, ["note"]),
        ({"note": "x" * 201}, ["note"]),
        ({"id": "7"}, ["id"]),
        ({"shift": "x", "corrects": None}, ["corrects", "shift"]),
    ],
)
def test_what_does_not_fit_is_named(
    shift: Shift, terminal: Client, fields: dict[str, Any], wrong: list[str]
) -> None:
    assert sorted(said(post(terminal, url(shift), body(**fields)), 400, "invalid")) == wrong


def test_a_shift_or_movement_elsewhere_does_not_exist(
    shop: Shop, other_shop: Shop, shift: Shift, terminal: Client
) -> None:
    device, token = make_device(shop)
    elsewhere = with_token(token)
    with business(shop.business):
        there = market_shift(shop)
        ann = make_person("ann", shop.roles["Manager"], locations=[shop.market])
        Register.objects.create(
            name="Till 2", location=shop.high_street, prefix="HS2", device=device
        )
    mine = post(terminal, url(shift), body()).json()["id"]
    correct = f"cash-movements/{mine}/correct"
    # Another location, another register's terminal, another business.
    for client, root in (
        (signed_in(ann), shop.url("api/v1/")),
        (elsewhere, "/api/v1/"),
        (with_token(make_device(other_shop)[1]), "/api/v1/"),
    ):
        said(post(client, url(shift, root), body()), 404, "not_found")
        said(client.get(url(shift, root)), 404, "not_found")
        said(post(client, root + correct, {"id": str(uuid7())}), 404, "not_found")
    for shift_id in (NOWHERE, str(there.pk)):
        said(post(terminal, url(shift_id), body()), 404, "not_found")
    said(
        post(terminal, f"/api/v1/cash-movements/{NOWHERE}/correct", {"id": str(uuid7())}),
        404,
        "not_found",
    )


def test_the_list_asks_few_statements(shift: Shift, terminal: Client) -> None:
    for _time in range(3):
        assert post(terminal, url(shift), body()).status_code == 201
    terminal.get(url(shift))
    with counted() as statements:
        assert len(terminal.get(url(shift)).json()["results"]) == 3
    assert len(statements) <= 12
