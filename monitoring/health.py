"""Whether this process can do its work now, in parts: what /readyz asks.

Only what a shop cannot sell without makes it not ready. A backup that is missing or a cache that is
away is a warning: taking every instance out of service for it would close the shops.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from backups import status as backups
from monitoring.metrics import measuring
from tenants import replica as replicas
from tenants import roles

#: For how many seconds an answer is given again: asking often must not cost the database anything.
KEEP: Final = 1.0
#: The least free space that the process needs, in bytes.
LEAST_FREE: Final = 100 * 1024 * 1024
LEAST_FREE_TEXT: Final = "100 MB"


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Part:
    """One thing that was looked at, and one sentence about it: what is wrong and what to do."""

    name: str
    state: State
    message: str


@dataclass(frozen=True)
class Report:
    parts: tuple[Part, ...]

    @property
    def is_ready(self) -> bool:
        return not any(part.state == State.FAILED for part in self.parts)

    def summary(self) -> dict[str, Any]:
        """For everybody: no part is named."""
        return {"status": "ok" if self.is_ready else "not ready"}

    def details(self) -> dict[str, Any]:
        return {**self.summary(), "parts": [asdict(part) for part in self.parts]}


def look() -> Report:
    """Look at every part, one after another. Raises nothing."""
    first = database()
    if first.state == State.FAILED:
        missing = _("Not looked at, because the database does not answer.")
        names = ("migrations", "role", "backup")
        unknown = [Part(name, State.UNKNOWN, missing) for name in names]
        return Report((first, *unknown, _guarded("storage", _disk), _guarded("cache", cache)))
    looks: list[tuple[str, Callable[[], Part]]] = [
        ("migrations", migrations),
        ("role", role),
        ("storage", storage),
        ("backup", backup),
        ("cache", cache),
        ("replica", replica),
    ]
    return Report((first, *(_guarded(name, work) for name, work in looks)))


def _guarded(name: str, work: Callable[[], Part]) -> Part:
    try:
        return work()
    except (DatabaseError, InterfaceError) as error:
        connection.close()
        text = _("The database refused the question (%(kind)s).") % {"kind": type(error).__name__}
        return Part(name, State.FAILED, text)
    except OSError as error:
        text = _("This could not be found out (%(kind)s).") % {"kind": type(error).__name__}
        return Part(name, State.UNKNOWN, text)


def database() -> Part:
    """Whether it answers, over the way that requests take: through the pooler, where there is one."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return Part(
            "database",
            State.FAILED,
            _("The database does not answer: see that it and its pooler run."),
        )
    return Part("database", State.OK, _("The database answers."))


