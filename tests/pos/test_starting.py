"""What stops a start, in processes as they run: manage.py, gunicorn, and an import by the host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from tests.conftest import ROOT
from tests.pos.test_settings import KEY, STRONG

GOOD = {
    "PRODUCTION": "1",
    "SECRET_KEY": STRONG,
    "APP_ENCRYPTION_KEY": KEY,
    "ALLOWED_HOSTS": "shop.example",
    "TRUSTED_PROXIES": "1",
}
# What is changed of the good settings, and the variable that the sentence must name.
REFUSED = {
    "no SECRET_KEY": ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
    "a key from a template": (
        {"SECRET_KEY": "django-insecure-#4$x" + STRONG},
        "SECRET_KEY is a placeholder",
    ),
    "a key from an example": (
        {"SECRET_KEY": "change-me-" + STRONG},
        "SECRET_KEY is a placeholder",
    ),
    "a short key": ({"SECRET_KEY": STRONG[:49]}, "SECRET_KEY is too easy"),
    "one letter": ({"SECRET_KEY": "k" * 64}, "SECRET_KEY is too easy"),
    "a weak older key": (
        {"SECRET_KEY_FALLBACKS": f"{STRONG[::-1]},short"},
        "SECRET_KEY_FALLBACKS is too easy",
    ),
    "no APP_ENCRYPTION_KEY": ({"APP_ENCRYPTION_KEY": ""}, "APP_ENCRYPTION_KEY is not set"),
    "a malformed key": (
        {"APP_ENCRYPTION_KEY": f"{KEY},{KEY[:-2]}"},
        "APP_ENCRYPTION_KEY is malformed",
    ),
    "an unknown scheme": (
        {"DATABASE_URL": "mongodb://u:hush@db.example/pos"},
        "DATABASE_URL begins with 'mongodb:'",
    ),
    "no host names": ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
    "any host": ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS is any host"),
    "DEBUG": ({"DEBUG": "1"}, "DEBUG is on in production"),
    "cookies without TLS": (
        {"COOKIE_SAMESITE": "None", "COOKIE_SECURE": "0"},
        "COOKIE_SECURE is 0",
    ),
    "not a flag": ({"PRODUCTION": "maybe"}, "PRODUCTION is 'maybe'"),
}


def run(command: list[str], folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, "VAR_DIR": str(folder), **environ},
        capture_output=True,
        text=True,
        timeout=600,
    )


def gunicorn(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["-m", "gunicorn", "pos.wsgi:application", "--bind", "127.0.0.1:0"]
    return run([*command, "--no-control-socket"], folder, **environ)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of ours on stderr; nothing on stdout, no traceback, no secret."""
    said = re.findall(r"^Tillbook does not start: (.+)$", done.stderr, re.MULTILINE)
    assert len(said) == 1, done.stderr
    assert done.stdout == "" and done.returncode != 0
    assert "Traceback" not in done.stderr
    for secret in ("hush", STRONG[:20], STRONG[::-1][:20], KEY[:20]):
        assert secret not in done.stderr
    return said[0]


@pytest.mark.parametrize("case", REFUSED)
def test_every_command_refuses(case: str, tmp_path: Path) -> None:
    change, sentence = REFUSED[case]
    done = run(["manage.py", "check"], tmp_path, **{**GOOD, **change})
    assert refusal(done).startswith(sentence)
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", ["no SECRET_KEY", "a malformed key", "an unknown scheme", "no APP_ENCRYPTION_KEY"]
)
def test_gunicorn_refuses_and_ends(case: str, tmp_path: Path) -> None:
    change, sentence = REFUSED[case]
    done = gunicorn(tmp_path, **{**GOOD, **change})
    assert refusal(done).startswith(sentence)
    assert done.returncode == 4, "it ends, and starts no worker again and again"


