"""HTTP, by the standard library: one request, one answer or NoAnswer, and never for longer than asked.

A connection is kept for each thread, and given up before the server would close it. Redirects are
not followed: no address of the API redirects, and the token goes to nobody else.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

from .errors import NoAnswer

#: Seconds that an idle connection is used again; gunicorn closes after 5.
_KEEP: Final = 4.0
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """`headers` have small names; the body is unpacked and whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """How requests travel; tests and simulators bring their own."""

    def send(self, request: Request, *, timeout: float) -> Response:
        """Raises NoAnswer."""


class Http:
    """To one server, such as `https://shop.example`; a path before `/api/v1` may follow.

    Without TLS whoever listens reads the token and sells with it: only this machine may be reached
    so, unless `allow_http` says that the network is one's own.
    """

    def __init__(self, address: str, *, allow_http: bool = False) -> None:
        parts = urlsplit(address)
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError(f"{address!r} is no address such as https://shop.example")
        if parts.scheme == "http" and host not in _LOCAL and not allow_http:
            raise ValueError(f"{address} is not encrypted; allow_http=True where that is meant")
        self.host: str = host
        self.port, self.base = parts.port, parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._own = threading.local()

    def send(self, request: Request, *, timeout: float) -> Response:
        """The whole answer within `timeout` seconds. Raises NoAnswer."""
        until = time.monotonic() + timeout
        connection, is_used = self._connection(timeout)
        try:
            try:
                return self._exchange(connection, request, until)
            except (OSError, http.client.HTTPException):
                # A kept connection may have ended meanwhile. What is only asked is asked again.
                if not (is_used and request.method == "GET"):
                    raise
                self.close()
                connection, _new = self._connection(timeout)
                return self._exchange(connection, request, until)
        except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
            self.close()
            raise NoAnswer(
                f"No answer from {self.host}: {error or type(error).__name__}"
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up this thread's connection."""
        connection = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            connection.close()

    def _connection(self, timeout: float) -> tuple[http.client.HTTPConnection, bool]:
        kept: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if kept is not None and time.monotonic() - self._own.at < _KEEP:
            if kept.sock is not None:
                kept.sock.settimeout(timeout)
            kept.timeout = timeout
            return kept, True
        self.close()
        made: http.client.HTTPConnection
        if self._tls is None:
            made = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        else:
            made = http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=self._tls
            )
        self._own.connection = made
        return made, False

    def _exchange(
        self, connection: http.client.HTTPConnection, request: Request, until: float
    ) -> Response:
        headers = {"Accept-Encoding": "gzip", **request.headers}
        connection.request(request.method, self.base + request.path, request.body, headers)
        answer = connection.getresponse()
        body = b"".join(_pieces(answer, until))
        told = {name.lower(): value for name, value in answer.headers.items()}
        if told.get("content-encoding") == "gzip":
            body = _unpacked(body)
        self._own.at = time.monotonic()
        if answer.will_close:
            self.close()
        return Response(answer.status, told, body)


def _pieces(answer: http.client.HTTPResponse, until: float) -> list[bytes]:
    """All of the body. The bound of a socket is for each piece, and the answer's is for all."""
    found = []
    while piece := answer.read1(65536):
        found.append(piece)
        if time.monotonic() > until:
            raise TimeoutError("the answer took too long")
    if answer.length == 0:
        answer.read()  # Says that this was all, so that the connection may be used again.
    elif answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return found


def _unpacked(body: bytes) -> bytes:
    packed = zlib.decompressobj(wbits=31)
    text = packed.decompress(body) + packed.flush()
    if body and not packed.eof:
        raise EOFError("the packed answer was cut")
    return text
