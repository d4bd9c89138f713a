"""An installation of its own for a test: database, pictures, keys and a place for backups.

Restoring drops tables, which the other tests' database must not see.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

from tests.conftest import ON_POSTGRES, ROOT
from tests.databases import DIRECT, copy_database, with_name

# As this process was started, whatever a test makes of its environment.
_POOLED = os.environ.get("DATABASE_URL", "")
_LOGIN = ("NAME", "USER", "PASSWORD", "HOST", "PORT")


@dataclass
class Installation:
    """`name` is the database's name, on SQLite its path; `var` holds its pictures."""

    name: str
    var: Path
    store: Path

    @property
    def direct_url(self) -> str:
        return with_name(DIRECT, self.name)

    def environment(self) -> dict[str, str]:
        """What a process of its own needs beside the keys, which are this process's."""
        if not ON_POSTGRES:
            return {
                **os.environ,
                "DATABASE_URL": f"sqlite:///{self.name}",
                "VAR_DIR": str(self.var),
            }
        url = with_name(_POOLED, self.name)
        return {
            **os.environ,
            "DATABASE_URL": url,
            "DIRECT_URL": self.direct_url,
            "VAR_DIR": str(self.var),
        }

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Django's connection is the one of `backup` and its like."""
        login = _login_of(self.direct_url) if ON_POSTGRES else {"NAME": self.name}
        with _default(login):
            yield

    @contextmanager
    def as_web_server(self) -> Iterator[None]:
        """Django's connection is the one of the web server."""
        login = {"NAME": self.name}
        with _default(login):
            yield

    def run(self, *words: str, **options: Any) -> str:
        """A command as the owner, in this process; what it printed."""
        out = StringIO()
        with self.as_owner():
            call_command(*words, stdout=out, stderr=out, no_color=True, **options)
        return out.getvalue()

    def rows(self) -> dict[str, Counter[str]]:
        """The hash of each row of each table, read by other means than the product's."""
        found = {}
        for table in self._tables():
            rows = self._ask(f'SELECT * FROM "{table}"')
            found[table] = Counter(hashlib.sha256(repr(row).encode()).hexdigest() for row in rows)
        return found

    def _tables(self) -> list[str]:
        query = (
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            if ON_POSTGRES
            else "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        )
        return [row[0] for row in self._ask(query)]

    def _ask(self, query: Any) -> list[tuple[Any, ...]]:
        if ON_POSTGRES:
            with psycopg.connect(self.direct_url) as server:
                return server.execute(query).fetchall()
        with closing(sqlite3.connect(self.name)) as file:
            return file.execute(query).fetchall()

    def break_it(self, *statements: str) -> None:
        """Do this to the database past everything that guards it."""
        if ON_POSTGRES:
            with psycopg.connect(self.direct_url) as server:
                for statement in statements:
                    server.execute(statement)
            return
        with closing(sqlite3.connect(self.name)) as file:
            for statement in statements:
                file.execute(statement)
            file.commit()

    def drop(self) -> None:
        """What a lost server leaves: an empty database and no picture."""
        if ON_POSTGRES:
            with admin() as server:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(_id(self.name)))
                server.execute(sql.SQL("CREATE DATABASE {}").format(_id(self.name)))
        else:
            for suffix in ("", "-wal", "-shm"):
                Path(self.name + suffix).unlink(missing_ok=True)
        for picture in sorted((self.var / "media").rglob("*"), reverse=True):
            picture.rmdir() if picture.is_dir() else picture.unlink()


def empty_again(installation: Installation) -> None:
    """A database that is migrated and holds nothing, as after a first `migrate`."""
    connection.close()
    own = connection.settings_dict["NAME"]
    installation.drop()
    if ON_POSTGRES:
        remove(installation)
        copy_database(own, installation.name)
    else:
        _copy_file(own, installation.name)


def _id(name: str) -> sql.Identifier:
    return sql.Identifier(name)


def _login_of(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    values = (parts.path.lstrip("/"), parts.username, parts.password, parts.hostname, parts.port)
    return dict(zip(_LOGIN, values, strict=True))


@contextmanager
def _default(login: dict[str, Any]) -> Iterator[None]:
    config = connections["default"].settings_dict
    before = {key: config[key] for key in _LOGIN}
    connection.close()
    config.update(login)
    try:
        yield
    finally:
        connection.close()
        config.update(before)


@contextmanager
def admin() -> Iterator[psycopg.Connection[Any]]:
    """The owner in a database that nobody drops."""
    with psycopg.connect(DIRECT, autocommit=True) as server:
        yield server


def make_base(folder: Path) -> str:
    """A copy of the tests' own database, migrated and empty, to copy further; its name."""
    connection.close()
    own = connection.settings_dict["NAME"]
    if not ON_POSTGRES:
        name = str(folder / "base.sqlite3")
        _copy_file(own, name)
        return name
    name = f"test_base_{uuid.uuid4().hex[:10]}"
    copy_database(own, name)
    return name


def _copy_file(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def copy_of(base: str, folder: Path) -> Installation:
    (folder / "var/media").mkdir(parents=True)
    if ON_POSTGRES:
        name = f"test_copy_{uuid.uuid4().hex[:10]}"
        copy_database(base, name)
    else:
        name = str(folder / "var/tillbook.sqlite3")
        _copy_file(base, name)
    return Installation(name, folder / "var", folder / "store")


def remove(installation: Installation) -> None:
    if ON_POSTGRES:
        with admin() as server:
            server.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_id(installation.name))
            )


def manage(
    installation: Installation, *words: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own. Raises CalledProcessError when it fails."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env={**installation.environment(), **variables},
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
