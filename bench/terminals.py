"""40 terminals, 3,000 sales, a bad network, and processes that die: is every sale there once?

    python scripts/postgres.py --pool-size 8 run -- python -m bench.terminals

Several gunicorn workers behind PgBouncer, as on a server. While the terminals of
`manage.py simulate_terminals` sell, workers, database connections and the pooler are killed. Then
the same, smaller, by terminals that make a new id for each try: that must not come out exact.
Ends with 0 when both are as they should be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scripts.cluster import APP, Cluster
from scripts.system import ROOT


@contextmanager
def served(
    environment: dict[str, str], log: Path, *, workers: int = 3
) -> Iterator[tuple[str, int]]:
    """gunicorn as deploy/ starts it, on a free port that it is given; its address and its process."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("wb") as out:
        command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "pos.wsgi"]
        command += [f"--bind=fd://{listener.fileno()}", f"--workers={workers}", "--threads=6"]
        process = subprocess.Popen(
            command, cwd=ROOT, pass_fds=[listener.fileno()], stdout=out, stderr=out,
            env={**os.environ, **environment, "LOG_FORMAT": "json"},
        )  # fmt: skip
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            _wait_for(f"{address}/readyz")
            yield address, process.pid
        finally:
            process.terminate()
            process.wait(120)


def _wait_for(page: str) -> None:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(page, timeout=10) as answer:  # noqa: S310
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise AssertionError("gunicorn is not ready")


def children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            rest = (folder / "stat").read_text().rpartition(")")[2].split()
            if folder.name.isdigit() and int(rest[1]) == parent:
                found.append(int(folder.name))
    return found


class Trouble:
    """Kills a worker, the pooler and connections of the database in turn; `done` counts them."""

    def __init__(self, cluster: Cluster, web: int, *, every: float) -> None:
        self.cluster, self.web, self.every = cluster, web, every
        self.done: Counter[str] = Counter()

    def __call__(self, until: threading.Event) -> None:
        turn = 0
        while not until.wait(random.uniform(0.5, 1.5) * self.every):  # noqa: S311
            kill = (self.worker, self.connections, self.pooler)[turn % 3]
            kill()
            self.done[kill.__name__] += 1
            turn += 1

    def worker(self) -> None:
        # There may be none at this moment.
        with suppress(ProcessLookupError, IndexError):
            os.kill(random.choice(children(self.web)), signal.SIGKILL)  # noqa: S311

    def connections(self) -> None:
        self.cluster.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE usename = '{APP}' AND random() < 0.7"
        )

    def pooler(self) -> None:
        self.cluster.stop_pooler(signal.SIGKILL)
        time.sleep(random.uniform(0.2, 1.5))  # noqa: S311
        self.cluster.start_pooler()


def failures(log: Path) -> list[dict[str, Any]]:
    """The lines of a server's log about answers of 500, and what was logged as an error.

    But that a worker was killed, of which the process that begins them tells: `Trouble` did it.
    """
    found = []
    for line in log.read_text(errors="replace").splitlines():
        with suppress(ValueError):
            told = json.loads(line)
            if told.get("logger") == "gunicorn.error" and "SIGKILL" in told.get("message", ""):
                continue
            if told.get("status") == 500 or str(told.get("level", "")).upper() == "ERROR":
                found.append(told)
    return found


def main() -> int:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.formatter_class = argparse.RawDescriptionHelpFormatter
    reading.add_argument("--terminals", type=int, default=40)
    reading.add_argument("--sales", type=int, default=3000)
    reading.add_argument("--minutes", type=float, default=8)
    reading.add_argument("--workers", type=int, default=3)
    reading.add_argument("--every", type=float, default=12, help="seconds between two kills")
    reading.add_argument("--seed", type=int, default=1)
    reading.add_argument("--without-control", action="store_true")
    reading.add_argument("--ready", action="store_true", help="the database is migrated already")
    asked = reading.parse_args()

    cluster = Cluster.current()
    for command in [] if asked.ready else [["migrate", "-v0"], ["setup_roles"]]:
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    import django

    django.setup()
    exact = _round(cluster, asked, without_ids=False)
    if asked.without_control:
        return 0 if exact else 1
    asked.terminals, asked.sales = min(asked.terminals, 8), min(asked.sales, 200)
    asked.minutes = min(asked.minutes, 1)
    control = _round(cluster, asked, without_ids=True)
    found = ["not exact", "exact"]
    print(f"\nwith ids: {found[exact]}; the control, without: {found[control]}")
    return 0 if exact and not control else 1


def _round(cluster: Cluster, asked: argparse.Namespace, *, without_ids: bool) -> bool:
    from pos.simulating import picture, report
    from pos.simulating.running import Options, simulate
    from pos.simulating.shop import make_market

    log = ROOT / f"var/terminals-{'control' if without_ids else 'run'}.log"
    with served(cluster.environment(), log, workers=asked.workers) as (address, web):
        trouble = Trouble(cluster, web, every=asked.every)
        options = Options(
            url=address, terminals=asked.terminals, minutes=asked.minutes, sales=asked.sales,
            faults=True, without_ids=without_ids, seed=asked.seed,
        )  # fmt: skip
        market = make_market(asked.terminals, seed=asked.seed)
        run = simulate(options, market, watch=picture.watching(sys.stderr), trouble=trouble)
    print(f"\n{'Without ids' if without_ids else 'With ids'}")
    print("\n".join(report.lines(run)))
    print(f"killed: {dict(trouble.done)}")
    for told in failures(log)[:5]:
        print(f"server: {json.dumps(told)[:2000]}")
    return run.is_exact


if __name__ == "__main__":
    sys.exit(main())
