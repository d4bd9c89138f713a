"""The webhook over a real connection: https alone, no redirect followed, a host that is silent."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ImproperlyConfigured

from monitoring.alerts import delivery
from pos.configuration import Environment


def certificate(folder: Path) -> Path:
    """Key and certificate for 127.0.0.1, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


class Chat(HTTPServer):
    """A chat of the house, in its private network; remembers what it was sent."""

    def __init__(self, pem: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.status = 200

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust the certificate breaks off."""


class Handler(BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.got.append((self.path, json.loads(body or b"{}")))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    server = Chat(pem)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def address(chat: Chat) -> str:
    return f"https://127.0.0.1:{chat.server_port}/hook"


def test_it_is_posted_as_json(chat: Chat) -> None:
    delivery.post(address(chat), {"text": "Zu voll: 99 % – schauen"})
    assert chat.got == [("/hook", {"text": "Zu voll: 99 % – schauen"})]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_another_answer_is_a_failure_and_no_redirect_is_followed(chat: Chat, status: int) -> None:
    chat.status = status
    with pytest.raises(OSError, match=str(status)):
        delivery.post(address(chat), {"text": "x"})
    assert [path for path, _body in chat.got] == ["/hook"]


def test_a_certificate_that_nobody_vouches_for_is_refused(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(OSError, match="certificate"):
        delivery.post(address(chat), {"text": "x"})
    assert chat.got == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/hook", "file:///etc/passwd", "ftp://x/y"])
def test_only_https(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        delivery.post(url, {})
    with pytest.raises(ImproperlyConfigured, match="https://"):
        Environment({"ALERT_WEBHOOK": url}).url("ALERT_WEBHOOK", ("https",))


def test_nobody_listens(chat: Chat) -> None:
    with pytest.raises(OSError, match="refused"):
        delivery.post("https://127.0.0.1:1/hook", {})
