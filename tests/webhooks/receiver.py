"""A program elsewhere that is told of events: on this machine, over plain HTTP, with manners."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Got:
    """One request, and when it began."""

    path: str
    headers: dict[str, str]
    raw: bytes
    at: float

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found


@dataclass
class Answer:
    status: int = 200
    text: bytes = b"thanks"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0


class Receiver(ThreadingHTTPServer):
    """Remembers what it got; `answer` says what is answered to it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[Got] = []
        self.answer: Callable[[Got], Answer] = lambda _got: Answer()
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    @property
    def kinds(self) -> list[str]:
        return [one.body["type"] for one in self.got]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that does not wait breaks off."""


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        got = Got(self.path, headers, body, time.monotonic())
        receiver = self.server
        with receiver.lock:
            receiver.got.append(got)
            receiver.at_once += 1
            receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
        answer = receiver.answer(got)
        receiver.closing.wait(answer.seconds)
        with receiver.lock:
            receiver.at_once -= 1
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.text)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: Any) -> None:
        pass
