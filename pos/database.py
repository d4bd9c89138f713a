"""Which database to use, from the variables that hosts set.

Two URLs are told apart: the pooled one (run time, through a transaction pooler) and the direct one
(migrations, backups). `using_direct()` says which of the two this process wants.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from pos.configuration import YES, scheme_of

# In the order in which they count. The first is ours alone: it is for hosts that set DATABASE_URL
# themselves, to a role that row-level security does not bind, and will not have it changed.
POOLED = (
    "APP_DATABASE_URL",
    "DATABASE_URL_POOLED",
    "DATABASE_URL",
    "POSTGRES_URL",
    "POSTGRES_PRISMA_URL",
)
DIRECT = (
    "DIRECT_URL",
    "DATABASE_URL_UNPOOLED",
    "POSTGRES_URL_NON_POOLING",
    "DIRECT_DATABASE_URL",
)
# Reachable from outside the host's own network: by those who have nothing better.
PUBLIC = ("DATABASE_PUBLIC_URL",)
# Hosts that give the parts of a URL: host, user, password, database; then what need not be there.
PARTS = (
    ("PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE"),
    ("POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DATABASE"),
    ("POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"),
)
FURTHER_PARTS = ("PGHOST_UNPOOLED", "PGPORT", "PGSSLMODE", "POSTGRES_PORT")
PART_NAMES = tuple(dict.fromkeys(name for group in (*PARTS, FURTHER_PARTS) for name in group))

# Commands that change the schema or read whole tables talk to PostgreSQL itself, as its owner.
DIRECT_COMMANDS = {
    "migrate",
    "migration_sql",
    "deploy",
    "backup",
    "drill_backup",
    "restore",
    "setup_roles",
    "sqlmigrate",
    "squashmigrations",
}

# What libpq understands and a pooler passes on. Everything else in the query string of a hosted
# URL (pgbouncer=true, connection_limit, schema, …) makes psycopg refuse to connect.
KNOWN_PARAMETERS = {
    "application_name",
    "channel_binding",
    "connect_timeout",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
}
SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
# Protocols of a vendor's own clients; beside such a URL the host sets one for everybody.
FOREIGN_SCHEMES = {"prisma", "prisma+postgres"}


def using_direct(argv: list[str], environ: Mapping[str, str]) -> bool:
    """True when this process should use the direct URL: `migrate` and its like, or USE_DIRECT_URL=1."""
    command = argv[1] if len(argv) > 1 else ""
    return command in DIRECT_COMMANDS or environ.get("USE_DIRECT_URL", "").strip().lower() in YES


def first(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    """The first of these variables that is set, with its URL; two empty texts when none is.

    One in a vendor's own protocol counts only where there is no other.
    """
    given = [(name, environ[name].strip()) for name in names if environ.get(name, "").strip()]
    usable = [pair for pair in given if split(pair[1]).scheme not in FOREIGN_SCHEMES]
    return (usable or given or [("", "")])[0]


def split(url: str) -> SplitResult:
    """The parts of a URL; nothing but empty ones of one that cannot be read."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def from_parts(environ: Mapping[str, str], *, direct: bool) -> tuple[str, str]:
    """The first group of PARTS that is whole, as the name of its host and a URL."""
    for group in PARTS:
        host, user, password, name = (environ.get(one, "").strip() for one in group)
        if not (host and user and password and name):
            continue
        prefix = group[0].removesuffix("HOST").rstrip("_")
        port = environ.get(f"{prefix}PORT" if prefix == "PG" else f"{prefix}_PORT", "").strip()
        if direct and prefix == "PG":
            host = environ.get("PGHOST_UNPOOLED", "").strip() or host
        mode = environ.get("PGSSLMODE", "").strip()
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        url = f"postgresql://{login}@{host}{f':{port}' if port else ''}/{quote(name, safe='')}"
        return group[0], url + (f"?sslmode={mode}" if mode else "")
    return "", ""


