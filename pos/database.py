"""Which database to use, from the variables that hosts set.

Two URLs are told apart: the pooled one (run time, through a transaction pooler) and the direct one
(migrations, backups). `using_direct()` says which of the two this process wants.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

POOLED = ("DATABASE_URL", "DATABASE_URL_POOLED", "POSTGRES_URL", "POSTGRES_PRISMA_URL")
DIRECT = ("DIRECT_URL", "DATABASE_URL_UNPOOLED", "POSTGRES_URL_NON_POOLING")

# Commands that change the schema or read whole tables talk to PostgreSQL itself, as its owner.
DIRECT_COMMANDS = {"migrate", "deploy", "backup", "setup_roles", "sqlmigrate", "squashmigrations"}

# What libpq understands and a pooler passes on. Everything else in the query string of a hosted
# URL (pgbouncer=true, connection_limit, schema, …) makes psycopg refuse to connect.
KNOWN_PARAMETERS = {
    "application_name",
    "channel_binding",
    "connect_timeout",
    "gssencmode",
    "keepalives",
    "keepalives_idle",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
}


def using_direct(argv: list[str], environ: Mapping[str, str]) -> bool:
    """True when this process should use the direct URL: `migrate` and its like, or USE_DIRECT_URL=1."""
    command = argv[1] if len(argv) > 1 else ""
    return command in DIRECT_COMMANDS or environ.get("USE_DIRECT_URL") == "1"


def first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def normalise(url: str) -> str:
    """The URL with the scheme `postgresql` and only the parameters that libpq knows.

    Raises ImproperlyConfigured, naming the scheme, when it is neither PostgreSQL nor SQLite.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return url
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"The database URL begins with '{parts.scheme}:'; Tillbook needs postgres:// or sqlite:///."
        )
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k in KNOWN_PARAMETERS])
    return urlunsplit(("postgresql", parts.netloc, parts.path, query, ""))


def database(
    folder: Path, argv: list[str] | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The `default` entry of DATABASES for this process; SQLite in `folder` without any URL."""
    argv = sys.argv if argv is None else argv
    environ = os.environ if environ is None else environ
    url = first(environ, POOLED)
    if using_direct(argv, environ):
        url = first(environ, DIRECT) or url
    if not url:
        url = f"sqlite:///{folder / 'tillbook.sqlite3'}"
    config: dict[str, Any] = dict(dj_database_url.parse(normalise(url)))
    config["ATOMIC_REQUESTS"] = True
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            # A writer takes its lock when the transaction begins: two tills then wait for each
            # other instead of failing in the middle with "database is locked".
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        return config
    config["ENGINE"] = "tenants.db"
    # Isolation, not tuning: behind a pooler, workers fetched each other's server-side cursors.
    config["DISABLE_SERVER_SIDE_CURSORS"] = True
    config["CONN_MAX_AGE"] = 0 if environ.get("VERCEL") else 60
    # tenants.db reconnects when the first message of a transaction finds a dead connection,
    # which is what a health check would find out one round trip earlier.
    config["CONN_HEALTH_CHECKS"] = False
    config["OPTIONS"] = {
        "connect_timeout": 5,
        "prepare_threshold": None,
        **config.get("OPTIONS", {}),
    }
    return config
