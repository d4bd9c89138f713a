"""When something deserves a person's attention, and what they are told to do about it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backups import status
from monitoring import deployments
from monitoring.metrics import measuring, reading

logger = logging.getLogger(__name__)

Rule = Callable[[int], str | None]

#: The kinds of alerts and what they are called.
KINDS: Final = {
    "errors": gettext_lazy("Requests fail"),
    "slow": gettext_lazy("Answers are slow"),
    "connections": gettext_lazy("Database connections run out"),
    "database_size": gettext_lazy("The database reaches its limit"),
    "disk": gettext_lazy("The disk fills up"),
    "backup": gettext_lazy("No recent backup"),
    "drill": gettext_lazy("A backup did not restore"),
    "deployment": gettext_lazy("A deployment failed"),
    "jobs": gettext_lazy("Imports and exports do not run"),
}


@dataclass(frozen=True)
class Finding:
    kind: str
    message: str


@dataclass(frozen=True)
class Findings:
    """What is wrong now, and the kinds of which nothing could be found out."""

    wrong: list[Finding]
    unknown: frozenset[str]


def look(minutes: int) -> Findings:
    """Go through all rules; those about requests look at the last so many minutes.

    A rule that fails is logged and says nothing, neither good nor bad.
    """
    wrong: list[Finding] = []
    unknown: set[str] = set()
    for kind, rule in RULES.items():
        try:
            with transaction.atomic():
                message = rule(minutes)
        except Exception:
            logger.exception("The rule for the alert %s failed", kind)
            unknown.add(kind)
            continue
        if message:
            wrong.append(Finding(kind, message))
    return Findings(wrong, frozenset(unknown))


def errors(minutes: int) -> str | None:
    traffic = reading.last_minutes(minutes)
    if traffic.count < settings.ALERT_MIN_REQUESTS:
        return None
    if traffic.error_percent <= settings.ALERT_ERROR_PERCENT:
        return None
    return _(
        "%(percent)s%% of the requests failed: %(errors)s of %(count)s in the last %(minutes)s"
        " minutes. Look for lines with level ERROR in the log; each has the id of its request. If it"
        " began with a release, go back to the one before."
    ) % {
        "percent": f"{traffic.error_percent:.1f}",
        "errors": traffic.errors,
        "count": traffic.count,
        "minutes": minutes,
    }


def slow(minutes: int) -> str | None:
    traffic = reading.last_minutes(minutes)
    p95 = traffic.p95_ms
    if p95 is None or traffic.count < settings.ALERT_MIN_REQUESTS:
        return None
    if p95 <= settings.ALERT_P95_SECONDS * 1000:
        return None
    return _(
        "One request in twenty took longer than %(seconds)s seconds in the last %(minutes)s"
        " minutes. See on the status page which pages take the time, and whether the database or"
        " the machine is at its limit."
    ) % {"seconds": f"{p95 / 1000:.1f}", "minutes": minutes}


def connections(minutes: int) -> str | None:
    found = measuring.connections()
    if found is None or 100 * found.used <= settings.ALERT_CONNECTIONS_PERCENT * found.most:
        return None
    return _(
        "%(used)s of %(most)s database connections are in use. When none is left, nobody can work."
        " Connect through a pooler such as PgBouncer, make its pool smaller, or give PostgreSQL a"
        " higher max_connections."
    ) % {"used": found.used, "most": found.most}


def database_size(minutes: int) -> str | None:
    limit = measuring.database_limit_bytes()
    if limit is None:
        return None
    size = measuring.database_bytes()
    if 100 * size <= settings.ALERT_STORAGE_PERCENT * limit:
        return None
    return _(
        "The database uses %(percent)s%% of the space that it may. When it is full, nothing can be"
        " sold. Take a larger plan at the host and raise DATABASE_LIMIT_GB, or lower KEEP_FILES_DAYS"
        " so that files of old imports and exports go sooner."
    ) % {"percent": 100 * size // limit}


def disk(minutes: int) -> str | None:
    found = measuring.disk()
    if found is None or found.used_percent <= settings.ALERT_STORAGE_PERCENT:
        return None
    return _(
        "The disk that holds %(folder)s is %(percent)s%% full, with %(free)s GB left. Delete what is"
        " not needed (old backups and logs first) or make the disk larger."
    ) % {
        "folder": settings.VAR_DIR,
        "percent": found.used_percent,
        "free": f"{found.free / 1024**3:.1f}",
    }


def backup(minutes: int) -> str | None:
    if not status.configured():
        return None
    good, last = status.last_backup(good=True), status.last_backup()
    if last is not None and not last.is_good:
        return _(
            "The last backup failed: %(reason)s Mend that and run `python manage.py backup`."
        ) % {"reason": last.message}
    if good is None:
        return _(
            "There is no backup yet. Run `python manage.py backup`, and see that it runs every day."
        )
    if good.age <= timedelta(hours=settings.ALERT_BACKUP_HOURS):
        return None
    hours = int(good.age.total_seconds()) // 3600
    return ngettext(
        "The last good backup is %(hours)s hour old. Run `python manage.py backup` and look why"
        " the daily one did not run.",
        "The last good backup is %(hours)s hours old. Run `python manage.py backup` and look why"
        " the daily one did not run.",
        hours,
    ) % {"hours": hours}


def drill(minutes: int) -> str | None:
    last = status.last_drill()
    if last is None or last.is_good:
        return None
    return _(
        "A backup was restored for practice and that failed: %(reason)s Until it works, do not"
        " rely on the backups. docs/recovery.md says how to try it by hand."
    ) % {"reason": last.message}


def deployment(minutes: int) -> str | None:
    last = deployments.last()
    if last is None or not last.has_failed:
        return None
    return _(
        "The deployment of %(release)s failed: %(reason)s The release before it goes on running."
        " Mend the cause and deploy again."
    ) % {
        "release": last.release or f"{last.started_at:%Y-%m-%d %H:%M}",
        "reason": last.summary or _("it was broken off."),
    }


def jobs(minutes: int) -> str | None:
    stuck = measuring.stuck_jobs(timedelta(minutes=settings.ALERT_JOB_MINUTES))
    if not stuck:
        return None
    return ngettext(
        "%(count)s import or export has not got on for %(minutes)s minutes. See that"
        " `python manage.py run_jobs --watch` runs, or that /cron/jobs/ is called.",
        "%(count)s imports or exports have not got on for %(minutes)s minutes. See that"
        " `python manage.py run_jobs --watch` runs, or that /cron/jobs/ is called.",
        stuck,
    ) % {"count": stuck, "minutes": settings.ALERT_JOB_MINUTES}


RULES: Final[dict[str, Rule]] = {
    "errors": errors,
    "slow": slow,
    "connections": connections,
    "database_size": database_size,
    "disk": disk,
    "backup": backup,
    "drill": drill,
    "deployment": deployment,
    "jobs": jobs,
}


def remarks() -> list[str]:
    """What is not set up, said mildly on the status page and nowhere else."""
    found = []
    if not status.configured():
        found.append(_("No backups are set up. docs/recovery.md says how, in a few minutes."))
    if not settings.ALERT_EMAILS and not settings.ALERT_WEBHOOK:
        found.append(
            _("Alerts are told to nobody. Set ALERT_EMAILS or ALERT_WEBHOOK to hear of trouble.")
        )
    if settings.SQLITE:
        found.append(
            _("The data is in SQLite, which suits one machine. docs/databases.md compares.")
        )
    return found
