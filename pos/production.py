"""What must be right before shops depend on an installation: each part with what mends it.

Reads and connects; changes nothing.
"""

from __future__ import annotations

import smtplib
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.mail import get_connection
from django.db import DatabaseError, OperationalError, ProgrammingError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from django.utils import timezone

from accounts.models import User
from backups import status as backups
from monitoring import health
from monitoring.health import Part, State
from monitoring.models import LastRun
from pos import hosted
from pos.configuration import Environment
from pos.database import chosen, is_pooled
from tenants import roles
from tenants.models import Business

# The versions of Python that the tests run on.
OLDEST, NEWEST = (3, 11), (3, 13)
# A pooler and PostgreSQL on machines whose clocks differ by more sign people out too early.
MOST_DRIFT = timedelta(seconds=30)
DAY = timedelta(days=1, hours=2)
# Which database it is, whoever asks and by whichever way.
WHICH = (
    "SELECT oid, (SELECT min(applied) FROM django_migrations)"
    " FROM pg_database WHERE datname = current_database()"
)


def look() -> Iterator[Part]:
    """Each part in turn, as it is found out. Raises nothing that a wrong setting can cause."""
    for work in (python, mode, names, transport, keys, static_files):
        yield work()
    report = health.look()
    yield from report.parts
    if not any(part.name == "database" and part.state == State.FAILED for part in report.parts):
        for asked in (engine, limits, owner_url, clock, people, work_done):
            yield _asked(asked)
    for work in (drill, mail, alerts, django_checks):
        yield _asked(work)


def _asked(work: Callable[[], Part]) -> Part:
    try:
        return work()
    except DatabaseError as error:
        connection.close()
        text = f"The database refused the question ({type(error).__name__})."
        return Part(work.__name__, State.FAILED, text)


def python() -> Part:
    version = sys.version_info[:2]
    shown = ".".join(map(str, version))
    if not OLDEST <= version <= NEWEST:
        return Part(
            "python", State.WARNING, f"Python {shown} is not one that Tillbook is tested on."
        )
    return Part("python", State.OK, f"Python {shown}.")


def mode() -> Part:
    if not settings.PRODUCTION:
        return Part(
            "mode",
            State.FAILED,
            "PRODUCTION is not set: any host name is taken and cookies travel without TLS."
            " Set PRODUCTION=1.",
        )
    return Part("mode", State.OK, "PRODUCTION is on and DEBUG is off.")


def names() -> Part:
    hosts = settings.ALLOWED_HOSTS
    if not hosts or "*" in hosts:
        text = "Any host name is taken: set ALLOWED_HOSTS to those of this site."
        return Part("names", State.FAILED, text)
    if all(name in {"localhost", "127.0.0.1", "[::1]"} for name in hosts):
        text = "ALLOWED_HOSTS holds this machine alone: add the name that people type."
        return Part("names", State.FAILED, text)
    return Part("names", State.OK, f"Answers for {', '.join(hosts)}.")


def transport() -> Part:
    """Whether cookies and pages travel by TLS alone, as far as settings tell."""
    if not settings.SESSION_COOKIE_SECURE:
        text = "Cookies travel without TLS: unset COOKIE_SECURE."
        return Part("transport", State.FAILED, text)
    if settings.SECURE_PROXY_SSL_HEADER is None:
        return Part(
            "transport",
            State.WARNING,
            "No proxy is trusted, so https:// is not noticed and limits on signing in go by the"
            " proxy's own address. Behind Caddy or nginx set TRUSTED_PROXIES=1.",
        )
    return Part("transport", State.OK, "Cookies travel by TLS alone, and the proxy is trusted.")


def keys() -> Part:
    """Whether the keys come from the environment, where a new machine finds them again."""
    environment = Environment()
    made = [name for name in ("SECRET_KEY", "APP_ENCRYPTION_KEY") if not environment.secret(name)]
    if made:
        verb = "are" if len(made) > 1 else "is"
        return Part(
            "keys",
            State.FAILED,
            f"{' and '.join(made)} {verb} kept on this machine alone and lost with it:"
            " set what `python manage.py make_keys` prints, before there are data.",
        )
    return Part("keys", State.OK, "Both keys are set. Is APP_ENCRYPTION_KEY kept elsewhere too?")


