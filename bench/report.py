"""A result as tables in Markdown: for the terminal, and for docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.figures import ratio
from bench.goals import Verdict, judged
from scripts.system import ROOT

Row = Sequence[str]
PARTIES = {"limit": "the limit", "product": "Tillbook", "oscar": "django-oscar"}


def table(head: Row, rows: Iterable[Row]) -> str:
    """Columns as wide as they need to be, so that it can be read as it is."""
    all_rows = [list(head), *map(list, rows)]
    wide = [max(len(row[n]) for row in all_rows) for n in range(len(head))]

    def line(cells: Row) -> str:
        return "| " + " | ".join(cell.ljust(w) for cell, w in zip(cells, wide, strict=True)) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in wide) + "|"
    return "\n".join([line(all_rows[0]), rule, *map(line, all_rows[1:])])


def number(value: float | None, unit: str = "") -> str:
    """Three digits that count; nothing where there is no figure."""
    if value is None:
        return ""
    if value >= 100:
        shown = f"{value:,.0f}"
    elif value >= 10:
        shown = f"{value:.1f}"
    else:
        shown = f"{value:.2f}"
    return (shown if value % 1 or value < 100 else f"{value:,.0f}") + unit


def goals(result: Mapping[str, Any]) -> str:
    return table(
        ("work", "figure", "goal", "found", ""),
        [_goal(one, result["size"]["large"]) for one in judged(result)],
    )


def _goal(one: Verdict, large: int) -> Row:
    goal = one.goal
    bound = f"{goal.side} {goal.bound:g}{goal.unit}"
    # A quick run is about fewer products than the goals are.
    work = goal.work.replace("100,000", f"{large:,}")
    return (work, goal.figure, bound, number(one.value, goal.unit), one.words())


def parts(result: Mapping[str, Any]) -> str:
    rows: list[Row] = []
    for work, parties in result["parts"].items():
        limit = parties.get("limit", {}).get("rate")
        for party, found in parties.items():
            cpu = found["cpu"]
            rows.append(
                (
                    work if party == next(iter(parties)) else "",
                    PARTIES[party],
                    number(found["rate"]),
                    number(ratio(found["rate"], limit)),
                    *(number(found[name]) for name in ("p50", "p95", "p99")),
                    *(number(cpu.get(name)) for name in ("application", "database", "load")),
                    f"{found['spread']:.0%}",
                )
            )
    head = ("work", "who", "a second", "of the limit", "p50 ms", "p95 ms", "p99 ms",
            "app CPU ms", "DB CPU ms", "load CPU ms", "spread")  # fmt: skip
    return table(head, rows)


def counts(result: Mapping[str, Any]) -> str:
    names = ("statements", "walls", "round trips", "messages", "begin and commit")
    allowed = budget()
    rows = [
        (
            work,
            PARTIES[party],
            *(str(found[name]) for name in names),
            str(allowed.get(work, "")) if party == "product" else "",
        )
        for work, parties in result["statements"].items()
        for party, found in parties.items()
    ]
    return table(("operation", "who", *names, "budget"), rows)


def budget() -> dict[str, int]:
    """What each operation may cost in statements, besides those that say which business is meant."""
    allowed: dict[str, int] = json.loads((ROOT / "bench" / "budget.json").read_text())
    return allowed


def over_budget(result: Mapping[str, Any], allowed: Mapping[str, int]) -> list[str]:
    """A sentence for each operation that costs more."""
    found = []
    for work, parties in result["statements"].items():
        ours = parties["product"]["statements"] - parties["product"]["walls"]
        if work in allowed and ours > allowed[work]:
            found.append(f"{work}: {ours} statements, {allowed[work]} in bench/budget.json")
    return found


def text(result: Mapping[str, Any]) -> str:
    """The whole result."""
    machine, size, noise = result["machine"], result["size"], result["noise"]
    said = [
        (
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}; "
            f"Python {machine['python']}, {machine['postgresql']}; commit {result['commit']}, "
            f"{result['at']}, {result['seconds']} s. {size['shops']} shops of {size['each']:,} products "
            f"and one of {size['large']:,}; {size['rounds']} rounds of {size['seconds']} s. "
            "All parts and the terminals share the machine."
        ),
        goals(result),
        parts(result),
        counts(result),
        trust(noise),
    ]
    return "\n\n".join(said)


def trust(noise: Mapping[str, Any]) -> str:
    if not noise["complaints"]:
        return "The machine was quiet enough: these figures can be trusted."
    reasons = "; ".join(noise["complaints"])
    return f"TOO NOISY TO TRUST: {reasons}. Counts hold, times do not: run it again."


BEGIN, END = "<!-- written by make bench -->", "<!-- end -->"


def put_into(page: str, result: Mapping[str, Any]) -> str:
    """The page with this result between its marks. Raises ValueError where they are not."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n\n{text(result)}\n\n{END}{tail}"
