"""PostgreSQL's own programs: which ones there are, and which fit a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from backups.errors import BackupError

_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
# What libpq reads for each part of a URL. In the environment and not on the command line, where
# every user of the machine could read the password.
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


@dataclass(frozen=True, slots=True)
class Program:
    """A program in one version, such as pg_dump 15.18."""

    path: str
    version: str

    @property
    def major(self) -> int:
        return major(self.version)


def major(version: str) -> int:
    """15 of `15.18`; 0 where no number begins the text."""
    number = re.match(r"\d+", version)
    return int(number.group()) if number else 0


def pg_dump(server: str) -> Program:
    """A pg_dump that reads a server of this version. Raises BackupError with what to install."""
    return _fitting("pg_dump", major(server), f"the server is PostgreSQL {server}")


def pg_restore(archive: str) -> Program:
    """A pg_restore that reads what pg_dump of this version wrote. Raises BackupError."""
    return _fitting("pg_restore", major(archive), f"the backup was written by pg_dump {archive}")


def psql() -> Program:
    """The newest psql: it speaks to every server. Raises BackupError."""
    return _fitting("psql", 0, "a backup is restored through it")


def _fitting(name: str, at_least: int, reason: str) -> Program:
    """The oldest that is new enough, and of psql the newest: older ones know fewer statements."""
    found = programs(name)
    fitting = [one for one in found if one.major >= at_least]
    if fitting:
        return fitting[0] if at_least else fitting[-1]
    if os.environ.get("VERCEL"):
        raise BackupError(
            f"There is no {name} on Vercel. Back up from another machine or a scheduled workflow with"
            " this release and DIRECT_URL (docs/recovery.md), beside your host's own recovery."
        )
    wanted = f"postgresql-client-{at_least}" if at_least else "postgresql-client"
    remedy = (
        f"Install {wanted} (Debian, Ubuntu: sudo apt-get install {wanted}; where that is not found,"
        " first https://apt.postgresql.org), or set BACKUP_PG_PROGRAMS to the folder it is in."
    )
    if not found:
        raise BackupError(f"{name} is missing, and {reason}. {remedy}")
    raise BackupError(
        f"{name} here is version {found[-1].version}, and {reason}: it must be {at_least} or newer."
        f" {remedy}"
    )


def programs(name: str) -> list[Program]:
    """Every version of the program on this machine, the oldest first."""
    if settings.BACKUP_PG_PROGRAMS:
        folders = [settings.BACKUP_PG_PROGRAMS]
    else:
        folders = os.environ.get("PATH", "").split(os.pathsep)
        folders += [str(path) for place in _PLACES for path in Path("/").glob(place.lstrip("/"))]
    found: dict[int, Program] = {}
    for folder in folders:
        path = shutil.which(name, path=folder) if folder else None
        if path and (version := _version(path)):
            found.setdefault(major(version), Program(path, version))
    return [found[number] for number in sorted(found)]


def _version(path: str) -> str:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    number = re.search(r"\) (\d+(\.\d+)?)", done.stdout)
    return number.group(1) if number else ""


def environment(parameters: dict[str, Any]) -> dict[str, str]:
    """The environment of a program that talks to this database, and nothing else of ours."""
    kept = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
    given = {name: os.environ[name] for name in kept if name in os.environ}
    for name, variable in _VARIABLES.items():
        if parameters.get(name) not in (None, ""):
            given[variable] = str(parameters[name])
    return {**given, "LC_ALL": "C.UTF-8", "PGAPPNAME": "tillbook"}
