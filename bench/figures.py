"""The bench's own arithmetic: percentiles, medians over rounds, ratios, and whether to trust them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: Above these a run says of itself that the machine was too noisy to trust it.
MOST_SPREAD = 0.25
MOST_STEAL = 0.02
MOST_LOAD_PER_CORE = 0.5


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all do not exceed. Raises ValueError
    where there are none."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    # In whole thousandths: 0.95 × 20 is a little above 19 as a float.
    rank = -(-round(share * 1000) * len(ordered) // 1000)
    return ordered[max(rank, 1) - 1]


def spread(values: Sequence[float]) -> float:
    """How far the highest and the lowest lie apart, as a share of the median; 0 for fewer than two."""
    if len(values) < 2:
        return 0.0
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


@dataclass
class Round:
    """One part of one round: seconds of each operation, and CPU seconds of each part meanwhile."""

    seconds: list[float]
    lasted: float
    refused: int = 0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Operations a second."""
        return len(self.seconds) / self.lasted if self.lasted else 0.0


def told(rounds: Sequence[Round]) -> dict[str, Any]:
    """What is written down of all rounds of one part: medians over rounds of the rate and of CPU
    milliseconds per operation; percentiles, in milliseconds, over all operations together."""
    whole = [one for one in rounds if one.seconds]
    if not whole:
        raise ValueError("no operation was measured")
    taken = [1000 * one for each in whole for one in each.seconds]
    rates = [one.rate for one in whole]
    names = dict.fromkeys(name for one in whole for name in one.cpu)
    return {
        "rate": round(statistics.median(rates), 2),
        "rates": [round(one, 2) for one in rates],
        "spread": round(spread(rates), 3),
        "operations": len(taken),
        "refused": sum(one.refused for one in rounds),
        "p50": round(percentile(taken, 0.50), 3),
        "p95": round(percentile(taken, 0.95), 3),
        "p99": round(percentile(taken, 0.99), 3),
        "cpu": {
            name: round(
                statistics.median(1000 * one.cpu.get(name, 0) / len(one.seconds) for one in whole),
                3,
            )
            for name in names
        },
    }


def ratio(one: float | None, other: float | None) -> float | None:
    """How many times `other` is `one`; None where either is missing or nothing."""
    return one / other if one is not None and other else None


@dataclass(frozen=True)
class Noise:
    """What the machine did besides: how far the limit's own rounds lay apart (the worst of its
    parts), the share of CPU that another guest took, and the load before the run for each core."""

    spread: float
    steal: float
    load_per_core: float

    def complaints(self) -> list[str]:
        """Why these figures are not to be trusted, a sentence each; none when they are."""
        found = []
        if self.spread > MOST_SPREAD:
            found.append(
                f"the limit's own rounds lay {self.spread:.0%} apart (at most {MOST_SPREAD:.0%})"
            )
        if self.steal > MOST_STEAL:
            found.append(
                f"{self.steal:.1%} of the CPU went to other guests of the host "
                f"(at most {MOST_STEAL:.0%})"
            )
        if self.load_per_core > MOST_LOAD_PER_CORE:
            found.append(
                f"{self.load_per_core:.2f} processes a core were running before the bench "
                f"(at most {MOST_LOAD_PER_CORE})"
            )
        return found


def noise_of(parts: Mapping[str, Mapping[str, Any]], *, steal: float, load: float) -> Noise:
    """From what was written down of each work by each party. What a round does once, such as a copy
    of a whole table, is no measure of the machine: it differs by where the last checkpoint fell."""
    limits = [found["limit"] for found in parts.values() if "limit" in found]
    spreads = [one["spread"] for one in limits if one["operations"] > 2 * len(one["rates"])]
    return Noise(max(spreads, default=0.0), round(steal, 4), round(load, 3))
