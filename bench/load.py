"""Terminals that ask over HTTP as fast as they are answered, at little cost to the machine.

They share the cores with all that they measure. Therefore a connection that is kept, requests that
are bytes already, and an answer of which only the status and the length are read: about a twentieth
of a millisecond of CPU each, which is written down beside the rest.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from bench.figures import Round
from bench.machine import this_process

#: Makes the next request of one terminal.
Work = Callable[[], bytes]
#: CPU seconds of each part up to now.
Used = Callable[[], dict[str, float]]

MOST_REFUSED = 0.01


class Refused(Exception):
    """So many requests were not answered with 200 or 201 that the figures say nothing."""


def request(
    method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{k}: {v}" for k, v in headers)]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Line:
    """A connection to a server that is kept, and opened anew where the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def ask(self, asked: bytes) -> tuple[int, bytes]:
        """Status and body. Raises OSError where nobody answers."""
        for attempt in (1, 2):
            try:
                return self._ask(asked)
            except (ConnectionError, EOFError):
                self.close()
                if attempt == 2:
                    raise ConnectionError("the server hung up twice") from None
        raise AssertionError

    def _ask(self, asked: bytes) -> tuple[int, bytes]:
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), 120)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(asked)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        low = head.lower()
        if b"\r\ntransfer-encoding: chunked" in low:
            body = self._chunked(body)
        else:
            begin = low.find(b"\r\ncontent-length:")
            length = int(low[begin + 17 :].split(b"\r\n", 1)[0]) if begin >= 0 else 0
            parts, have = [body], len(body)
            while have < length:
                parts.append(self._more())
                have += len(parts[-1])
            body = b"".join(parts)
        if b"\r\nconnection: close" in low:
            self.close()
        return int(head[9:12]), body

    def _chunked(self, data: bytes) -> bytes:
        parts = []
        while True:
            while b"\r\n" not in data:
                data += self._more()
            size, _, data = data.partition(b"\r\n")
            length = int(size, 16)
            while len(data) < length + 2:
                data += self._more()
            parts.append(data[:length])
            data = data[length + 2 :]
            if length == 0:
                return b"".join(parts)

    def _more(self) -> bytes:
        assert self.socket is not None
        data = self.socket.recv(1 << 18)
        if not data:
            raise EOFError
        return data

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def run(port: int, works: Sequence[Work], seconds: float, used: Used) -> Round:
    """Let every terminal ask again and again for so long. Raises Refused."""
    found, lock = Round([], 0.0), threading.Lock()
    examples: list[str] = []
    until = time.perf_counter() + seconds

    def terminal(work: Work) -> None:
        line, taken, refused = Line(port), [], 0
        try:
            while time.perf_counter() < until:
                asked = work()
                began = time.perf_counter()
                status, body = line.ask(asked)
                taken.append(time.perf_counter() - began)
                if status not in {200, 201}:
                    refused += 1
                    examples.append(f"{status} {body[:300]!r}")
        finally:
            line.close()
            with lock:
                found.seconds += taken
                found.refused += refused

    before, own, began = used(), this_process(), time.perf_counter()
    threads = [threading.Thread(target=terminal, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.lasted = time.perf_counter() - began
    found.cpu = {name: value - before[name] for name, value in used().items()}
    found.cpu["load"] = this_process() - own
    if not found.seconds or found.refused > MOST_REFUSED * len(found.seconds):
        raise Refused(f"{found.refused} of {len(found.seconds)} were refused: {examples[:3]}")
    return found


def repeated(asked: Sequence[bytes]) -> Work:
    """The same requests over and over."""

    def forever() -> Iterator[bytes]:
        while True:
            yield from asked

    return forever().__next__
