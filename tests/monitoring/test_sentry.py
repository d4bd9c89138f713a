"""Errors reported to a server that speaks Sentry's protocol: what arrives, and what does not."""

from __future__ import annotations

import gzip
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sentry_sdk
from django.core.signals import request_finished
from django.test import Client

from monitoring import sentry
from tests.conftest import ROOT
from tests.factories import PASSWORD, Shop

PRIVATE = ["Anna", "anna@market.example", "+31612345678", "4111111111111111", "tb_hunter2hunter2"]


class Inbox(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.arrived = threading.Event()
        super().__init__(("127.0.0.1", 0), Receiver)

    @property
    def dsn(self) -> str:
        return f"http://publickey@127.0.0.1:{self.server_port}/7"

    def events(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for body in self.bodies for line in body.splitlines() if line]
        return [line for line in lines if "platform" in line]


class Receiver(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        self.server.bodies.append(data.decode())
        self.send_response(200)
        self.end_headers()
        self.server.arrived.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    server = Inbox()
    sentry._waiting.clear()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    sentry.start(server.dsn, release="abc123", environment="production")
    yield server
    sentry_sdk.get_client().close()
    sentry_sdk.init()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_fault_arrives_without_anybody_in_it(
    shop: Shop, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        customer, words = PRIVATE[0], " ".join(f"'{one}'" for one in PRIVATE)
        try:
            raise KeyError(customer)
        except KeyError as error:
            raise ValueError(f"cannot read {words}") from error

    monkeypatch.setattr("reports.queries.figures", broken)
    visitor = Client(raise_request_exception=False, headers={"User-Agent": f"{PRIVATE[0]}'s"})
    visitor.force_login(shop.owner)
    visitor.cookies["extra"] = PRIVATE[4]
    answer = visitor.get(shop.url(f"?q={PRIVATE[0]}&password=" + PASSWORD.replace(" ", "+")))
    assert answer.status_code == 500
    sentry_sdk.flush(120)
    [event] = inbox.events()
    assert (event["release"], event["environment"]) == ("abc123", "production")
    assert event["logentry"] == {"formatted": "Internal Server Error: dashboard"}
    assert event["tags"]["request_id"] == answer["X-Request-ID"]
    assert event["tags"]["business"] == str(shop.business.pk)
    assert [(one["type"], one["value"]) for one in event["exception"]["values"]][-2:] == [
        ("KeyError", "'[…]'"),
        ("ValueError", "cannot read '[…]' '[…]' '[…]' '[…]' '[…]'"),
    ]
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert "cannot read" in frames[-1]["context_line"]
    sent = "".join(inbox.bodies)
    for word in [*PRIVATE, PRIVATE[4][3:], shop.owner.username, shop.business.slug, "sessionid"]:
        assert word not in sent, word
    assert not {"request", "user", "server_name", "breadcrumbs", "extra", "contexts"} & set(event)


def test_a_line_that_is_no_error_is_not_sent(inbox: Inbox) -> None:
    logging.getLogger("tests.monitoring").warning("A pity")
    logging.getLogger("tests.monitoring").error("Too bad, %s", "anna@market.example")
    sentry_sdk.flush(120)
    assert [one["logentry"]["formatted"] for one in inbox.events()] == ["Too bad, [e-mail]"]


def test_an_instance_that_may_be_frozen_sends_before_it_is(
    db: None, inbox: Inbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ON_VERCEL = True
    sentry.start(inbox.dsn, release="", environment="production")
    flushed: list[float] = []
    monkeypatch.setattr(sentry_sdk, "flush", flushed.append)
    try:
        Client().get("/healthz")
        assert flushed == []
        logging.getLogger("tests.monitoring").error("Too bad")
        Client().get("/healthz")
        Client().get("/healthz")
        assert flushed == [sentry.PATIENCE]
    finally:
        request_finished.disconnect(dispatch_uid="monitoring.sentry")


@pytest.mark.parametrize(("dsn", "loaded"), [("", False), ("http://key@127.0.0.1:9/1", True)])
def test_the_client_is_imported_only_where_it_is_configured(dsn: str, loaded: bool) -> None:
    code = "import django, sys; django.setup(); print('sentry_sdk' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "SENTRY_DSN": dsn, "DJANGO_SETTINGS_MODULE": "pos.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(loaded)
