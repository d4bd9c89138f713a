"""Redis as cache and for limits: a real server, killed in the middle, and a shop that goes on."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import caches
from django.test import Client

from accounts.limits import WINDOW, Limit, TooMany
from accounts.models import Attempt
from sales.models import Sale, Shift
from sales.shifts import open_shift
from scripts.system import redis_server
from tenants import caching, redis_cache
from tenants.context import NoBusiness, business, platform
from tenants.redis_cache import Client as RedisClient
from tests.conftest import ROOT
from tests.factories import PASSWORD, Shop
from tests.ports import reserved
from tests.sales.selling import sell

NAME = "Blue mug"


class Server:
    """A redis-server of our own on this port, without files."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.url = f"redis://127.0.0.1:{port}/0"
        self.client = redis.Redis.from_url(self.url)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [redis_server(), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        patience = time.monotonic() + 120
        while True:
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                assert self.process.poll() is None and time.monotonic() < patience
                time.sleep(0.05)

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(60)

    def names(self) -> list[str]:
        return sorted(str(key, "utf-8") for key in self.client.scan_iter())


@contextmanager
def cached_by(folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of our own, which the application takes for its Redis, and waits for however busy
    this machine is."""
    with reserved() as port:
        running = Server(folder, port)
        running.start()
        monkeypatch.setattr(redis_cache, "WAIT", 60.0)
        settings.SHARED_CACHE, settings.REDIS_URL = True, running.url
        settings.CACHES = {
            "default": {
                "BACKEND": "tenants.redis_cache.RedisCache",
                "LOCATION": running.url,
                "KEY_PREFIX": "tillbook",
            }
        }
        monkeypatch.setattr(caching, "_breaker", caching._Breaker())
        yield running
        running.kill()
        running.client.close()


@pytest.fixture
def server(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with cached_by(tmp_path, settings, monkeypatch) as running:
        yield running


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that Redis is really asked for a value."""
    calls: list[str] = []
    get = RedisClient.get

    def counted(self: RedisClient, key: str, default: Any) -> Any:
        calls.append(key)
        return get(self, key, default)

    monkeypatch.setattr(RedisClient, "get", counted)
    return calls


def try_to_sign_in(client: Client, password: str = "wrong") -> int:
    data = {"username": "acme.owner", "password": password}
    return client.post("/sign-in/", data).status_code


def sold(shop: Shop, item: Any) -> None:
    with business(shop.business):
        if not Shift.objects.filter(closed_at=None).exists():
            open_shift(actor=shop.owner, register=shop.register, opening_float=Decimal(10))
        sell(shop, (item, "1"), user=shop.owner)


# -- cache ------------------------------------------------------------------------------------------


def test_what_is_remembered_comes_back_and_ends(shop: Shop, server: Server) -> None:
    value = {"list": [1, "two", None], "amount": "12.50"}
    with business(shop.business):
        assert caching.get("x") is None
        caching.put("x", value, 30)
        assert caching.get("x") == value
        [name] = server.names()
        assert name == f"tillbook:1:b{shop.business.pk}:x"
        assert 0 < server.client.ttl(name) <= 30
        caching.put("gone", 1, 1)
        time.sleep(1.1)
        assert caching.get("gone") is None


def test_two_businesses_never_share_a_key(shop: Shop, other_shop: Shop, server: Server) -> None:
    for one in (shop, other_shop):
        with business(one.business):
            caching.put("x", one.business.slug, 30)
    with business(shop.business):
        assert caching.get("x") == "acme"
    with business(other_shop.business):
        assert caching.remembered("x", 30, str) == "rival"
    assert len(server.names()) == 2


def test_nothing_is_remembered_for_nobody(shop: Shop, server: Server) -> None:
    for act in (lambda: caching.get("x"), lambda: caching.put("x", 1, 9)):
        with pytest.raises(NoBusiness):
            act()
        with platform("a test"), pytest.raises(NoBusiness):
            act()
    assert server.names() == []


def test_what_somebody_else_wrote_is_neither_believed_nor_run(shop: Shop, server: Server) -> None:
    class Run:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.system, ("touch " + str(server.folder / "run"),)

    for foreign in (pickle.dumps(Run()), b"\xff\xfe", b"{"):
        server.client.set(f"tillbook:1:b{shop.business.pk}:x", foreign)
        with business(shop.business):
            assert caching.remembered("x", 9, lambda: "ours") == "ours"
    assert not (server.folder / "run").exists()


def test_the_dashboard_is_never_a_minute_old(shop: Shop, owner: Client, server: Server) -> None:
    for number in (1, 2):
        sold(shop, shop.mug)
        assert owner.get("/b/acme/").context["by_quantity"][0][1] == number
    assert server.names() == []


# -- limits -----------------------------------------------------------------------------------------


def test_tries_are_counted_in_redis_alone(shop: Shop, server: Server) -> None:
    client = Client()
    assert [try_to_sign_in(client) for _ in range(11)] == [200] * 10 + [429]
    assert not Attempt.objects.exists()
    names = server.names()
    assert len(names) == 2
    for name in names:
        assert name.startswith("tillbook:1:platform:")
        assert "acme" not in name and "127.0.0.1" not in name
        assert 0 < server.client.ttl(name) <= WINDOW
    assert try_to_sign_in(Client(REMOTE_ADDR="192.0.2.7"), PASSWORD) == 302


def test_honest_signing_in_uses_nothing_up(shop: Shop, server: Server) -> None:
    for _ in range(12):
        assert try_to_sign_in(Client(), PASSWORD) == 302
    assert {server.client.get(name) for name in server.names()} == {b"0"}


def test_the_key_of_somebody_with_many_locations_is_short(shop: Shop) -> None:
    many = "best:2026-11-21:" + ",".join(str(one) for one in range(1000, 1100))
    with business(shop.business):
        assert len(caching.key(many)) < 100
        assert caching.key(many) != caching.key(f"{many},1")
        assert caching.key(many).startswith(f"b{shop.business.pk}:")


def test_processes_count_together(server: Server, tmp_path: Path) -> None:
    """Four at once, 50 each, and not one is lost."""
    code = (
        "import django; django.setup()\n"
        "from tenants import caching, redis_cache\n"
        "redis_cache.WAIT = 60.0\n"
        "for _ in range(50): assert caching.tally('t', 60) is not None"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "pos.settings",
        "REDIS_URL": server.url,
        "VAR_DIR": str(tmp_path),
    }
    running = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment) for _ in range(4)
    ]
    assert [one.wait(600) for one in running] == [0] * 4
    [name] = server.names()
    assert server.client.get(name) == b"200"


