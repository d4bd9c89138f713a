"""Several who write the catalogue and stock at once over the API: one row, one winner, no 5xx."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from inventory.models import Barcode, Product, StockLevel
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import post
from tests.factories import Shop, make_device, make_shop, with_token

TIMES = 6
PRODUCTS = "/api/v1/products"


@pytest.fixture
def live_shop(committed_db: None) -> Shop:
    """A shop that other threads see."""
    with transaction.atomic():
        return make_shop("acme")


@pytest.fixture
def keeper(live_shop: Shop) -> Client:
    return with_token(make_device(live_shop, user=live_shop.owner)[1])


def at_once(work: Callable[[int], Any], times: int = TIMES) -> list[Any]:
    """What each is answered, who all start together; who is asked to come back does so."""
    barrier = Barrier(times)

    def run(number: int) -> Any:
        try:
            barrier.wait()
            answer = work(number)
            until = time.monotonic() + 300
            while answer.status_code == 503 and time.monotonic() < until:
                time.sleep(0.05)
                answer = work(number)
            return answer
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def told(answers: list[Any]) -> Counter[int]:
    return Counter(one.status_code for one in answers)


def test_one_request_sent_many_times_makes_one_product(live_shop: Shop, keeper: Client) -> None:
    body = {"id": str(uuid7()), "name": "Board", "variations": [{"price": "1", "sku": "B"}]}
    answers = at_once(lambda _number: post(keeper, PRODUCTS, body))
    assert told(answers) == {201: 1, 200: TIMES - 1}
    assert len({one.content for one in answers}) == 1


def test_a_barcode_goes_to_one_and_the_others_are_told_which(
    live_shop: Shop, keeper: Client
) -> None:
    def add(number: int) -> Any:
        variation = {"price": "1", "barcodes": [str(number), "4006381333931"]}
        return post(keeper, PRODUCTS, {"name": f"Pen {number}", "variations": [variation]})

    answers = at_once(add)
    assert told(answers) == {201: 1, 400: TIMES - 1}
    for one in answers:
        if one.status_code == 400:
            assert list(one.json()["fields"]) == ["variations.0.barcodes"]
    with business(live_shop.business), transaction.atomic():
        assert Barcode.objects.filter(code="4006381333931").count() == 1
        assert Product.objects.filter(name__startswith="Pen").count() == 1


def test_of_those_who_read_the_same_version_one_changes_it(live_shop: Shop, keeper: Client) -> None:
    url = f"{PRODUCTS}/{live_shop.mug.product_id}"
    tag = {"If-Match": keeper.get(url)["ETag"]}

    def rename(number: int) -> Any:
        body = {"name": f"Mug {number}"}
        return keeper.patch(url, body, content_type="application/json", headers=tag)

    assert told(at_once(rename)) == {200: 1, 412: TIMES - 1}


def test_changes_of_different_fields_are_all_kept(live_shop: Shop, keeper: Client) -> None:
    url = f"{PRODUCTS}/{live_shop.mug.product_id}"
    mug = str(live_shop.mug.pk)
    bodies: list[dict[str, Any]] = [
        {"name": "Cup"},
        {"description": "Blue"},
        {"alert_quantity": "3"},
        {"variations": [{"id": mug, "price": "6"}]},
        {"variations": [{"id": mug, "sku": "CUP-1"}]},
        {"variations": [{"id": mug, "barcodes": ["77"]}]},
    ]

    def change(number: int) -> Any:
        return keeper.patch(url, bodies[number], content_type="application/json")

    assert told(at_once(change)) == {200: TIMES}
    after = keeper.get(url).json()
    (variation,) = after["variations"]
    assert (after["name"], after["description"], after["alert_quantity"]) == ("Cup", "Blue", "3")
    assert (variation["price"], variation["sku"]) == ("6.00", "CUP-1")
    assert variation["barcodes"] == ["77"]


def test_one_correction_sent_many_times_moves_stock_once(live_shop: Shop, keeper: Client) -> None:
    body = {
        "id": str(uuid7()),
        "location": str(live_shop.high_street.pk),
        "reason": "lost",
        "lines": [{"variation": str(live_shop.mug.pk), "quantity": "-3"}],
    }
    answers = at_once(lambda _number: post(keeper, "/api/v1/stock/corrections", body))
    assert told(answers) == {201: 1, 200: TIMES - 1}
    with business(live_shop.business), transaction.atomic():
        level = StockLevel.objects.get(variation=live_shop.mug, location=live_shop.high_street)
        assert level.quantity == 7
