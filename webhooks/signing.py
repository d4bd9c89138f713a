"""Signatures as the Standard Webhooks specification has them (standardwebhooks.com, symmetric v1).

A receiver takes HMAC-SHA256 over `id.timestamp.body` with the bytes of the secret, compares it with
each signature of the header in constant time, and refuses a timestamp that is minutes old.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"
ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"


def new_secret() -> str:
    """256 random bits in base64, recognisable by their prefix in a leaked file."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC; `timestamp` is in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(
    secrets: Iterable[str], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message; while a secret is rolled, a signature by each of the two."""
    signed = (
        signature(one, message_id=message_id, timestamp=timestamp, body=body) for one in secrets
    )
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: " ".join(signed)}
