"""What is told of how cost grows."""

from __future__ import annotations

from typing import Any

import pytest

from bench.growth import shares, steps_of, text


def test_steps_only_grow() -> None:
    assert steps_of("10:10000,10:1000000,200:1000000") == [
        (10, 10_000),
        (10, 1_000_000),
        (200, 1_000_000),
    ]
    with pytest.raises(ValueError, match="nothing is taken away"):
        steps_of("10:10000,200:5000")
    with pytest.raises(ValueError, match="at least three"):
        steps_of("2:10000")


def test_all_lines_are_shared_among_the_shops() -> None:
    sales = shares(10_000, 10)
    assert sales == [800, 400, *[100] * 8]
    assert sum(sales) * 5 == 10_000


def test_each_step_stands_beside_the_first() -> None:
    def step(shops: int, lines: int, cost: float, statements: int) -> dict[str, Any]:
        cpu = {"application": 4.0, "database": cost, "pooler": 9.0}
        work = {"p50": cost * 3, "statements": statements, "cpu": cpu}
        return {"businesses": shops, "lines": lines, "works": {"checkout": work}}

    result = {"steps": [step(10, 10_000, 1.0, 3), step(2000, 1_000_000, 8.5, 4)]}
    head, _rule, row = text(result).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "CPU in ms at",
        "10 shops, 10,000 lines",
        "2,000 shops, 1,000,000 lines",
        "of it the database's",
        "p50 ms",
        "statements",
    ]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "checkout",
        "5.00",
        "12.5 (2.5×)",
        "8.50",
        "25.5",
        "3/4",
    ]
