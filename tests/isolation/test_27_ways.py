"""The ways to another business's rows: none gets through, and each would be seen if it did."""

from __future__ import annotations

from contextlib import ExitStack

import psycopg
import pytest

from tests.conftest import ON_POSTGRES
from tests.isolation import probes_raw, probes_reading, probes_writing
from tests.isolation.probes import MARKS, POSTGRES, PROBES, RAW, Target, make_target, reached
from tests.isolation.walls_down import keys_down, policies_down, scope_down

# Imported for the probes that they register.
assert probes_reading and probes_writing and probes_raw

HERE = {name for name in PROBES if ON_POSTGRES or POSTGRES not in MARKS[name]}
# What only row-level security stops.
AROUND_THE_ORM = {name for name in HERE if RAW in MARKS[name]}
# What only the composite keys stop.
REFERENCES = {
    "refer_to_their_row",
    "refer_by_update",
    "add_to_their_row",
    "link_to_their_location",
    "raw_reference",
}


@pytest.fixture
def mine(db: None) -> Target:
    return make_target("acme")


@pytest.fixture
def theirs(db: None) -> Target:
    return make_target("rival")


def test_there_are_at_least_27_ways() -> None:
    assert len(HERE) >= 27


@pytest.mark.parametrize("name", sorted(HERE - AROUND_THE_ORM))
def test_this_way_is_closed(name: str, mine: Target, theirs: Target) -> None:
    assert not reached(PROBES[name], mine, theirs)


@pytest.mark.parametrize("name", sorted(AROUND_THE_ORM))
def test_only_row_level_security_closes_this_way(name: str, mine: Target, theirs: Target) -> None:
    # The documented gap: without PostgreSQL nothing stops raw SQL but the lint that forbids it.
    assert reached(PROBES[name], mine, theirs) is not ON_POSTGRES


def leaks() -> set[str]:
    mine, theirs = make_target("acme"), make_target("rival")
    return {name for name in HERE if reached(PROBES[name], mine, theirs)}


def test_all_walls_stand(direct: psycopg.Connection | None) -> None:
    assert leaks() == (set() if ON_POSTGRES else AROUND_THE_ORM)


def test_without_the_scope(direct: object, monkeypatch: pytest.MonkeyPatch) -> None:
    scope_down(monkeypatch)
    found = leaks()
    if ON_POSTGRES:
        # Row-level security alone holds.
        assert found == set()
    else:
        assert len(found) >= 40
        assert not found & REFERENCES


def test_without_the_composite_keys(direct: psycopg.Connection | None) -> None:
    with keys_down(direct):
        assert leaks() == REFERENCES | (set() if ON_POSTGRES else AROUND_THE_ORM)


@pytest.mark.postgres
def test_without_row_level_security(direct: psycopg.Connection) -> None:
    with policies_down(direct):
        assert leaks() == AROUND_THE_ORM


def test_without_any_wall_every_way_is_open(
    direct: psycopg.Connection | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope_down(monkeypatch)
    with ExitStack() as down:
        down.enter_context(keys_down(direct))
        if direct is not None:
            down.enter_context(policies_down(direct))
        assert HERE - leaks() == set()
