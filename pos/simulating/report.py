"""What a run came to: figures for people and programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pos.simulating.judging import summary
from pos.simulating.running import Run


def percentile(ordered: list[float], part: int) -> int:
    """Milliseconds that so many percent of the latencies do not exceed."""
    if not ordered:
        return 0
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * part // 100)])


def figures(run: Run) -> dict[str, Any]:
    """Everything that the report says, as JSON can hold it."""
    latencies = run.latencies()
    refused: Counter[str] = Counter()
    for one in run.terminals:
        refused.update(one.refused)
    statuses = run.statuses()
    return {
        "terminals": len(run.terminals),
        "seconds": round(run.lasted),
        "sales": None if run.verdict is None else summary(run.verdict),
        "made offline": sum(one.made_offline for one in run.terminals),
        "taken back": sum(one.taken_back for one in run.terminals),
        "exchanged": sum(one.exchanged for one in run.terminals),
        "cash moved": sum(one.cash_moved for one in run.terminals),
        "refused": dict(refused),
        "restarts": sum(one.restarts for one in run.terminals),
        "retries": run.retries,
        "unanswered requests": sum(one.gate.measured.unanswered for one in run.at_work()),
        "answers": dict(
            sorted(Counter(str(status) for _w, status, _c in statuses.elements()).items())
        ),
        "5xx": {
            f"{what} {status} {code}".strip(): count
            for (what, status, code), count in sorted(statuses.items())
            if status >= 500
        },
        "faults of the network": dict(run.proxy.done) if run.proxy is not None else {},
        "latency of a sale, ms": {f"p{part}": percentile(latencies, part) for part in (50, 95, 99)},
        "broken": run.broken,
        "exact": run.is_exact,
    }


def lines(run: Run) -> list[str]:
    """The report, a fact a line; what is not exact with its first examples."""
    told = figures(run)
    found = [f"{name}: {_plain(value)}" for name, value in told.items() if name != "sales"]
    verdict = run.verdict
    if verdict is None:
        return found
    found[2:2] = [f"  {name}: {_plain(value)}" for name, value in summary(verdict).items()]
    for name, wrong in verdict.faults().items():
        found += [f"NOT EXACT, {name}: {one}" for one in wrong[:5]]
        if len(wrong) > 5:
            found.append(f"NOT EXACT, {name}: and {len(wrong) - 5} more")
    found += [f"NOT EXPLAINED: {what} ({count})" for what, count in run.unexplained().items()]
    return found


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return str(value)
