"""Alive, ready and why not: what balancers and watchers are told, and who is told how much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from monitoring import health
from monitoring.health import State
from tests.factories import Shop

TOKEN = "read-the-figures-0123456789"
OUTSIDE: Any = {"REMOTE_ADDR": "203.0.113.9"}


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def anew(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.METRICS_TOKEN = TOKEN
    # As long as a test takes; those that look again say so.
    monkeypatch.setattr(health, "KEEP", 3600.0)
    health.kept.forget()
    yield
    health.kept.forget()


@pytest.fixture
def anybody() -> Client:
    return Client(raise_request_exception=False)


def refuse(*args: object, **kwargs: object) -> None:
    raise OperationalError("connection to server at 127.0.0.1 failed: password=hunter2hunter2")


@pytest.fixture
def without_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", refuse)


def parts(client: Client) -> dict[str, dict[str, str]]:
    answer = client.get("/readyz")
    return {part["name"]: part for part in answer.json()["parts"]}


def test_alive_asks_no_database(anybody: Client, without_database: None) -> None:
    answer = anybody.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


def test_ready(db: None, anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # However full the disk of this machine is.
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**11, 9 * 10**11))
    answer = anybody.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    found = parts(anybody)
    assert list(found) == [
        "database",
        "migrations",
        "role",
        "storage",
        "backup",
        "cache",
        "replica",
    ]
    assert all(part["message"].endswith(".") for part in found.values())
    for name in ("database", "migrations", "role", "storage", "cache", "replica"):
        assert found[name]["state"] == "ok", found[name]


def test_who_is_told_the_parts(db: None, anybody: Client) -> None:
    """This machine, and the token; not the world, nor the world through a proxy on this machine."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert "parts" in anybody.get("/readyz").json()
    assert "parts" in anybody.get("/readyz", headers=bearer, **OUTSIDE).json()
    told = [
        anybody.get("/readyz", **OUTSIDE),
        anybody.get("/readyz", headers={"Authorization": "Bearer wrong"}, **OUTSIDE),
        anybody.get("/readyz", headers={"X-Forwarded-For": "203.0.113.9"}),
        anybody.get("/readyz", headers={"X-Real-IP": "127.0.0.1"}),
        # A proxy that was told of nothing but TLS.
        anybody.get("/readyz", headers={"X-Forwarded-Proto": "https"}),
    ]
    assert [answer.json() for answer in told] == [{"status": "ok"}] * 5


def test_without_a_token_the_empty_one_opens_nothing(
    db: None, anybody: Client, settings: Any
) -> None:
    settings.METRICS_TOKEN = ""
    answer = anybody.get("/readyz", headers={"Authorization": "Bearer "}, **OUTSIDE)
    assert answer.json() == {"status": "ok"}


def test_a_database_that_is_away(anybody: Client, without_database: None) -> None:
    answer = anybody.get("/readyz")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    found = parts(anybody)
    assert found["database"]["state"] == "failed"
    assert {found[name]["state"] for name in ("migrations", "role", "backup")} == {"unknown"}
    assert b"hunter2" not in answer.content
    assert anybody.get("/readyz", **OUTSIDE).json() == {"status": "not ready"}


