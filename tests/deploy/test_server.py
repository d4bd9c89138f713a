"""A server as docs/deploying.md makes it: our pgbouncer.ini, our gunicorn settings, a release."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from cryptography.fernet import Fernet

from scripts import system
from tests.ports import reserved

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.postgres, pytest.mark.slow]


def until(true: Callable[[], bool], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Server:
    environment: dict[str, str]
    port: int
    deployed: subprocess.CompletedProcess[str] | None = None
    web: subprocess.Popen[bytes] | None = None

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """As the proxy asks, which has spoken TLS with the browser."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {
            "Host": "shop.example.com",
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Proto": "https",
        }
        asking.request("GET", path, headers=headers)
        answer = asking.getresponse()
        body = answer.read()
        asking.close()
        return answer.status, dict(answer.getheaders()), body

    def serve(self) -> None:
        command = [str(Path(sys.executable).parent / "gunicorn"), "-c", "deploy/gunicorn.conf.py"]
        self.web = subprocess.Popen([*command, "pos.wsgi"], cwd=ROOT, env=self.environment)
        until(lambda: listens(self.port))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """PgBouncer by deploy/pgbouncer.ini before a database of its own, and a release deployed."""
    with reserved() as pooler_port, reserved() as port:
        yield from _served(pooler_port, port)


def _served(pooler_port: int, port: int) -> Iterator[Server]:
    # PgBouncer refuses to be root, and pytest's folders are closed to others.
    folder = Path(tempfile.mkdtemp(prefix="tillbook-pooler-"))
    folder.chmod(0o755)
    direct, name = os.environ["DIRECT_URL"], f"test_{uuid.uuid4().hex[:12]}"
    app = urlsplit(os.environ["DATABASE_URL"])
    ini = (ROOT / "deploy/pgbouncer.ini").read_text(encoding="utf-8")
    for old, new in (
        ("port=5432 dbname=pos", f"port={urlsplit(direct).port} dbname={name}"),
        ("listen_port = 6432", f"listen_port = {pooler_port}"),
        ("/etc/pgbouncer/userlist.txt", str(folder / "userlist.txt")),
    ):
        assert ini.count(old) == 1
        ini = ini.replace(old, new)
    (folder / "pgbouncer.ini").write_text(ini, encoding="utf-8")
    (folder / "userlist.txt").write_text(f'"{app.username}" "{app.password}"\n', encoding="utf-8")
    command = [system.pgbouncer(), "-q", str(folder / "pgbouncer.ini")]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    # A service manager hands over no more than this, and other tests have left theirs.
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LC_ALL") if name in os.environ},
        "PRODUCTION": "1",
        "SECRET_KEY": "not-a-real-key-" + uuid.uuid4().hex * 2,
        "APP_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "shop.example.com",
        "TRUSTED_PROXIES": "1",
        "VAR_DIR": str(folder / "var"),
        "DIRECT_URL": urlunsplit(urlsplit(direct)._replace(path=f"/{name}")),
        "DATABASE_URL": f"postgres://{app.username}:{app.password}@127.0.0.1:{pooler_port}/pos",
        "WEB_BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": "2",
    }
    with psycopg.connect(direct, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
        pooler = subprocess.Popen(command)
        made = Server(environment, port)
        try:
            until(lambda: listens(pooler_port))
            made.deployed = made.manage("deploy")
            made.serve()
            yield made
        finally:
            for process in (made.web, pooler):
                if process is not None:
                    process.terminate()
                    process.wait(120)
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
            shutil.rmtree(folder)


def test_a_server_from_nothing_to_an_open_shop(server):
    assert server.deployed.returncode == 0, server.deployed.stderr
    assert "Ready to serve." in server.deployed.stdout
    first = server.manage("check_production", "--json")
    parts = {one["name"]: one for one in json.loads(first.stdout)["parts"]}
    wrong = {name: one["message"] for name, one in parts.items() if one["state"] == "failed"}
    assert wrong.keys() == {"work_done"}, wrong
    assert "create_admin" in parts["people"]["message"]

    assert server.manage("create_admin", "--platform", "--username=root").returncode == 0
    owner = server.manage("create_owner", "--business=Corner Shop", "--username=ann")
    assert owner.returncode == 0
    worker = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "run_jobs", "--watch"], env=server.environment
    )
    try:
        until(lambda: server.manage("check_production").returncode == 0)
    finally:
        worker.terminate()
        worker.wait(120)

    status, headers, page = server.get("/sign-in/")
    assert status == 200 and "max-age=31536000" in headers["Strict-Transport-Security"]
    sheet = re.search(rb'href="(/static/pos/app\.[0-9a-f]{12}\.css)"', page)
    assert sheet is not None
    status, headers, _ = server.get(sheet[1].decode())
    assert status == 200 and "immutable" in headers["Cache-Control"]
    assert server.get("/readyz")[0] == 200


def workers_of(master: int) -> set[int]:
    children = Path(f"/proc/{master}/task/{master}/children").read_text()
    return {int(one) for one in children.split()}


def replaced_all(master: int, old: set[int]) -> bool:
    now = workers_of(master)
    return len(now) == len(old) and not now & old


def more_than(answers: list[int], count: int) -> bool:
    return len(answers) > count


def replaced(environ: str) -> list[str]:
    """Whose place this process was told to take when it was run."""
    (told,) = re.findall(r"\0TILLBOOK_REPLACED_WORKERS=([^\0]*)", environ)
    return told.split(",")


def test_a_new_release_loses_no_request(server):
    answers: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(server.get("/sign-in/")[0])

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    assert server.web is not None
    until(lambda: len(answers) > 20)
    for _release in range(2):
        until(lambda: len(workers_of(server.web.pid)) == 2)
        old, before = workers_of(server.web.pid), len(answers)
        server.web.send_signal(signal.SIGHUP)
        # Other processes, forked from one that has loaded the code anew; the master's number stays.
        until(partial(replaced_all, server.web.pid, old))
        environ = Path(f"/proc/{server.web.pid}/environ").read_text()
        assert set(map(str, old)) == set(replaced(environ))
        until(partial(more_than, answers, before + 20))
    stop.set()
    for thread in asking:
        thread.join()
    assert set(answers) == {200}
