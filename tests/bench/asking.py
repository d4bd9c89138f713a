"""What the bench sends over a wire, sent to this process."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from bench.load import Work


def send(work: Work) -> Any:
    head, _, body = work().partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    method, path, _version = first.split(" ")
    sent = dict(line.split(": ", 1) for line in rest)
    client = Client(headers={"Authorization": sent["Authorization"]})
    found = client.generic(method, path, body, "application/json")
    assert found.status_code in {200, 201}, found.content
    return found


def answer(work: Work) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(send(work).content)
    return found
