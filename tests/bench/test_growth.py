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
    def step(shops: int, lines: int, p50: float, statements: int) -> dict[str, Any]:
        work = {"p50": p50, "statements": statements, "cpu": {"application": 4.0}}
        return {"businesses": shops, "lines": lines, "works": {"checkout": work}}

    result = {"steps": [step(10, 10_000, 2.0, 3), step(200, 1_000_000, 5.0, 4)]}
    head, _rule, row = text(result).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "p50 in ms at",
        "10 shops, 10,000 lines",
        "200 shops, 1,000,000 lines",
        "app CPU ms",
        "statements",
    ]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "checkout",
        "2.00",
        "5.00 (2.5×)",
        "4.00",
        "3/4",
    ]
