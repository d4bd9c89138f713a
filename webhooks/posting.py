"""One message to one address: sent at most once by a call, and over within ten seconds."""

from __future__ import annotations

import http.client
import logging
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from tenants import internet
from tenants.errors import Refused
from webhooks import addresses
from webhooks.models import Delivery

logger = logging.getLogger(__name__)

#: Seconds for everything: looking the name up excepted, which the system's resolver bounds.
TIMEOUT: Final = 10
#: Bytes of the answer that are read at all, and kept.
KEPT: Final = 1024

Error = Delivery.Error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `status` is None where nothing was answered, and `error` says why then.

    `wait` is how many seconds the receiver asks to be left alone (Retry-After).
    """

    status: int | None = None
    error: str = ""
    answer: str = ""
    milliseconds: int = 0
    wait: int = 0

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post(url: str, body: bytes, headers: dict[str, str], *, deadline: float) -> Outcome:
    """POST the body; no redirect is followed, whatever goes wrong is an outcome.

    `deadline` is a time of time.monotonic(). After it nothing is sent any more: whoever slept for
    longer than that may have been taken for dead.
    """
    began = time.monotonic()
    try:
        found = addresses.target(url)
        address = addresses.look_up(found)
        internet.left(deadline)
        outcome = _exchange(found, address, body, headers, deadline)
    except Refused:
        outcome = Outcome(error=Error.ADDRESS)
    except internet.NotFound:
        outcome = Outcome(error=Error.NOT_FOUND)
    except internet.NotPublic:
        outcome = Outcome(error=Error.NOT_PUBLIC)
    except TimeoutError:
        outcome = Outcome(error=Error.TOO_SLOW)
    except ssl.SSLCertVerificationError:
        outcome = Outcome(error=Error.CERTIFICATE)
    except (http.client.HTTPException, ConnectionResetError, BrokenPipeError, ValueError):
        outcome = Outcome(error=Error.BROKEN)
    except OSError:
        outcome = Outcome(error=Error.CONNECTION)
    took = round((time.monotonic() - began) * 1000)
    return Outcome(outcome.status, outcome.error, outcome.answer, took, outcome.wait)


def _exchange(
    found: addresses.Target, address: str, body: bytes, headers: dict[str, str], deadline: float
) -> Outcome:
    connection = internet.Connection(found.host, address, deadline, port=found.port, tls=found.tls)
    sent = {"User-Agent": "Tillbook-Webhooks", "Content-Type": "application/json", **headers}
    # One message for a connection: keeping it would keep the address that was looked at before.
    sent["Connection"] = "close"
    try:
        connection.request("POST", found.path, body=body, headers=sent)
        response = connection.getresponse()
        return Outcome(
            status=response.status,
            answer=_start(response),
            wait=_wait(response.headers.get("Retry-After", "")),
        )
    finally:
        connection.close()


def _start(response: http.client.HTTPResponse) -> str:
    """The first of the answer, as text without control characters."""
    data = bytearray()
    try:
        while len(data) < KEPT and (block := response.read1(KEPT - len(data))):
            data += block
    except (OSError, http.client.HTTPException, ValueError):
        # The status has been told; an end that breaks off changes nothing about it.
        logger.debug("The end of an answer did not come.")
    text = data.decode("utf-8", "replace")
    return "".join(char for char in text if char.isprintable() or char in "\n\t")


def _wait(value: str) -> int:
    if value.strip().isdecimal():
        return min(int(value.strip()[:9]), 86_400)
    try:
        until = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0, min(round((until - datetime.now(UTC)).total_seconds()), 86_400))
