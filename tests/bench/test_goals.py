"""Goals, met or how far away; and what is told of a result."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench.chart import chart
from bench.goals import GOALS, Goal, judge, judged
from bench.report import BEGIN, END, number, over_budget, put_into, table, text

PARTIES = ("limit", "product", "oscar")


def part(rate: float) -> dict[str, Any]:
    return {
        "rate": rate,
        "rates": [rate, rate],
        "spread": 0.0,
        "operations": 100,
        "refused": 0,
        "p50": 1000 / rate,
        "p95": 2000 / rate,
        "p99": 3000 / rate,
        "cpu": {"application": 2.0, "database": 1.0},
    }


@pytest.fixture
def result() -> dict[str, Any]:
    """Half the limit in all, and a hundred times django-oscar."""
    works = {
        "checkout, 1 terminal": PARTIES,
        "checkout, 16 terminals": PARTIES,
        "hot item, 16 terminals": PARTIES[:2],
        "look-up, 16 terminals": PARTIES,
        "search, large shop": PARTIES[:2],
        "import": PARTIES[:2],
    }
    rates = {"limit": 1000.0, "product": 500.0, "oscar": 5.0}
    counts = {"statements": 3, "walls": 1, "round trips": 2, "messages": 4, "begin and commit": 2}
    return {
        "at": "2026-11-21T18:00:00+00:00",
        "commit": "abcdef",
        "machine": {
            "processor": "A <fast> one", "cores": 2, "memory": "8 GB", "python": "3.11",
            "postgresql": "postgres 15",
        },
        "size": {"shops": 3, "each": 10, "large": 100, "rounds": 2, "seconds": 1},
        "parts": {work: {one: part(rates[one]) for one in whose} for work, whose in works.items()},
        "statements": {"checkout": {"product": counts}},
        "hot": {"sold": 9, "missing": 0, "deadlocks": 0},
        "import": {"megabytes": 70.0},
        "start": {"seconds": 0.5, "megabytes": 40.0},
        "noise": {"spread": 0.0, "steal": 0.0, "load_per_core": 0.0, "complaints": []},
        "seconds": 60,
    }  # fmt: skip


def found(result: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(one.goal.work, one.goal.figure): one.words() for one in judged(result)}


def test_each_goal_is_met_or_its_distance_is_told(result: dict[str, Any]) -> None:
    told = found(result)
    assert told["checkout of 5 lines", "rate, of the limit's"] == "met"
    assert told["checkout of 5 lines", "rate, of django-oscar's"] == "met"
    assert told["checkout of 5 lines", "application CPU"] == "1.3 times the goal"
    assert told["hot item", "rate, of the hot limit's"] == "62% of the goal"
    assert told["hot item", "oversold or miscounted"] == "met"
    assert told["import of 100,000", "memory above the start"] == "1.1 times the goal"
    assert told["sync of 100,000", "time, of COPY OUT's"] == "not measured"


def test_one_piece_oversold_is_no_goal_met(result: dict[str, Any]) -> None:
    result["hot"]["missing"] = 1
    assert found(result)["hot item", "oversold or miscounted"] == "far"


@pytest.mark.parametrize(
    ("side", "value", "met"),
    [
        ("at least", 2.0, True),
        ("at least", 1.99, False),
        ("at most", 2.0, True),
        ("at most", 2.01, False),
        ("at most", 0.0, True),
    ],
)
def test_a_bound_belongs_to_what_is_allowed(side: Any, value: float, met: bool) -> None:
    goal = Goal("work", "figure", side, 2.0, "", lambda _: value)
    assert judge(goal, value).is_met is met


def test_what_was_not_measured_is_not_met() -> None:
    assert not any(judge(goal, None).is_met for goal in GOALS)


def test_numbers_have_three_digits_that_count() -> None:
    assert [number(one) for one in (0.123, 1.5, 12.34, 1234.5, None)] == [
        "0.12",
        "1.50",
        "12.3",
        "1,234",
        "",
    ]
    assert number(3) == "3.00"
    assert number(12345, " ms") == "12,345 ms"


def test_a_table_lines_up() -> None:
    assert table(("a", "bb"), [("ccc", "d")]) == "| a   | bb |\n|-----|----|\n| ccc | d  |"


def test_the_report_says_whether_to_trust_it(result: dict[str, Any]) -> None:
    assert "can be trusted" in text(result)
    result["noise"]["complaints"] = ["somebody was hammering"]
    assert "TOO NOISY TO TRUST: somebody was hammering" in text(result)


def test_the_chart_is_an_image_that_may_stand_anywhere(result: dict[str, Any]) -> None:
    drawn = chart(result)
    root = ET.fromstring(drawn)
    names = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert names == {"svg", "title", "desc", "style", "rect", "text"}
    # Nothing from elsewhere, and both colour schemes.
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme: dark" in drawn
    assert "Tillbook 500/s" in drawn


def test_bars_are_as_long_as_the_shares(result: dict[str, Any]) -> None:
    drawn = chart(result)
    long = {
        kind: [
            float(w) for w in re.findall(rf'class="{kind}" x="250" y="\d+" width="([\d.]+)"', drawn)
        ]
        for kind in PARTIES
    }
    assert long["limit"][0] == 2 * long["product"][0]
    assert long["oscar"][0] == pytest.approx(long["limit"][0] / 200, abs=0.1)


def test_a_noisy_run_says_so_in_its_chart(result: dict[str, Any]) -> None:
    assert "not to be trusted" not in chart(result)
    result["noise"]["complaints"] = ["somebody was hammering"]
    assert "not to be trusted" in chart(result)


def test_more_statements_than_the_budget_are_named(result: dict[str, Any]) -> None:
    # Three, one of which says which business is meant.
    assert over_budget(result, {"checkout": 2, "search": 1}) == []
    assert over_budget(result, {"checkout": 1}) == [
        "checkout: 2 statements, 1 in bench/budget.json"
    ]


def test_a_result_takes_the_place_of_the_one_before(result: dict[str, Any]) -> None:
    page = f"# Head\n\n{BEGIN}\nwhat was before\n{END}\n\n## More\n"
    written = put_into(page, result)
    assert "what was before" not in written
    assert written.startswith(f"# Head\n\n{BEGIN}\n\nA <fast> one")
    assert written.endswith(f"{END}\n\n## More\n")
    assert put_into(written, result) == written
    with pytest.raises(ValueError, match="has no"):
        put_into("# Head\n", result)


def test_the_readme_shows_the_chart() -> None:
    root = Path(__file__).resolve().parents[2]
    (shown,) = re.findall(r"\]\((bench/\S+\.svg)\)", (root / "README.md").read_text())
    ET.parse(root / shown)
