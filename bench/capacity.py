"""What one machine serves, and what each part of it costs: the figures of docs/scaling.md.

    python scripts/postgres.py --pool-size 6 run -- python -m bench.capacity [--seconds 15]

gunicorn with deploy/gunicorn.conf.py before a PgBouncer and a PostgreSQL of its own; clients on
the same machine. Latencies and rates hold for a quiet machine alone. CPU milliseconds per request
are those of gunicorn's workers, of PostgreSQL and of PgBouncer, read from /proc, and are what to
reckon with: a core gives 1,000 of them each second.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[1]
SHOPS = 20
PRODUCTS = 200
LINES = 3
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Till:
    """One terminal of one business, with what it asks for."""

    token: str
    register: str
    items: list[tuple[str, str, str]]
    sold: int = 0

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def checkout(self) -> tuple[str, str, str]:
        self.sold += 1
        chosen = [self.items[(self.sold * LINES + n) % len(self.items)] for n in range(LINES)]
        total = f"{sum(int(price.replace('.', '')) for _, _, price in chosen) / 100:.2f}"
        sale = {
            "id": str(uuid4()),
            "register": self.register,
            "lines": [{"variation": one, "quantity": "1"} for one, _, _ in chosen],
            "payments": [{"method": "cash", "amount": total}],
            "total": total,
        }
        return "POST", "/api/v1/sales", json.dumps(sale)

    def look_up(self) -> tuple[str, str, str]:
        self.sold += 1
        _, code, _ = self.items[self.sold % len(self.items)]
        return "GET", f"/api/v1/items/lookup?register={self.register}&code={code}", ""

    def search(self) -> tuple[str, str, str]:
        return "GET", f"/api/v1/items?register={self.register}&q=thing", ""


@dataclass
class Measured:
    """Seconds of each request, and CPU seconds of each part while they were answered."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    lasted: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        done = sorted(self.seconds)
        count = len(done)
        return {
            "requests": count,
            "refused": self.refused,
            "per second": round(count / self.lasted, 1),
            "p50 ms": round(1000 * statistics.median(done), 1),
            "p95 ms": round(1000 * done[int(0.95 * count)], 1),
            "cpu ms": {name: round(1000 * used / count, 2) for name, used in self.cpu.items()},
        }


def make_tills() -> list[Till]:
    """A business for each till, with its products, an open shift and a token. Nothing is bound."""
    from django.db import transaction

    from accounts.devices import create_device
    from accounts.models import Membership
    from inventory.ledger import set_opening
    from sales.shifts import open_shift
    from tenants.context import business
    from tests.factories import make_product, make_shop

    tills = []
    for number in range(SHOPS):
        with transaction.atomic():
            shop = make_shop(f"bench-{number}")
        with business(shop.business), transaction.atomic():
            owner = Membership.objects.select_related("role").get(user=shop.owner)
            goods = [
                make_product(
                    f"Thing {n}", sku=f"T{n:04d}", price=f"{1 + n % 9}.50", tax_rate=shop.tax
                )
                for n in range(PRODUCTS)
            ]
            quantities = {one.pk: Decimal(1_000_000) for one in goods}
            set_opening(actor=shop.owner, location=shop.high_street, quantities=quantities)
            open_shift(actor=shop.owner, register=shop.register, opening_float=Decimal(0))
            device, token = create_device(
                actor=owner, membership=owner, location=shop.high_street, name="Bench"
            )
            shop.register.device = device
            shop.register.save(update_fields=["device"])
            items = [(str(one.pk), one.sku, f"{1 + n % 9}.50") for n, one in enumerate(goods)]
            tills.append(Till(token, str(shop.register.pk), items))
    return tills


@contextmanager
def served(workers: int | None) -> Iterator[tuple[int, int]]:
    """gunicorn as deploy/ starts it; its port and its process number."""
    port = 18_700
    environment = {**os.environ, "WEB_BIND": f"127.0.0.1:{port}"}
    if workers:
        environment["WEB_WORKERS"] = str(workers)
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "pos.wsgi"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        for _ in range(100):
            try:
                http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/healthz")
                break
            except OSError:
                time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(40)


def run(port: int, tills: list[Till], work: Callable[[Till], tuple[str, str, str]], seconds: float,
        cpu: Callable[[], dict[str, float]]) -> Measured:  # fmt: skip
    """Let every till ask again and again, each over a connection that it keeps."""
    measured, until = Measured(), time.monotonic() + seconds

    def ask(till: Till) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < until:
            method, path, body = work(till)
            began = time.perf_counter()
            line.request(method, path, body or None, till.headers())
            answer = line.getresponse()
            answer.read()
            measured.seconds.append(time.perf_counter() - began)
            measured.refused += answer.status not in {200, 201}
        line.close()

    before, began = cpu(), time.monotonic()
    threads = [threading.Thread(target=ask, args=(till,)) for till in tills]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    measured.lasted = time.monotonic() - began
    measured.cpu = {name: value - before[name] for name, value in cpu().items()}
    return measured


def spent(group: Callable[[str, int], bool]) -> float:
    """CPU seconds, ended children included, of all processes whose name and parent fit."""
    total = 0.0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue
        name, _, rest = text.partition("(")[2].rpartition(")")
        parts = rest.split()
        if group(name, int(parts[1])):
            total += sum(map(int, parts[11:15])) / TICK
    return total


def resident(parent: int) -> list[int]:
    """Memory of a process's children that no other shares, in MB."""
    sizes = []
    for folder in Path("/proc").iterdir():
        try:
            rest = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(rest[1]) == parent:
                lines = (folder / "smaps_rollup").read_text().splitlines()
                private = [int(line.split()[1]) for line in lines if line.startswith("Private_")]
                sizes.append(sum(private) // 1024)
        except (OSError, IndexError, ValueError):
            continue
    return sizes


def postmaster() -> int:
    """The process number of the PostgreSQL that DIRECT_URL names; its child answers us."""
    import psycopg

    with psycopg.connect(os.environ["DIRECT_URL"]) as owner:
        backend = owner.info.backend_pid
        return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--workers", type=int, help="as deployed unless given")
    options = parser.parse_args()
    for command in (["migrate", "-v0"], ["setup_roles"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    import django

    django.setup()
    tills, server = make_tills(), postmaster()
    from scripts.cluster import Cluster

    pooler = Cluster.current().pooler_pid()
    found: dict[str, Any] = {"load before": os.getloadavg()[0], "cores": os.cpu_count()}
    with served(options.workers) as (port, web):

        def cpu() -> dict[str, float]:
            return {
                "web": spent(lambda _, parent: parent == web),
                "postgres": spent(lambda _, parent: parent == server),
                "pooler": _of(pooler),
            }

        for name in ("checkout", "look_up", "search"):
            work = getattr(Till, name)
            for crowd in (1, len(tills)):
                run(port, tills[:crowd], work, 1, cpu)
                told = run(port, tills[:crowd], work, options.seconds, cpu).told()
                found[f"{name}, {crowd} terminals"] = told
        found["MB private per worker"] = resident(web)
    print(json.dumps(found, indent=2))


def _of(number: int | None) -> float:
    rest = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, rest[11:13])) / TICK


if __name__ == "__main__":
    main()
