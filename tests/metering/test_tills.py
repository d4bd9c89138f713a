"""Tills are counted and never refused what they need to sell, at no statement more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from accounts.models import Device
from metering import counting, storing
from metering.counting import MOST_ROWS, counter
from metering.needed import FREE, MAY_WAIT, may_be_refused
from tenants.context import business
from tenants.tally import add_to
from tests.api.calls import line, post, said, sale_body
from tests.factories import Shop, make_device, make_shift, with_token
from tests.metering.using import Key, account, days, left, metering


@pytest.fixture
def open_till(committed_db: None) -> tuple[Shop, Client]:
    """A shop with an open shift and a terminal; committed, because counts are written outside."""
    from tests.factories import make_shop

    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business), transaction.atomic():
        make_shift(shop)
    return shop, with_token(make_device(shop)[1])


def sell(shop: Shop, till: Client) -> Any:
    return post(till, "/api/v1/sales", sale_body(shop, line(shop.mug), total="5.00"))


def written(work: Any) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        assert work().status_code in (200, 201)
    return [one["sql"] for one in asked]


def test_what_may_wait_exists_and_a_sale_is_not_among_it() -> None:
    names = {pattern.name for pattern in _routes(get_resolver("pos.device_urls"))}
    assert names >= FREE
    assert names >= MAY_WAIT
    for route in names - MAY_WAIT - FREE:
        assert not may_be_refused(route, is_program=False), route
        assert may_be_refused(route, is_program=True)
    words = ("sale", "shift", "sync", "operator", "refund", "exchange", "receipt", "cash", "token")
    assert [name for name in MAY_WAIT if any(word in name for word in words)] == []


def _routes(resolver: Any) -> list[Any]:
    found = []
    for one in resolver.url_patterns:
        found += _routes(one) if hasattr(one, "url_patterns") else [one]
    return found


def test_a_sale_sends_no_statement_for_it(open_till: tuple[Shop, Client]) -> None:
    shop, till = open_till
    sell(shop, till)  # What is looked up once is known.
    counted = written(lambda: sell(shop, till))
    metering(seconds=0)
    uncounted = written(lambda: sell(shop, till))
    assert len(counted) == len(uncounted)
    assert not [sql for sql in counted if "metering" in sql]
    assert sum(values[0] for values in counter.pending.values()) == 2


def test_what_was_counted_is_written_after_an_answer(open_till: tuple[Shop, Client]) -> None:
    shop, till = open_till
    metering(enforced=True)
    response = sell(shop, till)
    assert response.status_code == 201
    assert "RateLimit" not in response, "this process knows nothing yet"
    assert till.get("/api/v1/me").status_code == 200
    assert days(shop) == []
    counter.next_flush = 0.0
    counter.after_request()
    assert days(shop) == [("Counter", 2, 2, 0, 0)]
    assert account(shop) == (0, 2)
    response = sell(shop, till)
    assert left(response) == {"day": 99_997, "month": 1_999_997}
    assert counter.flush()
    assert days(shop) == [("Counter", 3, 3, 0, 0)]
    assert left(till.get("/api/v1/me"))["day"] == 99_996


def test_no_limit_and_no_want_of_credits_holds_a_sale_up(open_till: tuple[Shop, Client]) -> None:
    shop, till = open_till
    metering(enforced=True, per_day=1, per_month=1, per_minute=1)
    for _again in range(4):
        assert sell(shop, till).status_code == 201
        assert till.get("/api/v1/sync").status_code == 200
        assert counter.flush()
    assert days(shop) == [("Counter", 8, 8, 0, 0)]
    assert account(shop) == (0, 8), "tills may use more than there is"
    assert left(till.get("/api/v1/me")) == {"day": 0, "month": 0}


def test_what_it_does_not_need_may_be_refused_to_a_till_too(till: Client) -> None:
    metering(per_minute=2)
    assert [till.get("/api/v1/nothing").status_code for _ in range(3)] == [404, 404, 429]
    assert till.get("/api/v1/me").status_code == 200


def test_a_minute_belongs_to_its_day(open_till: tuple[Shop, Client]) -> None:
    shop, till = open_till
    with time_machine.travel(datetime(2026, 11, 30, 23, 59, 58, tzinfo=UTC), tick=False) as clock:
        till.get("/api/v1/me")
        clock.shift(5)
        till.get("/api/v1/me")
        assert counter.flush()
    with business(shop.business), transaction.atomic():
        found = storing.counts([_device(shop)], datetime(2026, 12, 1, tzinfo=UTC).date())
    (count,) = found.values()
    assert (count.day, count.month) == (1, 1)
    assert days(shop) == [("Counter", 1, 0, 0, 0)] * 2


def _device(shop: Shop) -> Any:
    return Device.objects.get().pk


def test_while_the_database_refuses_counts_stay(
    open_till: tuple[Shop, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, till = open_till
    till.get("/api/v1/me")

    def stuck(*args: Any) -> Any:
        raise OperationalError("no")

    with monkeypatch.context() as broken:
        broken.setattr(storing, "add", stuck)
        assert counter.flush() is False
        assert not counter.is_due()
    till.get("/api/v1/me")
    assert counter.flush()
    assert days(shop) == [("Counter", 2, 0, 0, 0)]
    for minute in range(MOST_ROWS + 5):
        add_to(counter.pending, (1, _any(), minute), (1, 0, 0))
    counter._put_back({})
    assert len(counter.pending) == MOST_ROWS


def _any() -> Any:
    from uuid import UUID

    return UUID(int=7)


def test_a_key_that_is_gone_spoils_nothing(open_till: tuple[Shop, Client]) -> None:
    shop, till = open_till
    till.get("/api/v1/me")
    counter.count(shop.business.pk, _any(), (1, 0, 0))
    counter.count(987_654_321, _any(), (1, 1, 0))
    assert counter.flush()
    assert counter.pending == {}
    assert days(shop) == [("Counter", 1, 0, 0, 0)]


def test_nothing_is_written_into_another_businesss_books(
    open_till: tuple[Shop, Client],
) -> None:
    """Written with nothing bound: the keys themselves say whose they are."""
    from tests.factories import make_shop

    shop, till = open_till
    with transaction.atomic():
        rival = make_shop("rival")
    foreign = with_token(make_device(rival)[1])
    till.get("/api/v1/me")
    foreign.get("/api/v1/me")
    foreign.get("/api/v1/me")
    assert counter.flush()
    assert days(shop) == [("Counter", 1, 0, 0, 0)]
    assert days(rival) == [("Counter", 2, 0, 0, 0)]
    with business(shop.business), transaction.atomic():
        mine = Device.objects.get().pk
    minute = 29_000_000
    with pytest.raises(IntegrityError):
        storing.add({(rival.business.pk, mine, counting.day_of(minute)): [1, 0, 0]})


def test_a_till_of_another_business_counts_for_nobody_here(program: Key) -> None:
    said(program.client.get("/b/acme/api/v1/me"), 401, "not_authenticated")
    assert days(program.shop) == []
