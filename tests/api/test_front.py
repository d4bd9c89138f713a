"""What passes the middlewares by is answered as they would have it answered, and only that."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import metering.at_once
from accounts import hints
from accounts.models import Device
from monitoring import requests
from pos.front import Handler, Ready
from sales.models import Sale
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import line, sale_body
from tests.factories import Shop, make_device

pytestmark = pytest.mark.postgres

URL = "/api/v1/sales"
# Of each answer, or of each sale.
OWN = {"X-Request-ID", "Content-Length"}


class Server:
    """The application as a web server calls it, and a terminal that asks it."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.handler = shop, Handler()
        self.token = make_device(shop)[1]

    def sell(self, body: dict[str, Any] | None = None, headers: Any = None) -> Any:
        """Status, headers, body, and whether the middlewares were passed by."""
        given = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        wanted = body or sale_body(self.shop, line(self.shop.mug, "1"), total="5.00")
        asked = RequestFactory().generic(
            "POST", URL, json.dumps(wanted), content_type="application/json", headers=given
        )
        said: list[Any] = []
        started: Any = lambda *start: said.extend(start)  # noqa: E731
        answer: Any = self.handler(asked.environ, started)
        content = b"".join(answer)
        answer.close()
        return int(said[0][:3]), dict(said[1]), content, isinstance(answer, Ready)


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """The test's own transaction outlives a request, as with Django's client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def server(open_shop: Shop, kept_connection: None) -> Server:
    """One that knows this kind of request."""
    hints._known.clear()
    server = Server(open_shop)
    # The first goes by the door, which learns the business; two more by all middlewares.
    assert [server.sell()[3] for _turn in range(4)] == [False, False, False, True]
    with business(open_shop.business), transaction.atomic():
        Device.objects.update(last_seen_at=timezone.now())
    return server


def test_it_is_the_same_answer(server: Server) -> None:
    status, headers, content, passed_by = server.sell()
    server.handler.promised.clear()
    usual_status, usual_headers, usual_content, by_all = server.sell()
    assert (passed_by, by_all) == (True, False)
    assert status == usual_status == 201
    assert set(headers) == set(usual_headers)
    for name in headers.keys() - OWN:
        assert headers[name] == usual_headers[name], name
    assert int(headers["Content-Length"]) == len(content)
    assert headers["X-Request-ID"] != usual_headers["X-Request-ID"]
    assert list(json.loads(content)) == list(json.loads(usual_content))


def test_it_is_measured_and_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(requests, "observe", lambda *measured: seen.append(measured))
    with caplog.at_level(logging.INFO, "monitoring.requests"):
        assert server.sell()[3]
    assert [one.getMessage() for one in caplog.records] == ["POST api_sales 201"]
    # Two statements, and a savepoint's two inside of the test's own transaction.
    assert [(*one[:3], one[4]) for one in seen] == [("api_sales", "POST", 201, 4)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "elsewhere.example.com"},
        {"Origin": "https://till.example.com"},
        {"Accept-Language": "de"},
        {"Cookie": "sessionid=x"},
        {"X-Approval": "x"},
        {"X-Forwarded-Proto": "https"},
    ],
)
def test_other_headers_go_through_all_middlewares(server: Server, headers: dict[str, str]) -> None:
    assert not server.sell(headers=headers)[3]
    assert server.sell()[3]


def test_a_strange_host_is_refused_however_often(server: Server, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    found = [server.sell(headers={"Host": "elsewhere.example.com"}) for _turn in range(4)]
    assert [(status, passed_by) for status, _, _, passed_by in found] == [(400, False)] * 4
    assert server.sell()[3]


def test_what_is_out_of_the_ordinary_is_tried_once_and_goes_the_usual_way(server: Server) -> None:
    wrong = sale_body(server.shop, line(server.shop.mug, "1"), total="4.99")
    with CaptureQueriesContext(connection) as queries:
        status, _headers, content, passed_by = server.sell(wrong)
    assert (status, json.loads(content)["code"], passed_by) == (422, "other_total", False)
    assert sum("sales_open_v1" in one["sql"] for one in queries) == 1
    assert server.sell()[3]


def test_what_breaks_there_is_told_and_sold_the_usual_way(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_given: Any) -> Any:
        raise LookupError("nobody thought of this")

    monkeypatch.setattr(metering.at_once, "found", broken)
    wanted = sale_body(server.shop, line(server.shop.mug, "1"), total="5.00", id=str(uuid7()))
    status, _headers, _content, passed_by = server.sell(wanted)
    assert (status, passed_by) == (201, False)
    assert "What is answered at once broke." in caplog.messages
    with business(server.shop.business), transaction.atomic():
        assert Sale.objects.filter(pk=wanted["id"]).count() == 1


def test_kinds_do_not_pile_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pos.front.MOST", 3)
    for number in range(9):
        server.sell(headers={"X-Made-Up": str(number)})
        assert len(server.handler.promised) <= 3
