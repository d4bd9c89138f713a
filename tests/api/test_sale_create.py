"""POST sales: what is recorded, what is refused and how, and the same request again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from inventory.models import StockLevel
from sales.models import Register, Sale
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import line, post, said, sale_body
from tests.factories import Shop, make_device, make_shift, with_token

URL = "/api/v1/sales"


def mugs(shop: Shop, **fields: Any) -> dict[str, Any]:
    paid = [{"method": "cash", "amount": "10.00"}]
    values: dict[str, Any] = {"total": "10.00", "payments": paid, **fields}
    return sale_body(shop, line(shop.mug, "2"), **values)


def test_a_terminal_sells(open_shop: Shop, terminal: Client) -> None:
    body = sale_body(
        open_shop,
        line(open_shop.mug, "2", discount={"kind": "percent", "value": "10"}),
        line(open_shop.tea, "0.5"),
        total="15.50",
        payments=[
            {"method": "cash", "amount": "20.00"},
        ],
        customer=str(open_shop.customer.pk),
        note="In a hurry",
    )
    response = post(terminal, URL, body)
    assert response.status_code == 201, response.content
    sale = response.json()
    assert sale["id"] == body["id"]
    assert sale["number"] == "ACM1-000001"
    assert (sale["kind"], sale["total"], sale["to_pay"], sale["change"]) == (
        "sale",
        "15.50",
        "15.50",
        "4.50",
    )
    assert sale["location"]["name"] == "High Street"
    assert sale["customer"] == {"id": str(open_shop.customer.pk), "name": "Carla of acme"}
    assert sale["operator"] == "Acme.Cashier Person"
    first = sale["lines"][0]
    assert (first["quantity"], first["unit_price"], first["gross"], first["discount"]) == (
        "2",
        "5.00",
        "10.00",
        "1.00",
    )
    assert sale["taxes"] == [{"name": "VAT 20%", "rate": "20", "net": "12.92", "tax": "2.58"}]
    assert sale["sold_at"].endswith(("+01:00", "+02:00"))
    assert sale["receipt_url"] == f"/b/acme/sales/{sale['id']}/receipt/"
    assert response["Cache-Control"] == "private, no-store"
    with business(open_shop.business):
        assert StockLevel.objects.get(variation=open_shop.mug).quantity == 8
        assert Sale.objects.get().device is not None


def test_a_person_in_the_browser_sells(open_shop: Shop, cashier: Client) -> None:
    response = post(cashier, open_shop.url("api/v1/sales"), mugs(open_shop))
    assert response.status_code == 201, response.content
    assert response.json()["receipt_url"].startswith("/b/acme/sales/")
    with business(open_shop.business):
        assert Sale.objects.get().device is None


def test_reading_it_again_shows_the_same(open_shop: Shop, terminal: Client) -> None:
    body = sale_body(
        open_shop,
        line(open_shop.tea, "0.125"),
        total="1.61",
        payments=[
            {"method": "cash", "amount": "1.00"},
            {
                "method": "card",
                "amount": "0.61",
                "card_brand": "Visa",
                "card_last4": "1111",
                "reference": "A1",
            },
        ],
        discount={"kind": "fixed", "value": "0.01"},
    )
    created = post(terminal, URL, body)
    assert created.status_code == 201, created.content
    assert terminal.get(f"{URL}/{body['id']}").json() == created.json()


def test_the_same_request_again_is_the_same_sale(open_shop: Shop, terminal: Client) -> None:
    body = mugs(open_shop)
    first, second = post(terminal, URL, body), post(terminal, URL, body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    # Another spelling of the same numbers is the same request.
    third = post(terminal, URL, {**body, "total": 10, "note": ""})
    assert (third.status_code, third.json()) == (200, first.json())
    with business(open_shop.business):
        assert Sale.objects.count() == 1
        assert StockLevel.objects.get(variation=open_shop.mug).quantity == 8


def test_another_body_under_the_same_id(open_shop: Shop, terminal: Client) -> None:
    body = mugs(open_shop)
    post(terminal, URL, body)
    said(post(terminal, URL, {**body, "note": "Another"}), 409, "id_taken")
    assert terminal.get(f"{URL}/{body['id']}").json()["note"] == ""


def test_an_id_of_another_business_is_taken_too(
    open_shop: Shop, other_shop: Shop, terminal: Client, strange_terminal: Client
) -> None:
    body = mugs(open_shop)
    post(terminal, URL, body)
    with business(other_shop.business):
        make_shift(other_shop)
    fields = said(post(strange_terminal, URL, mugs(other_shop, id=body["id"])), 409, "id_taken")
    assert fields == {"id": ["taken"]}
    with business(other_shop.business):
        assert not Sale.objects.exists()
        assert StockLevel.objects.get(variation=other_shop.mug).quantity == 10


def test_another_total(open_shop: Shop, terminal: Client) -> None:
    paid = [{"method": "cash", "amount": "9.00"}]
    response = post(terminal, URL, mugs(open_shop, total="9.00", payments=paid))
    assert said(response, 422, "other_total") == {"total": "10.00", "difference": "1.00"}


def test_more_than_there_is(open_shop: Shop, terminal: Client) -> None:
    body = sale_body(open_shop, line(open_shop.mug, "11"), total="55.00")
    assert said(post(terminal, URL, body), 409, "out_of_stock") == {str(open_shop.mug.pk): "10"}
    with business(open_shop.business):
        assert StockLevel.objects.get(variation=open_shop.mug).quantity == 10
        assert not Sale.objects.exists()
    # The number was not used up.
    assert post(terminal, URL, mugs(open_shop)).json()["number"] == "ACM1-000001"


def test_without_an_open_shift(shop: Shop, terminal: Client) -> None:
    said(post(terminal, URL, mugs(shop)), 409, "no_open_shift")


def test_what_is_switched_off(open_shop: Shop, terminal: Client, cashier: Client) -> None:
    for thing in (open_shop.register, open_shop.high_street):
        with business(open_shop.business):
            thing.is_active = False
            thing.save()
        said(
            post(cashier, open_shop.url("api/v1/sales"), mugs(open_shop)), 409, "register_inactive"
        )
        # A terminal is dead where its place is.
        code = (
            (409, "register_inactive")
            if thing is open_shop.register
            else (401, "not_authenticated")
        )
        said(post(terminal, URL, mugs(open_shop)), *code)
        with business(open_shop.business):
            thing.is_active = True
            thing.save()


def test_paying_too_little(open_shop: Shop, terminal: Client) -> None:
    body = mugs(open_shop, payments=[{"method": "cash", "amount": "9.99"}])
    assert list(said(post(terminal, URL, body), 400, "underpaid")) == ["payments"]


def test_discounts_and_prices_need_their_permissions(open_shop: Shop, terminal: Client) -> None:
    with business(open_shop.business):
        open_shop.roles["Cashier"].permissions = ["sell.create"]
        open_shop.roles["Cashier"].save()
    tenth = {"kind": "percent", "value": 10}
    bodies = [
        sale_body(open_shop, line(open_shop.mug, discount=tenth), total="4.50"),
        sale_body(open_shop, line(open_shop.mug), total="4.50", discount=tenth),
        sale_body(open_shop, line(open_shop.mug, unit_price="4.50"), total="4.50"),
    ]
    for body in bodies:
        said(post(terminal, URL, body), 403, "permission_denied")
    assert post(terminal, URL, mugs(open_shop)).status_code == 201


def test_a_register_that_one_may_not_use_does_not_exist(open_shop: Shop, other_shop: Shop) -> None:
    device, token = make_device(open_shop)
    terminal = with_token(token)
    with business(open_shop.business):
        stall = Register.objects.create(name="Stall", location=open_shop.market, prefix="MK1")
    answers = [
        post(terminal, URL, mugs(open_shop, register=str(register)))
        for register in (uuid7(), other_shop.register.pk, stall.pk)
    ]
    with business(open_shop.business):
        Register.objects.create(
            name="Till 2", location=open_shop.high_street, prefix="HS2", device=device
        )
    answers.append(post(terminal, URL, mugs(open_shop)))
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}


def test_what_belongs_to_another_business_does_not_exist(
    open_shop: Shop, other_shop: Shop, terminal: Client
) -> None:
    def refused(code: str, **fields: Any) -> Any:
        return said(post(terminal, URL, mugs(open_shop, **fields)), 400, code)

    for customer in (other_shop.customer.pk, uuid7()):
        fields = refused("unknown_customer", customer=str(customer))
        assert fields == {"customer": ["This customer does not exist."]}
    for variation in (other_shop.mug.pk, uuid7()):
        bad = {"variation": str(variation), "quantity": "2"}
        fields = refused("cannot_sell", lines=[bad])
        assert fields == {"lines.0.variation": ["This product cannot be sold here."]}


CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"business": 1, "business_id": 2}, ["business", "business_id"]),
        ({"operator": 1, "sold_at": "2020-01-01T00:00:00Z"}, ["operator", "sold_at"]),
        ({"id": None}, ["id"]),
        ({"id": "7"}, ["id"]),
        ({"id": 7}, ["id"]),
        ({"id": str(uuid7()).replace("-", "")}, ["id"]),
        ({"id": "00000000-0000-0000-0000-000000000000"}, ["id"]),
        ({"register": ["x"]}, ["register"]),
        ({"total": 10.0}, ["total"]),
        ({"total": "ten"}, ["total"]),
        ({"total": "1e1"}, ["total"]),
        ({"total": "Infinity"}, ["total"]),
        ({"total": True}, ["total"]),
        ({"total": {}}, ["total"]),
        ({"lines": None}, ["lines"]),
        ({"lines": "all"}, ["lines"]),
        ({"lines": [7]}, ["lines.0"]),
        ({"lines": [{}]}, ["lines.0.quantity", "lines.0.variation"]),
        ({"lines": [{"variation": str(uuid7()), "quantity": 1.5}]}, ["lines.0.quantity"]),
        (
            {"lines": [{"variation": str(uuid7()), "quantity": 1, "cost": 1}]},
            ["lines.0.cost"],
        ),
        (
            {"lines": [{"variation": str(uuid7()), "quantity": 1, "discount": {"kind": "gift"}}]},
            ["lines.0.discount.kind", "lines.0.discount.value"],
        ),
        ({"lines": [{}] * 1001}, ["lines"]),
        ({"payments": [{}]}, ["payments.0.amount", "payments.0.method"]),
        ({"payments": [{"method": "gold", "amount": 10}]}, ["payments.0.method"]),
        (
            {"payments": [{"method": "card", "amount": 10, "card_last4": "12345"}]},
            ["payments.0.card_last4"],
        ),
        (
            {"payments": [{"method": "card", "amount": 10, "card_last4": "٣٣٣٣"}]},
            ["payments.0.card_last4"],
        ),
        (
            {"payments": [{"method": "card", "amount": 10, "reference": CARD}]},
            ["payments.0.reference"],
        ),
        (
            {"payments": [{"method": "card", "amount": 10, "card_brand": "4111111111111111"}]},
            ["payments.0.card_brand"],
        ),
        (
            {"payments": [{"method": "card", "amount": 10, "cvc": "123"}]},
            ["payments.0.cvc"],
        ),
        ({"note": f"card {CARD} 12/27"}, ["note"]),
        ({"note": "x" * 501}, ["note"]),
        ({"note": "\0"}, ["note"]),
        ({"discount": "10%"}, ["discount"]),
        ({"customer": "Carla"}, ["customer"]),
    ],
)
def test_what_is_wrong_is_named(
    open_shop: Shop, terminal: Client, fields: dict[str, Any], wrong: list[str]
) -> None:
    response = post(terminal, URL, mugs(open_shop, **fields))
    assert sorted(said(response, 400, "invalid")) == wrong
    assert "4111" not in response.content.decode()
    with business(open_shop.business):
        assert not Sale.objects.exists()


@pytest.mark.parametrize(
    ("fields", "code", "wrong"),
    [
        ({"lines": []}, "no_lines", "lines"),
        ({"quantity": "0"}, "not_positive", "lines.0.quantity"),
        ({"quantity": "-1"}, "not_positive", "lines.0.quantity"),
        ({"quantity": "1.00001"}, "cannot_sell", "lines.0.quantity"),
        ({"quantity": "1.5"}, "cannot_sell", "lines.0.quantity"),
        ({"quantity": "9999999999999"}, "too_large", "lines.0.quantity"),
        ({"discount": {"kind": "percent", "value": "101"}}, "percent_range", "discount"),
        ({"discount": {"kind": "fixed", "value": "11"}}, "discount_too_large", "discount"),
        ({"payments": [{"method": "card", "amount": "11"}]}, "overpaid", "payments"),
        ({"payments": [{"method": "cash", "amount": "-1"}]}, "negative", "payments.0.amount"),
    ],
)
def test_what_cannot_be_sold_is_named(
    open_shop: Shop, terminal: Client, fields: dict[str, Any], code: str, wrong: str
) -> None:
    if "quantity" in fields:
        fields = {"lines": [line(open_shop.mug, fields["quantity"])]}
    assert list(said(post(terminal, URL, mugs(open_shop, **fields)), 400, code)) == [wrong]


def test_a_total_with_too_many_places_is_another_total(open_shop: Shop, terminal: Client) -> None:
    said(post(terminal, URL, mugs(open_shop, total="10.00000001")), 422, "other_total")


def test_two_businesses_in_turn_through_one_view(
    open_shop: Shop, other_shop: Shop, terminal: Client, strange_terminal: Client
) -> None:
    with business(other_shop.business):
        make_shift(other_shop)
    for turn in range(1, 3):
        for client, shop in ((terminal, open_shop), (strange_terminal, other_shop)):
            sale = post(client, URL, mugs(shop)).json()
            assert sale["number"] == f"{shop.business.slug[:3].upper()}1-00000{turn}"
    for shop in (open_shop, other_shop):
        with business(shop.business):
            assert StockLevel.objects.get(variation=shop.mug).quantity == Decimal(6)


def test_a_field_whose_name_cannot_be_printed(open_shop, terminal):
    for body in ('{"\\ud800": 1}', '{"lines": [{"\\udfff": 1}]}'):
        answer = terminal.generic("POST", URL, body, content_type="application/json")
        fields = said(answer, 400, "invalid")
        assert ["There is no such field."] in fields.values()
