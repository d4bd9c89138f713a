"""What must be right before shops depend on an installation: each part with what mends it.

Reads and connects; changes nothing.
"""

from __future__ import annotations

import smtplib
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import wraps
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

#: What a part found out, and one sentence about it.
Finding = tuple[State, str]


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


def _fine(text: str) -> Finding:
    return State.OK, text


def _warning(text: str) -> Finding:
    return State.WARNING, text


def _failed(text: str) -> Finding:
    return State.FAILED, text


def _part(work: Callable[[], Finding]) -> Callable[[], Part]:
    """What it finds out, under the name of the function that does."""

    @wraps(work)
    def named() -> Part:
        return Part(work.__name__, *work())

    return named


def _asked(work: Callable[[], Part]) -> Part:
    try:
        return work()
    except DatabaseError as error:
        connection.close()
        text = f"The database refused the question ({type(error).__name__})."
        return Part(work.__name__, State.FAILED, text)


@_part
def python() -> Finding:
    version = sys.version_info[:2]
    shown = ".".join(map(str, version))
    if not OLDEST <= version <= NEWEST:
        return _warning(f"Python {shown} is not one that Tillbook is tested on.")
    return _fine(f"Python {shown}.")


@_part
def mode() -> Finding:
    if not settings.PRODUCTION:
        return _failed(
            "PRODUCTION is not set: any host name is taken and cookies travel without TLS."
            " Set PRODUCTION=1."
        )
    return _fine("PRODUCTION is on and DEBUG is off.")


@_part
def names() -> Finding:
    hosts = settings.ALLOWED_HOSTS
    if not hosts or "*" in hosts:
        text = "Any host name is taken: set ALLOWED_HOSTS to those of this site."
        return _failed(text)
    if all(name in {"localhost", "127.0.0.1", "[::1]"} for name in hosts):
        text = "ALLOWED_HOSTS holds this machine alone: add the name that people type."
        return _failed(text)
    return _fine(f"Answers for {', '.join(hosts)}.")


@_part
def transport() -> Finding:
    """Whether cookies and pages travel by TLS alone, as far as settings tell."""
    if not settings.SESSION_COOKIE_SECURE:
        text = "Cookies travel without TLS: unset COOKIE_SECURE."
        return _failed(text)
    if settings.SECURE_PROXY_SSL_HEADER is None:
        return _warning(
            "No proxy is trusted, so https:// is not noticed and limits on signing in go by the"
            " proxy's own address. Behind Caddy or nginx set TRUSTED_PROXIES=1."
        )
    return _fine("Cookies travel by TLS alone, and the proxy is trusted.")


@_part
def keys() -> Finding:
    """Whether the keys come from the environment, where a new machine finds them again."""
    environment = Environment()
    made = [name for name in ("SECRET_KEY", "APP_ENCRYPTION_KEY") if not environment.secret(name)]
    if made:
        verb = "are" if len(made) > 1 else "is"
        return _failed(
            f"{' and '.join(made)} {verb} kept on this machine alone and lost with it:"
            " set what `python manage.py make_keys` prints, before there are data."
        )
    return _fine("Both keys are set. Is APP_ENCRYPTION_KEY kept elsewhere too?")


@_part
def static_files() -> Finding:
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if not manifest.is_file():
        return _failed(
            f"There are no static files in {settings.STATIC_ROOT}: run `python manage.py deploy`."
        )
    return _fine("Static files are collected.")


@_part
def engine() -> Finding:
    """Whether it is PostgreSQL, and reached by TLS where it is elsewhere."""
    if settings.SQLITE:
        return _warning(
            "SQLite serves one machine and one writer at a time: for more than a shop or two set"
            " DATABASE_URL to PostgreSQL."
        )
    config = connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        version = cursor.fetchone()[0]
    if version < 15:
        text = f"PostgreSQL {version} is older than 15, the oldest that Tillbook is tested on."
        return _warning(text)
    is_here = config["HOST"] in {"", "localhost", "127.0.0.1", "::1"} or config["HOST"][:1] == "/"
    mode = config["OPTIONS"].get("sslmode", "prefer")
    if not is_here and mode in {"disable", "allow", "prefer"}:
        return _warning(
            "Nothing demands TLS on the way to the database, which is another machine: add"
            " ?sslmode=require to DATABASE_URL and DIRECT_URL."
        )
    return _fine(f"PostgreSQL {version}.")


@_part
def limits() -> Finding:
    """Whether the role gives up on what takes too long, so that one query stops no shop."""
    if settings.SQLITE:
        return _fine("SQLite has no limits on time.")
    wanted = [name for name in roles.ROLE_SETTINGS if name != "timezone"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = '0'", [wanted]
        )
        missing = [row[0] for row in cursor.fetchall()]
    if missing:
        return _warning(
            f"The role that serves has no {', '.join(missing)}: run `python manage.py setup_roles`."
        )
    return _fine("The role gives up on what takes too long.")


