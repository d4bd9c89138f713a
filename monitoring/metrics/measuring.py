"""The state of the installation at this moment: jobs, database, disk, sessions, what runs."""

from __future__ import annotations

import platform as machine
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from accounts.models import Session
from archive.jobs import STALE
from archive.models import Job
from archive.pulse import overheard
from tenants.context import platform

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Queue:
    """Jobs of all businesses: how many, and for how long the oldest one waits."""

    waiting: int
    running: int
    failed_today: int
    # At work by their state, while nobody has heard of them for a while: their process has died.
    silent: int
    oldest_seconds: int

    @property
    def oldest_minutes(self) -> int:
        return self.oldest_seconds // 60


def queue() -> Queue:
    now = timezone.now()
    waiting = Q(state=Job.State.WAITING)
    running = Q(state=Job.State.RUNNING)
    failed = Q(state=Job.State.FAILED, finished_at__gt=now - DAY)
    with platform("how many jobs wait, of whomever; no row is shown"):
        found = Job.objects.filter(waiting | running | failed).aggregate(
            waiting=Count("pk", filter=waiting),
            running=Count("pk", filter=running),
            failed=Count("pk", filter=failed),
            oldest=Min("created_at", filter=waiting),
        )
        silent = _silent(now - STALE)
    return Queue(
        waiting=found["waiting"],
        running=found["running"],
        failed_today=found["failed"],
        silent=silent,
        oldest_seconds=seconds_since(found["oldest"], now) or 0,
    )


def stuck_jobs(after: timedelta) -> int:
    """Jobs that have waited, or have not been heard of, for longer than that."""
    before = timezone.now() - after
    with platform("how many jobs are stuck, of whomever; no row is shown"):
        waiting = Job.objects.filter(state=Job.State.WAITING, created_at__lt=before).count()
        return waiting + _silent(before)


def _silent(since: datetime) -> int:
    running = Job.objects.filter(state=Job.State.RUNNING)
    return sum((overheard(row).heard_at or row.created_at) < since for row in running)


def seconds_since(moment: datetime | None, now: datetime | None = None) -> int | None:
    if moment is None:
        return None
    return max(0, int(((now or timezone.now()) - moment).total_seconds()))


@dataclass(frozen=True)
class Connections:
    """Connections to the PostgreSQL server, of everybody; those kept for superusers do not count."""

    used: int
    most: int

    @property
    def percent(self) -> int:
        return 100 * self.used // self.most if self.most else 0


def connections() -> Connections | None:
    """None on SQLite, which has none. An ordinary role sees each connection, not what it does."""
    if settings.SQLITE:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
            " current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int"
        )
        used, most = cursor.fetchone()
    return Connections(int(used), int(most))


def database_bytes() -> int:
    """The size of the database with its indexes; of SQLite's files."""
    if settings.SQLITE:
        name = str(settings.DATABASES["default"]["NAME"])
        size = 0
        for file in (name, f"{name}-wal"):
            with suppress(OSError):
                size += Path(file).stat().st_size
        return size
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def database_limit_bytes() -> int | None:
    """What the host allows, by DATABASE_LIMIT_GB; None where nobody said."""
    limit: float = settings.DATABASE_LIMIT_GB
    return round(limit * 1024**3) if limit else None


@dataclass(frozen=True)
class Disk:
    """The file system that holds VAR_DIR, in bytes."""

    free: int
    size: int

    @property
    def used_percent(self) -> int:
        return 100 - 100 * self.free // self.size if self.size else 0


def disk() -> Disk | None:
    """None on Vercel, where the disk of an instance holds nothing that lasts."""
    if settings.ON_VERCEL:
        return None
    usage = shutil.disk_usage(settings.VAR_DIR)
    return Disk(free=usage.free, size=usage.total)


def sessions() -> int:
    """Sign-ins that have not expired."""
    return Session.objects.filter(expire_date__gt=timezone.now()).count()


def versions() -> dict[str, str]:
    """What runs, in the order in which people ask for it."""
    return {
        "release": settings.RELEASE,
        "python": machine.python_version(),
        "django": django.get_version(),
        "database": _database_version(),
    }


def _database_version() -> str:
    if settings.SQLITE:
        import sqlite3

        return f"SQLite {sqlite3.sqlite_version}"
    number: Any = connection.pg_version  # type: ignore[attr-defined]
    return f"PostgreSQL {number // 10000}.{number % 10000}"
