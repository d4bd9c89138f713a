"""Whatever stops a backup in the middle: no half of one is there, and the earlier ones are."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as present
from django.core.management import CommandError

from backups import contents, media, postgresql, programs, status, stores, taking
from backups.stores import store_at
from tests.backups import installation
from tests.backups.installation import Installation
from tests.conftest import ROOT

# manage.py whose pictures do not come to an end before the file ENOUGH is there.
_AT_LENGTH = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "pos.settings"
from django.core.management import execute_from_command_line
from backups import media
pack = media.pack
def at_length(root, sink):
    packed = pack(root, sink)
    while not os.path.exists(os.environ["ENOUGH"]):
        sink.write(bytes(65536))
        sink.flush()
        time.sleep(0.01)
    return packed
media.pack = at_length
execute_from_command_line(sys.argv)
"""


def enough(house: Installation) -> Path:
    return house.var / "enough"


def begun(house: Installation) -> subprocess.Popen[str]:
    """A backup in a process of its own that is packing pictures, until `enough()` is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_LENGTH, "backup"],
        cwd=ROOT,
        env={
            **house.environment(),
            "ENOUGH": str(enough(house)),
            "BACKUP_TO": str(house.store),
            "BACKUP_RECIPIENTS": present.BACKUP_RECIPIENTS[0],
            "APP_ENCRYPTION_KEY": ",".join(present.APP_ENCRYPTION_KEYS),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(house.store.glob(".unfinished-*/pictures*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_killed(house, taken):
    process = begun(house)
    process.kill()
    process.communicate()
    (left,) = house.store.glob(".unfinished-*")
    assert not (left / "manifest.json").exists()
    store = store_at()
    assert store.names() == [taken]
    with house.as_owner():
        last = status.last_backup()
        assert last is not None and last.name == taken
        taking.prune(store, datetime.now(UTC))
        assert left.exists(), "it may still be at work"
        taking.prune(store, datetime.now(UTC) + timedelta(days=2))
    assert not left.exists()
    house.drop()
    assert taken in house.run("restore")


def test_stopped_by_the_service_manager(house, taken):
    process = begun(house)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert sorted(one.name for one in house.store.iterdir()) == [taken]
    assert list(house.var.glob(".scratch-*")) == []
    with house.as_owner():
        last = status.last_backup()
        assert last is not None and not last.is_good
        assert last.message == "It was stopped before its end."


@pytest.mark.parametrize("after", [0, 5000])
def test_a_full_disk(house, taken, monkeypatch, after):
    original = stores.Folder.writing

    class Full:
        def __init__(self, sink):
            self.sink, self.left = sink, after

        def write(self, data):
            self.left -= len(data)
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self.sink.write(data)

    @contextmanager
    def writing(self, name, file):
        with original(self, name, file) as sink:
            yield Full(sink)

    monkeypatch.setattr(stores.Folder, "writing", writing)
    with pytest.raises(CommandError, match="No space left on device"):
        house.run("backup")
    assert sorted(one.name for one in house.store.iterdir()) == [taken]
    with house.as_owner():
        last, good = status.last_backup(), status.last_backup(good=True)
    assert last is not None and "No space left" in last.message
    assert good is not None and good.name == taken


def test_pictures_that_cannot_be_read(house, taken, monkeypatch):
    def pack(root: Path, sink):
        sink.write(b"a little")
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(media, "pack", pack)
    with pytest.raises((CommandError, OSError), match="Input/output error"):
        house.run("backup")
    assert sorted(one.name for one in house.store.iterdir()) == [taken]


@pytest.mark.postgres
def test_a_server_that_goes_away_in_the_middle(house, taken, tmp_path, settings):
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "pg_dump"
    script.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" && exit\n'
        "head -c 100000 /dev/zero\n"
        'echo "pg_dump: error: query failed: server closed the connection" >&2\nexit 1\n'
    )
    script.chmod(0o755)
    settings.BACKUP_PG_PROGRAMS = str(folder)
    with pytest.raises(CommandError, match="query failed: server closed the connection"):
        house.run("backup")
    assert sorted(one.name for one in house.store.iterdir()) == [taken]


def test_two_at_once_are_two(house):
    process = begun(house)
    house.run("backup")
    enough(house).touch()
    process.communicate(timeout=300)
    assert process.returncode == 0
    assert len(store_at().names()) == 2


@pytest.mark.postgres
def test_a_restore_that_is_killed_changes_nothing(house, taken, tmp_path):
    """psql outlives it for a moment, and takes the end of what it is given for an end."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "psql").symlink_to(programs.psql().path)
    reader = folder / "pg_restore"
    reader.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "pg_restore (PostgreSQL) 99.1" && exit\n'
        "kill -9 $PPID\n"
    )
    reader.chmod(0o755)
    before = house.rows()
    with pytest.raises(subprocess.CalledProcessError) as error:
        installation.manage(
            house, "restore", "--replace", "--yes",
            BACKUP_TO=str(house.store),
            BACKUP_IDENTITY=present.BACKUP_IDENTITY,
            BACKUP_PG_PROGRAMS=str(folder),
            APP_ENCRYPTION_KEY=",".join(present.APP_ENCRYPTION_KEYS),
        )  # fmt: skip
    assert error.value.returncode == -signal.SIGKILL
    with installation.admin() as server:
        deadline = time.monotonic() + 120
        while server.execute(
            "SELECT FROM pg_stat_activity WHERE datname = %s AND application_name = 'tillbook'",
            [house.name],
        ).rowcount:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert house.rows() == before


@pytest.mark.postgres
def test_a_counting_that_hears_nothing_at_first_is_ended(house, taken, monkeypatch):
    """It is between two statements when the dump fails, and would wait for the table then."""
    first, second = threading.Event(), threading.Event()
    count, cancel = contents.of_postgresql, psycopg.Connection.cancel

    def late(connection):
        assert first.wait(120)
        return count(connection)

    def unheard(connection):
        if first.is_set():
            second.set()
            cancel(connection)
        first.set()

    monkeypatch.setattr(contents, "of_postgresql", late)
    monkeypatch.setattr(psycopg.Connection, "cancel", unheard)
    monkeypatch.setattr(postgresql, "LOCK_WAIT_MS", 300)
    with psycopg.connect(house.direct_url) as other:
        other.execute("LOCK TABLE sales_sale IN ACCESS EXCLUSIVE MODE")
        # Else who is broken here would never end.
        giving_up = threading.Timer(120, other.close)
        giving_up.start()
        with pytest.raises(CommandError, match="somebody keeps a table locked"):
            house.run("backup")
        giving_up.cancel()
    assert second.is_set()
    assert store_at().names() == [taken]


@pytest.mark.postgres
def test_a_backup_does_not_wait_for_ever_for_a_table(house, taken, monkeypatch):
    monkeypatch.setattr(postgresql, "LOCK_WAIT_MS", 300)
    with psycopg.connect(house.direct_url) as other:
        other.execute("LOCK TABLE sales_sale IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(CommandError, match="somebody keeps a table locked"):
            house.run("backup")
    assert store_at().names() == [taken]
