"""Which backups stay: properties that hold whatever the days are."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from backups import manifest, restoring
from backups.models import BackupRun
from backups.retention import kept
from backups.stores import MANIFEST, is_name, moment, new_name, store_at
from backups.taking import prune
from tests.backups.installation import Installation

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
MOMENT = st.integers(0, 10 * 366 * 86400 * 7).map(lambda part: BEGIN + timedelta(seconds=part / 7))
MOMENTS = st.lists(MOMENT, max_size=60)
COUNTS = st.integers(0, 15)


@given(MOMENTS, COUNTS, COUNTS, COUNTS)
def test_the_newest_stays_and_never_more_than_asked(moments, days, weeks, months):
    stay = kept(moments, days=days, weeks=weeks, months=months)
    assert stay <= set(moments)
    if moments:
        recent = {one for one in moments if one > max(moments) - timedelta(days=1)}
        assert max(moments) in recent and recent <= stay
        assert len(stay - recent) <= days + weeks + months


@given(MOMENTS, COUNTS, COUNTS, COUNTS)
def test_asking_again_deletes_nothing_more(moments, days, weeks, months):
    stay = kept(moments, days=days, weeks=weeks, months=months)
    assert kept(stay, days=days, weeks=weeks, months=months) == stay


@given(MOMENTS, COUNTS, COUNTS, COUNTS)
def test_whoever_asks_for_more_loses_none(moments, days, weeks, months):
    stay = kept(moments, days=days, weeks=weeks, months=months)
    assert stay <= kept(moments, days=days + 1, weeks=weeks + 1, months=months + 1)


@given(MOMENTS, st.integers(1, 15))
def test_each_of_the_last_days_has_one(moments, days):
    stay = kept(moments, days=days, weeks=0, months=0)
    wanted = sorted({one.date() for one in moments}, reverse=True)[:days]
    # Of a day the last, which knows most.
    newest = {max(one for one in moments if one.date() == day) for day in wanted}
    assert newest <= stay
    assert all(one > max(moments) - timedelta(days=1) for one in stay - newest)


@settings(max_examples=25, deadline=None)
@given(
    MOMENT,
    st.integers(1, 10), st.integers(1, 8), st.integers(1, 6), st.integers(1, 3),
)  # fmt: skip
def test_backed_up_daily_for_a_year_the_ages_are_those_asked_for(begin, days, weeks, months, a_day):
    """Pruned after each backup, as it really happens: nothing that is still wanted went before."""
    there: set[datetime] = set()
    every: list[datetime] = []
    for number in range(400 * a_day):
        every.append(begin + timedelta(days=1) / a_day * number)
        there = kept(there | {every[-1]}, days=days, weeks=weeks, months=months)
    assert there == kept(every, days=days, weeks=weeks, months=months)
    assert len({(one.year, one.month) for one in there}) >= months
    assert {one.date() for one in every[-days * a_day :]} <= {one.date() for one in there} | {
        every[-days * a_day].date()
    }


@given(MOMENT)
def test_a_name_tells_its_moment_and_sorts_by_it(at):
    name = new_name(at)
    assert is_name(name)
    assert timedelta(0) <= at - moment(name) < timedelta(microseconds=16)
    assert new_name(moment(name)) == name
    assert name < new_name(at + timedelta(microseconds=16))


# -- in a folder ----------------------------------------------------------------------------------


@pytest.fixture
def many(house, taken, settings) -> list[str]:
    """Ten days of backups, made of one."""
    settings.BACKUP_KEEP_DAYS, settings.BACKUP_KEEP_WEEKS, settings.BACKUP_KEEP_MONTHS = 3, 0, 0
    earlier = [new_name(moment(taken) - timedelta(days=day)) for day in range(1, 10)]
    for name in earlier:
        copy_as(house, taken, name)
    return sorted([taken, *earlier])


def copy_as(house: Installation, taken: str, name: str) -> None:
    """The same backup as if it had been taken at another moment."""
    known = restoring.look(store_at(), taken)
    shutil.copytree(house.store / taken, house.store / name)
    (house.store / name / MANIFEST).write_bytes(manifest.written(replace(known, name=name)))


def test_old_ones_go_after_a_good_one(house, many):
    told = house.run("backup")
    names = store_at().names()
    # Of today both, and the newest of each of two days before.
    assert names[:-1] == many[-3:]
    assert all(name in told for name in many[:-3])


def test_the_last_that_a_drill_restored_stays(house, many):
    with house.as_owner():
        for name in many[1:3]:
            BackupRun.objects.create(
                kind="drill", name=name, started_at=moment(name), is_good=name == many[1]
            )
        prune(store_at(), moment(many[-1]))
    assert store_at().names() == [many[1], *many[-3:]]


def test_another_installation_in_the_same_place_costs_no_backup(house, many, settings):
    """Staging that backs up later each day would otherwise take the place of the shop's."""
    ours = list(settings.APP_ENCRYPTION_KEYS)
    strange = [new_name(moment(many[-1]) + timedelta(days=day, hours=1)) for day in range(-5, 9)]
    # The first key seals, each one opens.
    settings.APP_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *ours]
    for name in strange:
        copy_as(house, many[-1], name)
    settings.APP_ENCRYPTION_KEYS = ours
    told = house.run("backup")
    assert f"{len(strange)} backups there were left alone" in told
    names = set(store_at().names())
    assert set(strange) <= names
    assert set(many[-3:]) <= names, "ours went because of theirs"
    assert not set(many[:-3]) & names


def test_a_clock_that_went_back_costs_not_the_newest(house, many, monkeypatch):
    early = moment(many[0]) - timedelta(days=400)
    monkeypatch.setattr("backups.taking.timezone.now", lambda: early)
    house.run("backup")
    assert new_name(early) in store_at().names()


def test_a_backup_that_fails_deletes_none(house, many, settings):
    settings.BACKUP_RECIPIENTS = ["nonsense"]
    with pytest.raises(Exception, match="no public key"):
        house.run("backup")
    assert store_at().names() == many
