"""Tillbook under measurement: served as on a server, asked as terminals ask."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from bench.cluster import postmaster
from bench.load import Line, Used, Work, repeated, request
from bench.machine import family_seconds, own_seconds
from bench.shops import VARIATION, Till, code, price, uid, words
from scripts.cluster import Cluster
from scripts.system import ROOT

LINES = 5
SECONDS_TO_START = 60
#: One terminal asks here as often as a shop in a day: the limits on keys are not what is measured.
UNLIMITED = dict.fromkeys(("API_MINUTE_LIMIT", "API_DAY_LIMIT", "API_MONTH_LIMIT"), "1000000000")


def environment(cluster: Cluster, folder: Path) -> dict[str, str]:
    """What the product is started with: this cluster, and a folder of its own for what it writes."""
    return {**os.environ, **cluster.environment(), **UNLIMITED, "VAR_DIR": str(folder)}


def prepare(cluster: Cluster, folder: Path) -> None:
    """Migrate this cluster's database, and make this process one of the product's on it.

    Raises RuntimeError with what a command said when it fails.
    """
    os.environ.update(environment(cluster, folder))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    for arguments in (["migrate", "-v0"], ["setup_roles"], ["collectstatic", "--noinput", "-v0"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"manage.py {arguments[0]} failed\n{done.stdout[-3000:]}")
    import django

    django.setup()


@contextmanager
def served(
    command: list[str], variables: Mapping[str, str], *, folder: Path, log: Path, ready: str
) -> Iterator[tuple[int, int]]:
    """A web server on a free port that it is given; the port, and the master's process number.

    `command` gets `--bind fd://…`. Raises RuntimeError with the end of its log when it does not
    answer `ready` with 200.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("ab") as out:
        process = subprocess.Popen(
            [*command, f"--bind=fd://{listener.fileno()}"], cwd=folder, env=dict(variables),
            pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
        try:
            port = int(listener.getsockname()[1])
            _wait(port, ready, process, log)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(60)


def _wait(port: int, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until, line = time.monotonic() + SECONDS_TO_START, Line(port)
    try:
        while time.monotonic() < until and process.poll() is None:
            try:
                if line.ask(request("GET", path))[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
    finally:
        line.close()
    raise RuntimeError(f"No answer to {path}\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def tillbook(cluster: Cluster, folder: Path) -> Iterator[tuple[int, int]]:
    """gunicorn with deploy/gunicorn.conf.py, byte code compiled."""
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "pos.wsgi"]
    variables = environment(cluster, folder)
    with served(
        command, variables, folder=ROOT, log=folder / "tillbook.log", ready="/readyz"
    ) as found:
        yield found


def used_by(cluster: Cluster, web: int) -> Used:
    """CPU seconds of the web server, of PostgreSQL and of the pooler."""
    server, pooler = postmaster(cluster), cluster.pooler_pid() or 0

    def now() -> dict[str, float]:
        return {
            "application": family_seconds(web),
            "database": family_seconds(server),
            "pooler": own_seconds(pooler),
        }

    return now


# -- what a terminal asks ------------------------------------------------------------------------


def headers(token: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {token}")]


def sale_body(register: str, lines: list[tuple[str, Decimal]]) -> bytes:
    """A sale of one piece each of these (variation, price), paid in cash."""
    total = f"{sum(amount for _, amount in lines):.2f}"
    body = {
        "id": str(uuid4()),
        "register": register,
        "lines": [{"variation": one, "quantity": "1"} for one, _ in lines],
        "payments": [{"method": "cash", "amount": total}],
        "total": total,
    }
    return json.dumps(body).encode()


def checkout(till: Till, *, hot: int = 0, lines: int = LINES) -> Work:
    """Sales of so many products, the next ones each time; with `hot` that product is the first of
    each, beside the terminal's own."""
    head = headers(till.token)

    def work() -> bytes:
        numbers = [till.first + (till.sold * lines + n) % till.count for n in range(lines)]
        till.sold += 1
        if hot:
            numbers[0] = hot
        chosen = [(uid(VARIATION, till.business, n), price(n)) for n in numbers]
        return request("POST", "/api/v1/sales", head, sale_body(till.register, chosen))

    return work


def look_up(till: Till, *, step: int = 7919) -> Work:
    """Scans all over the shop's products."""
    head = headers(till.token)

    def work() -> bytes:
        till.sold += 1
        number = till.first + till.sold * step % till.count
        path = f"/api/v1/items/lookup?register={till.register}&code={code(number)}"
        return request("GET", path, head)

    return work


def search(till: Till, *, step: int = 7919) -> Work:
    """Three words of some product, as one types them: not to their ends."""
    head = headers(till.token)

    def work() -> bytes:
        till.sold += 1
        typed = typed_words(till.first + till.sold * step % till.count)
        return request("GET", f"/api/v1/items?register={till.register}&q={'+'.join(typed)}", head)

    return work


def first_page_of_sync(till: Till, limit: int = 1000) -> Work:
    """The beginning of a device's first copy."""
    return repeated([request("GET", f"/api/v1/sync?limit={limit}&since=", headers(till.token))])


def typed_words(number: int) -> list[str]:
    return [word[: max(3, len(word) - 1)] for word in words(number)]
