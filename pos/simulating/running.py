"""A whole run: the shop, the terminals, the network between, the evening, the verdict."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Self
from urllib.parse import urlsplit

from tillbook_client import Http

from pos.simulating.faults import Chances, Proxy
from pos.simulating.judging import Verdict, judge, patiently
from pos.simulating.shop import Market, pairing_code
from pos.simulating.terminals import Plan, Simulated

#: Answers that tell of trouble and are answered by repeating; any other 5xx is a fault.
EXPECTED = {502, 503, 504}


@dataclass(slots=True)
class Options:
    """What was asked for. `sales` None: as many as the minutes hold."""

    url: str
    terminals: int = 6
    minutes: float = 1.0
    sales: int | None = None
    faults: bool = False
    without_ids: bool = False
    seed: int = 1
    allow_http: bool = False
    chances: Chances = field(default_factory=Chances)


@dataclass(slots=True)
class Run:
    """A run as it goes on; the picture looks at it, the report is made of it."""

    options: Options
    market: Market
    terminals: list[Simulated] = field(default_factory=list)
    proxy: Proxy | None = None
    phase: str = "pairs"
    began: float = field(default_factory=time.monotonic)
    lasted: float = 0.0
    retries: int = 0
    broken: list[str] = field(default_factory=list)
    verdict: Verdict | None = None

    def latencies(self) -> list[float]:
        return sorted(one for t in self.at_work() for one in list(t.gate.measured.latencies))

    def statuses(self) -> Counter[tuple[str, int, str]]:
        found: Counter[tuple[str, int, str]] = Counter()
        for one in self.at_work():
            found.update(dict(one.gate.measured.statuses))
        return found

    def at_work(self) -> list[Simulated]:
        return [one for one in self.terminals if hasattr(one, "gate")]

    def unexplained(self) -> dict[str, int]:
        """Answers that no fault of the network or of a server explains."""
        return {
            f"{what}: {status} {code}".strip(): count
            for (what, status, code), count in self.statuses().items()
            if status >= 500 and status not in EXPECTED
        }

    @property
    def is_exact(self) -> bool:
        exact = self.verdict is not None and self.verdict.is_exact
        return exact and not self.broken and not self.unexplained()


def simulate(
    options: Options,
    market: Market,
    *,
    watch: Callable[[Run], AbstractContextManager[Any]] | None = None,
    trouble: Callable[[threading.Event], None] | None = None,
) -> Run:
    """Sell, close the drawers, and look at the books.

    `watch` sees the run while it lasts. `trouble` is called in a thread of its own while they sell,
    and kills what it likes until the event is set. Raises TillbookError where terminals cannot be
    paired, which is before anything is sold.
    """
    run = Run(options, market)
    with TemporaryDirectory(prefix="terminals-") as folder, ExitStack() as stack:
        stack.enter_context(watch(run) if watch is not None else nullcontext())
        _pair(run, Path(folder))
        run.phase, run.began = "sells", time.monotonic()
        with _network(run):
            _sell(run, trouble)
        run.lasted = time.monotonic() - run.began
        run.phase = "closes"
        differences = _close(run)
        run.phase = "counts"
        run.verdict = judge(market, run.terminals, differences)
        for one in run.terminals:
            tries = [entry.tries for entry in one.till.queue.every()]
            run.retries += sum(tries) - len(tries)
            one.till.close()
        run.phase = "done"
    return run


def _pair(run: Run, folder: Path) -> None:
    options, rng = run.options, Random(run.options.seed)  # noqa: S311 - chance for show
    for number, register in enumerate(run.market.registers[: options.terminals], start=1):
        plan = _plan(options, number, rng)
        one = Simulated(
            number, folder / str(number), run.market.codes, plan, f"{options.seed} terminal"
        )
        code = patiently(lambda register=register: pairing_code(run.market, register))  # type: ignore[misc]
        way = Http(options.url, allow_http=options.allow_http)
        one.pair(options.url, code, way, without_ids=options.without_ids)
        run.terminals.append(one)


def _plan(options: Options, number: int, rng: Random) -> Plan:
    seconds = options.minutes * 60
    quota = None
    if options.sales is not None:
        share, rest = divmod(options.sales, options.terminals)
        quota = share + (number <= rest)
    pause = 3.0 if quota is None else 0.85 * seconds / max(1, quota)
    spells: list[tuple[float, float]] = []
    if options.faults:
        # Once for long and once for a moment; minutes, where there are minutes.
        begins = rng.uniform(0.1, 0.5) * seconds
        spells.append((begins, begins + min(180.0, rng.uniform(0.2, 0.35) * seconds)))
        begins = rng.uniform(0.85, 0.95) * seconds
        spells.append((begins, begins + 0.03 * seconds))
    return Plan(quota, seconds, pause, tuple(spells), takes_back=not options.without_ids)


def _network(run: Run) -> AbstractContextManager[Any]:
    """The bad network, where faults are asked for: the terminals talk through it until it ends."""
    if not run.options.faults:
        return nullcontext()
    parts = urlsplit(run.options.url)
    host = parts.hostname or "127.0.0.1"
    run.proxy = Proxy(host, parts.port or 80, run.options.chances, run.options.seed)
    return _Through(run, run.proxy)


class _Through(AbstractContextManager["_Through"]):
    def __init__(self, run: Run, proxy: Proxy) -> None:
        self.run, self.proxy, self.stack = run, proxy, ExitStack()

    def __enter__(self) -> Self:
        self.stack.enter_context(self.proxy.running())
        self._through(f"http://127.0.0.1:{self.proxy.own_port}")
        return self

    def __exit__(self, *_error: object) -> None:
        self._through(self.run.options.url)
        # Ends when the last late copy has arrived.
        self.stack.close()

    def _through(self, address: str) -> None:
        for one in self.run.terminals:
            one.gate.way = Http(address, allow_http=self.run.options.allow_http)


def _sell(run: Run, trouble: Callable[[threading.Event], None] | None) -> None:
    stop, calm = threading.Event(), threading.Event()
    most = run.options.minutes * 60 * 3 + 120
    timer = threading.Timer(most, stop.set)
    timer.start()
    troubles = threading.Thread(target=trouble, args=(calm,)) if trouble is not None else None
    if troubles is not None:
        troubles.start()
    try:
        with ThreadPoolExecutor(len(run.terminals)) as pool:
            for one, work in [(t, pool.submit(t.run, stop)) for t in run.terminals]:
                try:
                    work.result()
                except Exception as error:  # noqa: BLE001 - whatever it is, the run is not exact
                    run.broken.append(f"terminal {one.number}: {error!r}")
    finally:
        timer.cancel()
        calm.set()
        if troubles is not None:
            troubles.join()
    if stop.is_set():
        run.broken.append(f"not done after {most:.0f} seconds")


def _close(run: Run) -> dict[int, str]:
    """Everybody hands in what is left and closes the drawer."""
    until = time.monotonic() + 120
    differences: dict[int, str] = {}

    def close(one: Simulated) -> None:
        one.settle(until)
        for left in range(10, -1, -1):
            try:
                differences[one.number] = one.close()
                return
            except Exception as error:  # noqa: BLE001 - told, and the run is not exact
                if not left:
                    run.broken.append(f"terminal {one.number} did not close: {error!r}")
                time.sleep(0.5)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(close, run.terminals))
    return differences
