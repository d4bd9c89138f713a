"""Which database a process gets from the variables that hosts set."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from pos.database import DIRECT, DIRECT_COMMANDS, POOLED, database, normalise, using_direct

RUN = ["manage.py", "runserver"]
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
    assert using_direct(RUN, {"USE_DIRECT_URL": "1"})
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


@pytest.mark.parametrize("url", ["mysql://u:p@h/pos", "http://example.com", "pos"])
def test_another_database_is_refused_by_name(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="needs postgres:// or sqlite:///"):
        database(Path("/srv"), RUN, {"DATABASE_URL": url})


def test_sqlite_by_url() -> None:
    config = database(Path("/srv"), RUN, {"DATABASE_URL": "sqlite:////data/shop.sqlite3"})
    assert config["NAME"] == "/data/shop.sqlite3"
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
