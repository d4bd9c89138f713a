"""The ordinary sale at a terminal takes two statements, and is the same sale as by the usual way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import hints
from accounts.models import Device, Membership, OperatorSession, Role, User
from inventory.models import LocationPrice, Product
from sales.models import Register, Sale, Shift
from sales.shifts import close_shift
from tenants.context import business
from tenants.ids import uuid7
from tenants.models import Business, Location
from tests.api.calls import line, post, said, sale_body
from tests.api.operating import counter, give_pin, working
from tests.factories import Shop, make_device, make_product, with_token
from tests.webhooks.telling import listen

URL = "/api/v1/sales"
# Of each sale; of each request.
OWN = {"id", "number", "sold_at", "receipt_url"}
OF_A_REQUEST = {"X-Request-ID", "Content-Length", "Content-Security-Policy"}


@pytest.fixture(autouse=True)
def knows_nothing() -> Iterator[None]:
    hints._known.clear()
    yield
    hints._known.clear()


def mugs(shop: Shop, **fields: Any) -> dict[str, Any]:
    return sale_body(shop, line(shop.mug, "1"), **{"total": "5.00", **fields})


def sell(terminal: Client, body: dict[str, Any]) -> tuple[Any, list[str]]:
    """The answer, and the functions that were called for it."""
    with CaptureQueriesContext(connection) as queries:
        answer = post(terminal, URL, body)
    names = ("sales_open_v1", "sales_post_v1")
    return answer, [name for one in queries for name in names if name in one["sql"]]


def noted_now(shop: Shop) -> None:
    """Device and operator were here a moment ago, however slow the machine is."""
    with business(shop.business), transaction.atomic():
        Device.objects.update(last_seen_at=timezone.now())
        OperatorSession.objects.update(used_at=timezone.now())


AT_ONCE = ["sales_open_v1", "sales_post_v1"]
USUAL = ["sales_post_v1"]


@pytest.fixture
def known(open_shop: Shop, terminal: Client) -> Client:
    """A terminal that has sold here before."""
    assert sell(terminal, mugs(open_shop))[0].status_code == 201
    noted_now(open_shop)
    return terminal


@pytest.mark.postgres
@pytest.mark.parametrize("who", ["Cashier", "Owner", "operator"])
def test_it_is_the_same_sale(open_shop: Shop, who: str) -> None:
    if who == "operator":
        terminal = working(counter(open_shop)[1], give_pin(open_shop, "Manager"))
    else:
        terminal = with_token(make_device(open_shop, user=open_shop.people[who])[1])
    with business(open_shop.business), transaction.atomic():
        LocationPrice.objects.create(
            variation=open_shop.tea, location=open_shop.high_street, price=Decimal("10.00")
        )
        free = make_product("Bag", sku="BAG", price="0.35", is_stocked=False)
    listen(open_shop, "http://127.0.0.1:9/hook")
    bodies: list[dict[str, Any]] = [
        mugs(open_shop, note="For Ann’s birthday"),
        sale_body(
            open_shop,
            line(open_shop.mug, discount={"kind": "percent", "value": "10"}),
            line(open_shop.tea, "0.125", unit_price="8.80"),
            line(open_shop.wrapping, "2"),
            line(free, "3"),
            line(open_shop.mug),
            total="14.15",
            discount={"kind": "fixed", "value": "0.50"},
            payments=[
                {
                    "method": "card",
                    "amount": "3.15",
                    "card_brand": "Visa",
                    "card_last4": "4242",
                    "reference": "A-17",
                },
                {"method": "cash", "amount": "20.00"},
            ],
            customer=str(open_shop.customer.pk),
        ),
        sale_body(open_shop, line(open_shop.tea, "1"), total="10.00"),
    ]
    if who == "Cashier":
        # A price of their own takes a permission that a cashier has not.
        bodies[1]["lines"][1].pop("unit_price")
        bodies[1]["total"] = "14.30"
    for body in bodies:
        answers = []
        for way in (USUAL, AT_ONCE):
            noted_now(open_shop)
            if way == USUAL:
                hints._known.clear()
            answer, called = sell(terminal, {**body, "id": str(uuid7())})
            assert answer.status_code == 201, answer.content
            assert called == way
            answers.append(answer)
        usual, at_once = answers
        assert shape(usual) == shape(at_once)
        assert list(usual.json()) == list(at_once.json())
        assert headers(usual) == headers(at_once)
    with business(open_shop.business), transaction.atomic():
        rows = list(Sale.objects.order_by("chain_index").values(*SAME))
        assert rows[0::2] == rows[1::2]


SAME = (
    "kind", "series", "is_offline", "location", "register", "shift", "operator", "device",
    "customer", "reverses", "reason", "note", "business_date", "currency", "item_count",
    "subtotal", "discount", "net", "tax", "total", "rounding", "discount_kind", "discount_value",
)  # fmt: skip


def shape(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name not in OWN}


def headers(answer: Any) -> dict[str, Any]:
    found = {name: value for name, value in answer.items() if name not in OF_A_REQUEST}
    return found | {"Vary": sorted(found["Vary"].split(", "))}


@pytest.mark.postgres
def test_the_same_request_again_and_another_under_its_id(open_shop: Shop, known: Client) -> None:
    body = mugs(open_shop)
    first, called = sell(known, body)
    assert (first.status_code, called) == (201, AT_ONCE)
    second, _called = sell(known, body)
    assert (second.status_code, second.content) == (200, first.content)
    said(sell(known, {**body, "note": "Another"})[0], 409, "id_taken")


@pytest.mark.postgres
def test_a_hint_opens_nothing(
    open_shop: Shop, other_shop: Shop, known: Client, terminal: Client
) -> None:
    """A wrong one, as none, is asked about at the door; who has no token has no hint."""
    for token_hash in list(hints._known):
        hints.note(token_hash, other_shop.business.pk)
    answer, called = sell(known, mugs(open_shop))
    assert (answer.status_code, called) == (201, ["sales_open_v1", "sales_post_v1"])
    said(post(with_token("tb_" + "x" * 43), URL, mugs(open_shop)), 401, "not_authenticated")


def change(model: Any, **fields: Any) -> Any:
    return lambda shop: model.objects.update(**fields)


def close(shop: Shop) -> None:
    close_shift(actor=shop.cashier, shift=Shift.objects.get(), counted_cash=Decimal(55))


def elsewhere(shop: Shop) -> None:
    Register.objects.create(
        name="Till 2", location=shop.high_street, prefix="T2", device=Device.objects.get()
    )


LONG_AGO = timezone.now() - timedelta(days=9)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        (change(Device, revoked_at=LONG_AGO), 401, "not_authenticated"),
        (change(Device, expires_at=LONG_AGO), 401, "not_authenticated"),
        (change(Device, token_hash="0" * 64), 401, "not_authenticated"),
        (change(Device, addresses=["203.0.113.0/24"]), 403, "address_refused"),
        (change(Device, needs_operator=True), 403, "permission_denied"),
        (change(Device, permissions=["sell.view"]), 403, "permission_denied"),
        (change(Membership, is_active=False), 401, "not_authenticated"),
        (change(Role, permissions=["sell.view"]), 403, "permission_denied"),
        (change(Business, is_active=False), 401, "not_authenticated"),
        (change(Location, is_active=False), 401, "not_authenticated"),
        (change(Register, is_active=False), 409, "register_inactive"),
        (lambda shop: User.objects.update(is_active=False), 401, None),
        (change(Membership, all_locations=False), 404, "not_found"),
        (close, 409, "no_open_shift"),
        (elsewhere, 404, "not_found"),
        (change(Product, is_active=False), 400, "cannot_sell"),
        (change(Product, is_for_sale=False), 400, "cannot_sell"),
    ],
)
def test_what_ends_it_ends_it_at_the_next_request(
    open_shop: Shop, known: Client, what: Any, status: int, code: str | None
) -> None:
    with business(open_shop.business), transaction.atomic():
        what(open_shop)
    answer, _called = sell(known, mugs(open_shop))
    said(answer, status, code or "not_authenticated")
    with business(open_shop.business), transaction.atomic():
        assert Sale.objects.count() == 1


@pytest.mark.postgres
def test_who_signed_out_sells_no_more(open_shop: Shop) -> None:
    terminal = working(counter(open_shop)[1], give_pin(open_shop, "Cashier"))
    for _turn in range(2):
        assert sell(terminal, mugs(open_shop))[0].status_code == 201
    with business(open_shop.business), transaction.atomic():
        OperatorSession.objects.update(ended_at=timezone.now())
    said(sell(terminal, mugs(open_shop))[0], 401, "operator_signed_out")


@pytest.mark.postgres
def test_visits_are_noted_by_the_usual_way(open_shop: Shop, known: Client) -> None:
    with business(open_shop.business), transaction.atomic():
        Device.objects.update(last_seen_at=LONG_AGO)
    answer, called = sell(known, mugs(open_shop))
    assert (answer.status_code, called) == (201, ["sales_open_v1", "sales_post_v1"])
    with business(open_shop.business), transaction.atomic():
        seen = Device.objects.get().last_seen_at
        assert seen is not None and seen > LONG_AGO + timedelta(days=1)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"total": "4.99"}, 422, "other_total"),
        ({"lines": []}, 400, "no_lines"),
        ({"colour": "red"}, 400, "invalid"),
        ({"payments": []}, 400, "underpaid"),
        ({"customer": str(uuid7())}, 400, "unknown_customer"),
        ({"register": str(uuid7())}, 404, "not_found"),
    ],
)
def test_what_is_refused_is_refused_in_the_usual_words(
    open_shop: Shop, known: Client, fields: dict[str, Any], status: int, code: str
) -> None:
    said(sell(known, mugs(open_shop, **fields))[0], status, code)
    said(
        sell(known, sale_body(open_shop, line(open_shop.mug, "10"), total="50.00"))[0],
        409,
        "out_of_stock",
    )
    answer, called = sell(known, mugs(open_shop))
    assert (answer.json()["number"], called) == ("ACM1-000002", AT_ONCE)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "content", ["", "{", "[]", "NaN", '{"total": NaN}', "[" * 100_000, '{"id": "\\ud800"}']
)
def test_what_is_no_json(known: Client, content: str) -> None:
    answer = known.generic("POST", URL, content, content_type="application/json")
    assert answer.status_code == 400, answer.content


@pytest.mark.postgres
def test_json_is_utf_8_by_either_way(open_shop: Shop, known: Client) -> None:
    body = json.dumps(mugs(open_shop)).encode("utf-16")
    for clear in (False, True):
        if clear:
            hints._known.clear()
        answer = known.generic("POST", URL, body, content_type="application/json")
        assert answer.status_code == 400, answer.content
