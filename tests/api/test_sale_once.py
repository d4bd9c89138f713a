"""The same sale sent five times at once is one sale; and what a sale costs in statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory.models import StockLevel
from sales.models import Payment, Sale, SaleLine
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import line, post, sale_body
from tests.api.test_product_writers import at_once
from tests.factories import Shop, make_device, make_product, make_shift, make_shop, with_token

URL = "/api/v1/sales"
TIMES = 5


@pytest.fixture
def live_shop(committed_db: None) -> Shop:
    """A shop with an open shift that other threads see."""
    with transaction.atomic():
        shop = make_shop("acme")
    with inside(shop):
        make_shift(shop)
    return shop


@contextmanager
def inside(shop: Shop) -> Iterator[None]:
    """The shop bound, in a transaction, which tells PostgreSQL so."""
    with business(shop.business), transaction.atomic():
        yield


def send_same(token: str, body: dict[str, Any], _number: int) -> Any:
    return post(with_token(token), URL, body)


def test_the_same_sale_five_times_at_once_is_one_sale(live_shop: Shop) -> None:
    token = make_device(live_shop)[1]
    for round_ in range(1, 5):
        body = sale_body(live_shop, line(live_shop.mug, "2"), total="10.00")
        answers = at_once(partial(send_same, token, body), TIMES)
        assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201]
        assert len({answer.content for answer in answers}) == 1
        with inside(live_shop):
            assert Sale.objects.count() == round_
            assert StockLevel.objects.get(variation=live_shop.mug).quantity == 10 - 2 * round_
            assert SaleLine.objects.count() == Payment.objects.count() == round_
            live_shop.register.refresh_from_db()
            assert live_shop.register.sale_counter == round_


def test_five_other_sales_at_once_are_five(live_shop: Shop) -> None:
    """The control: without the common id the same five requests are five sales."""
    token = make_device(live_shop)[1]
    body = sale_body(live_shop, line(live_shop.mug, "1"), total="5.00")

    def send(_number: int) -> Any:
        return post(with_token(token), URL, {**body, "id": str(uuid7())})

    answers = at_once(send, TIMES)
    assert [answer.status_code for answer in answers] == [201] * TIMES
    numbers = sorted(answer.json()["number"] for answer in answers)
    assert numbers == [f"ACM1-00000{n}" for n in range(1, TIMES + 1)]
    with inside(live_shop):
        assert StockLevel.objects.get(variation=live_shop.mug).quantity == 5


def test_five_bodies_under_one_id_at_once(live_shop: Shop) -> None:
    token = make_device(live_shop)[1]
    body = sale_body(live_shop, line(live_shop.mug, "1"), total="5.00")

    def send(number: int) -> Any:
        return post(with_token(token), URL, {**body, "note": f"Number {number}"})

    answers = at_once(send, TIMES)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 4
    with inside(live_shop):
        assert Sale.objects.count() == 1


def test_a_sale_costs_the_same_statements_whatever_its_length(live_shop: Shop) -> None:
    """With a token, from authentication to COMMIT: BEGIN and COMMIT are counted."""
    terminal = with_token(make_device(live_shop)[1])
    with inside(live_shop):
        live_shop.high_street.below_zero = "allow"
        live_shop.high_street.save()
        products = [
            make_product(f"Thing {n}", sku=f"T{n}", price="1.00", tax_rate=live_shop.tax)
            for n in range(50)
        ]
    counts = {}
    # By the first one the process learns whose token it is.
    assert post(terminal, URL, sale_body(live_shop, line(products[0]), total="1.00")).json()
    for size in (5, 50):
        for customer in (None, str(live_shop.customer.pk)):
            lines = [line(one) for one in products[:size]]
            body = sale_body(live_shop, *lines, total=f"{size}.00", customer=customer)
            with CaptureQueriesContext(connection) as queries:
                response = post(terminal, URL, body)
            assert response.status_code == 201, response.content
            assert len(response.json()["lines"]) == size
            statements = [query["sql"] for query in queries]
            assert sum(sql.startswith("BEGIN") for sql in statements) == 1
            assert sum(sql.startswith("COMMIT") for sql in statements) == 1
            counts[size, customer is not None] = len(statements)
    if connection.vendor == "postgresql":
        # BEGIN, what is to be known, the document, COMMIT.
        assert set(counts.values()) == {4}
        return
    # device; BEGIN, role, shift and register, earlier sale, (customer), variations, register, sale,
    # lines, payments, levels, movements, COMMIT
    assert counts == {(5, False): 13, (50, False): 13, (5, True): 14, (50, True): 14}
