"""A large catalogue, many devices at once, and everything changing meanwhile.

SYNC_FULL=1 is the size that the product promises: 100,000 variations, 500 changes, 50 devices.
"""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from bench.capacity import served
from sales.models import Customer
from tests.factories import Shop, make_device, with_token
from tests.sync.changing import Changes
from tests.sync.conftest import at_work
from tests.sync.copying import Copy, Get, through
from tests.sync.large import fill

FULL = os.environ.get("SYNC_FULL") == "1"
VARIATIONS, EACH, CHANGES, DEVICES = (100_000, 5, 500, 50) if FULL else (1_500, 2, 60, 8)


class Versions(Copy):
    """Keeps the versions alone, once for all: fifty whole copies would not fit into memory."""

    known: ClassVar[dict[tuple[str, str], dict[str, str]]] = {}

    def take(self, answer: dict[str, Any]) -> bool:
        for kind, rows in answer["rows"].items():
            answer["rows"][kind] = [
                self.known.setdefault(
                    (row["id"], row["version"]), {"id": row["id"], "version": row["version"]}
                )
                for row in rows
            ]
        return super().take(answer)


@contextmanager
def serving() -> Iterator[Callable[[str], Get]]:
    """The way to the server for a token: in this process, or gunicorn where it is many."""
    if not FULL:
        yield _here
        return
    url = urlsplit(os.environ["DATABASE_URL"])
    os.environ["DATABASE_URL"] = urlunsplit(url._replace(path=connection.settings_dict["NAME"]))
    with served(2) as (port, _process):
        yield lambda token: _over_http(port, token)


def _here(token: str) -> Get:
    client = with_token(token)
    # A pooler that is busy for too long is a 503, and the device asks again.
    client.raise_request_exception = False
    return through(client)


def _over_http(port: int, token: str) -> Get:
    def get(path: str, tag: str) -> tuple[int, dict[str, str], bytes]:
        headers = {"Authorization": f"Bearer {token}"} | ({"If-None-Match": tag} if tag else {})
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=600)) as wire:
            wire.request("GET", f"/api/v1/{path}", headers=headers)
            answer = wire.getresponse()
            return answer.status, dict(answer.headers), answer.read()

    return get


@pytest.mark.postgres
@pytest.mark.slow
def test_every_device_ends_with_what_the_server_has(shop: Shop) -> None:
    fill(shop, VARIATIONS, each=EACH)
    with at_work(shop):
        for n in range(40):
            Customer.objects.create(name=f"Customer {n}", phone=f"+31 6 {n:08}")
    tokens = [make_device(shop, name=f"Device {n}")[1] for n in range(DEVICES)]
    ended = threading.Event()

    def follow(token: str) -> Copy:
        copy = Versions(serve(token), limit=None if FULL else 700)
        try:
            copy.sync()
            while not ended.is_set():
                copy.sync()
                time.sleep(random.random())
            return copy.sync().sync()
        finally:
            connection.close()

    with serving() as serve, ThreadPoolExecutor(DEVICES) as threads:
        followers = [threads.submit(follow, token) for token in tokens]
        try:
            done = Changes(shop).make(CHANGES)
        finally:
            ended.set()
        copies = [one.result() for one in followers]
    assert sum(done.values()) == CHANGES and len(done) >= 9, done
    reference = Copy(through(with_token(tokens[0]))).sync()
    assert reference.holes() == []
    for copy in copies:
        assert copy.sums() == reference.sums()
        assert copy.resets == ["new"]
