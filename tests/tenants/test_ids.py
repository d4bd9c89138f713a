"""Ids that sort by time."""

from __future__ import annotations

import datetime as dt
import time
import uuid

import time_machine

from tenants.ids import uuid7


def test_they_are_of_version_7_and_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_one_made_after_another_comes_after_it() -> None:
    made = [uuid7() for _ in range(2000)]
    assert made == sorted(made)
    assert len({one.int >> 80 for one in made}) < 2000, "many of one millisecond"


def test_those_of_one_moment_differ() -> None:
    with time_machine.travel(dt.datetime(2030, 1, 1, tzinfo=dt.UTC), tick=False):
        made = {uuid7() for _ in range(1000)}
    assert len(made) == 1000
    assert {(one.int >> 80, one.version, one.variant) for one in made} == {
        (1_893_456_000_000, 7, uuid.RFC_4122)
    }
