"""POST sales/ID/refunds and sales/ID/exchanges: some of a sale comes back, exactly once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from inventory.models import StockLevel
from sales.models import Sale
from sales.shifts import expected_cash
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, line, post, said, sale_body
from tests.factories import Shop, make_device, make_person, with_token

SALES = "/api/v1/sales"


@pytest.fixture
def sale(open_shop: Shop, terminal: Client) -> dict[str, Any]:
    """Three mugs that the cashier sold for cash."""
    body = sale_body(open_shop, line(open_shop.mug, "3"), total="15.00")
    content: dict[str, Any] = post(terminal, SALES, body).json()
    return content


def back(shop: Shop, quantity: str = "1", **fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "register": str(shop.register.pk),
        "lines": [{"line": 1, "quantity": quantity}],
        "reason": "Too small",
        **fields,
    }


def other(shop: Shop, total: str, **fields: Any) -> dict[str, Any]:
    """A mug for half a kilo of tea, 6.50, or what is said."""
    return {
        "id": str(uuid7()),
        "register": str(shop.register.pk),
        "returns": [{"line": 1, "quantity": "1"}],
        "lines": [line(shop.tea, "0.5")],
        "reason": "Prefers tea",
        "total": total,
        **fields,
    }


def stock(shop: Shop) -> Any:
    with business(shop.business):
        return StockLevel.objects.get(variation=shop.mug).quantity


def url(sale: dict[str, Any], what: str = "refunds") -> str:
    return f"{SALES}/{sale['id']}/{what}"


def test_a_refund_and_what_the_sale_says_then(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]
) -> None:
    assert (sale["lines"][0]["refunded"], sale["lines"][0]["refundable"]) == ("0", "3")
    response = post(managers_terminal, url(sale), back(open_shop, "2"))
    assert response.status_code == 201, response.content
    refund = response.json()
    assert (refund["kind"], refund["number"]) == ("refund", "ACM1-R000001")
    assert (refund["reverses"], refund["total"], refund["to_pay"]) == (
        sale["id"],
        "-10.00",
        "-10.00",
    )
    (took,) = refund["lines"]
    assert (took["quantity"], took["refunds_line"], took["refundable"]) == ("-2", 1, "0")
    assert refund["payments"][0] | {"amount": "-10.00", "method": "cash"} == refund["payments"][0]
    assert managers_terminal.get(f"{SALES}/{refund['id']}").json() == refund
    now = managers_terminal.get(f"{SALES}/{sale['id']}").json()
    assert (now["lines"][0]["refunded"], now["lines"][0]["refundable"]) == ("2", "1")
    assert (now["refunded_by"], now["voided_by"]) == ([refund["id"]], None)
    assert stock(open_shop) == 9
    with business(open_shop.business):
        assert expected_cash(Sale.objects.get(pk=sale["id"]).shift) == 55


def test_the_same_request_again_is_the_same_refund(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]
) -> None:
    body = back(open_shop, "3")
    first, second = (post(managers_terminal, url(sale), body) for _time in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    said(post(managers_terminal, url(sale), {**body, "reason": "Other"}), 409, "id_taken")
    fields = said(post(managers_terminal, url(sale), back(open_shop)), 409, "refund_too_large")
    assert list(fields) == ["lines.0.quantity"]
    assert stock(open_shop) == 10


def test_ways_and_restocking(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]
) -> None:
    broken = [{"line": 1, "quantity": "1", "restock": False}]
    pay = [{"method": "cash", "amount": "4.99"}]
    response = post(managers_terminal, url(sale), back(open_shop, lines=broken, payments=pay))
    assert said(response, 422, "other_amount") == {"to_pay": "5.00"}
    response = post(managers_terminal, url(sale), back(open_shop, method="card", reference="A1"))
    said(response, 409, "too_much_by_method")
    said(
        post(managers_terminal, url(sale), back(open_shop, method="credit")), 400, "needs_customer"
    )
    customer = str(open_shop.customer.pk)
    body = back(open_shop, lines=broken, method="credit", customer=customer, total="5.00")
    response = post(managers_terminal, url(sale), body)
    assert response.status_code == 201, response.content
    assert response.json()["payments"][0]["method"] == "credit"
    assert response.json()["customer"]["id"] == customer
    assert stock(open_shop) == 7
    shown = managers_terminal.get(f"/api/v1/customers/{customer}").json()
    assert shown["credit"] == "5.00"


def test_a_question_records_nothing(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]
) -> None:
    before = managers_terminal.get(f"{SALES}/{sale['id']}").json()
    body = {"lines": [{"line": 1, "quantity": "2"}]}
    answer = post(managers_terminal, url(sale, "refunds/quote"), body)
    assert answer.status_code == 200, answer.content
    quote = answer.json()
    assert (quote["total"], quote["rounding"], quote["to_pay"]) == ("10.00", "0.00", "10.00")
    assert [(one["method"], one["amount"]) for one in quote["payments"]] == [("cash", "10.00")]
    body = other(open_shop, "1.50")
    del body["id"], body["reason"], body["total"]
    answer = post(managers_terminal, url(sale, "exchanges/quote"), body)
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "total": "1.50",
        "returned": "5.00",
        "sold": "6.50",
        "returns": answer.json()["returns"],
        "payments": [],
    }
    assert managers_terminal.get(f"{SALES}/{sale['id']}").json() == before
    assert stock(open_shop) == 7


def test_an_exchange(open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]) -> None:
    body = other(open_shop, "1.50", payments=[{"method": "cash", "amount": "2.00"}])
    first = post(managers_terminal, url(sale, "exchanges"), body)
    assert first.status_code == 201, first.content
    found = first.json()
    assert (found["kind"], found["number"], found["total"]) == ("exchange", "ACM1-E000001", "1.50")
    assert [(one["quantity"], one["refundable"]) for one in found["lines"]] == [
        ("-1", "0"),
        ("0.5", "0.5"),
    ]
    assert (found["change"], found["reverses"]) == ("0.50", sale["id"])
    again = post(managers_terminal, url(sale, "exchanges"), body)
    assert (again.status_code, again.json()) == (200, found)
    wrong = post(managers_terminal, url(sale, "exchanges"), other(open_shop, "1.00", method="cash"))
    assert said(wrong, 422, "other_total") == {"total": "1.50", "difference": "0.50"}
    by_card = other(open_shop, "1.50", method="card", reference="42")
    response = post(managers_terminal, url(sale, "exchanges"), by_card)
    assert response.json()["payments"][0]["reference"] == "42"


@pytest.mark.parametrize("what", ["refunds", "exchanges", "refunds/quote", "exchanges/quote"])
def test_who_may(open_shop: Shop, terminal: Client, strange_terminal: Client, what, sale) -> None:
    body = back(open_shop) if what.startswith("refunds") else other(open_shop, "1.50")
    said(post(terminal, url(sale, what), body), 403, "permission_denied")
    # An owner, and of another business.
    with business(open_shop.business):
        stall = make_device(open_shop, user=open_shop.manager, location=open_shop.market)[1]
    if "quote" in what:
        del body["id"], body["reason"]
        if what.startswith("refunds"):
            del body["register"]
    for client in (with_token(stall),):
        said(post(client, url(sale, what), body), 404, "not_found")
    assert Client().post(url(sale, what), body, "application/json").status_code == 401
    assert strange_terminal.post(url(sale, what), body, "application/json").status_code in (
        403,
        404,
    )
    assert terminal.get(url(sale, what)).status_code in (403, 405)


def test_another_location_may_take_it_back_only_where_it_is_seen(
    open_shop: Shop, sale: dict[str, Any]
) -> None:
    with business(open_shop.business):
        person = make_person(
            "acme.here", open_shop.roles["Manager"], locations=[open_shop.high_street]
        )
        token = make_device(open_shop, user=person)[1]
    response = post(with_token(token), url(sale), back(open_shop, register=NOWHERE))
    said(response, 404, "not_found")
    assert post(with_token(token), url(sale), back(open_shop)).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": None}, "id"),
        ({"register": "x"}, "register"),
        ({"reason": " "}, "reason"),
        ({"reason": "4111 1111 1111 1111"}, "reason"),
        ({"lines": [{"line": "1", "quantity": "1"}]}, "lines.0.line"),
        ({"lines": [{"line": 1, "quantity": 1.5}]}, "lines.0.quantity"),
        ({"lines": [{"line": 1, "quantity": "1", "restock": "no"}]}, "lines.0.restock"),
        ({"method": "gold"}, "method"),
        ({"restock": True}, "restock"),
    ],
)
def test_what_is_wrong_is_named(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any], change: Any, field: str
) -> None:
    fields = said(post(managers_terminal, url(sale), {**back(open_shop), **change}), 400, "invalid")
    assert field in fields


def test_null_is_like_leaving_it_out(
    open_shop: Shop, managers_terminal: Client, sale: dict[str, Any]
) -> None:
    nothing = {"payments": None, "method": None, "total": None, "customer": None}
    assert post(managers_terminal, url(sale), {**back(open_shop), **nothing}).status_code == 201
