"""Which addresses may be told, when an endpoint is saved and each time that something is sent."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from tenants.errors import Refused
from tests.factories import Shop
from tests.webhooks.receiver import Receiver
from tests.webhooks.telling import deliveries, listen, sold
from webhooks import sending
from webhooks.addresses import demand_allowed, target
from webhooks.posting import post


def resolving(*found: str) -> Any:
    return lambda *_a, **_o: [(2, 1, 6, "", (one, 443)) for one in found]


def never(*_arguments: object, **_options: object) -> Any:
    raise AssertionError("this must not be asked")


@pytest.fixture
def production(settings: Any) -> None:
    settings.PRODUCTION = True


BAD = [
    "http://example.com/a", "ftp://example.com/a", "file:///etc/passwd", "gopher://example.com/",
    "javascript:alert(1)", "https:///a", "https://[::1/a", "example.com/a", "", "https://",
    "https://user@example.com/a", "https://user:word@example.com/a", "https://:word@example.com/",
    "https://example.com:22/a", "https://example.com:80/", "https://example.com:99999/",
    "https://example.com/a b", "https://example.com/a\r\nHost: b", "https://exam\nple.com/",
    "https://example.com/\x00", "https://example.com/é", "https://" + "a" * 70 + ".com/",
    "https://example.com/" + "a" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("url", BAD)
@pytest.mark.usefixtures("production")
def test_addresses_of_a_kind_that_is_never_called(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(Refused):
        demand_allowed(url)


@pytest.mark.usefixtures("production")
def test_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.215.14"))
    demand_allowed("https://hooks.example.com/t/abc?key=1")
    demand_allowed("https://hooks.example.com:8443/")
    found = target("https://bücher.example/x?y=1#part")
    assert (found.host, found.port, found.path) == ("xn--bcher-kva.example", 443, "/x?y=1")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.8", "169.254.169.254", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1"],
)
@pytest.mark.usefixtures("production")
def test_private_networks_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.215.14", address))
    monkeypatch.setattr(socket, "create_connection", never)
    with pytest.raises(Refused, match="public"):
        demand_allowed("https://hooks.example.com/")
    outcome = post("https://hooks.example.com/", b"{}", {}, deadline=time.monotonic() + 600)
    assert (outcome.status, outcome.error) == (None, "not_public")


@pytest.mark.usefixtures("production")
def test_a_name_that_changes_what_it_stands_for_is_connected_to_as_it_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first look finds a public address, any later one this machine: there is no later one."""
    looks: list[object] = []
    connected: list[Any] = []

    def rebinding(host: str, *_a: object, **_o: object) -> Any:
        looks.append(host)
        return resolving("93.184.215.14" if len(looks) == 1 else "127.0.0.1")()

    def connect(address: Any, _timeout: float) -> Any:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", connect)
    outcome = post("https://hooks.example.com/", b"{}", {}, deadline=time.monotonic() + 600)
    assert outcome.error == "connection"
    assert looks == ["hooks.example.com"]
    assert connected == [("93.184.215.14", 443)]


def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert post(receiver.url, b"{}", {}, deadline=time.monotonic() + 600).status == 200


def test_nothing_is_sent_after_the_deadline(receiver: Receiver) -> None:
    """A process that slept may have been taken for dead, and another one has sent it."""
    outcome = post(receiver.url, b"{}", {}, deadline=time.monotonic() - 1)
    assert (outcome.error, receiver.got) == ("too_slow", [])


@pytest.mark.usefixtures("committed_db")
def test_an_endpoint_that_has_moved_inside_is_not_called(
    open_market: Shop, receiver: Receiver, settings: Any
) -> None:
    """It was allowed on the laptop where it was saved."""
    listen(open_market, receiver)
    sold(open_market)
    settings.PRODUCTION = True
    sending.deliver()
    [delivery] = deliveries(open_market)
    assert (delivery.state, delivery.error, receiver.got) == ("waiting", "address", [])
