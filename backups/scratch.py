"""Places for a short time: a folder, and a database to restore into that nobody else uses."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

from backups import postgresql
from backups.errors import BackupError
from backups.postgresql import connect

ALIAS = "scratch"
_FOLDER = ".scratch-"
_DATABASE = "tillbook_drill_"
#: Seconds after which what a killed run left behind is taken away.
_OLD = 24 * 60 * 60


def parameters(alias: str = "default") -> dict[str, Any]:
    """How libpq reaches the PostgreSQL database of this name."""
    given: Any = connections[alias]
    return dict(given.get_connection_params())


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for our eyes only, on the disk that holds the data; it is removed afterwards."""
    sweep()
    root = Path(settings.VAR_DIR)
    try:
        made = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=root))
    except OSError as error:
        raise BackupError(f"No folder can be made in {root}: {error.strerror}.") from None
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep() -> None:
    """Remove the folders that killed runs left behind: what is in them is not encrypted."""
    for left in Path(settings.VAR_DIR).glob(f"{_FOLDER}*"):
        with suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - _OLD:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def sqlite_alias(database: Path) -> Iterator[str]:
    """Django's name for this file, for the time of the block."""
    config = {**connections.settings["default"], "NAME": str(database)}
    with aliased(ALIAS, config) as name:
        yield name


@contextmanager
def postgresql_database() -> Iterator[str]:
    """Django's name for a PostgreSQL database that holds nothing of worth, as its owner.

    Made on the server of the direct URL, and dropped; else that of DRILL_URL, whose name must hold
    the word `drill`, because it is emptied. Raises BackupError.
    """
    if settings.DRILL_URL:
        with aliased(ALIAS, _drill_config()) as alias:
            _refuse_the_living(parameters(alias))
            try:
                yield alias
            finally:
                postgresql.empty(parameters(alias))
        return
    own = parameters()
    name = f"{_DATABASE}{int(time.time())}_{secrets.token_hex(2)}"
    with connect(own) as server:
        _sweep(server)
        try:
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(_id(name)))
        except psycopg.errors.InsufficientPrivilege:
            raise BackupError(
                "This login may not make a database for the drill: allow it"
                f" (ALTER ROLE {own['user']} CREATEDB), or set DRILL_URL to an empty one."
            ) from None
    try:
        with aliased(ALIAS, {**connections.settings["default"], "NAME": name}) as alias:
            yield alias
    finally:
        with connect(own) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_id(name)))


def _id(name: str) -> sql.Identifier:
    return sql.Identifier(name)


def _sweep(server: psycopg.Connection[Any]) -> None:
    """Drop what killed drills left behind."""
    rows = server.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE %s"
        " AND pg_has_role(current_user, datdba, 'USAGE')",
        [_DATABASE.replace("_", r"\_") + "%"],
    ).fetchall()
    for (name,) in rows:
        begun = name.removeprefix(_DATABASE).partition("_")[0]
        if begun.isdecimal() and int(begun) < time.time() - _OLD:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_id(name)))


def _drill_config() -> dict[str, Any]:
    import dj_database_url

    name = urlsplit(settings.DRILL_URL).path.lstrip("/")
    if "drill" not in name:
        raise BackupError(
            f"DRILL_URL names the database {name}, and a drill empties it: take one that has the"
            " word drill in its name."
        )
    given: dict[str, Any] = dict(dj_database_url.parse(settings.DRILL_URL))
    parts = {key: given[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    default = connections.settings["default"]
    mode = given.get("OPTIONS", {})
    return {**default, **parts, "OPTIONS": {**default["OPTIONS"], **mode}}


_WHICH = """
SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()
"""


def _refuse_the_living(drill: dict[str, Any]) -> None:
    """Whatever its name and however it is reached: this installation's database is not emptied."""
    with connect(parameters()) as ours, connect(drill) as theirs:
        if ours.execute(_WHICH).fetchone() == theirs.execute(_WHICH).fetchone():
            raise BackupError(
                "DRILL_URL leads to the database of this installation, and a drill empties it: take"
                " one that nobody works with."
            )


@contextmanager
def aliased(name: str, config: dict[str, Any]) -> Iterator[str]:
    """Django's connection of this name goes to this database, for the time of the block."""
    connections.settings[name] = {**config, "CONN_MAX_AGE": 0}
    try:
        yield name
    finally:
        connections[name].close()
        del connections[name]
        del connections.settings[name]