def test_unapplied_migrations(db: None, anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    applied = MigrationRecorder(connection).applied_migrations()
    last = max(name for app, name in applied if app == "sales")
    without = {key: one for key, one in applied.items() if key != ("sales", last)}
    monkeypatch.setattr(MigrationRecorder, "applied_migrations", lambda self: without)
    answer = anybody.get("/readyz")
    assert answer.status_code == 503
    assert parts(anybody)["migrations"]["message"] == (
        f"1 migrations are not applied, the first is sales.{last}: run `python manage.py deploy`."
    )


def test_a_role_that_the_walls_do_not_bind(
    db: None, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.roles.problems", lambda _: ["the role x is a superuser"])
    answer = anybody.get("/readyz")
    assert answer.status_code == 503
    assert "the role x is a superuser" in parts(anybody)["role"]["message"]


def test_a_full_disk(
    db: None, anybody: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite cannot sell without it; a database elsewhere can."""
    usage = Usage(10**10, 10**10, health.LEAST_FREE - 1)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    settings.SQLITE = True
    assert health.storage().state == State.FAILED
    settings.SQLITE = False
    assert health.storage().state == State.WARNING
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=health.LEAST_FREE))
    assert health.storage().state == State.OK


def test_what_the_host_allows(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATABASE_LIMIT_GB = 1
    said = []
    for share in (0.5, 0.95, 1):
        size = int(share * 1024**3)
        monkeypatch.setattr("monitoring.metrics.measuring.database_bytes", lambda size=size: size)
        said.append(health.storage().state)
    assert said == [State.OK, State.WARNING, State.FAILED]


def test_an_old_backup_closes_no_shop(
    db: None, anybody: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BACKUP_TO = ""
    assert "set BACKUP_TO" in health.backup().message
    settings.BACKUP_TO = "/srv/backups"
    assert "no backup yet" in health.backup().message
    for hours, state in ((3, "ok"), (200, "warning")):
        monkeypatch.setattr(
            "backups.status.age_of_last_good_backup", lambda hours=hours: timedelta(hours=hours)
        )
        health.kept.forget()
        answer = anybody.get("/readyz")
        assert answer.status_code == 200
        part = parts(anybody)["backup"]
        assert (part["state"], f"{hours} hours" in part["message"]) == (state, True)


def test_asking_often_costs_the_database_nothing(
    db: None, anybody: Client, django_assert_num_queries: Any
) -> None:
    anybody.get("/readyz")
    with django_assert_num_queries(0):
        for _ in range(20):
            assert anybody.get("/readyz").status_code == 200


def test_it_looks_again_after_a_second(
    db: None, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert anybody.get("/readyz").status_code == 200
    monkeypatch.setattr("tenants.roles.problems", lambda _: ["the role x is a superuser"])
    assert anybody.get("/readyz").status_code == 200
    monkeypatch.setattr(health.kept, "_until", 0.0)
    assert anybody.get("/readyz").status_code == 503


def test_while_one_thread_looks_the_others_get_what_is_known(
    db: None, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    anybody.get("/readyz")
    monkeypatch.setattr(health.kept, "_until", 0.0)
    monkeypatch.setattr(health, "look", refuse)
    with health.kept._looking:
        assert anybody.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_balancer_asks_by_an_address_and_without_tls(
    db: None, anybody: Client, settings: Any, path: str
) -> None:
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    answer = anybody.get(path, headers={"Host": "10.1.2.3:8000"})
    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert "default-src" in answer["Content-Security-Policy"]
    # Nothing but these two is so open.
    assert anybody.get("/health/", headers={"Host": "10.1.2.3:8000"}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/health/"])
def test_only_to_be_read(db: None, anybody: Client, path: str) -> None:
    assert anybody.post(path).status_code == 405
    assert anybody.head(path).status_code == 200


def test_a_business_has_no_such_pages(shop: Shop, owner: Client) -> None:
    for name in ("healthz", "readyz"):
        assert owner.get(shop.url(name)).status_code == 404


def test_the_old_address(db: None, anybody: Client, settings: Any) -> None:
    assert anybody.get("/health/").json() == {"status": "ok"}
    settings.EPHEMERAL = True
    told = anybody.get("/health/").json()
    assert told["persistent"] is False
    assert "DATABASE_URL" in told["set"]


def test_the_old_address_without_a_database(anybody: Client, without_database: None) -> None:
    answer = anybody.get("/health/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(
    ("kind", "state"), [("locmem.LocMemCache", "ok"), ("dummy.DummyCache", "warning")]
)
def test_redis_that_is_away_closes_no_shop(
    db: None, anybody: Client, settings: Any, kind: str, state: str
) -> None:
    settings.REDIS_URL = "redis://cache:6379/0"
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{kind}"}}
    answer = anybody.get("/readyz")
    assert answer.status_code == 200
    part = parts(anybody)["cache"]
    assert (part["state"], "Redis" in part["message"]) == (state, True)
