"""The first sale of docs/api.md, typed as it stands there into a shell, against a server."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections, transaction

from sales.models import Sale
from scripts.system import curl
from tenants.context import business
from tests.contract.places import here
from tests.factories import make_shop

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server in a thread of this process, which sees what is committed."""
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["127.0.0.1"])
    server: WSGIServer = make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Quiet)

    def serve() -> None:
        server.serve_forever()
        connections.close_all()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def listing() -> str:
    section = GUIDE.read_text(encoding="utf-8").split("## The first sale in five calls", 1)[1]
    [code] = re.findall(r"```sh\n(.*?)```", section.split("\n## ", 1)[0], re.DOTALL)
    return str(code)


def test_the_first_sale_takes_five_calls(address: str, tmp_path: Path) -> None:
    curl()
    with transaction.atomic():
        shop = make_shop("guided")
    code = listing()
    assert re.findall(r"# (\d)\.", code) == ["1", "2", "3", "4", "5"]
    assert len(re.findall(r"\$SHOP/", code)) == 5
    script = code.replace("http://localhost:8000", address)
    script = script.replace("K7QM-4XTZ", here(shop).id_of("code in a name"))
    again = script.rstrip().splitlines()[-1]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{script}\n{again}"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^\d{3}$", done.stdout, re.MULTILINE) == ["201", "200"], done.stdout
    with business(shop.business), transaction.atomic():
        assert Sale.objects.get().shift.register_id == shop.register.pk
