"""The bench's own arithmetic."""

from __future__ import annotations

import pytest

from bench.counting import summed
from bench.figures import Noise, Round, noise_of, percentile, ratio, spread, told


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 10), (0.95, 19), (0.99, 20), (1.0, 20), (0.0, 1), (0.05, 1)]
)
def test_percentile_is_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile([*range(20, 0, -1)], share) == expected


def test_percentile_of_one_is_that_one() -> None:
    assert percentile([7.0], 0.99) == 7.0


def test_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_spread_is_a_share_of_the_median() -> None:
    assert spread([90, 100, 120]) == pytest.approx(0.3)
    assert spread([100]) == 0
    assert spread([0, 0]) == 0


def test_ratio_of_what_is_missing_is_missing() -> None:
    assert ratio(3, 2) == 1.5
    assert ratio(None, 2) is None
    assert ratio(3, None) is None
    assert ratio(3, 0) is None


def test_rounds_become_medians_of_rates_and_percentiles_of_all() -> None:
    rounds = [
        Round([0.010] * 100, 1.0, cpu={"application": 0.2}),
        Round([0.020] * 50, 1.0, refused=1, cpu={"application": 0.2}),
        Round([0.010] * 90, 1.0, cpu={"application": 0.9}),
    ]
    assert told(rounds) == {
        "rate": 90.0,
        "rates": [100.0, 50.0, 90.0],
        "spread": pytest.approx(0.556),
        "operations": 240,
        "refused": 1,
        "p50": 10.0,
        "p95": 20.0,
        "p99": 20.0,
        # 2, 4 and 10 ms an operation.
        "cpu": {"application": 4.0},
    }


def test_a_part_without_an_operation_is_an_error() -> None:
    with pytest.raises(ValueError, match="no operation"):
        told([Round([], 1.0)])


def test_a_quiet_machine_is_trusted() -> None:
    assert Noise(spread=0.1, steal=0.001, load_per_core=0.1).complaints() == []


@pytest.mark.parametrize(
    ("noise", "word"),
    [
        (Noise(0.3, 0.0, 0.0), "rounds lay 30% apart"),
        (Noise(0.1, 0.05, 0.0), "5.0% of the CPU went to other guests"),
        (Noise(0.1, 0.0, 2.5), "2.50 processes a core"),
    ],
)
def test_each_kind_of_noise_is_named(noise: Noise, word: str) -> None:
    (said,) = noise.complaints()
    assert word in said


def test_noise_is_the_worst_of_the_limits_parts_and_not_of_others() -> None:
    many = {"operations": 1000, "rates": [1.0] * 5}
    parts = {
        "a": {"limit": {"spread": 0.1, **many}, "product": {"spread": 0.9, **many}},
        "b": {"limit": {"spread": 0.2, **many}},
        "c": {"product": {"spread": 0.9, **many}},
        # Once a round.
        "d": {"limit": {"spread": 0.9, "operations": 5, "rates": [1.0] * 5}},
    }
    assert noise_of(parts, steal=0.0, load=0.0).spread == 0.2


def test_statements_are_counted_besides_the_frame_and_background_rounds_away() -> None:
    calls = {
        "BEGIN": 20,
        "SET LOCAL app.business_id = '7'": 20,
        "SELECT a": 20,
        "SELECT b": 40,
        "COMMIT": 20,
        "INSERT INTO counts": 1,
        'SELECT 1 FROM ONLY "public"."accounts_user" x WHERE "id" = $1 FOR KEY SHARE OF x': 20,
    }
    assert summed(calls, 121, times=20) == {
        "statements": 4,
        "walls": 1,
        "round trips": 4,
        "messages": 6,
        "begin and commit": 2,
    }