@pytest.mark.parametrize("case", ["no SECRET_KEY", "a malformed key", "an unknown scheme"])
def test_the_hosts_import_of_the_settings_says_it(case: str, tmp_path: Path) -> None:
    """Vercel imports the settings while it builds, and shows the last line of what went wrong."""
    change, sentence = REFUSED[case]
    environ = {**GOOD, "VERCEL": "1", "DATABASE_URL": "postgres://u:hush@h/pos", **change}
    done = run(["-c", "import pos.settings"], tmp_path, **environ)
    assert done.returncode == 1 and done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"django.core.exceptions.ImproperlyConfigured: {sentence}")
    assert "hush" not in done.stderr


def test_the_hosts_function_says_it(tmp_path: Path) -> None:
    environ = {**GOOD, "VERCEL": "1", "SECRET_KEY": "", "DATABASE_URL": "postgres://u:p@h/pos"}
    done = run(["-c", "import pos.wsgi"], tmp_path, **environ)
    assert refusal(done).startswith("SECRET_KEY is not set")


def test_a_fresh_deployment_needs_no_variable(tmp_path: Path) -> None:
    """Without a database nothing is kept, and so there is nothing that a key must protect."""
    done = run(["-c", "import pos.settings as s; print(s.EPHEMERAL)"], tmp_path, VERCEL="1")
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_good_settings_start_without_a_word(tmp_path: Path) -> None:
    done = run(["-c", "import pos.settings"], tmp_path, **GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"VERCEL": "1", "TRUSTED_PROXIES": "", "ALLOWED_HOSTS": ""},
        {"COOKIE_SAMESITE": "None", "FRAME_ANCESTORS": "https://intranet.example"},
        {"FRAME_ANCESTORS": "self"},
    ],
    ids=["server", "vercel", "embedded", "framed"],
)
def test_the_check_of_a_deployment_has_nothing_to_say(more: dict[str, str], tmp_path: Path) -> None:
    command = ["manage.py", "check", "--deploy", "--fail-level=WARNING"]
    done = run(command, tmp_path, **{**GOOD, **more})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("System check identified no issues")
    assert done.stderr == ""


def test_the_check_of_a_deployment_sees_what_is_open(tmp_path: Path) -> None:
    """Reached without TLS: nobody silenced that."""
    command = ["manage.py", "check", "--deploy", "--fail-level=WARNING"]
    done = run(command, tmp_path, **{**GOOD, "SSL_REDIRECT": "0", "COOKIE_SECURE": "0"})
    assert done.returncode == 1
    for code in ("security.W008", "security.W016"):
        assert code in done.stderr


def test_https_is_believed_only_from_a_proxy_of_our_own(tmp_path: Path) -> None:
    show = "import pos.settings as s; print(s.SECURE_PROXY_SSL_HEADER, s.SECURE_SSL_REDIRECT)"
    behind = "('HTTP_X_FORWARDED_PROTO', 'https')"
    for environ, expected in (
        ({}, "None False"),
        (GOOD, f"{behind} True"),
        ({**GOOD, "TRUSTED_PROXIES": "0"}, "None False"),
        ({"VERCEL": "1"}, f"{behind} False"),
    ):
        done = run(["-c", show], tmp_path, **environ)
        assert done.stdout.strip() == expected, done.stderr


# -- who must not serve -----------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.parametrize("who", ["owner", "superuser"])
def test_gunicorn_does_not_serve_as_a_role_that_sees_everything(
    who: str, django_db_setup: None, tmp_path: Path
) -> None:
    from scripts.cluster import Cluster

    url = os.environ["TEST_DIRECT_URL"]
    if who == "superuser":
        name = urlsplit(url).path
        url = urlunsplit(urlsplit(Cluster.current().superuser_url)._replace(path=name))
    environ = {**GOOD, "DATABASE_URL": url}
    said = refusal(gunicorn(tmp_path, **environ))
    assert said.startswith("DATABASE_URL")
    assert {"owner": "owns the table", "superuser": "is a superuser"}[who] in said
    assert said.endswith("set the DATABASE_URL that it prints.")
    assert urlsplit(url).password not in (None, "") and str(urlsplit(url).password) not in said
    connection.close()
