"""What a process has imported when it answers its first request: counted, never timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import ROOT
from tests.pos.test_settings import KEY, STRONG

ENTRY = """
import json, sys
from wsgiref.util import setup_testing_defaults
from pos.wsgi import application
asked, said = {"PATH_INFO": "/healthz"}, []
setup_testing_defaults(asked)
assert b"".join(application(asked, lambda status, headers: said.append(status)))
assert said == ["200 OK"], said
from django.urls import get_resolver
assert get_resolver(sys.argv[1]).url_patterns
print(json.dumps(sorted(sys.modules)))
"""
# Read and write files, draw, speak to other machines, describe the API: none of it sells.
NEVER = [
    "PIL", "django_filters", "ijson", "jinja2", "obstore", "openpyxl", "pygments", "pyrage", "redis",
    "requests", "segno", "sentry_sdk", "unittest", "urllib3", "yaml",
    "drf_spectacular.generators", "drf_spectacular.openapi", "drf_spectacular.plumbing",
    "pos.api_examples", "pos.schema",
    "archive.exporting.writing", "archive.history", "archive.leaving.whole", "archive.products",
    "archive.verify", "archive.work.registered",
]  # fmt: skip
# What pages of a business show and do.
NEVER_FOR_A_TILL = [
    "xml.etree.ElementTree", "accounts.admin", "accounts.modeladmin", "archive.forms",
    "archive.tables", "archive.work", "inventory.admin", "purchasing.views", "reports.views",
    "sales.admin", "sales.views",
]  # fmt: skip


@cache
def imported(urlconf: str) -> frozenset[str]:
    """All modules of a fresh process that may answer anything at these addresses."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    keys = {"SECRET_KEY": STRONG, "APP_ENCRYPTION_KEY": KEY, "LOG_LEVEL": "ERROR"}
    with TemporaryDirectory() as folder:
        Path(folder, "static").mkdir()
        done = subprocess.run(
            [sys.executable, "-c", ENTRY, urlconf],
            cwd=ROOT,
            env={**kept, **keys, "VAR_DIR": folder},
            capture_output=True,
            text=True,
            timeout=600,
        )
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout))


def among(names: list[str], modules: frozenset[str]) -> set[str]:
    return {one for one in modules for name in names if f"{one}.".startswith(f"{name}.")}


@pytest.mark.parametrize("urlconf", ["pos.urls", "pos.device_urls", "pos.business_urls"])
def test_an_answer_waits_for_nothing_that_it_does_not_need(urlconf: str) -> None:
    assert among(NEVER, imported(urlconf)) == set()


def test_a_till_waits_for_no_page() -> None:
    assert among(NEVER_FOR_A_TILL, imported("pos.device_urls")) == set()


def test_the_list_is_of_modules_that_exist() -> None:
    """A name that was changed would be missed for ever."""
    from importlib.util import find_spec

    ours = ("accounts", "archive", "backups", "inventory", "pos", "purchasing", "reports", "sales")
    named = [one for one in (*NEVER, *NEVER_FOR_A_TILL) if one.startswith(ours)]
    assert [one for one in named if find_spec(one) is None] == []