# -- killed -----------------------------------------------------------------------------------------


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "tenants.caching"]


def test_killed_in_the_middle_the_shop_goes_on(
    shop: Shop,
    owner: Client,
    server: Server,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO, logger="tenants.caching")
    stranger = Client()
    sold(shop, shop.mug)
    assert owner.get("/b/acme/").status_code == 200
    assert [try_to_sign_in(stranger) for _ in range(5)] == [200] * 5

    server.kill()
    sold(shop, shop.mug)
    with business(shop.business):
        assert Sale.objects.count() == 2
    page = owner.get("/b/acme/")
    assert page.status_code == 200 and NAME in page.content.decode()
    # From here the database counts.
    assert [try_to_sign_in(stranger) for _ in range(11)] == [200] * 10 + [429]
    assert Attempt.objects.count() == 2
    assert len(warnings(caplog)) == 1
    assert "Redis does not answer (ConnectionError)" in warnings(caplog)[0]
    assert str(server.port) not in warnings(caplog)[0]

    server.start()
    monkeypatch.setattr(caching._breaker, "until", 0.0)
    assert try_to_sign_in(stranger) == 200
    assert warnings(caplog)[1:] == ["Redis answers again."]
    assert owner.get("/b/acme/").status_code == 200
    assert Attempt.objects.count() == 2


def test_one_that_hangs_is_waited_for_once(
    shop: Shop, server: Server, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "PAUSE", 3600.0)
    with business(shop.business):
        caching.put("x", 1, 3600)
        # From here as short as it is: a new connection.
        monkeypatch.setattr(redis_cache, "WAIT", 0.25)
        caches.close_all()
        del caches["default"]
        server.send(signal.SIGSTOP)
        # Without a limit it would be for as long as the server hangs, which then has the value.
        rescue = threading.Timer(120, server.send, [signal.SIGCONT])
        rescue.start()
        assert caching.get("x") is None
        rescue.cancel()
        assert [caching.get("x") for _ in range(50)] == [None] * 50
        assert len(asked) == 1
        server.send(signal.SIGCONT)
        monkeypatch.setattr(redis_cache, "WAIT", 60.0)
        del caches["default"]
        monkeypatch.setattr(caching._breaker, "until", 0.0)
        assert caching.get("x") == 1


def test_a_restart_between_two_requests_is_not_noticed(
    shop: Shop, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that died while idle is opened again at once."""
    with business(shop.business):
        caching.put("x", 1, 60)
        server.kill()
        server.start()
        caching.put("x", 2, 60)
        assert caching.get("x") == 2
    assert warnings(caplog) == []


def test_the_library_is_loaded_only_where_it_is_used(tmp_path: Path) -> None:
    code = "import sys, django; django.setup(); print('redis' in sys.modules)"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "pos.settings",
        "VAR_DIR": str(tmp_path),
        "REDIS_URL": "rediss://default:hush@cache.example:6379",
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_a_try_that_is_taken_back_where_it_was_not_counted_gives_none_more(server: Server) -> None:
    """Counted in the database while Redis was away, or in the window before."""
    few = Limit("few", most=2)
    for _ in range(3):
        few.forgive("somebody")
    few.count("somebody")
    few.count("somebody")
    with pytest.raises(TooMany):
        few.count("somebody")


def test_a_window_of_limits_ends_with_its_key(server: Server, settings: Any) -> None:
    assert caching.tally("w", 60) == 1
    assert caching.tally("w", 60) == 2
    [name] = server.names()
    assert 0 < server.client.ttl(name) <= 60
    # Let it end now, however long the two calls have taken.
    server.client.pexpire(name, 1)
    while server.names():
        time.sleep(0.01)
    assert caching.tally("w", 60) == 1
    settings.SHARED_CACHE = False
    assert caching.tally("w", 1) is None