def static_files() -> Part:
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.is_file():
        return Part(
            "static_files",
            State.FAILED,
            f"There are no static files in {settings.STATIC_ROOT}: run `python manage.py deploy`.",
        )
    return Part("static_files", State.OK, "Static files are collected.")


def engine() -> Part:
    """Whether it is PostgreSQL, and reached by TLS where it is elsewhere."""
    if settings.SQLITE:
        return Part(
            "engine",
            State.WARNING,
            "SQLite serves one machine and one writer at a time: for more than a shop or two set"
            " DATABASE_URL to PostgreSQL.",
        )
    config = connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        version = cursor.fetchone()[0]
    if version < 15:
        text = f"PostgreSQL {version} is older than 15, the oldest that Tillbook is tested on."
        return Part("engine", State.WARNING, text)
    is_here = config["HOST"] in {"", "localhost", "127.0.0.1", "::1"} or config["HOST"][:1] == "/"
    mode = config["OPTIONS"].get("sslmode", "prefer")
    if not is_here and mode in {"disable", "allow", "prefer"}:
        return Part(
            "engine",
            State.WARNING,
            "Nothing demands TLS on the way to the database, which is another machine: add"
            " ?sslmode=require to DATABASE_URL and DIRECT_URL.",
        )
    return Part("engine", State.OK, f"PostgreSQL {version}.")


def limits() -> Part:
    """Whether the role gives up on what takes too long, so that one query stops no shop."""
    if settings.SQLITE:
        return Part("limits", State.OK, "SQLite has no limits on time.")
    wanted = [name for name in roles.ROLE_SETTINGS if name != "timezone"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = '0'", [wanted]
        )
        missing = [row[0] for row in cursor.fetchall()]
    if missing:
        return Part(
            "limits",
            State.WARNING,
            f"The role that serves has no {', '.join(missing)}: run `python manage.py setup_roles`.",
        )
    return Part("limits", State.OK, "The role gives up on what takes too long.")


def owner_url() -> Part:
    """Whether migrations and backups have a way past the pooler to the same database, as its owner."""
    if settings.SQLITE:
        return Part("owner_url", State.OK, "SQLite has one way in.")
    environment = Environment().values
    name, url = chosen(hosted.OWNER, environment)
    owner = hosted.configured(settings.VAR_DIR, hosted.OWNER, environment, settings.RUNTIME_ROLE)
    if hosted.login(owner) == hosted.login(connection.settings_dict):
        return Part(
            "owner_url",
            State.FAILED,
            "Migrations and backups have no login of their own: set DIRECT_URL to the owner of the"
            " tables, past the pooler.",
        )
    served = _which(connection)
    direct = ConnectionHandler({"default": owner})["default"]
    try:
        same = _which(direct) == served
    except ProgrammingError:
        same = False  # There is nothing of ours.
    except OperationalError:
        return Part(
            "owner_url",
            State.FAILED,
            f"The owner cannot sign in at {owner['HOST']}: correct DIRECT_URL, or migrations and"
            " backups fail.",
        )
    finally:
        direct.close()
    if not same:
        return Part(
            "owner_url",
            State.FAILED,
            f"{name} leads to another database than the one that serves: migrations would change,"
            " and backups keep, the wrong one. Correct it.",
        )
    if is_pooled(url):
        return Part(
            "owner_url",
            State.WARNING,
            f"{name} leads through a pooler, which breaks long work off: set DIRECT_URL to"
            " PostgreSQL itself.",
        )
    return Part("owner_url", State.OK, "The owner reaches the database past the pooler.")


def _which(asked: BaseDatabaseWrapper) -> tuple[object, ...]:
    with asked.cursor() as cursor:
        cursor.execute(WHICH)
        return tuple(cursor.fetchone())