def migrations() -> Part:
    """Whether the schema is that of this release."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    missing = sorted(_of_this_release() - applied)
    if missing:
        text = _(
            "%(count)s migrations are not applied, the first is %(name)s:"
            " run `python manage.py deploy`."
        ) % {"count": len(missing), "name": ".".join(missing[0])}
        return Part("migrations", State.FAILED, text)
    return Part("migrations", State.OK, _("All migrations are applied."))


_known: list[set[tuple[str, str]]] = []


def _of_this_release() -> set[tuple[str, str]]:
    # They are files: they change with the process.
    if not _known:
        ours = {config.label for config in apps.get_app_configs()}
        files = MigrationLoader(None).disk_migrations
        _known.append({key for key in files if key[0] in ours})
    return _known[0]


def role() -> Part:
    """Whether row-level security binds the role that requests run as."""
    found = roles.problems(connection)
    if found:
        text = _(
            "Row-level security does not hold: %(problems)s."
            " Run `python manage.py setup_roles` and use the DATABASE_URL that it prints."
        ) % {"problems": "; ".join(found)}
        return Part("role", State.FAILED, text)
    if settings.SQLITE:
        return Part("role", State.OK, _("SQLite knows no roles."))
    return Part("role", State.OK, _("Row-level security binds the role."))


def storage() -> Part:
    """Space on the disk, and in what the host allows the database."""
    limit = measuring.database_limit_bytes()
    if limit is not None:
        used = measuring.database_bytes()
        if used >= limit:
            return Part(
                "storage",
                State.FAILED,
                _("The database has used up what the host allows: choose a larger plan."),
            )
        if used >= 0.9 * limit:
            share = {"percent": 100 * used // limit}
            return Part(
                "storage",
                State.WARNING,
                _("The database uses %(percent)s%% of what the host allows.") % share,
            )
    return _disk()


def _disk() -> Part:
    disk = measuring.disk()
    if disk is None:
        return Part("storage", State.OK, _("Nothing that lasts is kept on this disk."))
    if disk.free < LEAST_FREE:
        text = _("Less than %(size)s are free on the disk of %(folder)s: make room there.")
        shown = text % {"size": LEAST_FREE_TEXT, "folder": settings.VAR_DIR}
        # Without a disk PostgreSQL elsewhere still sells; SQLite does not.
        return Part("storage", State.FAILED if settings.SQLITE else State.WARNING, shown)
    return Part("storage", State.OK, _("There is room on the disk."))


def backup() -> Part:
    """How old the last good backup is; a warning at most."""
    if not backups.configured():
        text = _("No backups are taken: set BACKUP_TO and BACKUP_RECIPIENTS.")
        return Part("backup", State.WARNING, text)
    age = backups.age_of_last_good_backup()
    if age is None:
        text = _("There is no backup yet: run `python manage.py backup`.")
        return Part("backup", State.WARNING, text)
    hours = int(age / timedelta(hours=1))
    if hours >= settings.ALERT_BACKUP_HOURS:
        text = _("The last good backup is %(hours)s hours old: run `python manage.py backup`.")
        return Part("backup", State.WARNING, text % {"hours": hours})
    return Part(
        "backup", State.OK, _("The last good backup is %(hours)s hours old.") % {"hours": hours}
    )


def cache() -> Part:
    """Whether Redis answers, where it is configured; the shop sells without it."""
    if not settings.REDIS_URL:
        return Part("cache", State.OK, _("No Redis is configured; the database does its work."))
    from django.core.cache import caches

    try:
        caches["default"].set("ready", "yes", 5)
        answers = caches["default"].get("ready") == "yes"
    except Exception:  # noqa: BLE001 - whatever the client raises, it is the same news
        answers = False
    if answers:
        return Part("cache", State.OK, _("Redis answers."))
    return Part(
        "cache", State.WARNING, _("Redis does not answer: pages are slower until it is back.")
    )


def replica() -> Part:
    """Whether reports are read from the replica, where there is one; a warning at most."""
    if not settings.REPLICA_URL:
        return Part("replica", State.OK, _("No replica is configured; the database does its work."))
    try:
        with replicas.reading() as answers:
            pass
    except (DatabaseError, InterfaceError):
        connections[replicas.ALIAS].close()
        text = _("The replica does not answer; the database does its work.")
        return Part("replica", State.WARNING, text)
    if not answers:
        text = _("The replica is more than %(seconds)s seconds behind; the database does its work.")
        return Part("replica", State.WARNING, text % {"seconds": settings.REPLICA_LAG_SECONDS})
    return Part("replica", State.OK, _("The replica answers."))


class _Kept:
    """The last report of this process. One thread looks at a time; the others get what is known."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._report: Report | None = None
        self._until = 0.0

    def report(self) -> Report:
        if self._report is not None and time.monotonic() < self._until:
            return self._report
        if not self._looking.acquire(blocking=self._report is None):
            # A database that does not answer holds one thread up and not all of them.
            assert self._report is not None
            return self._report
        try:
            if self._report is None or time.monotonic() >= self._until:
                self._report = look()
                self._until = time.monotonic() + KEEP
            return self._report
        finally:
            self._looking.release()

    def forget(self) -> None:
        self._report = None


kept = _Kept()