def is_pooled(url: str) -> bool:
    """Whether the URL leads to a transaction pooler, as far as it tells: by host, port or flag."""
    parts = split(url)
    host = parts.hostname or ""
    # Supabase's pooler keeps a session on its port 5432.
    if host.endswith(".pooler.supabase.com"):
        return parts.port == 6543
    flagged = dict(parse_qsl(parts.query)).get("pgbouncer") == "true"
    named = "-pooler." in host or host.startswith(("pooler.", "pooled.")) or ".pooler." in host
    return flagged or named or parts.port in {6432, 6543}


def unpooled(url: str) -> str:
    """The direct URL behind a hosted pooler's, where its name tells it (Neon, Supabase)."""
    parts = split(url)
    host = parts.hostname or ""
    if host.endswith(".neon.tech") and "-pooler." in host:
        return urlunsplit(parts._replace(netloc=parts.netloc.replace("-pooler.", ".", 1)))
    if host.endswith(".pooler.supabase.com") and parts.port == 6543:
        return urlunsplit(parts._replace(netloc=parts.netloc.removesuffix(":6543") + ":5432"))
    return url


def chosen(argv: list[str], environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable and the URL that this process uses; two empty texts for SQLite in `var/`."""
    pooled = first(environ, POOLED)
    if not using_direct(argv, environ):
        found = pooled if pooled[1] else from_parts(environ, direct=False)
        return found if found[1] else first(environ, PUBLIC)
    direct = first(environ, DIRECT)
    if direct[1]:
        return direct
    # Where a host gives a pooled and another URL, the other one is direct, whatever its name.
    others = [(name, environ[name].strip()) for name in POOLED[1:] if environ.get(name)]
    if any(is_pooled(url) for _name, url in (pooled, *others)):
        others = [pair for pair in others if not is_pooled(pair[1])]
        if others:
            return first(environ, tuple(name for name, _url in others))
    parts = from_parts(environ, direct=True)
    name, url = next((one for one in (first(environ, PUBLIC), pooled, parts) if one[1]), ("", ""))
    return name, unpooled(url)


def normalise(url: str, name: str = "The database URL") -> str:
    """The URL with the scheme `postgresql` and only the parameters that libpq knows.

    Raises ImproperlyConfigured, naming the variable and never the URL, when it is malformed or
    neither PostgreSQL nor SQLite.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is malformed: copy it again, and write characters such as / # ? [ @ in its"
            " password as %2F %23 %3F %5B %40."
        ) from None
    if parts.scheme == "sqlite":
        return url
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"{name} begins with '{scheme_of(url)}', which is no database that Tillbook knows:"
            " it needs postgres:// or sqlite:///, so set such a URL."
        )
    if not parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"{name} names no database: write it as postgres://user:password@host:5432/database."
        )
    return urlunsplit(("postgresql", parts.netloc, parts.path, known_parameters(parts.query), ""))


def known_parameters(query: str) -> str:
    """The parameters that libpq knows, with values that it knows."""
    known: dict[str, str] = {}
    for key, value in parse_qsl(query):
        if key == "ssl" and value in {"true", "1", "require"}:
            known.setdefault("sslmode", "require")
        elif key == "sslmode":
            # `no-verify` is how clients of another language say it.
            known[key] = value if value in SSL_MODES else "require"
        elif key in KNOWN_PARAMETERS:
            known[key] = value
    return urlencode(known)


def database(
    folder: Path, argv: list[str] | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The `default` entry of DATABASES for this process; SQLite in `folder` without any URL."""
    argv = sys.argv if argv is None else argv
    environ = {} if environ is None else environ
    name, url = chosen(argv, environ)
    if not url:
        url = f"sqlite:///{folder / 'tillbook.sqlite3'}"
    config: dict[str, Any] = dict(dj_database_url.parse(normalise(url, name)))
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


def replica(url: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """The `replica` entry of DATABASES: reports are read from it, in transactions of their own."""
    host = {"VERCEL": environ["VERCEL"]} if "VERCEL" in environ else {}
    config = database(Path(), ["manage.py"], {**host, "DATABASE_URL": url})
    # Each view would begin a transaction there, whether it reads from it or not.
    config["ATOMIC_REQUESTS"] = False
    config["OPTIONS"]["connect_timeout"] = 2
    config["TEST"] = {"MIRROR": "default"}
    return config
