"""PostgreSQL's programs: which fits, what is told when none does, and who sees the password."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError

from backups import manifest, programs, restoring, status
from backups.errors import BackupError
from backups.stores import store_at


@pytest.fixture
def bin_folder(tmp_path, settings):
    """A folder that is looked into and in no other; `put` puts a program of a version there."""

    def put(name: str, version: str, body: str = "exit 1") -> Path:
        folder = tmp_path / "bin" / version
        folder.mkdir(parents=True, exist_ok=True)
        script = folder / name
        script.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo "{name} (PostgreSQL) {version} (Debian)" '
            f"&& exit\n{body}\n"
        )
        script.chmod(0o755)
        return script

    return put


@pytest.fixture
def only(monkeypatch, tmp_path):
    """The machine has these versions of pg_dump and pg_restore, and no other."""

    def have(*versions: str) -> None:
        found = [programs.Program(f"/usr/bin/x{version}", version) for version in versions]
        monkeypatch.setattr(programs, "programs", lambda name: found)

    return have


def test_one_that_is_as_new_as_the_server_is_taken(only):
    only("14.9", "15.18", "17.2", "18.4")
    assert programs.pg_dump("15.20").version == "15.18"
    assert programs.pg_dump("16.1").version == "17.2"
    assert programs.pg_dump("18.0").version == "18.4"
    # What reads an archive must be as new as what wrote it; psql as new as can be.
    assert programs.pg_restore("17.0").version == "17.2"
    assert programs.psql().version == "18.4"


def test_an_older_one_is_named_with_what_to_install(only):
    only("15.18")
    with pytest.raises(BackupError) as error:
        programs.pg_dump("18.4")
    told = str(error.value)
    assert "pg_dump here is version 15.18, and the server is PostgreSQL 18.4" in told
    assert "apt-get install postgresql-client-18" in told and "apt.postgresql.org" in told
    with pytest.raises(BackupError, match=r"written by pg_dump 17\.1: it must be 17 or newer"):
        programs.pg_restore("17.1")


def test_a_missing_one_is_named_too(only):
    only()
    with pytest.raises(BackupError, match=r"pg_dump is missing.*postgresql-client-16"):
        programs.pg_dump("16.2")


def test_on_vercel_it_says_what_to_do_instead(only, monkeypatch):
    only()
    monkeypatch.setenv("VERCEL", "1")
    with pytest.raises(BackupError, match=r"no pg_dump on Vercel.*docs/recovery\.md"):
        programs.pg_dump("16.2")


def test_programs_are_found_by_what_they_say_of_themselves(bin_folder, settings):
    script = bin_folder("pg_dump", "16.4")
    settings.BACKUP_PG_PROGRAMS = str(script.parent)
    assert programs.programs("pg_dump") == [programs.Program(str(script), "16.4")]
    assert programs.programs("pg_restore") == []
    script.write_text("#!/bin/sh\necho something else\n")
    assert programs.programs("pg_dump") == []


@pytest.mark.postgres
def test_a_backup_that_cannot_be_made_is_recorded(house, bin_folder, settings):
    settings.BACKUP_PG_PROGRAMS = str(bin_folder("pg_dump", "9.6").parent)
    with pytest.raises(CommandError, match="must be 1[0-9] or newer"):
        house.run("backup")
    with house.as_owner():
        last = status.last_backup()
    assert last is not None and not last.is_good and "must be" in last.message
    assert store_at().names() == []


@pytest.mark.postgres
def test_a_backup_of_a_newer_server_is_refused(house, taken):
    with house.as_owner():
        newer = replace(restoring.look(store_at(), taken), server_version="99.1")
    (house.store / taken / "manifest.json").write_bytes(manifest.written(newer))
    house.drop()
    with pytest.raises(CommandError, match=r"PostgreSQL 99\.1 and this server is .* 99 or newer"):
        house.run("restore")
    assert house.rows() == {}


def test_a_backup_of_a_newer_release_is_refused(house, taken):
    with house.as_owner():
        known = restoring.look(store_at(), taken)
    migrations = {**known.migrations, "sales": [*known.migrations["sales"], "0999_tomorrow"]}
    newer = replace(known, migrations=migrations, release="v99")
    (house.store / taken / "manifest.json").write_bytes(manifest.written(newer))
    house.drop()
    with pytest.raises(CommandError, match=r"newer release \(v99\).*sales\.0999_tomorrow"):
        house.run("restore")
    assert house.rows() == {}


def test_a_backup_of_an_older_release_says_what_to_migrate(house, taken):
    with house.as_owner():
        known = restoring.look(store_at(), taken)
    older = replace(known, migrations={**known.migrations, "sales": known.migrations["sales"][:-1]})
    assert restoring.missing_migrations(known) == []
    assert restoring.missing_migrations(older) == [f"sales.{known.migrations['sales'][-1]}"]
    (house.store / taken / "manifest.json").write_bytes(manifest.written(older))
    house.drop()
    assert "run `python manage.py migrate`" in house.run("restore")


def test_a_backup_of_another_kind_of_database_is_refused(house, taken):
    with house.as_owner():
        known = restoring.look(store_at(), taken)
    other = "sqlite" if known.engine == "postgresql" else "postgresql"
    (house.store / taken / "manifest.json").write_bytes(
        manifest.written(replace(known, engine=other))
    )
    house.drop()
    with pytest.raises(CommandError, match="export_data and import_data"):
        house.run("restore")


@pytest.mark.postgres
def test_no_password_on_a_command_line_in_a_message_or_in_a_log(
    house, bin_folder, settings, tmp_path, caplog, monkeypatch
):
    """Every user of a machine can read the command lines of all others."""
    password = urlsplit(house.direct_url).password
    assert password
    seen = tmp_path / "seen.txt"
    for name in ("pg_dump", "pg_restore", "psql"):
        real = programs._fitting(name, 1, "")
        folder = bin_folder(
            name, real.version,
            f'echo "$0 $@" >> {seen}; [ -n "$SECRET_KEY$DATABASE_URL" ] && echo leak >> {seen}\n'
            f'exec {real.path} "$@"',
        ).parent  # fmt: skip
    settings.BACKUP_PG_PROGRAMS = str(folder)
    monkeypatch.setenv("SECRET_KEY", os.environ.get("SECRET_KEY", "x"))
    with caplog.at_level("DEBUG"):
        told = house.run("backup")
        told += house.run("drill_backup")
        told += house.run("restore", "--replace", "--yes")
    lines = seen.read_text()
    assert lines.count("pg_dump ") == 1 and lines.count("psql ") >= 2
    for text in (lines, told, caplog.text):
        assert password not in text
        assert settings.BACKUP_IDENTITY not in text
    assert "leak" not in lines.splitlines()


@pytest.mark.postgres
def test_the_login_of_the_web_server_is_told_that_it_does_not_see_every_row(house):
    from django.core.management import call_command

    with (
        house.as_web_server(),
        pytest.raises(CommandError, match="set DIRECT_URL to the owner's"),
    ):
        call_command("backup")
