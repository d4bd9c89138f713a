"""Settings that hold walls up, and what production refuses to start without."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from pos import checks
from tests.conftest import ON_POSTGRES, ROOT

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
# Made like by make_keys; signs nothing anywhere.
STRONG = "tZ4nq8Wc1xRb6Ym3Lk9Vd2Hs7Jf5Gp0AeUoIiTt-NnMmCcXxZz_Qq1Ww2Ee3Rr4"


def load(code: str = "import pos.settings", **environ: str) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process with these variables alone."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**kept, **environ},
        capture_output=True,
        text=True,
    )


def test_the_running_settings_are_the_isolating_ones() -> None:
    config: dict[str, Any] = settings.DATABASES["default"]
    assert config["ATOMIC_REQUESTS"] is True
    if ON_POSTGRES:
        assert config["DISABLE_SERVER_SIDE_CURSORS"] is True
        assert config["OPTIONS"]["prepare_threshold"] is None
    assert checks.check_pooler() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ENGINE": "django.db.backends.postgresql"}, "pos.E002"),
        ({"DISABLE_SERVER_SIDE_CURSORS": False}, "pos.E003"),
        ({"OPTIONS": {"prepare_threshold": 5}}, "pos.E004"),
        ({"OPTIONS": {}}, "pos.E004"),
        ({"ATOMIC_REQUESTS": False}, "pos.E005"),
    ],
)
def test_a_setting_that_opens_a_wall_is_an_error(
    change: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {
        "ENGINE": "tenants.db",
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {"prepare_threshold": None},
        "ATOMIC_REQUESTS": True,
    }
    monkeypatch.setitem(settings.DATABASES, "default", good)
    assert checks.check_pooler() == []
    monkeypatch.setitem(settings.DATABASES, "default", {**good, **change})
    assert [error.id for error in checks.check_pooler()] == [code]


def test_the_middleware_comes_after_what_it_asks() -> None:
    order = settings.MIDDLEWARE
    # Requests are counted by key, and the business finds the key.
    assert order[-2:] == [
        "tenants.middleware.BusinessMiddleware",
        "metering.middleware.MeterMiddleware",
    ]
    assert order.index("accounts.sessions.SessionMiddleware") < order.index(
        "django.contrib.auth.middleware.AuthenticationMiddleware"
    )


def test_a_laptop_needs_no_variable(tmp_path: Any) -> None:
    done = load(VAR_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    kept = [path for path in tmp_path.iterdir() if path.is_file()]
    assert kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


@pytest.mark.parametrize("missing", ["SECRET_KEY", "APP_ENCRYPTION_KEY"])
def test_production_needs_its_keys(missing: str, tmp_path: Any) -> None:
    environ = {
        "PRODUCTION": "1",
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": STRONG,
        "APP_ENCRYPTION_KEY": KEY,
        "ALLOWED_HOSTS": "shop.example",
    }
    assert load(**environ).returncode == 0
    del environ[missing]
    done = load(**environ)
    assert done.returncode != 0
    assert missing in done.stderr


def test_production_refuses_debug(tmp_path: Any) -> None:
    done = load(PRODUCTION="1", DEBUG="1", VAR_DIR=str(tmp_path))
    assert done.returncode != 0
    assert "DEBUG is on in production" in done.stderr


def test_an_empty_value_counts_as_unset() -> None:
    done = load(
        "import pos.settings as s; print(s.PRODUCTION, s.EMAIL_PORT, s.ALLOWED_HOSTS)",
        **dict.fromkeys(("PRODUCTION", "EMAIL_PORT", "ALLOWED_HOSTS", "DEBUG"), ""),
        VERCEL="1",
        SECRET_KEY=STRONG,
        APP_ENCRYPTION_KEY=KEY,
    )
    assert done.stdout.strip() == "True 587 ['.vercel.app']", done.stderr


def test_on_vercel_without_a_database_data_goes_to_tmp() -> None:
    done = load(
        "import pos.settings as s; print(s.DATABASES['default']['NAME'])",
        VERCEL="1",
        SECRET_KEY=STRONG,
        APP_ENCRYPTION_KEY=KEY,
    )
    assert done.stdout.strip() == "/tmp/tillbook/tillbook.sqlite3"


@pytest.mark.parametrize(("level", "traced"), [(logging.WARNING, False), (logging.ERROR, True)])
def test_only_what_broke_leaves_a_traceback(level: int, traced: bool) -> None:
    error = ValueError()
    record = logging.LogRecord("django.request", level, "", 1, "", (), (ValueError, error, None))
    assert logging.getLogger("django.request").filter(record)
    assert bool(record.exc_info) is traced


def test_the_runtime_url_is_known_whatever_this_process_uses(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgres://pos_app:x@db.example:6432/pos\n", encoding="utf-8")
    given = {"DATABASE_URL_FILE": str(file), "DIRECT_URL": "postgres://o:x@db.example/pos"}
    code = "from pos import settings as s; print(s.RUNTIME_URL, s.DATABASES['default']['USER'])"
    done = load(code, VAR_DIR=str(tmp_path), USE_DIRECT_URL="yes", **given)
    assert done.stdout == "postgres://pos_app:x@db.example:6432/pos o\n", done.stderr


def test_what_stands_in_redis_goes_by_the_database(tmp_path: Path) -> None:
    """Hosts tell a preview the Redis of production too, and businesses have the same numbers."""
    code = "from pos import settings as s; print(s.CACHES['default'].get('KEY_PREFIX'))"
    keys = {"SECRET_KEY": STRONG, "APP_ENCRYPTION_KEY": KEY, "VAR_DIR": str(tmp_path)}
    site = {**keys, "VERCEL": "1", "KV_URL": "rediss://default:x@kv.example:6379"}
    prefixes = {
        load(code, DATABASE_URL=f"postgres://u:x@{host}/pos", **site, **more).stdout
        for host in ("db.example", "other.example")
        for more in ({}, {"VERCEL_ENV": "preview", "PREVIEW_DATABASE": "1"})
    }
    assert len(prefixes) == 2 and all(one.startswith("tillbook:") for one in prefixes)
    demo = load(code, DATABASE_URL="postgres://u:x@db.example/pos", VERCEL_ENV="preview", **site)
    assert demo.stdout == "None\n", demo.stderr
