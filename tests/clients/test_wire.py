"""HTTP over real sockets: connections that are kept, cut, slow, packed, or somebody else's."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from tillbook_client import Client, Http, NoAnswer, NotFound, Request

from tests.ports import reserved

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"id":"12"}'
# Seconds, of which a client that waits for one has no use.
LONG = 300
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"id":"12"}\r\n0\r\n\r\n'


class Served:
    """Gives each request the next of its answers; None ends the connection without one."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.requests: list[bytes] = []
        self.connections = 0
        # Set when an answer that takes long need not be ended; how many such were.
        self.over = threading.Event()
        self.ended = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            try:
                line, _address = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(line,), daemon=True).start()

    def serve(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            while True:
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = line.recv(65536)
                    if not piece:
                        return
                    request += piece
                self.requests.append(request)
                answer = self.answers.pop(0)
                if answer is None:
                    return
                for piece in answer if isinstance(answer, list) else [answer]:
                    if isinstance(piece, bytes):
                        line.sendall(piece)
                    elif self.over.wait(piece):
                        return
                if isinstance(answer, list):
                    self.ended += 1
                    return


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.over.set()
    made.socket.close()


def asked(way: Http, method: str = "GET", *, timeout: float = 60) -> Any:
    return way.send(Request(method, "/api/v1/me", {}), timeout=timeout)


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED], ids=["length", "chunks"])
def test_a_connection_is_used_again(served: Served, answer: bytes) -> None:
    way = Http(served.address)
    served.answers = [answer] * 3
    assert [asked(way).body for _ in range(3)] == [b'{"id":"12"}'] * 3
    assert served.connections == 1
    way.close()


def test_each_thread_has_its_own(served: Served) -> None:
    way = Http(served.address)
    served.answers = [PLAIN] * 2

    def work() -> None:
        asked(way)
        way.close()

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert served.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [PLAIN[:-1]],
        [CHUNKED[:-10]],
        [b"HTTP/1.1 20"],
        [PLAIN[:20], LONG, PLAIN[20:]],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", *[b"x", 0.1] * (10 * LONG)],
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}" * 99)[:-9]],
        [b"SSH-2.0-OpenSSH_9\r\n\r\n"],
    ],
    ids=["none", "cut", "cut chunks", "cut head", "late", "in drops", "cut gzip", "not HTTP"],
)
def test_half_an_answer_is_none_and_the_next_is_whole(served: Served, answer: Any) -> None:
    way = Http(served.address)
    served.answers = [answer, PLAIN]
    with pytest.raises(NoAnswer):
        asked(way, "POST", timeout=1)
    if any(isinstance(piece, float | int) for piece in answer):
        assert served.ended == 0, "it waited for the end of what takes long"
    assert asked(way, "POST").status == 200
    way.close()


def test_a_kept_connection_that_ended_is_no_failure_of_a_question(served: Served) -> None:
    way = Http(served.address)
    served.answers = [PLAIN, None, PLAIN]
    asked(way)
    assert asked(way).status == 200
    # What writes is repeated by who knows that it may be.
    served.answers = [None]
    with pytest.raises(NoAnswer):
        asked(way, "POST")
    way.close()


def test_nobody_there() -> None:
    with reserved() as port, pytest.raises(NoAnswer):
        asked(Http(f"http://127.0.0.1:{port}"))


def test_a_packed_answer_and_headers(served: Served) -> None:
    body = gzip.compress(b'{"code": "not_found", "message": "No.", "fields": {}}')
    head = f"HTTP/1.1 404 No\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    served.answers = [head.encode() + body]
    way = Http(f"{served.address}/shop")
    client = Client(way, "tb_secret", app_version="Test 1")
    client.operator = "tbo_x"
    with pytest.raises(NotFound, match="No"):
        client.me()
    request = served.requests[0].decode()
    assert request.startswith("GET /shop/api/v1/me ")
    for line in ("Authorization: Bearer tb_secret", "X-Operator: tbo_x", "X-App-Version: Test 1"):
        assert line in request
    way.close()


def test_a_token_goes_over_no_open_network() -> None:
    with pytest.raises(ValueError, match="not encrypted"):
        Http("http://shop.example")
    Http("http://shop.example", allow_http=True)
    Http("https://shop.example")
    with pytest.raises(ValueError, match="no address"):
        Http("shop.example")
