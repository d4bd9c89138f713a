"""Connections to addresses that a stranger names: to the public internet alone.

This machine may reach what strangers must not. So every address that a name stands for is public,
and the connection goes to the one that was looked at, whatever the name says a moment later.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from functools import partial
from typing import Any, Final

TIMEOUT: Final = 10
"""Seconds for each step of a connection, within its deadline."""
HTTPS: Final = 443
# Addresses that stand for addresses of another kind, which may be anything.
_TRANSLATED = tuple(
    ipaddress.ip_network(one)
    for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class NotFound(Exception):
    """No address is known under this name."""


class NotPublic(Exception):
    """The name stands for an address that is not on the public internet."""


def public_address(host: str, port: int = HTTPS, *, loopback: bool = False) -> str:
    """An address of this host, all of whose addresses are public. Raises NotFound and NotPublic.

    With `loopback` this machine itself will do too: for trying things out, never in production.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotFound from None
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(
        is_public(one) or (loopback and is_loopback(one)) for one in addresses
    ):
        raise NotPublic
    return addresses[0]


def is_public(address: str) -> bool:
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(one, ipaddress.IPv6Address):
        if one.ipv4_mapped is not None:
            one = one.ipv4_mapped
        elif any(one in network for network in _TRANSLATED):
            return False
    return one.is_global and not one.is_multicast and not one.is_reserved


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Connection(http.client.HTTPConnection):
    """To one address, until the deadline (of time.monotonic()), over TLS with the certificate of
    the host that was asked for; plain only where `tls` is off. Proxies of the environment are not
    asked."""

    default_port = HTTPS

    def __init__(
        self, host: str, address: str, deadline: float, *, port: int = HTTPS, tls: bool = True
    ) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        # What `Host` leaves out.
        self.default_port = HTTPS if tls else http.client.HTTP_PORT
        self._address, self._deadline = address, deadline
        self._tls = ssl.create_default_context() if tls else None
        self.response_class = partial(_Answer, deadline=deadline)  # type: ignore[assignment]

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), left(self._deadline))
        try:
            plain.settimeout(left(self._deadline))
            if self._tls is None:
                self.sock = plain
            else:
                self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


class _Answer(http.client.HTTPResponse):
    """Status, headers and body that come before the deadline, however slowly they drip."""

    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = sock.makefile("rb", buffering=0)
        self.fp.close()
        self.fp = io.BufferedReader(_Dripping(sock, raw, deadline))


class _Dripping(io.RawIOBase):
    """Reads from a socket; each time waits no longer than is left. Raises TimeoutError."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, deadline: float) -> None:
        self._sock, self._raw, self._deadline = sock, raw, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def left(deadline: float) -> float:
    """How long one may wait now, in seconds. Raises TimeoutError when the deadline is past."""
    seconds = min(TIMEOUT, deadline - time.monotonic())
    if seconds <= 0:
        raise TimeoutError
    return seconds
