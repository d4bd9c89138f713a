"""A key's own limits: counted before its view, refused above, told in every answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metering import storing
from metering.counting import counter
from tests.api.calls import said
from tests.factories import Shop
from tests.metering.using import Key, days, left, limit, make_key, metering

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_each_request_counts_and_each_answer_says_what_is_left(program: Key) -> None:
    limit(program, per_day=10, per_month=15)
    with time_machine.travel(NOON, tick=False):
        first, second = program.ask(), program.ask("nowhere")
    assert (first.status_code, second.status_code) == (200, 404)
    assert left(first) == {"minute": 2999, "day": 9, "month": 14}
    assert left(second) == {"minute": 2998, "day": 8, "month": 13}
    assert first["RateLimit-Policy"] == (
        '"minute";q=3000;w=60, "day";q=10;w=86400, "month";q=15;w=2592000'
    )
    assert '"day";r=9;t=43200' in first["RateLimit"]
    assert "X-Credits-Remaining" not in first
    assert days(program.shop) == [("Web shop", 2, 0, 0, 0)]


def test_above_the_day_it_is_refused_until_midnight(program: Key) -> None:
    limit(program, per_day=3)
    with time_machine.travel(NOON, tick=False) as clock:
        assert [program.status() for _ in range(5)] == [200] * 3 + [429] * 2
        response = program.ask()
        said(response, 429, "day_limit")
        assert response["Retry-After"] == str(12 * 60 * 60)
        assert response["Cache-Control"] == "private, no-store"
        assert left(response)["day"] == 0
        clock.move_to(datetime(2026, 11, 22, 0, 0, 1, tzinfo=UTC))
        assert program.status() == 200
    assert counter.flush() is False, "a test's transaction is open"
    assert days(program.shop) == [("Web shop", 3, 0, 0, 0), ("Web shop", 1, 0, 0, 0)]
    assert sum(values[2] for values in counter.pending.values()) == 3


def test_above_the_month_it_is_refused_until_the_next(program: Key) -> None:
    limit(program, per_day=4, per_month=5)
    with time_machine.travel(NOON, tick=False) as clock:
        assert [program.status() for _ in range(5)] == [200] * 4 + [429]
        clock.move_to(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
        assert [program.status() for _ in range(3)] == [200, 429, 429]
        response = program.ask()
        said(response, 429, "month_limit")
        assert response["Retry-After"] == str((8 * 24 + 12) * 60 * 60)
        clock.move_to(datetime(2026, 12, 1, 0, 0, 1, tzinfo=UTC))
        assert program.status() == 200


def test_keys_have_limits_of_their_own(shop: Shop, program: Key) -> None:
    other = make_key(shop, "Bookkeeping")
    limit(program, per_day=1)
    assert [program.status(), program.status()] == [200, 429]
    assert other.status() == 200


def test_without_its_own_the_usual_one_holds_and_none_is_none(shop: Shop, program: Key) -> None:
    metering(per_day=2)
    assert [program.status() for _ in range(3)] == [200, 200, 429]
    metering(per_day=0, per_month=0)
    response = program.ask()
    assert response.status_code == 200
    assert left(response).keys() == {"minute"}
    metering(per_minute=0)
    assert "RateLimit" not in program.ask()


def test_what_is_refused_has_its_route_in_the_log(program: Key, caplog: Any) -> None:
    caplog.set_level("INFO", logger="monitoring.requests")
    limit(program, per_day=1)
    assert [program.status(), program.status()] == [200, 429]
    lines = [one.getMessage() for one in caplog.records if one.name == "monitoring.requests"]
    assert lines == ["GET api_customers 200", "GET api_customers 429"]


def test_too_many_in_a_minute(program: Key) -> None:
    metering(per_minute=3)
    assert [program.status() for _ in range(4)] == [200] * 3 + [429]
    response = program.ask()
    said(response, 429, "rate_limited")
    assert 1 <= int(response["Retry-After"]) <= 60
    assert left(response) == {"minute": 0}
    # Refused by the minute, it does not count for the day.
    assert days(program.shop) == [("Web shop", 3, 0, 0, 0)]


def test_it_costs_two_statements_before_the_view(program: Key) -> None:
    program.ask()
    with CaptureQueriesContext(connection) as asked:
        program.ask()
    written = [one["sql"] for one in asked if one["sql"].lstrip().startswith(("INSERT", "WITH"))]
    assert len(written) == 2, written


def test_where_counting_fails_the_request_is_let_in(
    program: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(storing, "admit", stuck)
    assert program.status() == 200
    assert list(counter.pending.values()) == [[1, 0, 0]]


def test_a_person_in_a_browser_has_no_key(shop: Shop, owner: Client) -> None:
    response = owner.get(shop.url("api/v1/customers"))
    assert response.status_code == 200
    assert "RateLimit" not in response
    assert days(shop) == []
