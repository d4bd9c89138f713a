"""`manage.py deploy` as builds run it: in processes of its own, on databases of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest

from pos.hosted import derived_password
from pos.migrating import LOCK
from tests import databases
from tests.conftest import ROOT

KEYS = {
    "SECRET_KEY": "4f8a1c9e7b3d5f2a6c8e0b4d7f1a3c5e9b2d6f8a0c4e7b1d9e3f5a7c",
    "APP_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}
Environ = Mapping[str, str]
NOTHING: Environ = MappingProxyType({})
SETTINGS = {"DJANGO_SETTINGS_MODULE": "pos.settings"}
# A migration of the release that breaks off after a table of its own.
BROKEN = """
from django.db import migrations
def fail(apps, schema_editor):
    raise ValueError("a row is odd\\nKey (email)=(nora@example.com)")
class Migration(migrations.Migration):
    dependencies = [("tenants", "{last}")]
    operations = [
        migrations.RunSQL("CREATE TABLE half_done (n int)"),
        migrations.RunPython(fail),
    ]
"""


@dataclass
class Empty:
    """An empty database of the cluster, with the addresses that a host would set."""

    direct: str
    pooled: str
    folder: Path

    def environment(self, more: Environ = NOTHING) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        urls = {"DATABASE_URL": self.pooled, "DIRECT_URL": self.direct}
        return {**kept, **KEYS, **urls, "VAR_DIR": str(self.folder / "var"), **more}

    def start(
        self, *words: str, tree: Path = ROOT, environ: Environ = NOTHING
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", "deploy", *words],
            cwd=tree,
            env=self.environment(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def deploy(
        self, *words: str, status: int = 0, tree: Path = ROOT, environ: Environ = NOTHING
    ) -> str:
        """What the command says; it ends with this status."""
        process = self.start(*words, tree=tree, environ=environ)
        said, _ = process.communicate(timeout=1200)
        assert process.returncode == status, said
        return said

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.direct) as owner:
            return owner.execute(query).fetchall()

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.direct) as owner:
            for statement in statements:
                owner.execute(statement)

    def tables(self) -> int:
        (count,) = self.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")[0]
        return int(count)


def here(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def database(folder: Path, template: str = "template1") -> Iterator[Empty]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    direct, pooled = os.environ["DIRECT_URL"], os.environ["DATABASE_URL"]
    # The pooler keeps its connections to a template, which must have none.
    databases.copy_database(template, name)
    with psycopg.connect(direct, autocommit=True) as owner:
        yield Empty(here(direct, name), here(pooled, name), folder)
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Empty]:
    with database(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database that a deployment has finished with."""
    with database(tmp_path_factory.mktemp("release")) as made:
        made.deploy(environ={"RELEASE": "before"})
        yield urlsplit(made.direct).path.strip("/")


@pytest.fixture
def live(release: str, tmp_path: Path) -> Iterator[Empty]:
    """A database that is in use: the release before this one has migrated it."""
    with database(tmp_path, release) as made:
        yield made


def until_it_waits(process: subprocess.Popen[str]) -> str:
    """What it says until it has found that another deployment is at work."""
    said = ""
    assert process.stdout is not None
    while "Another deployment is migrating" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


@pytest.mark.postgres
@pytest.mark.slow
def test_of_three_at_once_one_migrates_and_none_crashes(empty: Empty) -> None:
    with psycopg.connect(empty.direct) as other:
        # Until all three are there somebody else has it.
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        running = [
            empty.start(environ={"RELEASE": f"r{n}", "PYTHONUNBUFFERED": "1"}) for n in range(3)
        ]
        before = [until_it_waits(process) for process in running]
    rest = [process.communicate(timeout=1200)[0] for process in running]
    said = [first + last for first, last in zip(before, rest, strict=True)]
    assert [process.returncode for process in running] == [0, 0, 0], "\n".join(said)
    assert sum("Migrations: applied " in text for text in said) == 1
    assert sum("Migrations: nothing to apply." in text for text in said) == 2
    assert all("The other deployment is done." in text for text in said)
    assert all("tenants.0001_initial" in text for text in said if "applied" in text)
    assert all("Runtime role: pos_app" in text for text in said)
    kept = empty.rows("SELECT release, ok FROM monitoring_deployment ORDER BY release")
    assert kept == [("r0", True), ("r1", True), ("r2", True)]


@pytest.mark.postgres
def test_waiting_has_an_end(empty: Empty) -> None:
    with psycopg.connect(empty.direct) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        said = empty.deploy("--wait", "1", status=1)
    assert "waiting up to 1 seconds" in said
    assert "CommandError: Another deployment has been migrating for more than 1 seconds." in said
    assert "Traceback" not in said
    assert empty.tables() == 0


