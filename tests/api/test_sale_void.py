"""POST sales/ID/void: a sale is reversed once, with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from inventory.models import StockLevel
from sales.models import Sale
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, line, post, said, sale_body
from tests.factories import Shop, make_device, with_token

SALES = "/api/v1/sales"


@pytest.fixture
def sale(open_shop: Shop, terminal: Client) -> dict[str, Any]:
    """Two mugs that the cashier sold for cash."""
    body = sale_body(open_shop, line(open_shop.mug, "2"), total="10.00")
    content: dict[str, Any] = post(terminal, SALES, body).json()
    return content


def asking(reason: str = "Wrong customer", **fields: Any) -> dict[str, Any]:
    return {"id": str(uuid7()), "reason": reason, **fields}


def stock(shop: Shop) -> Any:
    with business(shop.business):
        return StockLevel.objects.get(variation=shop.mug).quantity


def test_a_void_reverses_everything(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]
) -> None:
    body = asking()
    response = post(managers_terminal, f"{SALES}/{sale['id']}/void", body)
    assert response.status_code == 201, response.content
    void = response.json()
    assert (void["id"], void["kind"], void["number"]) == (body["id"], "void", "ACM1-V000001")
    assert (void["reverses"], void["reason"], void["total"]) == (
        sale["id"],
        "Wrong customer",
        "-10.00",
    )
    assert void["lines"][0]["quantity"] == "-2"
    assert void["payments"][0]["amount"] == "-10.00"
    assert stock(open_shop) == 10
    assert managers_terminal.get(f"{SALES}/{void['id']}").json() == void
    assert managers_terminal.get(f"{SALES}/{sale['id']}").json()["voided_by"] == void["id"]
    with business(open_shop.business):
        assert AuditEntry.objects.filter(action="sale.void").count() == 1


def test_the_same_request_again_is_the_same_void(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]
) -> None:
    url, body = f"{SALES}/{sale['id']}/void", asking()
    first, second = post(managers_terminal, url, body), post(managers_terminal, url, body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    said(post(managers_terminal, url, {**body, "reason": "Other"}), 409, "id_taken")
    said(post(managers_terminal, url, asking()), 409, "already_voided")
    assert stock(open_shop) == 10


def test_a_sale_does_not_lend_its_id(managers_terminal: Client, sale: dict[str, Any]) -> None:
    response = post(managers_terminal, f"{SALES}/{sale['id']}/void", asking(id=sale["id"]))
    said(response, 409, "id_taken")


def test_a_void_cannot_be_voided(managers_terminal: Client, sale: dict[str, Any]) -> None:
    void = post(managers_terminal, f"{SALES}/{sale['id']}/void", asking()).json()
    said(post(managers_terminal, f"{SALES}/{void['id']}/void", asking()), 409, "not_a_sale")


def test_it_needs_its_permission(open_shop: Shop, terminal: Client, sale: dict[str, Any]) -> None:
    said(post(terminal, f"{SALES}/{sale['id']}/void", asking()), 403, "permission_denied")
    assert stock(open_shop) == 8


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["id", "reason"]),
        (asking(""), ["reason"]),
        (asking("   "), ["reason"]),
        (asking("x" * 201), ["reason"]),
        (asking("4111-1111-1111-1111"), ["reason"]),
        (asking(sale="01890a5d-ac96-774b-bcce-b302099a8057"), ["sale"]),
    ],
)
def test_what_is_wrong_is_named(
    managers_terminal: Client, sale: dict[str, Any], body: dict[str, Any], wrong: list[str]
) -> None:
    response = post(managers_terminal, f"{SALES}/{sale['id']}/void", body)
    assert sorted(said(response, 400, "invalid")) == wrong


def test_a_sale_that_one_may_not_see_does_not_exist(
    open_shop: Shop, other_shop: Shop, sale: dict[str, Any]
) -> None:
    at_market = make_device(open_shop, user=open_shop.manager, location=open_shop.market)[1]
    foreign = make_device(other_shop, user=other_shop.manager)[1]
    absent = post(with_token(at_market), f"{SALES}/{NOWHERE}/void", asking())
    for token in (at_market, foreign):
        answer = post(with_token(token), f"{SALES}/{sale['id']}/void", asking())
        assert (answer.status_code, answer.content) == (404, absent.content)
    with business(open_shop.business):
        assert Sale.objects.count() == 1


def test_without_an_open_shift(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]
) -> None:
    register = managers_terminal.get("/api/v1/me").json()["registers"][0]
    post(managers_terminal, f"/api/v1/shifts/{register['shift']['id']}/close", {"counted_cash": 60})
    said(post(managers_terminal, f"{SALES}/{sale['id']}/void", asking()), 409, "no_open_shift")