@_part
def owner_url() -> Finding:
    """Whether migrations and backups have a way past the pooler to the same database, as its owner."""
    if settings.SQLITE:
        return _fine("SQLite has one way in.")
    environment = Environment().values
    name, url = chosen(hosted.OWNER, environment)
    owner = hosted.configured(settings.VAR_DIR, hosted.OWNER, environment, settings.RUNTIME_ROLE)
    if hosted.login(owner) == hosted.login(connection.settings_dict):
        return _failed(
            "Migrations and backups have no login of their own: set DIRECT_URL to the owner of the"
            " tables, past the pooler."
        )
    served = _which(connection)
    direct = ConnectionHandler({"default": owner})["default"]
    try:
        same = _which(direct) == served
    except ProgrammingError:
        same = False  # There is nothing of ours.
    except OperationalError:
        return _failed(
            f"The owner cannot sign in at {owner['HOST']}: correct DIRECT_URL, or migrations and"
            " backups fail."
        )
    finally:
        direct.close()
    if not same:
        return _failed(
            f"{name} leads to another database than the one that serves: migrations would change,"
            " and backups keep, the wrong one. Correct it."
        )
    if is_pooled(url):
        return _warning(
            f"{name} leads through a pooler, which breaks long work off: set DIRECT_URL to"
            " PostgreSQL itself."
        )
    return _fine("The owner reaches the database past the pooler.")


def _which(asked: BaseDatabaseWrapper) -> tuple[object, ...]:
    with asked.cursor() as cursor:
        cursor.execute(WHICH)
        return tuple(cursor.fetchone())


@_part
def clock() -> Finding:
    if settings.SQLITE:
        return _fine("The database has the clock of this machine.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        drift = abs(timezone.now() - cursor.fetchone()[0])
    if drift > MOST_DRIFT:
        return _warning(
            f"The clocks of this machine and the database differ by {drift.total_seconds():.0f} s:"
            " let both follow a time server."
        )
    return _fine("This machine and the database have the same time.")


@_part
def people() -> Finding:
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        return _warning(
            "Nobody may see the status page: run `python manage.py create_admin --platform`."
        )
    if not Business.objects.exists():
        text = "There is no business yet: run `python manage.py create_owner`."
        return _warning(text)
    return _fine("There is an administrator, and a business.")


@_part
def work_done() -> Finding:
    """Whether somebody does the regular work: a worker, or the host's scheduler."""
    last = LastRun.objects.order_by("-at").first()
    if last is None or timezone.now() - last.at > DAY:
        return _failed(
            "Nobody does the daily work: start `python manage.py run_jobs --watch`, or have a"
            " scheduler call /cron/daily with CRON_SECRET."
        )
    return _fine(f"The daily work was done on {last.at:%Y-%m-%d %H:%M} UTC.")


@_part
def drill() -> Finding:
    """Whether a backup was ever restored; one that was not is a hope."""
    if not backups.configured():
        text = "Without backups nothing can be tried: set BACKUP_TO, see docs/recovery.md."
        return _warning(text)
    last = backups.last_drill()
    if last is None:
        text = "No backup was ever restored for a trial: run `python manage.py drill_backup`."
        return _warning(text)
    if not last.is_good:
        return _failed(f"The last trial to restore failed: {last.message}")
    return _fine(f"A backup was restored for a trial on {last.finished_at:%F}.")


@_part
def mail() -> Finding:
    """Whether a mail server takes our mails; none is sent."""
    if "smtp" not in settings.EMAIL_BACKEND:
        return _warning(
            "Mails are written to the log, so nobody can choose a new password by mail: set"
            " EMAIL_HOST and its like."
        )
    if settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"):
        text = "Mails come from nobody: set DEFAULT_FROM_EMAIL to an address of yours."
        return _warning(text)
    server = get_connection()
    try:
        server.open()
    except (OSError, smtplib.SMTPException) as error:
        text = f"The mail server does not take our sign-in ({type(error).__name__}):"
        return _failed(f"{text} correct EMAIL_HOST and its like.")
    finally:
        server.close()
    return _fine(f"{settings.EMAIL_HOST} takes our mails.")


@_part
def alerts() -> Finding:
    mails = settings.ALERT_EMAILS and "smtp" in settings.EMAIL_BACKEND
    if settings.ALERT_EMAILS and not mails and not settings.ALERT_WEBHOOK:
        text = (
            "Alerts are mailed into the log, where nobody sees them: set EMAIL_HOST and its like."
        )
        return _warning(text)
    if not mails and not settings.ALERT_WEBHOOK:
        return _warning("Nobody hears of trouble: set ALERT_EMAILS or ALERT_WEBHOOK.")
    return _fine("Somebody hears of trouble.")


@_part
def django_checks() -> Finding:
    found = [
        one
        for one in checks.run_checks(include_deployment_checks=True)
        if one.level >= checks.WARNING and not one.is_silenced()
    ]
    if found:
        told = "; ".join(f"{one.id}: {one.msg.splitlines()[0]}" for one in found)
        return _failed(f"`manage.py check --deploy` says: {told}")
    return _fine("Django's own checks find nothing.")
