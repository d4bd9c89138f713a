"""Releases by hand: the SQL of one in a file, and the way back. On databases of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection
from django.db.migrations import Migration, RunPython, RunSQL
from django.db.migrations.state import ProjectState

from pos.migrating import LOCK
from pos.migration_sql import CannotBeSQL, release_sql
from scripts import system

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.postgres

# Where an installation of the release before the last stood.
OLD = ["archive zero", "sales 0001", "inventory 0001"]


@contextmanager
def database() -> Iterator[str]:
    """The direct URL of an empty database."""
    direct, name = os.environ["DIRECT_URL"], f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(direct, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(direct)._replace(path=f"/{name}"))
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty() -> Iterator[str]:
    with database() as url:
        yield url


def manage(url: str, *words: str, status: int = 0) -> str:
    """What the command says; it runs as people run it, against the database of `url`."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env={**os.environ, "DIRECT_URL": url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def psql(url: str, file: Path) -> subprocess.CompletedProcess[str]:
    command = [str(system.postgres() / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-f", str(file)]
    return subprocess.run([*command, url], capture_output=True, text=True)


def schema(url: str) -> str:
    """The whole schema as pg_dump writes it, but for a key that each dump makes anew."""
    command = [str(system.postgres() / "pg_dump"), "--schema-only", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return "\n".join(line for line in done.stdout.splitlines() if "restrict" not in line)


def applied(url: str) -> set[tuple[str, str]]:
    with psycopg.connect(url) as owner:
        return set(owner.execute("SELECT app, name FROM django_migrations").fetchall())


@pytest.mark.slow
def test_a_whole_installation_comes_from_one_file(empty, tmp_path):
    file = tmp_path / "release.sql"
    told = manage(empty, "migration_sql", f"--output={file}")
    assert "sales.0002_history_and_credit" in told
    done = psql(empty, file)
    assert done.returncode == 0, done.stderr
    manage(empty, "migrate", "--check")
    assert manage(empty, "makemigrations", "--check", "--dry-run")
    with database() as other:
        manage(other, "migrate", "-v0")
        assert applied(empty) == applied(other)
        assert schema(empty) == schema(other)


@pytest.mark.slow
def test_a_release_goes_forward_and_back_again(empty, tmp_path):
    manage(empty, "migrate", "-v0")
    newest = schema(empty)
    for target in OLD:
        # The second run of `migrate` as the owner, whom row-level security does not bind.
        manage(empty, "migrate", "-v0", *target.split())
    before, noted = schema(empty), applied(empty)
    forward, back = tmp_path / "release.sql", tmp_path / "back.sql"
    manage(empty, "migration_sql", f"--output={forward}", f"--back={back}")
    assert schema(empty) == before, "it only writes files"

    assert psql(empty, forward).returncode == 0
    assert schema(empty) == newest
    again = psql(empty, forward)
    assert again.returncode and "has some of these migrations already" in again.stderr
    assert schema(empty) == newest
    assert "up to date" in manage(empty, "migration_sql")

    assert psql(empty, back).returncode == 0
    assert schema(empty) == before and applied(empty) == noted
    twice = psql(empty, back)
    assert twice.returncode and "not what this file takes back" in twice.stderr


def test_an_empty_database_has_no_way_back_and_no_file_is_left(empty, tmp_path):
    forward, back = tmp_path / "release.sql", tmp_path / "back.sql"
    told = manage(empty, "migration_sql", f"--output={forward}", f"--back={back}", status=1)
    assert "the way back is to drop it" in told and "Traceback" not in told
    assert list(tmp_path.iterdir()) == []
    told = manage(empty, "migration_sql", f"--output={tmp_path}/no/where.sql", status=1)
    assert "cannot be written" in told and "Traceback" not in told


def test_the_file_waits_for_a_migration_at_work(empty, tmp_path):
    file = tmp_path / "release.sql"
    manage(empty, "migration_sql", f"--output={file}")
    text = file.read_text(encoding="utf-8")
    file.write_text("SET lock_timeout = '200ms';\n" + text, encoding="utf-8")
    with psycopg.connect(empty) as guard:
        guard.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        done = psql(empty, file)
    assert done.returncode and "lock timeout" in done.stderr
    with psycopg.connect(empty) as owner:
        assert owner.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)


class Concurrent(Migration):
    atomic = False
    operations = [RunSQL("CREATE INDEX CONCURRENTLY brand_by_name ON inventory_brand (name)", "")]


def test_what_no_transaction_may_hold_stands_between_two(db):
    plan = [(Concurrent("0009_index", "inventory"), ProjectState())]
    lines = list(release_sql(connection, plan))
    index = next(place for place, line in enumerate(lines) if "CONCURRENTLY" in line)
    noted = next(place for place, line in enumerate(lines) if line.startswith("INSERT"))
    assert lines[index - 1] == "COMMIT;"
    assert lines[index + 1] == "BEGIN;" and index < noted < lines.index("\nCOMMIT;")


class Python(Migration):
    operations = [RunPython(lambda apps, editor: apps.get_model("inventory", "Brand"))]


def test_what_only_python_can_do_is_named(db):
    plan = [(Python("0009_rows", "inventory"), ProjectState())]
    with pytest.raises(CannotBeSQL, match=r"inventory\.0009_rows changes rows by Python"):
        list(release_sql(connection, plan))
