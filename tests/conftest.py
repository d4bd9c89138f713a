"""The databases the tests run on, and the cast that carries them.

Without DATABASE_URL: SQLite in a file. With it (`scripts/postgres.py run -- pytest`): PostgreSQL
through PgBouncer as the ordinary runtime role, in a database of this worker's own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.middleware import csrf
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts import limits
from tenants.context import business
from tests import databases, factories
from tests.factories import Shop
from tests.monitoring import leaks

ON_POSTGRES = databases.ON_POSTGRES
LAST_SECONDS = 15
ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not ON_POSTGRES:
        needless = pytest.mark.skip(reason="PostgreSQL only; `make test` runs it there")
        for item in items:
            if item.get_closest_marker("postgres"):
                item.add_marker(needless)


def pytest_configure(config: pytest.Config) -> None:
    # The same examples at each run, and however busy the machine is.
    patient = hypothesis.settings(
        hypothesis.settings.default,
        deadline=None,
        derandomize=True,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.register_profile("patient", patient)
    hypothesis.settings.load_profile("patient")
    # Looks at every log line of the run.
    leaks.pytest_configure(config)
    # Hashing a password well takes as long as a page; the tests sign in hundreds of times.
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    # Counts of requests, written after an answer, would be statements of whichever test is next.
    settings.METRICS_SECONDS = 0
    settings.METERING = replace(settings.METERING, seconds=0)
    # Ids come again when a test is rolled back: what one remembers is nothing to the next.
    settings.CACHES["default"] = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    # The tokens of forms are of letters that spell none of the words that tests do not find there.
    csrf.CSRF_ALLOWED_CHARS = "JQXZjqxz"
    # Pages are rendered without a manifest of collected files.
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }


def pytest_runtest_setup() -> None:
    """No day ends in the middle of a test, in whatever time zone it is lived: none begins in the
    last seconds of an hour."""
    left = 3600 - time.time() % 3600
    if left < LAST_SECONDS:
        time.sleep(left)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database to copy: migrated, empty, and shared by the workers of a run."""
    folder = tmp_path_factory.getbasetemp()
    return databases.migrated(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    migrated: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    # On SQLite a file, not memory: threads must meet each other's locks as they do in production.
    name = databases.own_copy(migrated, tmp_path_factory.mktemp("db"))
    if ON_POSTGRES:
        os.environ["TEST_DIRECT_URL"] = databases.with_name(databases.DIRECT, name)
    connections["default"].close()
    settings.DATABASES["default"]["NAME"] = name
    connections["default"].settings_dict["NAME"] = name
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def owner_connection(django_db_setup: None) -> Iterator[psycopg.Connection]:
    """PostgreSQL as the owner of the tables, whom row-level security does not bind."""
    with psycopg.connect(os.environ["TEST_DIRECT_URL"], autocommit=True) as owner:
        yield owner


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Data that threads and servers see, because it is committed; emptied afterwards."""
    with django_db_blocker.unblock():
        yield
        connection.close()
        empty_database()


def empty_database() -> None:
    if not ON_POSTGRES:
        # Off, because the composite keys are checked at once and tables are emptied one by one.
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys = OFF")
            for table in connection.introspection.table_names(cursor):
                if table not in {"django_migrations", "django_content_type"}:
                    cursor.execute(f'DELETE FROM "{table}"')
            cursor.execute("PRAGMA foreign_keys = ON")
        return
    # The runtime role may not TRUNCATE; the owner does it.
    with psycopg.connect(os.environ["TEST_DIRECT_URL"], autocommit=True) as owner:
        tables = [
            row[0]
            for row in owner.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'public'::regnamespace"
                " AND relname NOT IN ('django_migrations', 'django_content_type')"
            )
        ]
        owner.execute("TRUNCATE " + ", ".join(tables) + " RESTART IDENTITY")


@pytest.fixture(autouse=True)
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries are counted by windows of the clock: those of a test begin when it does."""
    start = time.time()

    def window(seconds: int = limits.WINDOW) -> int:
        return int(start) // seconds + int(time.time() - start) // seconds

    monkeypatch.setattr(limits, "window", window)


@pytest.fixture
def shop(db: None) -> Shop:
    """The shop that most tests are about; nothing is bound."""
    return factories.make_shop("acme")


@pytest.fixture
def other_shop(db: None) -> Shop:
    """The business of the stranger."""
    return factories.make_shop("rival")


@pytest.fixture
def inside(shop: Shop) -> Iterator[Shop]:
    """The shop, bound."""
    with business(shop.business):
        yield shop


@pytest.fixture
def owner(shop: Shop) -> Client:
    return factories.signed_in(shop.owner)


@pytest.fixture
def manager(shop: Shop) -> Client:
    """A colleague of the owner."""
    return factories.signed_in(shop.manager)


@pytest.fixture
def cashier(shop: Shop) -> Client:
    """Sells, and may do little else."""
    return factories.signed_in(shop.cashier)


@pytest.fixture
def stranger(other_shop: Shop) -> Client:
    """Owner of another business."""
    return factories.signed_in(other_shop.owner)
