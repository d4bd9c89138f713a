"""A run as it goes on: a table that changes in place, or a plain line now and then without a screen."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TextIO

from pos.simulating.report import percentile
from pos.simulating.running import Run

PLAIN_EVERY = 5.0


def watching(stream: TextIO) -> Callable[[Run], AbstractContextManager[None]]:
    """What `simulate` takes as `watch`: by rich where somebody looks, otherwise by lines."""
    return _live(stream) if stream.isatty() else _plain(stream)


def _plain(stream: TextIO) -> Callable[[Run], AbstractContextManager[None]]:
    @contextmanager
    def watch(run: Run) -> Iterator[None]:
        with _repeating(lambda: print(_line(run), file=stream, flush=True), PLAIN_EVERY):
            yield

    return watch


def _live(stream: TextIO) -> Callable[[Run], AbstractContextManager[None]]:
    # Only who looks at a picture waits for what draws it.
    from rich.console import Console
    from rich.live import Live

    @contextmanager
    def watch(run: Run) -> Iterator[None]:
        with Live(_table(run), console=Console(file=stream), refresh_per_second=4) as live:
            with _repeating(lambda: live.update(_table(run)), 0.5):
                yield
            live.update(_table(run))

    return watch


@contextmanager
def _repeating(work: Callable[[], None], every: float) -> Iterator[None]:
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(every):
            work()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _line(run: Run) -> str:
    states = Counter(one.state for one in run.terminals)
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return (
        f"{time.monotonic() - run.began:6.0f} s  {run.phase:7}  {_sold(run):5} sold,"
        f" {_waiting(run)} wait  p95 {percentile(run.latencies(), 95)} ms  {told}"
    )


def _sold(run: Run) -> int:
    return sum(len(one.sold) for one in run.terminals)


def _waiting(run: Run) -> int:
    if run.phase == "done":
        return 0
    return sum(one.till.queue.count("waiting") for one in run.at_work() if hasattr(one, "till"))


def _table(run: Run) -> Any:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    options, latencies = run.options, run.latencies()
    told = Table.grid(padding=(0, 3))
    wanted = f" of {options.sales}" if options.sales is not None else ""
    states = Counter(one.state for one in run.terminals)
    answers = Counter(str(status) for _what, status, _code in run.statuses().elements())
    refused: Counter[str] = Counter()
    for one in run.terminals:
        refused.update(one.refused)
    rows = {
        "Phase": f"{run.phase}, {time.monotonic() - run.began:.0f} s",
        "Sold": f"{_sold(run)}{wanted}, {sum(one.made_offline for one in run.terminals)} offline",
        "In queues": str(_waiting(run)),
        "Terminals": _counted(states),
        "Refused": _counted(refused),
        "Answers": _counted(answers),
        "Latency": ", ".join(f"p{n} {percentile(latencies, n)} ms" for n in (50, 95, 99)),
        "Faults": _counted(run.proxy.done) if run.proxy is not None else "none",
    }
    for name, value in rows.items():
        told.add_row(f"[bold]{name}", value)
    bar = ProgressBar(total=options.sales or 1, completed=_sold(run) if options.sales else 0)
    return Group(told, bar) if options.sales else told


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(found.items())) or "none"
