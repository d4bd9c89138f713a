"""Several who change one customer and give one credit at once over the API: nothing is lost or twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from sales.models import Customer
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import post
from tests.api.test_product_writers import TIMES, at_once, told
from tests.factories import Shop, make_device, make_shop, with_token
from tests.sales.crediting import ledger

URL = "/api/v1/customers"


@pytest.fixture
def live_shop(committed_db: None) -> Shop:
    """A shop that other threads see."""
    with transaction.atomic():
        return make_shop("acme")


@pytest.fixture
def office(live_shop: Shop) -> Client:
    return with_token(make_device(live_shop, user=live_shop.owner)[1])


def test_one_request_sent_many_times_makes_one_customer(live_shop: Shop, office: Client) -> None:
    body = {"id": str(uuid7()), "name": "Dirk", "phone": "020 555"}
    answers = at_once(lambda _number: post(office, URL, body))
    assert told(answers) == {201: 1, 200: TIMES - 1}
    assert len({one.content for one in answers}) == 1
    with business(live_shop.business), transaction.atomic():
        assert Customer.objects.count() == 2


def test_of_those_who_read_the_same_version_one_changes_it(live_shop: Shop, office: Client) -> None:
    url = f"{URL}/{live_shop.customer.pk}"
    tag = {"If-Match": office.get(url)["ETag"]}

    def rename(number: int) -> Any:
        body = {"name": f"Carla {number}"}
        return office.patch(url, body, content_type="application/json", headers=tag)

    assert told(at_once(rename)) == {200: 1, 412: TIMES - 1}


def test_changes_of_different_fields_are_all_kept(live_shop: Shop, office: Client) -> None:
    url = f"{URL}/{live_shop.customer.pk}"
    bodies: list[dict[str, Any]] = [
        {"name": "Carla B"},
        {"phone": "020 555"},
        {"email": "b@example.com"},
        {"address": "Kade 3"},
        {"note": "Rings twice"},
        {"is_active": False},
    ]

    def change(number: int) -> Any:
        return office.patch(url, bodies[number], content_type="application/json")

    assert told(at_once(change)) == {200: TIMES}
    after = office.get(url).json()
    assert all(body.items() <= after.items() for body in bodies)
    (found,) = office.get(f"{URL}?q=carla+b&status=off").json()["results"]
    assert found["phone"] == "020 555"


@pytest.mark.parametrize("way", ["grants", "corrections"])
def test_credit_given_many_times_is_there_once(live_shop: Shop, office: Client, way: str) -> None:
    """The first credit of this customer: not even the account is there."""
    body = {"id": str(uuid7()), "amount": "5.00", "reason": "Late delivery"}
    url = f"{URL}/{live_shop.customer.pk}/credit/{way}"
    answers = at_once(lambda _number: post(office, url, body))
    assert told(answers) == {201: 1, 200: TIMES - 1}
    assert len({one.content for one in answers}) == 1
    with business(live_shop.business), transaction.atomic():
        assert len(ledger(live_shop)) == 1


def test_one_id_at_two_customers_is_one_grant(live_shop: Shop, office: Client) -> None:
    with business(live_shop.business), transaction.atomic():
        someone = Customer.objects.create(name="Someone")
    body = {"id": str(uuid7()), "amount": "5.00", "reason": "Late delivery"}
    keys = (live_shop.customer.pk, someone.pk)

    def give(number: int) -> Any:
        return post(office, f"{URL}/{keys[number % 2]}/credit/grants", body)

    assert told(at_once(give)) == {201: 1, 200: TIMES // 2 - 1, 409: TIMES // 2}


def test_nobody_takes_more_than_is_there(live_shop: Shop, office: Client) -> None:
    url = f"{URL}/{live_shop.customer.pk}/credit"
    first = {"id": str(uuid7()), "amount": "10.00", "reason": "Late delivery"}
    assert post(office, f"{url}/grants", first).status_code == 201

    def take(_number: int) -> Any:
        body = {"id": str(uuid7()), "amount": "-2.50", "reason": "Typing error"}
        return post(office, f"{url}/corrections", body)

    assert told(at_once(take)) == {201: 4, 409: TIMES - 4}
    assert office.get(url).json()["credit"] == "0.00"