@pytest.mark.postgres
@pytest.mark.slow
def test_a_preview_leaves_the_database_as_it_was(empty: Empty, live: Empty, tmp_path: Path) -> None:
    preview = {"VERCEL": "1", "VERCEL_ENV": "preview"}
    # Without a copy the demo would land in the tree that the tests run on.
    tree = copied(tmp_path)
    said = empty.deploy(tree=tree, environ=preview)
    assert "This is a preview" in said
    assert "PREVIEW_DATABASE=1" in said
    assert empty.tables() == 0
    assert (tree / "seed/tillbook.sqlite3").stat().st_size > 1_000_000
    said = live.deploy(tree=tree, environ={**preview, "PREVIEW_DATABASE": "1", "RELEASE": "p"})
    assert "Migrations: nothing to apply." in said
    assert ("p",) in live.rows("SELECT release FROM monitoring_deployment")


@pytest.mark.postgres
def test_a_preview_does_not_serve_from_the_database_either(empty: Empty) -> None:
    ask = (
        "import django; django.setup(); from django.conf import settings as s;"
        "print(s.EPHEMERAL, s.DATABASES['default']['ENGINE'])"
    )
    for more, expected in (
        ({"VERCEL_ENV": "preview"}, "True django.db.backends.sqlite3"),
        ({"VERCEL_ENV": "production"}, "False tenants.db"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", ask],
            cwd=ROOT,
            env=empty.environment({"VERCEL": "1", **SETTINGS, **more}),
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == expected, done.stderr


@pytest.mark.postgres
@pytest.mark.slow
def test_by_hand_it_says_what_waits(empty: Empty, live: Empty) -> None:
    said = empty.deploy(environ={"AUTO_MIGRATE": "0"})
    assert "AUTO_MIGRATE=0, so " in said
    assert "tenants.0001_initial" in said
    assert empty.tables() == 0
    assert "AUTO_MIGRATE=0, and none waits." in live.deploy(environ={"AUTO_MIGRATE": "0"})


@pytest.mark.postgres
@pytest.mark.slow
def test_a_failed_migration_is_one_sentence_and_leaves_nothing(live: Empty, tmp_path: Path) -> None:
    tree = copied(tmp_path)
    last = max((tree / "tenants/migrations").glob("0*.py")).stem
    broken = tree / "tenants/migrations/9999_broken.py"
    broken.write_text(BROKEN.format(last=last))
    said = live.deploy(tree=tree, status=1, environ={"RELEASE": "bad"})
    assert (
        "CommandError: The migration tenants.9999_broken failed: a row is odd."
        " 0 of 1 migrations were applied before it. The release before this one goes on serving."
    ) in said
    assert "Traceback" not in said
    assert "nora@example.com" not in said
    assert live.rows("SELECT to_regclass('half_done')") == [(None,)]
    kept = live.rows("SELECT release, ok, summary FROM monitoring_deployment ORDER BY id")
    assert [row[:2] for row in kept] == [("before", True), ("bad", False)]
    assert "tenants.9999_broken" in kept[1][2]
    assert "nora@example.com" not in kept[1][2]


@contextmanager
def owned_by_one_login(made: Empty) -> Iterator[tuple[str, str]]:
    """Give the database to a login of its own, which may not make roles; its name and password."""
    from scripts.postgres import Cluster

    cluster, name = Cluster.current(), f"o_{uuid.uuid4().hex[:8]}"
    database = urlsplit(made.direct).path.strip("/")
    cluster.sql(f"CREATE ROLE {name} LOGIN PASSWORD 'pw-{name}'", database="postgres")
    cluster.sql(f"ALTER DATABASE {database} OWNER TO {name}", database="postgres")
    try:
        yield name, f"pw-{name}"
    finally:
        cluster.sql(f"DROP OWNED BY {name} CASCADE", database=database)
        cluster.sql(f"ALTER DATABASE {database} OWNER TO pos_owner", database="postgres")
        cluster.sql(f"DROP ROLE {name}", database="postgres")


@pytest.mark.postgres
@pytest.mark.slow
def test_on_vercel_one_login_is_enough_and_its_password_is_not_told(empty: Empty) -> None:
    from scripts.postgres import Cluster

    cluster, role = Cluster.current(), f"r_{uuid.uuid4().hex[:8]}"
    database = urlsplit(empty.direct).path.strip("/")
    with owned_by_one_login(empty) as (name, password):

        def address(url: str, user: str, secret: str) -> str:
            parts = urlsplit(url)
            netloc = f"{user}:{quote(secret)}@{parts.hostname}:{parts.port}"
            return urlunsplit(parts._replace(netloc=netloc))

        # What the integration of a host sets: the owner, pooled and not.
        one_login = {
            "DATABASE_URL": address(empty.pooled, name, password),
            "DIRECT_URL": "",
            "DATABASE_URL_UNPOOLED": address(empty.direct, name, password),
            "RUNTIME_ROLE": role,
            "VERCEL": "1",
        }
        said = empty.deploy(status=1, environ=one_login)
        assert f"CREATE ROLE {role} LOGIN" in said
        assert "APP_DATABASE_URL" in said
        cluster.sql(f"ALTER ROLE {name} CREATEROLE CREATEDB", database="postgres")
        said = empty.deploy(environ=one_login)
        assert f"Runtime role: {role} is set up" in said
        derived = derived_password(password, role)
        assert derived not in said
        assert password not in said
        with psycopg.connect(address(empty.pooled, role, derived)) as served:
            flags = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            assert served.execute(flags).fetchone() == (False,)
        # The next release finds the same password, and sets it again.
        assert "nothing to apply" in empty.deploy(environ=one_login)
        cluster.sql(f"DROP OWNED BY {role}", database=database)
        cluster.sql(f"DROP ROLE {role}", database="postgres")


@pytest.mark.postgres
@pytest.mark.slow
def test_a_role_that_walls_do_not_bind_is_refused(live: Empty) -> None:
    said = live.deploy(status=1, environ={"DATABASE_URL": live.direct})
    assert "Row-level security would not hold: the role pos_owner owns the table" in said
    assert "Traceback" not in said
    assert live.rows("SELECT ok FROM monitoring_deployment") == [(True,), (False,)]


@pytest.mark.postgres
@pytest.mark.slow
def test_a_role_that_is_missing_gets_the_password_that_it_will_be_asked_for(empty: Empty) -> None:
    from scripts.postgres import Cluster

    cluster, role = Cluster.current(), f"r_{uuid.uuid4().hex[:8]}"
    name = urlsplit(empty.direct).path.strip("/")
    with owned_by_one_login(empty) as (owner, secret):
        cluster.sql(f"ALTER ROLE {owner} CREATEROLE", database="postgres")
        host = urlsplit(empty.direct).netloc.rpartition("@")[2]
        direct = f"postgres://{owner}:{secret}@{host}/{name}"
        said = empty.deploy(status=1, environ={"DIRECT_URL": direct, "DATABASE_URL": ""})
        assert "run `python manage.py setup_roles` and set the DATABASE_URL" in said
        serving = f"postgres://{role}:chosen-by-a-person@{host}/{name}"
        said = empty.deploy(environ={"DIRECT_URL": direct, "DATABASE_URL": serving})
        assert f"Runtime role: {role} is set up" in said
        assert "chosen-by-a-person" not in said
        with psycopg.connect(serving) as served:
            assert served.execute("SELECT current_user").fetchone() == (role,)
        cluster.sql(f"DROP OWNED BY {role}", database=name)
        cluster.sql(f"DROP ROLE {role}", database="postgres")


@pytest.mark.postgres
@pytest.mark.slow
def test_the_public_interface_of_a_host_reads_nothing(live: Empty) -> None:
    from scripts.postgres import Cluster

    cluster, anybody = Cluster.current(), f"anon_{uuid.uuid4().hex[:8]}"
    cluster.sql(f"CREATE ROLE {anybody}", database="postgres")
    asked = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace ="
    asked += f" 'public'::regnamespace AND has_table_privilege('{anybody}', oid, 'SELECT')"
    try:
        live.run(
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {anybody}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {anybody}",
        )
        assert live.rows(asked) > [(20,)]
        # By the name that other deployments of these tests do not look for.
        step = (
            "import django; django.setup(); from pos import deploying;"
            f"deploying.OUTSIDERS = ('{anybody}',); deploying.shut_out_outsiders(print)"
        )
        environ = live.environment({"USE_DIRECT_URL": "1", **SETTINGS})
        done = subprocess.run(
            [sys.executable, "-c", step], cwd=ROOT, env=environ, capture_output=True, text=True
        )
        assert f"Taken from {anybody}: every right to the tables" in done.stdout, done.stderr
        assert live.rows(asked) == [(0,)]
        live.run("CREATE TABLE of_the_next_release (n int)")
        assert live.rows(asked) == [(0,)]
    finally:
        name = urlsplit(live.direct).path.strip("/")
        cluster.sql(f"DROP OWNED BY {anybody}", database=name)
        cluster.sql(f"DROP ROLE {anybody}", database="postgres")


@pytest.mark.sqlite
@pytest.mark.slow
def test_on_sqlite_of_a_server_it_migrates_and_brings_no_demo(tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite3"
    own = Empty(f"sqlite:///{file}", f"sqlite:///{file}", tmp_path)
    running = [own.start() for _ in range(2)]
    said = [process.communicate(timeout=1200)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert sum("Migrations: applied " in text for text in said) == 1
    import sqlite3

    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM tenants_business").fetchone() == (0,)
        kept = database.execute("SELECT ok FROM monitoring_deployment").fetchall()
    assert kept == [(1,), (1,)]


def copied(folder: Path) -> Path:
    """The tracked files of the tree, as a build gets them."""
    from scripts.vercel.building import copy_tree

    tree = folder / "tree"
    copy_tree(tree)
    return tree