def clock() -> Part:
    if settings.SQLITE:
        return Part("clock", State.OK, "The database has the clock of this machine.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        drift = abs(timezone.now() - cursor.fetchone()[0])
    if drift > MOST_DRIFT:
        return Part(
            "clock",
            State.WARNING,
            f"The clocks of this machine and the database differ by {drift.total_seconds():.0f} s:"
            " let both follow a time server.",
        )
    return Part("clock", State.OK, "This machine and the database have the same time.")


def people() -> Part:
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        return Part(
            "people",
            State.WARNING,
            "Nobody may see the status page: run `python manage.py create_admin --platform`.",
        )
    if not Business.objects.exists():
        text = "There is no business yet: run `python manage.py create_owner`."
        return Part("people", State.WARNING, text)
    return Part("people", State.OK, "There is an administrator, and a business.")


def work_done() -> Part:
    """Whether somebody does the regular work: a worker, or the host's scheduler."""
    last = LastRun.objects.order_by("-at").first()
    if last is None or timezone.now() - last.at > DAY:
        return Part(
            "work_done",
            State.FAILED,
            "Nobody does the daily work: start `python manage.py run_jobs --watch`, or have a"
            " scheduler call /cron/daily with CRON_SECRET.",
        )
    return Part("work_done", State.OK, f"The daily work was done on {last.at:%Y-%m-%d %H:%M} UTC.")


def drill() -> Part:
    """Whether a backup was ever restored; one that was not is a hope."""
    if not backups.configured():
        text = "Without backups nothing can be tried: set BACKUP_TO, see docs/recovery.md."
        return Part("drill", State.WARNING, text)
    last = backups.last_drill()
    if last is None:
        text = "No backup was ever restored for a trial: run `python manage.py drill_backup`."
        return Part("drill", State.WARNING, text)
    if not last.is_good:
        return Part("drill", State.FAILED, f"The last trial to restore failed: {last.message}")
    return Part("drill", State.OK, f"A backup was restored for a trial on {last.finished_at:%F}.")


def mail() -> Part:
    """Whether a mail server takes our mails; none is sent."""
    if "smtp" not in settings.EMAIL_BACKEND:
        return Part(
            "mail",
            State.WARNING,
            "Mails are written to the log, so nobody can choose a new password by mail: set"
            " EMAIL_HOST and its like.",
        )
    if settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"):
        text = "Mails come from nobody: set DEFAULT_FROM_EMAIL to an address of yours."
        return Part("mail", State.WARNING, text)
    server = get_connection()
    try:
        server.open()
    except (OSError, smtplib.SMTPException) as error:
        text = f"The mail server does not take our sign-in ({type(error).__name__}):"
        return Part("mail", State.FAILED, f"{text} correct EMAIL_HOST and its like.")
    finally:
        server.close()
    return Part("mail", State.OK, f"{settings.EMAIL_HOST} takes our mails.")


def alerts() -> Part:
    mails = settings.ALERT_EMAILS and "smtp" in settings.EMAIL_BACKEND
    if settings.ALERT_EMAILS and not mails and not settings.ALERT_WEBHOOK:
        text = (
            "Alerts are mailed into the log, where nobody sees them: set EMAIL_HOST and its like."
        )
        return Part("alerts", State.WARNING, text)
    if not mails and not settings.ALERT_WEBHOOK:
        return Part(
            "alerts",
            State.WARNING,
            "Nobody hears of trouble: set ALERT_EMAILS or ALERT_WEBHOOK.",
        )
    return Part("alerts", State.OK, "Somebody hears of trouble.")


def django_checks() -> Part:
    found = [
        one
        for one in checks.run_checks(include_deployment_checks=True)
        if one.level >= checks.WARNING and not one.is_silenced()
    ]
    if found:
        told = "; ".join(f"{one.id}: {one.msg.splitlines()[0]}" for one in found)
        return Part("django_checks", State.FAILED, f"`manage.py check --deploy` says: {told}")
    return Part("django_checks", State.OK, "Django's own checks find nothing.")
