"""Ways between the client and a server: this process's own views, with faults on demand."""

from __future__ import annotations

import gzip
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import transaction
from django.test import Client as Browser
from tillbook_client import NoAnswer, Pauses, Request, Response, Terminal

from accounts.models import Membership
from sales.terminals import invite
from tenants.context import business
from tests.factories import Shop

ADDRESS = "http://localhost"
Answer = Callable[[Request], Response]
Fault = Callable[[Request, Answer], Response]


class InProcess:
    """Answers as the server does; the faults are taken one after the other, a request each."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.faults: list[Fault | None] = []

    def send(self, request: Request, *, timeout: float) -> Response:
        self.sent.append(request)
        fault = self.faults.pop(0) if self.faults else None
        return self.answer(request) if fault is None else fault(request, self.answer)

    def answer(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "Content-Type"}
        made = Browser(headers={"Accept-Encoding": "gzip", **headers}).generic(
            request.method,
            request.path,
            request.body or b"",
            content_type=request.headers.get("Content-Type", "application/json"),
        )
        body = made.content
        told = {name.lower(): value for name, value in made.headers.items()}
        if told.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return Response(made.status_code, told, body)

    def bodies(self, path: str) -> list[bytes]:
        """What was posted there."""
        return [one.body or b"" for one in self.sent if one.path == f"/api/v1/{path}"]


def away(_request: Request, _answer: Answer) -> Response:
    """It never arrives."""
    raise NoAnswer("no line")


def cut(request: Request, answer: Answer) -> Response:
    """It arrives, and what is answered does not."""
    assert answer(request).status < 500
    raise NoAnswer("cut")


def says(status: int, body: Any = b"", **headers: str) -> Fault:
    """Something else answers; it never arrives."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request, _answer: Response(status, told, text)


def code_for(shop: Shop, *, person: str = "Manager", **fields: Any) -> str:
    """A pairing code of the shop's register."""
    with business(shop.business), transaction.atomic():
        member = Membership.objects.get(user=shop.people[person])
        values = {"actor": member, "membership": member, "name": "", **fields}
        return invite(register=shop.register, **values)[1]


class Waits:
    """Nobody waits in tests; how long they would have stands here."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)


def paired(shop: Shop, folder: Path, line: InProcess, **fields: Any) -> Terminal:
    terminal = Terminal.pair(
        ADDRESS,
        code_for(shop, **fields),
        folder,
        transport=line,
        pauses=Pauses(first=0.001, longest=0.002),
    )
    terminal.sender.sleep = lambda _seconds: None
    terminal.sender.clock = steady()
    return terminal


def steady() -> Callable[[], float]:
    """A clock that goes on by a thousandth of a second whenever it is asked: patience ends after so
    many tries, however fast or slow the machine is."""
    begin, asked = time.time(), itertools.count(1)
    return lambda: begin + next(asked) / 1000
