"""The restore drill: it looks at what was restored, leaves nothing, and tells monitoring."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.management import CommandError
from django.db import connections
from django.utils import timezone

from backups import scratch, status
from backups.models import BackupRun
from backups.scratch import ALIAS
from tests.backups.installation import Installation, admin, remove
from tests.backups.test_round_trip import without_runs
from tests.conftest import ON_POSTGRES
from tests.databases import copy_database


def leftovers(house: Installation) -> list[str]:
    """Databases, folders and connections that a drill made."""
    left = [str(path) for path in house.var.glob(".scratch-*")]
    if ALIAS in connections.settings:
        left.append("a connection")
    if ON_POSTGRES:
        with admin() as server:
            rows = server.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
                [scratch._DATABASE],
            )
            left += [row[0] for row in rows.fetchall()]
    return left


def test_it_restores_and_takes_it_away_again(house, taken):
    before = house.rows()
    told = house.run("backup", "--drill")
    assert "The backup restores" in told
    assert "tables are the same" in told and "2 pictures are the same" in told
    assert "the names of " in told
    assert ("each business sees its own rows alone" in told) == ON_POSTGRES
    after = house.rows()
    runs = after.pop("backups_backuprun")
    before.pop("backups_backuprun")
    assert after == before and runs.total() == 2
    assert leftovers(house) == []


def test_the_result_is_there_for_monitoring(house, taken):
    with house.as_owner():
        assert status.last_drill() is None
    before = timezone.now()
    house.run("drill_backup")
    with house.as_owner():
        drill, good = status.last_drill(), status.last_drill(good=True)
    assert drill is not None and drill == good
    assert drill.name == taken and drill.size > 0 and drill.message == ""
    assert before <= drill.started_at <= timezone.now()
    with time_machine.travel(drill.started_at + timedelta(hours=3), tick=False):
        assert drill.age == timedelta(hours=3)


def test_a_damaged_backup_is_a_bad_drill(house, taken):
    house.run("drill_backup")
    (part,) = (house.store / taken).glob("database*")
    os.truncate(part, part.stat().st_size - 100)
    with pytest.raises(CommandError, match="damaged or not whole"):
        house.run("drill_backup")
    with house.as_owner():
        last, good = status.last_drill(), status.last_drill(good=True)
    assert last is not None and not last.is_good and "damaged" in last.message
    assert good is not None and good.is_good
    assert leftovers(house) == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("ALTER TABLE sales_sale DISABLE ROW LEVEL SECURITY", "sales_sale has no row-level"),
        ("DROP POLICY role_wall ON accounts_role", "accounts_role has no row-level"),
        (
            (
                "ALTER POLICY role_wall ON accounts_role USING (true OR business_id = "
                "current_setting('app.business_id')::bigint) WITH CHECK (true)"
            ),
            "accounts_role shows rows of another business",
        ),
    ],
)
@pytest.mark.postgres
def test_a_wall_that_fell_before_the_backup_is_found(house, statement, sentence):
    house.break_it(statement)
    house.run("backup")
    with pytest.raises(CommandError, match="restores, but") as error:
        house.run("drill_backup")
    assert sentence in str(error.value)
    assert leftovers(house) == []


def test_names_that_the_present_key_does_not_open_are_found(house, settings):
    """As after a rotation that lost the older key while rows were still sealed with it."""
    here = settings.APP_ENCRYPTION_KEYS
    settings.APP_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    house.run("backup")
    with pytest.raises(CommandError, match="does not open the names of people"):
        house.run("drill_backup")
    settings.APP_ENCRYPTION_KEYS = [*settings.APP_ENCRYPTION_KEYS, *here]
    house.run("drill_backup")


@pytest.mark.postgres
def test_a_database_for_the_drill(house, taken, settings, monkeypatch):
    """Where the owner may make none: it is given one, which is emptied afterwards."""
    place = Installation(f"drill_place_{uuid.uuid4().hex[:10]}", house.var, house.store)
    with admin() as server:
        server.execute(f"CREATE DATABASE {place.name}")
    try:
        settings.DRILL_URL = place.direct_url
        house.run("drill_backup")
        house.run("drill_backup")
        assert place.rows() == {}
        settings.DRILL_URL = house.direct_url
        with pytest.raises(CommandError, match="the word drill in its name"):
            house.run("drill_backup")
    finally:
        remove(place)


@pytest.mark.postgres
def test_the_living_database_is_not_emptied_whatever_its_name(house, settings):
    """A shop may be called Mandrill."""
    twin = Installation(f"test_mandrill_{uuid.uuid4().hex[:10]}", house.var, house.store)
    copy_database(house.name, twin.name)
    try:
        settings.DRILL_URL = twin.direct_url
        twin.run("backup")
        before = twin.rows()
        with pytest.raises(CommandError, match="leads to the database of this installation"):
            twin.run("drill_backup")
        assert without_runs(twin.rows()) == without_runs(before)
    finally:
        remove(twin)


@pytest.mark.postgres
def test_what_a_killed_drill_left_goes_after_a_day(house, taken):
    with admin() as server:
        server.execute(f"CREATE DATABASE {scratch._DATABASE}1600000000_abcd")
    house.run("drill_backup")
    assert leftovers(house) == []


def test_without_a_backup_it_says_so(house):
    with pytest.raises(CommandError, match="There is no backup in"):
        house.run("drill_backup")


# -- what monitoring reads ------------------------------------------------------------------------


def test_the_last_run_and_the_last_good_one(house):
    now = timezone.now()
    with house.as_owner():
        assert status.last_backup() is None and status.age_of_last_good_backup() is None
        for hours, good in ((50, True), (26, True), (2, False)):
            BackupRun.objects.create(
                kind="backup",
                name=f"{hours}",
                started_at=now - timedelta(hours=hours),
                finished_at=now - timedelta(hours=hours - 1),
                is_good=good,
                message="" if good else "The disk is full.",
            )
        with time_machine.travel(now, tick=False):
            last, age = status.last_backup(), status.age_of_last_good_backup()
        assert last is not None and last.name == "2" and last.message == "The disk is full."
        assert age == timedelta(hours=26)
        assert status.last_drill() is None


def test_the_web_server_may_read_it(house, taken, settings):
    with house.as_web_server():
        last = status.last_backup(good=True)
    assert last is not None and last.name == taken
    assert status.configured()
    settings.BACKUP_TO = ""
    assert not status.configured()
