"""One run: everything started, filled, and measured in turn, round after round.

In each round every work is done by the limit, the product and django-oscar one after the other, so
that a machine that becomes slower becomes slower for all of them.
"""

from __future__ import annotations

import contextlib
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import product
from bench.cluster import LIMIT, PEER, durable
from bench.counting import counted
from bench.figures import Round, noise_of, told
from bench.limit import Limit, imported
from bench.load import Line, Work, run
from bench.machine import (
    commit,
    described,
    load_per_core,
    now,
    parent_of,
    private_memory,
    processes,
    stolen,
    watched,
)
from bench.oscar import Oscar, install
from bench.product import checkout, look_up, search, tillbook, used_by
from bench.shops import STOCK, VARIATION, Shop, fill, make_shops, settle, uid
from scripts.cluster import DATABASE, SUPERUSER, Cluster
from scripts.system import ROOT, say

TERMINALS = 16
PAGE = 25_000


@dataclass(frozen=True)
class Size:
    """`shops` of `each` products and one of `large`; rounds of so many seconds for each part."""

    shops: int
    each: int
    large: int
    rounds: int
    seconds: float
    imports: int


FULL = Size(shops=200, each=1000, large=100_000, rounds=5, seconds=4, imports=2)
QUICK = Size(shops=20, each=1000, large=10_000, rounds=2, seconds=1, imports=1)
TINY = Size(shops=17, each=100, large=1000, rounds=1, seconds=1, imports=1)

#: One party's way of doing a work once, for so many seconds.
Part = Callable[[float], Round]


def measured(size: Size, *, with_peer: bool = True) -> dict[str, Any]:
    """The whole result, as it is written down."""
    if with_peer:
        install()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        began, steal, load = time.monotonic(), stolen(), load_per_core()
        cluster = stack.enter_context(durable())
        peer = Oscar(cluster, size.each * 10) if with_peer else None
        shops, limit = _filled(cluster, folder, size, peer)
        served = stack.enter_context(tillbook(cluster, folder))
        beside = Beside(peer, *stack.enter_context(peer.served(folder))) if peer else None
        say(f"Filled and serving after {time.monotonic() - began:.0f} s")
        bench = Bench(cluster, size, shops, limit, served, beside, folder)
        parts = bench.rounds()
        result: dict[str, Any] = {
            "at": now(),
            "commit": commit(),
            "machine": described(cluster.binaries),
            "size": vars(size),
            "parts": parts,
            "statements": bench.statements(),
            "hot": bench.hot_is_exact(),
            "import": bench.imported_memory,
            "start": bench.cold_start(),
        }
        timed = {work: found for work, found in parts.items() if work != "import"}
        noise = noise_of(timed, steal=steal(), load=load)
        result["noise"] = {**vars(noise), "complaints": noise.complaints()}
        result["seconds"] = round(time.monotonic() - began)
    return result


def _filled(
    cluster: Cluster, folder: Path, size: Size, peer: Oscar | None
) -> tuple[list[Shop], Limit]:
    with ThreadPoolExecutor(1) as beside:
        # Its hundreds of migrations take a core for half a minute; the other one is ours.
        peer_filled = beside.submit(peer.fill) if peer else None
        found = _ours_filled(cluster, folder, size)
        if peer_filled:
            peer_filled.result()
    settle(cluster.superuser_url)
    return found


def _ours_filled(cluster: Cluster, folder: Path, size: Size) -> tuple[list[Shop], Limit]:
    product.prepare(cluster, folder)
    small = size.shops
    sizes = [*[size.each] * (small + 1), size.large, *[0] * size.imports]
    # The first has a register for each terminal, the next ones one for each.
    registers = [TERMINALS, *[1] * small, 1, *[0] * size.imports]
    shops = make_shops(sizes, registers)
    fill(cluster.superuser_url, shops)
    limit = Limit(cluster, shops=small, each=size.each, large=size.large)
    limit.fill()
    return shops, limit


class Beside:
    """django-oscar, served."""

    def __init__(self, peer: Oscar, port: int, web: int) -> None:
        self.peer, self.port = peer, port
        self.used = used_by(peer.cluster, web)

    def part(self, works: list[Work]) -> Part:
        return lambda seconds: run(self.port, works, seconds, self.used)

    def works(self) -> dict[str, Part]:
        many = range(TERMINALS)
        return {
            "checkout, 1 terminal": self.part([self.peer.order(0, 1)]),
            "checkout, 16 terminals": self.part([self.peer.order(n, TERMINALS) for n in many]),
            "look-up, 1 terminal": self.part([self.peer.look_up(0)]),
            "look-up, 16 terminals": self.part([self.peer.look_up(n) for n in many]),
        }


