"""Each request has an id: in a header of every answer, on the error page, in each log line."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from monitoring import facts
from monitoring.requests import ALPHABET, RequestMiddleware, id_of, new_id
from sales.cards import holds_card_number
from tests.api.calls import line, post, sale_body
from tests.factories import Shop, make_device, make_shift, with_token

OURS = re.compile(rf"([{ALPHABET}]{{4}}-){{2}}[{ALPHABET}]{{4}}")


def test_every_answer_carries_one(shop: Shop, owner: Client) -> None:
    paths = ["/", "/healthz", "/sign-in/", "/no/such/page", shop.url(), "/api/v1/me", "/b/x/"]
    found = [owner.get(path).headers.get("X-Request-ID", "") for path in paths]
    assert all(OURS.fullmatch(one) for one in found), found
    assert len(set(found)) == len(paths)


def test_one_of_our_proxy_is_kept(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.ON_VERCEL = False
    request = RequestFactory().get("/", headers={"X-Request-ID": "edge-7.0f3a:1b"})
    assert id_of(request) == "edge-7.0f3a:1b"
    settings.ON_VERCEL = True
    vercel = "fra1::iad1::k2xfz-1763710000000-0123456789ab"
    request = RequestFactory().get(
        "/", headers={"X-Vercel-Id": vercel, "X-Request-ID": "mine-0001"}
    )
    assert id_of(request) == vercel


def test_without_a_proxy_of_ours_nobody_chooses_it(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 0
    request = RequestFactory().get("/", headers={"X-Request-ID": "edge-7.0f3a:1b"})
    assert OURS.fullmatch(id_of(request))


@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "x" * 101,
        "two words here",
        "line\nbreak-0001",
        '{"level": "forged"}',
        "<b>bold-0001</b>",
        "anna@example.com",
        "4111111111111111",
        "4111-1111-1111-1111",
        "+31612345678",
        "tb_abcdefghijklmnop",
    ],
)
def test_what_is_not_well_formed_is_not_taken(settings: Any, given: str) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.ON_VERCEL = False
    request = RequestFactory().get("/", headers={"X-Request-ID": given})
    assert OURS.fullmatch(id_of(request))


def test_ours_never_look_like_a_card() -> None:
    made = [new_id() for _ in range(20_000)]
    assert len(set(made)) == len(made)
    assert not [one for one in made if holds_card_number(one)]


def broken(*args: object, **kwargs: object) -> None:
    raise ZeroDivisionError


def away(*args: object, **kwargs: object) -> None:
    raise OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize(("fault", "status"), [(broken, 500), (away, 503)])
def test_the_error_page_says_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, fault: Any, status: int
) -> None:
    monkeypatch.setattr("reports.queries.figures", fault)
    visitor = Client(raise_request_exception=False)
    visitor.force_login(shop.owner)
    answer = visitor.get(shop.url())
    assert answer.status_code == status
    shown = " ".join(answer.content.decode().split())
    assert f"say this number: <code>{answer['X-Request-ID']}</code>" in shown


def test_the_error_of_the_api_keeps_its_shape(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.device_door.token_hash", broken)
    terminal = Client(raise_request_exception=False, headers={"Authorization": "Bearer tb_x"})
    answer = terminal.get("/api/v1/me")
    assert answer.json().keys() == {"code", "message", "fields"}
    assert OURS.fullmatch(answer["X-Request-ID"])


def test_a_refusal_says_none(shop: Shop, owner: Client) -> None:
    """Only what is our fault is worth asking about."""
    answer = owner.get(shop.url("no/such/page"))
    assert answer.status_code == 404
    assert answer["X-Request-ID"] not in answer.content.decode()


def test_nothing_of_it_is_left_afterwards(db: None, client: Client) -> None:
    client.get("/healthz")
    assert facts.current.get() is None
    assert facts.known() == {}


def test_an_answer_that_fails_altogether_is_recorded(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "monitoring.requests")
    with pytest.raises(ZeroDivisionError):
        RequestMiddleware(broken)(RequestFactory().get("/"))  # type: ignore[arg-type]
    assert [record.status for record in caplog.records] == [500]  # type: ignore[attr-defined]
    assert facts.current.get() is None


def test_measuring_sends_nothing_and_counts_what_is_sent(
    inside: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sale over the API, with the middleware and without it: the same statements."""
    make_shift(inside)
    terminal = with_token(make_device(inside)[1])
    caplog.set_level(logging.INFO, "monitoring.requests")

    def sell() -> list[str]:
        body = sale_body(inside, line(inside.mug), total="5.00")
        with CaptureQueriesContext(connection) as sent:
            assert post(terminal, "/api/v1/sales", body).status_code == 201
        return [one["sql"].split()[0] for one in sent.captured_queries]

    sell()
    measured = sell()
    counted = caplog.records[-1].statements  # type: ignore[attr-defined]
    assert counted == len([one for one in measured if one not in {"BEGIN;", "BEGIN", "COMMIT"}]) > 1
    monkeypatch.setattr(RequestMiddleware, "__call__", lambda self, ask: self.get_response(ask))
    assert sell() == measured
