"""Which addresses are on the public internet."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tenants import internet
from tenants.internet import NotFound, NotPublic, is_public, public_address

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
    "100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1",
    "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "::", "2001:db8::1", "no address",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_addresses_that_are_public() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07::1")
    assert is_public("::ffff:93.184.215.14")


def resolving(*found: str) -> Any:
    return lambda *_a, **_o: [(2, 1, 6, "", (one, 443)) for one in found]


@pytest.mark.parametrize(
    "found", [("93.184.215.14", "10.0.0.1"), ("10.0.0.1", "93.184.215.14"), ()]
)
def test_one_private_address_among_several_is_enough(
    monkeypatch: pytest.MonkeyPatch, found: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(*found))
    with pytest.raises(NotPublic):
        public_address("example.com")


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost", "[::1]"]
)
def test_other_spellings_of_this_machine(host: str) -> None:
    """As the system's own resolver reads them, which is the one that is asked."""
    with pytest.raises((NotPublic, NotFound)):
        public_address(host)


def test_this_machine_where_that_is_allowed_and_nothing_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert public_address("127.0.0.1", loopback=True) == "127.0.0.1"
    monkeypatch.setattr(socket, "getaddrinfo", resolving("127.0.0.1", "192.168.1.1"))
    with pytest.raises(NotPublic):
        public_address("example.com", loopback=True)


def test_the_connection_goes_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def connect(address: Any, timeout: float) -> Any:
        asked.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    connection = internet.Connection("shop.example", "93.184.215.14", float("inf"), port=8443)
    with pytest.raises(OSError):
        connection.connect()
    assert asked == [("93.184.215.14", 8443)]
