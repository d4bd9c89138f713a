"""Fetching a file from an address that a spreadsheet names: from the public internet alone.

The address is a stranger's word, and this machine may reach what strangers must not. So: https and
its usual port; every address that the name stands for is public, and the connection goes to the one
that was looked at, whatever the name says a moment later; redirects are looked at in the same way.
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
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext as _

TIMEOUT: Final = 10
LONGEST: Final = 30
MOST_REDIRECTS: Final = 3
_PORT: Final = 443
# Addresses that stand for addresses of another kind, which may be anything.
_TRANSLATED = tuple(
    ipaddress.ip_network(one)
    for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class NotFetched(Exception):
    """The message is a reason that goes on after the address."""


def fetch(address: str, *, limit: int) -> bytes:
    """What lies at an https address, of at most `limit` bytes. Raises NotFetched."""
    deadline = time.monotonic() + LONGEST
    for _redirect in range(MOST_REDIRECTS + 1):
        answer = _get(address, limit, deadline)
        if isinstance(answer, bytes):
            return answer
        try:
            address = urljoin(address, answer)
        except ValueError:
            raise NotFetched(_("leads to what is no address")) from None
    raise NotFetched(_("leads from one address to the next"))


def _get(address: str, limit: int, deadline: float) -> bytes | str:
    """The contents, or where they have moved to."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORT
    except ValueError:
        raise NotFetched(_("is no address")) from None
    if parts.scheme != "https" or not parts.hostname or parts.username or port != _PORT:
        raise NotFetched(_("is no address that begins with https://"))
    connection = _Connection(parts.hostname, public_address(parts.hostname), deadline)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", path, headers={"User-Agent": "Tillbook", "Accept": "image/*"})
        response = connection.getresponse()
        if response.status in (301, 302, 303, 307, 308):
            return response.headers.get("Location", "")
        if response.status != 200:
            raise NotFetched(_("answers with %(status)d") % {"status": response.status})
        return _body(response, limit, deadline)
    except TimeoutError:
        raise NotFetched(_("took too long")) from None
    except (OSError, http.client.HTTPException, ValueError):
        raise NotFetched(_("could not be fetched")) from None
    finally:
        connection.close()


def _body(response: http.client.HTTPResponse, limit: int, deadline: float) -> bytes:
    data = bytearray()
    while block := response.read1(64 * 1024):
        data += block
        if len(data) > limit:
            raise NotFetched(_("is larger than %(limit)d MB") % {"limit": limit // 1024**2})
        if time.monotonic() > deadline:
            raise NotFetched(_("took too long"))
    return bytes(data)


def public_address(host: str) -> str:
    """An address of this host. Raises NotFetched unless all that it has are public."""
    try:
        found = socket.getaddrinfo(host, _PORT, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotFetched(_("names a host that cannot be found")) from None
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not all(is_public(one) for one in addresses):
        raise NotFetched(_("is not on the public internet"))
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
    return one.is_global and not one.is_multicast


class _Connection(http.client.HTTPSConnection):
    """To one address, with the certificate of the host that was asked for, until the deadline."""

    def __init__(self, host: str, address: str, deadline: float) -> None:
        super().__init__(host, _PORT, timeout=TIMEOUT, context=ssl.create_default_context())
        self._address, self._deadline = address, deadline
        self._tls = ssl.create_default_context()
        self.response_class = partial(_Answer, deadline=deadline)  # type: ignore[assignment]

    def connect(self) -> None:
        plain = socket.create_connection((self._address, _PORT), _left(self._deadline))
        try:
            plain.settimeout(_left(self._deadline))
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
        self._sock.settimeout(_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _left(deadline: float) -> float:
    """How long one may wait now, in seconds. Raises TimeoutError when the deadline is past."""
    left = min(TIMEOUT, deadline - time.monotonic())
    if left <= 0:
        raise TimeoutError
    return left
