"""Fetching a file from an address that a spreadsheet names: from the public internet alone.

The address is a stranger's word: `tenants/internet.py` says why that needs care. So: https and its
usual port, a public host, and redirects are looked at in the same way.
"""

from __future__ import annotations

import http.client
import time
from typing import Final
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext as _

from tenants import internet

LONGEST: Final = 30
MOST_REDIRECTS: Final = 3
_PORT: Final = internet.HTTPS
_Connection = internet.Connection


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
        return internet.public_address(host)
    except internet.NotFound:
        raise NotFetched(_("names a host that cannot be found")) from None
    except internet.NotPublic:
        raise NotFetched(_("is not on the public internet")) from None
