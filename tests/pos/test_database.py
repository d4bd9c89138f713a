"""Which database a process gets from the variables that hosts set."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from pos.database import (
    DIRECT,
    DIRECT_COMMANDS,
    POOLED,
    database,
    is_pooled,
    normalise,
    using_direct,
)

RUN = ["manage.py", "runserver"]
MIGRATE = ["manage.py", "migrate"]
URL = "postgres://pos_app:secret@db.example:6432/pos"


def test_without_variables_it_is_sqlite_in_the_folder() -> None:
    config = database(Path("/srv/var"), RUN, {})
    assert config["ENGINE"] == "django.db.backends.sqlite3"
    assert config["NAME"] == "/srv/var/tillbook.sqlite3"
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in config["OPTIONS"]["init_command"]
    assert config["ATOMIC_REQUESTS"] is True


@pytest.mark.parametrize("name", POOLED)
def test_each_hosts_name_of_the_pooled_url(name: str) -> None:
    config = database(Path("/srv"), RUN, {name: URL})
    assert (config["HOST"], config["PORT"], config["NAME"]) == ("db.example", 6432, "pos")


@pytest.mark.parametrize("name", DIRECT)
@pytest.mark.parametrize("command", sorted(DIRECT_COMMANDS))
def test_what_changes_the_schema_goes_direct(name: str, command: str) -> None:
    environ = {"DATABASE_URL": URL, name: "postgres://pos_owner:x@direct.example/pos"}
    assert database(Path("/srv"), ["manage.py", command], environ)["USER"] == "pos_owner"
    assert database(Path("/srv"), RUN, environ)["USER"] == "pos_app"


def test_a_direct_url_alone_is_not_served_from() -> None:
    config = database(Path("/srv"), RUN, {"DIRECT_URL": URL})
    assert config["ENGINE"] == "django.db.backends.sqlite3"


def test_any_process_can_ask_for_the_direct_url() -> None:
    assert all(using_direct(RUN, {"USE_DIRECT_URL": yes}) for yes in ("1", "true", "Yes", "on"))
    assert not using_direct(RUN, {})
    assert not using_direct(["manage.py"], {"USE_DIRECT_URL": ""})


def test_behind_a_pooler_these_are_isolation_and_not_tuning() -> None:
    config = database(Path("/srv"), RUN, {"DATABASE_URL": URL})
    assert config["ENGINE"] == "tenants.db"
    assert config["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert config["OPTIONS"]["prepare_threshold"] is None
    assert config["ATOMIC_REQUESTS"] is True
    assert config["CONN_HEALTH_CHECKS"] is False


def test_connections_are_kept_on_a_server_and_not_on_vercel() -> None:
    assert database(Path("/srv"), RUN, {"DATABASE_URL": URL})["CONN_MAX_AGE"] == 60
    on_vercel = database(Path("/srv"), RUN, {"DATABASE_URL": URL, "VERCEL": "1"})
    assert on_vercel["CONN_MAX_AGE"] == 0


def test_what_libpq_does_not_know_is_dropped() -> None:
    url = URL + "?pgbouncer=true&sslmode=require&connection_limit=1&schema=public&options=-c%20x=1"
    assert normalise(url) == ("postgresql://pos_app:secret@db.example:6432/pos?sslmode=require")
    options = database(Path("/srv"), RUN, {"DATABASE_URL": url})["OPTIONS"]
    assert options == {"connect_timeout": 5, "prepare_threshold": None, "sslmode": "require"}


def test_the_password_may_hold_any_character() -> None:
    config = database(Path("/srv"), RUN, {"DATABASE_URL": "postgres://u:p%40%2F%3A%23@h/pos"})
    assert config["PASSWORD"] == "p@/:#"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hush@h/pos",
        "http://example.com",
        "pos",
        "u:hush@h/pos",
        "prisma+postgres://accelerate.prisma-data.net/?api_key=hush",
    ],
)
def test_another_database_is_refused_by_name(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="needs postgres:// or sqlite:///") as error:
        database(Path("/srv"), RUN, {"POSTGRES_URL": url})
    assert re.fullmatch(r"POSTGRES_URL begins with '[\w+ ]+:?', [^\n]+\.", str(error.value))
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["postgres://u:hu[sh@h/pos", "postgres://u:hu/sh@h/pos", "postgres://u:hush@h:x/pos"]
)
def test_a_password_that_breaks_the_url_is_explained(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is malformed: .* %2F") as error:
        database(Path("/srv"), RUN, {"DATABASE_URL": url})
    assert "hu" not in str(error.value).replace("such", "")


@pytest.mark.parametrize("url", ["postgres://u:hush@h", "postgres://u:hush@h/?sslmode=require"])
def test_a_url_without_a_database_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL names no database: "):
        database(Path("/srv"), RUN, {"DATABASE_URL": url})


# -- what hosts set: their shapes, on hosts that are nobody's ---------------------------------------

NEON = "neondb_owner:npg_x1@ep-cool-sun-a1b2c3"
NEON_VERCEL = {
    "DATABASE_URL": f"postgres://{NEON}-pooler.eu-central-1.aws.neon.tech/neondb"
    "?sslmode=require&channel_binding=require",
    "DATABASE_URL_UNPOOLED": f"postgresql://{NEON}.eu-central-1.aws.neon.tech/neondb?sslmode=require",
    "POSTGRES_URL": f"postgres://{NEON}-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require",
    "POSTGRES_URL_NON_POOLING": f"postgres://{NEON}.eu-central-1.aws.neon.tech/neondb",
    "POSTGRES_URL_NO_SSL": f"postgres://{NEON}-pooler.eu-central-1.aws.neon.tech/neondb",
    "POSTGRES_PRISMA_URL": f"postgres://{NEON}-pooler.eu-central-1.aws.neon.tech/neondb"
    "?connect_timeout=15&sslmode=require&pgbouncer=true",
    "PGHOST": "ep-cool-sun-a1b2c3-pooler.eu-central-1.aws.neon.tech",
    "PGHOST_UNPOOLED": "ep-cool-sun-a1b2c3.eu-central-1.aws.neon.tech",
    "PGUSER": "neondb_owner",
    "PGDATABASE": "neondb",
    "PGPASSWORD": "npg_x1",
    "POSTGRES_USER": "neondb_owner",
    "POSTGRES_HOST": "ep-cool-sun-a1b2c3-pooler.eu-central-1.aws.neon.tech",
    "POSTGRES_PASSWORD": "npg_x1",
    "POSTGRES_DATABASE": "neondb",
}
NEON_POOLED = ("ep-cool-sun-a1b2c3-pooler.eu-central-1.aws.neon.tech", "", "neondb")
NEON_DIRECT = ("ep-cool-sun-a1b2c3.eu-central-1.aws.neon.tech", "", "neondb")
SUPABASE_POOLER = "postgres.abcdefghijkl:x1@aws-0-eu-central-1.pooler.supabase.com"
SUPABASE_VERCEL = {
    "POSTGRES_URL": f"postgres://{SUPABASE_POOLER}:6543/postgres"
    "?sslmode=require&supa=base-pooler.x",
    "POSTGRES_PRISMA_URL": f"postgres://{SUPABASE_POOLER}:6543/postgres"
    "?sslmode=require&supa=base-pooler.x&pgbouncer=true",
    "POSTGRES_URL_NON_POOLING": f"postgres://{SUPABASE_POOLER}:5432/postgres?sslmode=require",
    "POSTGRES_USER": "postgres",
    "POSTGRES_HOST": "db.abcdefghijkl.supabase.co",
    "POSTGRES_PASSWORD": "x1",
    "POSTGRES_DATABASE": "postgres",
    "SUPABASE_URL": "https://abcdefghijkl.supabase.co",
}
SUPABASE = "aws-0-eu-central-1.pooler.supabase.com"
RAILWAY = {
    "DATABASE_URL": "postgresql://postgres:x1@postgres.railway.internal:5432/railway",
    "PGHOST": "postgres.railway.internal",
    "PGPORT": "5432",
    "PGUSER": "postgres",
    "PGPASSWORD": "x1",
    "PGDATABASE": "railway",
    "POSTGRES_USER": "postgres",
    "POSTGRES_PASSWORD": "x1",
    "POSTGRES_DB": "railway",
}
RAILWAY_PUBLIC = "postgresql://postgres:x1@roundhouse.proxy.rlwy.net:34567/railway"
PRIVATE = ("postgres.railway.internal", 5432, "railway")
RENDER = "postgresql://pos:x1@dpg-abc123-a.frankfurt-postgres.render.com/pos_db"
PRISMA = "postgres://u1:sk_1@db.prisma.io:5432/postgres?sslmode=require"
HOSTS = {
    "neon on vercel": (NEON_VERCEL, NEON_POOLED, NEON_DIRECT),
    "neon, one url": (
        {"DATABASE_URL": NEON_VERCEL["DATABASE_URL"]},
        NEON_POOLED,
        NEON_DIRECT,
    ),
    "neon, parts": (
        {k: v for k, v in NEON_VERCEL.items() if k.startswith("PG")},
        NEON_POOLED,
        NEON_DIRECT,
    ),
    "supabase on vercel": (
        SUPABASE_VERCEL,
        (SUPABASE, 6543, "postgres"),
        (SUPABASE, 5432, "postgres"),
    ),
    "supabase, one url": (
        {"DATABASE_URL": f"postgresql://{SUPABASE_POOLER}:6543/postgres"},
        (SUPABASE, 6543, "postgres"),
        (SUPABASE, 5432, "postgres"),
    ),
    "supabase, parts": (
        {k: v for k, v in SUPABASE_VERCEL.items() if "URL" not in k},
        ("db.abcdefghijkl.supabase.co", "", "postgres"),
        ("db.abcdefghijkl.supabase.co", "", "postgres"),
    ),
    "railway": (RAILWAY, PRIVATE, PRIVATE),
    "railway, parts": (
        {k: v for k, v in RAILWAY.items() if k.startswith("PG")},
        PRIVATE,
        PRIVATE,
    ),
    "railway from outside": (
        {"DATABASE_PUBLIC_URL": RAILWAY_PUBLIC},
        ("roundhouse.proxy.rlwy.net", 34567, "railway"),
        ("roundhouse.proxy.rlwy.net", 34567, "railway"),
    ),
    "render": (
        {"DATABASE_URL": RENDER, "RENDER": "true"},
        ("dpg-abc123-a.frankfurt-postgres.render.com", "", "pos_db"),
        ("dpg-abc123-a.frankfurt-postgres.render.com", "", "pos_db"),
    ),
    "prisma postgres": (
        {
            "DATABASE_URL": PRISMA,
            "DATABASE_URL_POOLED": PRISMA.replace("db.", "pooled.db."),
            "PRISMA_DATABASE_URL": "prisma+postgres://accelerate.prisma-data.net/?api_key=x",
        },
        ("pooled.db.prisma.io", 5432, "postgres"),
        ("db.prisma.io", 5432, "postgres"),
    ),
    "prisma postgres, as it was": (
        {
            "DATABASE_URL": "prisma+postgres://accelerate.prisma-data.net/?api_key=x",
            "POSTGRES_URL": PRISMA,
        },
        ("db.prisma.io", 5432, "postgres"),
        ("db.prisma.io", 5432, "postgres"),
    ),
    "an image of postgresql": (
        {
            "POSTGRES_HOST": "db",
            "POSTGRES_PORT": "5433",
            "POSTGRES_USER": "pos",
            "POSTGRES_PASSWORD": "p@ss/word#1",
            "POSTGRES_DB": "pos",
        },
        ("db", 5433, "pos"),
        ("db", 5433, "pos"),
    ),
    "one server": (
        {
            "DATABASE_URL": "postgres://pos_app:x@127.0.0.1:6432/pos",
            "DIRECT_URL": "postgres://pos_owner:x@127.0.0.1:5432/pos",
        },
        ("127.0.0.1", 6432, "pos"),
        ("127.0.0.1", 5432, "pos"),
    ),
}


@pytest.mark.parametrize("host", HOSTS)
def test_what_hosts_set_leads_to_the_right_database(host: str) -> None:
    environ, pooled, direct = HOSTS[host]
    for argv, expected in ((RUN, pooled), (MIGRATE, direct)):
        config = database(Path("/srv"), argv, environ)
        assert (config["HOST"], config["PORT"], config["NAME"]) == expected
        assert config["ENGINE"] == "tenants.db"
        assert set(config["OPTIONS"]) <= {
            "connect_timeout",
            "prepare_threshold",
            "sslmode",
            "channel_binding",
        }


def test_psycopg_takes_what_hosts_set() -> None:
    """Each shape is understood by libpq itself: no parameter that it does not know."""
    for environ, *_ in HOSTS.values():
        for argv in (RUN, MIGRATE):
            config = database(Path("/srv"), argv, environ)
            options = {k: v for k, v in config["OPTIONS"].items() if k != "prepare_threshold"}
            psycopg.conninfo.make_conninfo("", host=config["HOST"], **options)
    with pytest.raises(psycopg.ProgrammingError, match="pgbouncer"):
        psycopg.conninfo.make_conninfo("", pgbouncer="true")


def test_passwords_in_parts_may_hold_any_character() -> None:
    environ, *_ = HOSTS["an image of postgresql"]
    assert database(Path("/srv"), RUN, environ)["PASSWORD"] == "p@ss/word#1"


@pytest.mark.parametrize("missing", ["PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE"])
def test_parts_count_only_when_they_are_whole(missing: str) -> None:
    """A developer's own PGHOST leads no till into somebody's database."""
    parts = {k: v for k, v in RAILWAY.items() if k.startswith("PG") and k != missing}
    assert database(Path("/srv"), RUN, parts)["ENGINE"] == "django.db.backends.sqlite3"


def test_a_role_of_our_own_counts_before_what_the_host_sets() -> None:
    own = "postgres://pos_app:x@ep-cool-sun-a1b2c3-pooler.eu-central-1.aws.neon.tech/neondb"
    environ = {**NEON_VERCEL, "APP_DATABASE_URL": own}
    assert database(Path("/srv"), RUN, environ)["USER"] == "pos_app"
    assert database(Path("/srv"), MIGRATE, environ)["USER"] == "neondb_owner"


@pytest.mark.parametrize(
    ("url", "pooled"),
    [
        (NEON_VERCEL["DATABASE_URL"], True),
        (NEON_VERCEL["DATABASE_URL_UNPOOLED"], False),
        (SUPABASE_VERCEL["POSTGRES_URL"], True),
        (SUPABASE_VERCEL["POSTGRES_URL_NON_POOLING"], False),
        ("postgres://u:p@db.abcdefghijkl.supabase.co:6543/postgres", True),
        ("postgres://u:p@127.0.0.1:6432/pos", True),
        ("postgres://u:p@pooler.example.com/pos", True),
        ("postgres://u:p@h/pos?pgbouncer=true", True),
        (RENDER, False),
        (RAILWAY_PUBLIC, False),
        ("postgres://u:p@[::1/pos", False),
    ],
)
def test_a_pooled_url_is_known_by_host_port_or_flag(url: str, pooled: bool) -> None:
    assert is_pooled(url) is pooled


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("sslmode=no-verify", {"sslmode": "require"}),
        ("ssl=true", {"sslmode": "require"}),
        ("ssl=true&sslmode=verify-full", {"sslmode": "verify-full"}),
        ("pool_timeout=20&supa=x&schema=pos&statement_cache_size=0", {}),
    ],
)
def test_other_clients_ways_of_saying_it(query: str, options: dict[str, str]) -> None:
    config = database(Path("/srv"), RUN, {"DATABASE_URL": f"{URL}?{query}"})
    assert config["OPTIONS"] == {"connect_timeout": 5, "prepare_threshold": None, **options}


def test_sqlite_by_url() -> None:
    config = database(Path("/srv"), RUN, {"DATABASE_URL": "sqlite:////data/shop.sqlite3"})
    assert config["NAME"] == "/data/shop.sqlite3"
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
