"""What a release does before it serves: migrate, set up the runtime role, check, and tell."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import Error, OperationalError, connection, transaction
from django.db.utils import ConnectionHandler
from psycopg import sql

from monitoring import deployments
from monitoring.models import Deployment
from pos import hosted
from pos.configuration import Environment
from pos.migrating import Say, migrate, migration_lock, pending
from pos.serving import SEED
from tenants import roles

KEYS = ("SECRET_KEY", "APP_ENCRYPTION_KEY")
# Supabase answers the whole internet as these, and gives them every new table by itself.
OUTSIDERS = ("anon", "authenticated")


def sentence(error: BaseException) -> str:
    """The first line of a message: the further ones of PostgreSQL's hold values of rows."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class Record:
    """The record of a run, for monitoring; kept beginning again until there is a table for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._row: Deployment | None = None
        self.begin()

    def begin(self) -> None:
        # The table is made by the migrations that this run may be about to apply.
        with suppress(Error):
            self._row = self._row or deployments.begin(settings.RELEASE)

    def end(self, *, ok: bool, summary: str) -> None:
        self.begin()
        # What was deployed is deployed, whether or not it can be written down.
        with suppress(Error):
            if self._row is not None:
                deployments.finished(self._row, ok=ok, summary=summary)


@contextmanager
def recorded(say: Say) -> Iterator[Say]:
    """Record a run as begun and as finished or failed; what is told to the yielded one is kept."""
    record = Record()

    def note(line: str) -> None:
        record.lines.append(line)
        say(line)

    try:
        yield note
    except Exception as error:
        record.end(ok=False, summary=sentence(error))
        raise
    record.end(ok=True, summary="\n".join(record.lines))


def prepare(say: Say, *, patience: float) -> None:
    """Migrate, set up the runtime role and collect static files, one deployment after another.

    Raises Busy, MigrationFailed and CommandError.
    """
    with migration_lock(patience=patience, say=say):
        prepare_schema(say)
        if not settings.SQLITE:
            prepare_role(say)
        if not settings.ON_VERCEL:  # It collects them itself.
            collect_static(say)


def prepare_schema(say: Say) -> None:
    """Migrate, or say what waits for a person where AUTO_MIGRATE=0. Raises MigrationFailed."""
    if settings.AUTO_MIGRATE:
        applied = migrate()
        if applied:
            say(f"Migrations: applied {len(applied)}: {', '.join(applied)}.")
        else:
            say("Migrations: nothing to apply.")
        return
    waiting = pending()
    if waiting:
        say(
            f"Migrations: AUTO_MIGRATE=0, so {len(waiting)} wait for you: {', '.join(waiting)}."
            " Run `python manage.py migrate` or read docs/migrations.md."
        )
    else:
        say("Migrations: AUTO_MIGRATE=0, and none waits.")


def prepare_role(say: Say) -> None:
    """Make or refresh the role that serves, as far as the owner may, and prove it.

    Raises CommandError, in one sentence with what to do, when the release could not serve.
    """
    serving = hosted.configured(
        settings.VAR_DIR, hosted.SERVING, Environment().values, settings.RUNTIME_ROLE
    )
    owner = connection.settings_dict
    if serving["ENGINE"] != owner["ENGINE"]:
        raise CommandError(
            "The schema is ready, and nothing says as whom to serve from it: run `python manage.py"
            " setup_roles` and set the DATABASE_URL that it prints."
        )
    if hosted.login(serving) != (owner["USER"], owner["PASSWORD"]) and settings.AUTO_MIGRATE:
        _set_up(serving, hosted.role_of(serving["USER"]))
    shut_out_outsiders(say)
    problems = _problems_of(serving)
    if problems:
        raise CommandError(
            f"Row-level security would not hold: {'; '.join(problems)}. Run `python manage.py"
            " setup_roles` and set APP_DATABASE_URL to the address that it prints."
        )
    role = hosted.role_of(serving["USER"])
    say(f"Runtime role: {role} is set up, and row-level security binds it.")


def _set_up(serving: dict[str, object], role: str) -> None:
    # Of a role that is there only a password that we derive is ours to set: any other was given to
    # us. One that is not there yet gets what it will be asked for.
    derived = hosted.derived_password(connection.settings_dict["PASSWORD"], role)
    ours = serving["PASSWORD"] == derived or not _is_there(role)
    password = serving["PASSWORD"] if ours else None
    # The command prints an address with a password, and this output is a build's log.
    unheard = io.StringIO()
    try:
        call_command("setup_roles", role=role, password=password, stdout=unheard, stderr=unheard)
    except (CommandError, Error) as error:
        raise CommandError(
            f"The runtime role {role} could not be set up: {sentence(error)} Make it in the"
            " console of your database with a password of its own, and set APP_DATABASE_URL to"
            " its address."
        ) from error


def _is_there(role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        return cursor.fetchone() is not None


def shut_out_outsiders(say: Say) -> None:
    """Take from OUTSIDERS every right to the tables, now and to those of later releases."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(OUTSIDERS)])
        found = [name for (name,) in cursor.fetchall()]
        for name in found:
            for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
                what = sql.SQL(kind)
                cursor.execute(
                    sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA public FROM {}").format(
                        what, sql.Identifier(name)
                    )
                )
                cursor.execute(
                    sql.SQL(
                        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON {} FROM {}"
                    ).format(what, sql.Identifier(name))
                )
    if found:
        say(f"Taken from {' and '.join(found)}: every right to the tables (the host's own API).")


