"""What is aimed at, from what a run wrote down, and how far each figure is from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bench.figures import ratio

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Goal:
    """`at_least` or `at_most` so much; `of` finds the figure in a result, None where it has none."""

    work: str
    figure: str
    side: Literal["at least", "at most"]
    bound: float
    unit: str
    of: Callable[[Result], float | None]


@dataclass(frozen=True)
class Verdict:
    """`reached` is the share of the goal that is reached: 1 and more when it is met."""

    goal: Goal
    value: float | None
    reached: float | None

    @property
    def is_met(self) -> bool:
        return self.reached is not None and self.reached >= 1

    def words(self) -> str:
        if self.value is None or self.reached is None:
            return "not measured"
        if self.is_met:
            return "met"
        if self.goal.side == "at least":
            return f"{self.reached:.0%} of the goal"
        return f"{1 / self.reached:.1f} times the goal" if self.reached else "far"


def part(result: Result, work: str, party: str, figure: str) -> float | None:
    """A figure of one party at one work; None where it was not measured."""
    value: Any = result["parts"].get(work, {}).get(party, {}).get(figure)
    return float(value) if value is not None else None


def rates(work: str, one: str, other: str) -> Callable[[Result], float | None]:
    return lambda result: ratio(part(result, work, one, "rate"), part(result, work, other, "rate"))


def times(work: str, one: str, other: str) -> Callable[[Result], float | None]:
    return lambda result: ratio(part(result, work, one, "p50"), part(result, work, other, "p50"))


def plain(work: str, figure: str) -> Callable[[Result], float | None]:
    return lambda result: part(result, work, "product", figure)


def _cpu(result: Result) -> float | None:
    parties = result["parts"].get("checkout, 16 terminals", {})
    used: dict[str, float] = parties.get("product", {}).get("cpu", {})
    return used.get("application")


def _counted(figure: str) -> Callable[[Result], float | None]:
    return lambda result: result["statements"].get("checkout", {}).get("product", {}).get(figure)


def _other(section: str, figure: str) -> Callable[[Result], float | None]:
    return lambda result: result.get(section, {}).get(figure)


GOALS = (
    Goal("checkout of 5 lines", "rate, of the limit's", "at least", 0.50, "",
         rates("checkout, 16 terminals", "product", "limit")),
    Goal("checkout of 5 lines", "rate, of django-oscar's", "at least", 75, "×",
         rates("checkout, 16 terminals", "product", "oscar")),
    Goal("checkout of 5 lines", "round trips", "at most", 2, "", _counted("round trips")),
    Goal("checkout of 5 lines", "statements", "at most", 3, "", _counted("statements")),
    Goal("checkout of 5 lines", "application CPU", "at most", 1.5, " ms", _cpu),
    Goal("latency", "one terminal, p50, of the limit's", "at most", 3, "×",
         times("checkout, 1 terminal", "product", "limit")),
    Goal("latency", "16 terminals, p95", "at most", 40, " ms",
         plain("checkout, 16 terminals", "p95")),
    Goal("hot item", "rate, of the hot limit's", "at least", 0.8, "",
         rates("hot item, 16 terminals", "product", "limit")),
    Goal("hot item", "oversold or miscounted", "at most", 0, "", _other("hot", "missing")),
    Goal("hot item", "deadlocks", "at most", 0, "", _other("hot", "deadlocks")),
    Goal("barcode look-up", "rate, of django-oscar's by SKU", "at least", 7, "×",
         rates("look-up, 16 terminals", "product", "oscar")),
    Goal("barcode look-up", "one terminal, p50", "at most", 1.5, " ms",
         plain("look-up, 1 terminal", "p50")),
    Goal("search among 100,000", "p50, of plain SQL's", "at most", 2, "×",
         times("search, large shop", "product", "limit")),
    Goal("sync of 100,000", "time, of COPY OUT's", "at most", 2, "×",
         times("sync, large shop", "product", "limit")),
    Goal("import of 100,000", "rate, of COPY and INSERT's", "at least", 0.7, "",
         rates("import", "product", "limit")),
    Goal("import of 100,000", "memory above the start", "at most", 64, " MB",
         _other("import", "megabytes")),
    Goal("cold start", "first answer", "at most", 0.6, " s", _other("start", "seconds")),
    Goal("cold start", "private memory of a worker", "at most", 45, " MB",
         _other("start", "megabytes")),
)  # fmt: skip


def judged(result: Result) -> list[Verdict]:
    return [judge(goal, goal.of(result)) for goal in GOALS]


def judge(goal: Goal, value: float | None) -> Verdict:
    if value is None:
        return Verdict(goal, None, None)
    if goal.side == "at least":
        return Verdict(goal, value, value / goal.bound)
    if value <= goal.bound:
        # Nothing of what should be nothing, or less than what is allowed.
        return Verdict(goal, value, goal.bound / value if value and goal.bound else 1.0)
    return Verdict(goal, value, goal.bound / value)
