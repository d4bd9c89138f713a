"""Credit over the API: seen by those who may, spent with a sale, refused with what is there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Permission
from sales.models import CreditEntry, Customer
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import line, post, said, sale_body
from tests.factories import Shop
from tests.sales.crediting import grant, ledger, voucher
from tests.sales.selling import counted

URL = "/api/v1/customers"
SALES = "/api/v1/sales"


@pytest.fixture
def granted(open_shop: Shop) -> Shop:
    with business(open_shop.business):
        grant(open_shop, "12.50", until=date(2099, 1, 31))
    return open_shop


def by_credit(shop: Shop, amount: str, **fields: Any) -> dict[str, Any]:
    """A mug for 5.00, to the shop's customer."""
    payments = [{"method": "credit", "amount": amount}]
    known = {"total": "5.00", "payments": payments, "customer": str(shop.customer.pk)}
    return sale_body(shop, line(shop.mug), **(known | fields))


def test_what_a_customer_has_to_spend(granted: Shop, terminal: Client) -> None:
    (row,) = terminal.get(URL).json()["results"]
    assert (row["credit"], row["credit_expires"]) == ("12.50", "2099-01-31")
    one = terminal.get(f"{URL}/{granted.customer.pk}")
    assert one.status_code == 200
    assert row.items() <= one.json().items()


def test_who_may_not_know_is_told_null(granted: Shop, terminal: Client) -> None:
    with business(granted.business):
        role = granted.roles["Cashier"]
        role.permissions = [p for p in role.permissions if p != Permission.CUSTOMER_CREDIT_VIEW]
        role.save()
    (row,) = terminal.get(URL).json()["results"]
    assert (row["credit"], row["credit_expires"]) == (None, None)
    assert terminal.get(f"{URL}/{granted.customer.pk}").json()["credit"] is None
    said(post(terminal, SALES, by_credit(granted, "5.00")), 403, "permission_denied")
    assert b"12.5" not in post(terminal, SALES, by_credit(granted, "5.00")).content


def test_a_customer_of_others_is_not_there(
    granted: Shop, terminal: Client, other_shop: Shop
) -> None:
    for pk in (other_shop.customer.pk, uuid7()):
        said(terminal.get(f"{URL}/{pk}"), 404, "not_found")


def test_the_statements_do_not_grow_with_the_list(granted: Shop, terminal: Client) -> None:
    counts = []
    for _round in range(2):
        with business(granted.business):
            for number in range(5):
                someone = Customer.objects.create(name=f"Customer {number}")
                grant(granted, "1", customer=someone)
        with counted() as queries:
            assert terminal.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_sale_is_paid_with_credit_once(granted: Shop, terminal: Client) -> None:
    body = by_credit(granted, "5.00")
    first, again = post(terminal, SALES, body), post(terminal, SALES, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    (payment,) = first.json()["payments"]
    assert (payment["method"], payment["amount"], payment["change"]) == ("credit", "5.00", "0.00")
    assert terminal.get(f"{URL}/{granted.customer.pk}").json()["credit"] == "7.50"
    text = terminal.get(f"{SALES}/{body['id']}/receipt").json()["text"]
    assert "Credit left                          €7.50" in text
    with business(granted.business):
        assert CreditEntry.objects.filter(kind="spent").count() == 1


def test_refusals_say_why(granted: Shop, terminal: Client) -> None:
    lines = {"lines": [line(granted.mug, "3")], "total": "15.00"}
    body = by_credit(granted, "15.00", **lines)
    assert said(post(terminal, SALES, body), 409, "not_enough_credit") == {"credit": "12.50"}
    assert "customer" in said(
        post(terminal, SALES, by_credit(granted, "5.00", customer=None)), 400, "needs_customer"
    )
    said(post(terminal, SALES, by_credit(granted, "5.01")), 400, "overpaid")
    with business(granted.business):
        assert ledger(granted) == [("granted", Decimal("12.5"), Decimal("12.5"))]


def test_bought_credit_and_its_void(granted: Shop, managers_terminal: Client) -> None:
    terminal = managers_terminal
    with business(granted.business):
        credit = voucher(granted)
    url = f"/api/v1/items/lookup?register={granted.register.pk}&code=CREDIT"
    item = terminal.get(url).json()
    assert (item["adds_credit"], item["is_stocked"]) == (True, False)
    assert (item["tax_rate"], item["tax_name"], item["stock"]) == ("0", "", None)
    buys = {"lines": [line(credit)], "total": "25.00"}
    cash = [{"method": "cash", "amount": "30.00"}]
    bought = by_credit(granted, "", **buys, payments=cash)
    assert post(terminal, SALES, bought).status_code == 201
    assert terminal.get(f"{URL}/{granted.customer.pk}").json()["credit"] == "37.50"
    said(post(terminal, SALES, by_credit(granted, "25.00", **buys)), 400, "credit_for_credit")
    mugs = {"lines": [line(granted.mug, "6")], "total": "30.00"}
    assert post(terminal, SALES, by_credit(granted, "30.00", **mugs)).status_code == 201
    ask = {"id": str(uuid7()), "reason": "Wrong customer"}
    said(post(terminal, f"{SALES}/{bought['id']}/void", ask), 409, "credit_spent")
    with business(granted.business):
        grant(granted, "20")
    assert post(terminal, f"{SALES}/{bought['id']}/void", ask).status_code == 201
    assert post(terminal, f"{SALES}/{bought['id']}/void", ask).status_code == 200
    assert terminal.get(f"{URL}/{granted.customer.pk}").json()["credit"] == "2.50"