def _problems_of(serving: dict[str, object]) -> list[str]:
    """What is wrong with the role that will serve, asked as that role, the way it will connect."""
    served = ConnectionHandler({"default": serving})["default"]
    try:
        return roles.problems(served)
    except OperationalError as error:
        raise CommandError(
            f"The database does not let {serving['USER']} in at {serving['HOST']}:"
            f" {sentence(error)} Check the address that this site is to use (DATABASE_URL)."
        ) from error
    finally:
        served.close()


def collect_static(say: Say) -> None:
    """Put the static files where the web server looks; those of older releases stay beside them."""
    call_command("collectstatic", interactive=False, verbosity=0)
    say(f"Static files: collected in {settings.STATIC_ROOT}.")


def build_seed(say: Say) -> None:
    """Without a database the release carries one with the demo, and keys, for every instance."""
    database = Path(settings.DATABASES["default"]["NAME"])
    database.parent.mkdir(parents=True, exist_ok=True)
    migrate()
    call_command("demo", if_empty=True, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    SEED.parent.mkdir(exist_ok=True)
    SEED.write_bytes(database.read_bytes())
    for name in KEYS:
        if not os.environ.get(name, "").strip():
            (SEED.parent / name.lower()).write_text(_made(name))
    for path in SEED.parent.iterdir():
        # Functions run as another user than the build.
        path.chmod(0o644)
    if settings.PREVIEW:
        say(
            "This is a preview: it sells from a demo of its own, keeps nothing, and the database"
            " of production is left alone. Where previews have a database of their own, set"
            " PREVIEW_DATABASE=1 for them."
        )
        return
    say(
        "No database is set up: this site sells from a demo and keeps nothing. Set DATABASE_URL,"
        " SECRET_KEY and APP_ENCRYPTION_KEY (docs/vercel.md) and deploy again."
    )


def _made(name: str) -> str:
    keys = settings.APP_ENCRYPTION_KEYS if name == "APP_ENCRYPTION_KEY" else [settings.SECRET_KEY]
    return ",".join(keys)


def left_to_do() -> Iterator[str]:
    """What works better when it is set: a sentence for each variable."""
    if not settings.ON_VERCEL:
        return
    if not settings.CRON_SECRET and not settings.PREVIEW:
        yield "Set CRON_SECRET: without it the daily calls of the host are refused."
    if not os.environ.get("EMAIL_HOST") and not settings.EPHEMERAL:
        yield "Set EMAIL_HOST and its like: without them mails are written to the log only."
    if os.environ.get("VERCEL_PYTHON_COMPILEALL") != "1":
        yield "Set VERCEL_PYTHON_COMPILEALL=1: functions then start several seconds sooner."
