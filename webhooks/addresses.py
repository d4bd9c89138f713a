"""Which addresses may be told: https on the public internet, in production.

On a laptop also http, any port, and this machine itself; nowhere other private networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from tenants import internet
from tenants.errors import Refused

LONGEST: Final = 2000
#: The port of https, and the one that receivers use who cannot have it.
PORTS: Final = (443, 8443)


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts; `path` with the query."""

    host: str
    port: int
    path: str
    tls: bool


def target(url: str) -> Target:
    """Raises Refused where the address is of a kind that is never called."""
    try:
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise _refused(_("This is no web address.")) from None
    if not host or len(url) > LONGEST or any(char <= " " or char == "\x7f" for char in url):
        raise _refused(_("This is no web address."))
    if parts.username is not None or parts.password is not None:
        raise _refused(
            _("Leave out user name and password: messages are signed, look at the signature.")
        )
    if settings.PRODUCTION and not tls:
        raise _refused(_("The address must begin with https://."))
    if parts.scheme not in ("https", "http"):
        raise _refused(_("The address must begin with https://."))
    if settings.PRODUCTION and port not in PORTS:
        raise _refused(_("Only the ports 443 and 8443 can be used."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise _refused(_("Write letters beyond ASCII as %-signs and digits."))
    return Target(host, port, path, tls)


def look_up(found: Target) -> str:
    """The address to connect to. Raises internet.NotFound and internet.NotPublic."""
    return internet.public_address(found.host, found.port, loopback=not settings.PRODUCTION)


def demand_allowed(url: str) -> None:
    """Raises Refused with a sentence unless this address could be called now."""
    found = target(url)
    try:
        look_up(found)
    except internet.NotFound:
        raise _refused(_("This host name could not be found.")) from None
    except internet.NotPublic:
        raise _refused(
            _("This host is not on the public internet, and only such hosts can be told.")
        ) from None


def host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _refused(message: str) -> Refused:
    return Refused("bad_address", message, {"url": [message]}, status=400)