class Bench:
    """What is measured, against servers that run."""

    def __init__(
        self, cluster: Cluster, size: Size, shops: list[Shop], limit: Limit,
        served: tuple[int, int], beside: Beside | None, folder: Path,
    ) -> None:  # fmt: skip
        self.cluster, self.size, self.limit, self.folder = cluster, size, limit, folder
        self.beside = beside
        self.hot, *self.small = shops[: size.shops + 1]
        self.large, *self.empty = shops[size.shops + 1 :]
        self.port, self.web = served
        self.used = used_by(cluster, self.web)
        self.imported_memory: dict[str, float] = {}

    # -- the works --------------------------------------------------------------------------------

    def works(self) -> dict[str, dict[str, Part]]:
        crowd = [shop.tills[0] for shop in self.small[:TERMINALS]]
        one, large = crowd[0], self.large.tills[0]
        limit = self.limit
        hot = [checkout(till, hot=self.hot.count) for till in self.hot.tills]
        found: dict[str, dict[str, Part]] = {
            "checkout, 1 terminal": {
                "limit": self._limit(limit.checkout(), 1),
                "product": self._product([checkout(one)]),
            },
            "checkout, 16 terminals": {
                "limit": self._limit(limit.checkout(), TERMINALS),
                "product": self._product([checkout(till) for till in crowd]),
            },
            "hot item, 16 terminals": {
                "limit": self._limit(limit.hot(TERMINALS), TERMINALS),
                "product": self._product(hot),
            },
            "look-up, 1 terminal": {
                "limit": self._limit(limit.look_up(), 1),
                "product": self._product([look_up(one)]),
            },
            "look-up, 16 terminals": {
                "limit": self._limit(limit.look_up(), TERMINALS),
                "product": self._product([look_up(till) for till in crowd]),
            },
            "search, large shop": {
                "limit": self._limit(limit.search(), 1),
                "product": self._product([search(large)]),
            },
            "search, small shop": {"product": self._product([search(one)])},
            "sync, large shop": {"limit": self._copy, "product": self._sync},
        }
        for work, part in (self.beside.works() if self.beside else {}).items():
            found[work]["oscar"] = part
        return found

    def _limit(self, scripts: list[str], clients: int) -> Part:
        return lambda seconds: self.limit.run(scripts, clients=clients, seconds=seconds)

    def _product(self, works: list[Work]) -> Part:
        return lambda seconds: run(self.port, works, seconds, self.used)

    def _copy(self, _: float) -> Round:
        from bench.sync import copied

        before = self.used()
        took, _size = copied(self.large.business, self.large.location)
        return Round([took], took, cpu={"database": self.used()["database"] - before["database"]})

    def _sync(self, _: float) -> Round:
        from bench.sync import synced

        before = self.used()
        token = self.large.tills[0].token
        took, _size, _rows, _pages = synced(self.port, token, PAGE, packed=False)
        return Round([took], took, cpu={k: v - before[k] for k, v in self.used().items()})

    # -- rounds -----------------------------------------------------------------------------------

    def rounds(self) -> dict[str, dict[str, Any]]:
        works = self.works()
        found: dict[str, dict[str, list[Round]]] = {
            name: {party: [] for party in parties} for name, parties in works.items()
        }
        for parties in works.values():
            # Processes that have not answered yet know nothing and have no connection.
            for part in parties.values():
                part(min(1.0, self.size.seconds))
        # Where tills sell, PostgreSQL counts the sales within a minute. Here it comes too seldom, and
        # sessions would go on by plans that they made for tables without a row.
        for database in (DATABASE, LIMIT, PEER):
            settle(self.cluster.url(SUPERUSER, database=database))
        for number in range(self.size.rounds):
            say(f"Round {number + 1} of {self.size.rounds}")
            for name, parties in works.items():
                for party, part in parties.items():
                    found[name][party].append(part(self.size.seconds))
        found["import"] = self._imports()
        return {
            name: {party: told(rounds) for party, rounds in parties.items()}
            for name, parties in found.items()
        }

    def _imports(self) -> dict[str, list[Round]]:
        say(f"Importing {self.size.large} products")
        found: dict[str, list[Round]] = {"limit": [], "product": []}
        nothing, peaks = self._import(self.empty[0], 1)[1], []
        for shop in self.empty:
            took = self.limit.import_products(self.size.large)
            found["limit"].append(_import_round(took, self.size.large))
            took, peak = self._import(shop, self.size.large)
            found["product"].append(_import_round(took, self.size.large))
            peaks.append(peak)
        self.imported_memory = {"megabytes": round((max(peaks) - nothing) / 1024, 1)}
        return found

    def _import(self, shop: Shop, rows: int) -> tuple[float, int]:
        path = self.folder / f"products-{rows}.csv"
        with path.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["Name", "SKU", "Price", "Barcode", "Stock"])
            for n, name, price, code, stock in imported(rows):
                writer.writerow([name, f"IMP{n}", price, code, stock])
        command = [sys.executable, "manage.py", "import_products", str(path)]
        command += ["--business", shop.slug, "--location", "HS", "-v0"]
        return watched(command, dict(os.environ))

    # -- what is counted and not timed -------------------------------------------------------------

    def statements(self) -> dict[str, Any]:
        """Of each operation: by the product, and by django-oscar where it does the same."""
        one, large = self.small[0].tills[0], self.large.tills[0]
        ours = {
            "checkout": checkout(one),
            "checkout of 50 lines": checkout(one, lines=50),
            "look-up": look_up(one),
            "search": search(large),
            "sync": product.first_page_of_sync(large),
        }
        found: dict[str, Any] = {
            name: {"product": counted(self.cluster, self.port, work)} for name, work in ours.items()
        }
        if self.beside:
            peer, port = self.beside.peer, self.beside.port
            for name, work in (("checkout", peer.order(0, 1)), ("look-up", peer.look_up(0))):
                found[name]["oscar"] = counted(self.cluster, port, work, database=PEER)
        return found

    def hot_is_exact(self) -> dict[str, int]:
        """How many pieces of the hot item are neither on the shelf nor on a ticket, and how many
        transactions the database had to break off, in all that was measured."""
        key = uid(VARIATION, self.hot.business, self.hot.count)
        left = self.cluster.sql(
            f"SELECT quantity::bigint FROM inventory_stocklevel WHERE variation_id = '{key}';"
        )
        sold = self.cluster.sql(
            "SELECT coalesce(sum(quantity), 0)::bigint FROM sales_saleline"
            f" WHERE variation_id = '{key}';"
        )
        deadlocks = self.cluster.sql(
            "SELECT sum(deadlocks)::bigint FROM pg_stat_database"
            f" WHERE datname NOT IN ('{LIMIT}', '{PEER}');"
        )
        return {
            "sold": int(sold),
            "missing": abs(STOCK - int(left) - int(sold)),
            "deadlocks": int(deadlocks),
        }

    def cold_start(self, times: int = 3) -> dict[str, float]:
        """Seconds from starting gunicorn to the first answer of a look-up; and the memory that each
        worker of the server that was measured holds alone."""
        work = look_up(self.small[0].tills[0])
        command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "pos.wsgi"]
        variables = {**os.environ, "WEB_WORKERS": "1"}
        taken = []
        for _ in range(times):
            with _listening(command, variables, self.folder / "cold.log") as (port, began):
                line = Line(port)
                try:
                    status, body = line.ask(work())
                except OSError as error:
                    said = (self.folder / "cold.log").read_text(errors="replace")
                    raise RuntimeError(f"a new server does not answer\n{said[-3000:]}") from error
                taken.append(time.perf_counter() - began)
                line.close()
                if status != 200:
                    raise RuntimeError(f"the first answer was {status}: {body[:300]!r}")
        sizes = [private_memory(one) for one in processes() if parent_of(one) == self.web]
        return {
            "seconds": round(statistics.median(taken), 3),
            "megabytes": round(statistics.median(sizes) / 1024, 1),
        }


@contextlib.contextmanager
def _listening(
    command: list[str], variables: dict[str, str], log: Path
) -> Iterator[tuple[int, float]]:
    """A server that is being started; its port, and when it was begun."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("ab") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, f"--bind=fd://{listener.fileno()}"], cwd=ROOT, env=variables,
            pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
        try:
            yield int(listener.getsockname()[1]), began
        finally:
            process.terminate()
            process.wait(60)


def _import_round(took: float, rows: int) -> Round:
    """As operations of one product each, so that rates are products a second."""
    return Round([took / rows] * rows, took)
