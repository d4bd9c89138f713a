"""Migrated databases: one is made in a run, by the product's own commands, and the rest are copies.

Migrating an empty database takes longer than most of what is tried on it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import transaction
from psycopg import sql

from scripts import system
from scripts.cluster import OWNER, Cluster
from scripts.system import ROOT

ON_POSTGRES = settings.DATABASES["default"]["ENGINE"] == "tenants.db"
# As this process was started, whatever a test makes of its environment.
DIRECT = os.environ.get("DIRECT_URL", "")


def with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def migrated(shared: Path) -> str:
    """The name, on SQLite the path, of an empty database; of all who name this folder the first
    makes it and the others wait. Nobody writes into it.
    """
    note = shared / "migrated"
    with (shared / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            note.write_text(_on_postgres() if ON_POSTGRES else _on_sqlite(shared))
        return note.read_text()


def _on_postgres() -> str:
    name = f"test_migrated_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(DIRECT, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    _manage({"DIRECT_URL": with_name(DIRECT, name)}, "migrate", "-v0")
    return name


def _on_sqlite(folder: Path) -> str:
    path = folder / "migrated.sqlite3"
    path.unlink(missing_ok=True)
    _manage({"DATABASE_URL": f"sqlite:///{path}"}, "migrate", "-v0")
    return str(path)


def own_copy(source: str, folder: Path) -> str:
    """A copy for the tests of this process; its name, on SQLite its path."""
    if not ON_POSTGRES:
        return str(shutil.copy(source, folder / "test.sqlite3"))
    name = f"test_{uuid.uuid4().hex[:12]}"
    copy_database(source, name)
    # What belongs to a database and not to its tables is not copied with it.
    _manage({"DIRECT_URL": with_name(DIRECT, name)}, "setup_roles")
    return name


def copy_database(source: str, name: str) -> None:
    # The pooler keeps connections, and a database that is connected to is not copied.
    # PostgreSQL ends a vacuum of its own accord, which is nobody's, by itself; we may not.
    with psycopg.connect(DIRECT, autocommit=True) as server:
        for attempt in range(5):
            server.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = %s AND usesysid IS NOT NULL",
                [source],
            )
            try:
                server.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                        sql.Identifier(name), sql.Identifier(source)
                    )
                )
                return
            except psycopg.errors.ObjectInUse:
                if attempt == 4:
                    raise


@contextmanager
def until_here() -> Iterator[None]:
    """Take back at the end whatever is written in the block: what several tests begin with."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def fill(cluster: Cluster, source: str) -> None:
    """Copy a database of the tests' own server into that of another, and set up its role."""
    binaries, target = system.postgres(), cluster.url(OWNER)
    # Rights are given by setup_roles, and the pooler has its own on either side.
    dump = [str(binaries / "pg_dump"), "--no-privileges", with_name(DIRECT, source)]
    load = [str(binaries / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", target]
    with subprocess.Popen(dump, stdout=subprocess.PIPE) as reading:
        subprocess.run(load, stdin=reading.stdout, stdout=subprocess.DEVNULL, check=True)
    assert reading.returncode == 0, "pg_dump failed; its words stand above"
    _manage(cluster.environment(), "setup_roles")


def _manage(variables: Mapping[str, str], *words: str) -> None:
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
