"""Every variable has a type, an explanation and an example, and a wrong value stops the start."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from pos import database
from pos.configuration import Environment, Variable
from tests.conftest import ROOT
from tests.pos.test_settings import load
from tests.test_conventions import MODULES

# Who may look at the environment beside the settings, and why.
LOOKS = {
    "pos/configuration.py": "reads it for the settings",
    "pos/wsgi.py": "says which settings to load",
    "accounts/management/asking.py": "what a command would otherwise ask a person",
    "backups/one_business.py": "hands its own to a process of ours",
    "backups/programs.py": "hands what they need on to the programs of PostgreSQL",
    "pos/checks.py": "which database this process was told to use",
    "pos/deploying.py": "tells what a build was given and what not",
}
# Of the system, and no configuration of ours.
SYSTEM = {"PATH", "DJANGO_SETTINGS_MODULE"}
# Asked for by commands alone.
OF_COMMANDS = {
    Variable("OWNER_PASSWORD", "secret", ""),
    Variable("ADMIN_USERNAME", "text", ""),
    Variable("ADMIN_EMAIL", "text", ""),
    Variable("ADMIN_NAME", "text", ""),
    Variable("ADMIN_PASSWORD", "secret", ""),
    Variable("VERCEL_PYTHON_COMPILEALL", "flag", False),
}
KINDS = {"PGPASSWORD": "secret", "POSTGRES_PASSWORD": "secret", "PGPORT": "number"}
KINDS["POSTGRES_PORT"] = "number"
ROW = re.compile(
    r"^\| `([A-Z][A-Z0-9_]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE
)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Variable]:
    """Every variable that the code reads, with its default on a laptop that sets none."""
    show = (
        "import json, pos.settings as s;"
        "print(json.dumps([[v.name, v.kind, v.default] for v in s.env.known.values()]))"
    )
    done = load(show, VAR_DIR=str(tmp_path_factory.mktemp("var")))
    assert done.returncode == 0, done.stderr
    found = {row[0]: Variable(*row) for row in json.loads(done.stdout)}
    for name in (*database.POOLED, *database.DIRECT, *database.PUBLIC):
        found[name] = Variable(name, "URL", "")
    for name in database.PART_NAMES:
        found[name] = Variable(name, KINDS.get(name, "text"), "")
    return found | {one.name: one for one in OF_COMMANDS}


def documented() -> dict[str, tuple[str, str, str, str]]:
    text = (ROOT / "docs/configuration.md").read_text("utf-8")
    return {match[1]: tuple(match.groups()[1:]) for match in ROW.finditer(text)}  # type: ignore[misc]


def test_each_variable_is_documented_and_each_documented_one_is_read(
    known: dict[str, Variable],
) -> None:
    assert len(known) > 60
    assert sorted(documented()) == sorted(known)


def test_the_page_names_their_types_and_what_they_do(known: dict[str, Variable]) -> None:
    for name, (kind, _default, purpose, needed) in documented().items():
        assert kind.strip() == known[name].kind, name
        assert len(purpose) > 5 and needed.strip(), name


def test_the_page_names_their_defaults(known: dict[str, Variable]) -> None:
    wrong = []
    for name, (_kind, default, _purpose, _needed) in documented().items():
        value = known[name].default
        shown = str(int(value)) if isinstance(value, bool) else str(value)
        # What is worked out or made has its own words; so have folders of this machine.
        if value not in {"", None} and name not in {"VAR_DIR", "EMAIL_BACKEND"}:
            if not default.strip().startswith(f"`{shown}`"):
                wrong.append(f"{name}: the code says {shown}, the page {default}")
    assert wrong == []


def test_the_example_has_every_variable_and_no_other(known: dict[str, Variable]) -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    names = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    assert sorted(names) == sorted(set(names)), "named twice"
    assert sorted(set(names)) == sorted(known)


def test_the_environment_is_read_in_one_place(known: dict[str, Variable]) -> None:
    looks = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if re.search(r"\bos\.(environ|getenv)\b|\bgetenv\(", path.read_text("utf-8"))
    }
    assert looks == set(LOOKS)
    asked = set()
    for name in LOOKS:
        text = (ROOT / name).read_text("utf-8")
        asked |= set(
            re.findall(r"""environ(?:\.get\(|\[|\.setdefault\()\s*"([A-Z_0-9]+)\"""", text)
        )
    assert "VERCEL_PYTHON_COMPILEALL" in asked
    assert asked - SYSTEM - known.keys() == set()


# -- types ------------------------------------------------------------------------------------------


def env(**values: str) -> Environment:
    return Environment(values)


def test_right_values() -> None:
    e = env(A=" yes ", B="0", C="12", D="0.5", E="none", F="a, b,,c", G="", H="On")
    assert (e.flag("A"), e.flag("B", True), e.flag("H")) == (True, False, True)
    assert (e.number("C", 1), e.fraction("D", 1.0)) == (12, 0.5)
    assert e.choice("E", "Lax", ("Lax", "None")) == "None"
    assert e.words("F") == ["a", "b", "c"]
    assert (e.text("G", "unset"), e.flag("G", True), e.number("G", 7)) == ("unset", True, 7)
    assert e.words("NOT") == [] and e.url("NOT", ("https",)) == "" and e.secret("NOT") == ""


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example.com",
        "http://localhost:8000",
        "https://192.0.2.7:8443",
        "https://[2001:db8::1]",
        "https://Shop.Example.com",
    ],
)
def test_origins_that_are(origin: str) -> None:
    assert env(O=f"https://a.example,{origin}").origins("O") == ["https://a.example", origin]


@pytest.mark.parametrize(
    "origin",
    [
        "shop.example.com",
        "https://shop.example.com/",
        "https://shop.example.com/till",
        "https://*.example.com",
        "*",
        "https://user:pass@shop.example.com",
        "https://shop.example.com:abc",
        "https://shop.example.com:99999",
        "https://shop example.com",
        "ftp://shop.example.com",
        "https://",
        "https://shop.example.com?x=1",
        "null",
        "self",
    ],
)
def test_origins_that_are_none(origin: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^O is '.*', which is .*: .*\.$"):
        env(O=f"https://a.example,{origin}").origins("O")


@pytest.mark.parametrize("host", ["https://shop.example.com", "a b", "shop.example.com/", "a,*.b"])
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="not a host name"):
        env(H=host).hosts("H")


@pytest.mark.parametrize("host", ["shop.example.com", ".example.com", "192.0.2.7", "[::1]", "*"])
def test_hosts_that_are(host: str) -> None:
    assert env(H=host).hosts("H") == [host]


@pytest.mark.parametrize(
    "url", ["http://x.example", "redis:x", "rediss://", "redis://[", "redis://h:port", "x"]
)
def test_urls_that_are_none(url: str) -> None:
    secret = url.replace("://", "://user:hush@")
    with pytest.raises(ImproperlyConfigured) as error:
        env(U=secret).url("U", ("redis", "rediss"))
    assert re.fullmatch(r"U .*: .*\.", str(error.value))
    assert "hush" not in str(error.value)


# -- starting ---------------------------------------------------------------------------------------

WRONG = {
    "PRODUCTION": "maybe",
    "DEBUG": "2",
    "EMAIL_PORT": "abc",
    "SESSION_DAYS": "-1",
    "COOKIE_SAMESITE": "Foo",
    "CSRF_TRUSTED_ORIGINS": "shop.example.com",
    "CORS_ALLOWED_ORIGINS": "*",
    "FRAME_ANCESTORS": "https://*.example.com",
    "ALLOWED_HOSTS": "https://shop.example.com",
    "TRUSTED_PROXIES": "one",
    "DATABASE_URL": "mysql://u:hush@db.example/pos",
    "DIRECT_URL": "mysql://u:hush@db.example/pos",
    "REDIS_URL": "http://u:hush@db.example/",
    "APP_ENCRYPTION_KEY": "hush-and-not-base64",
    "LOG_LEVEL": "LOUD",
    "UPLOAD_LIMIT_MB": "1e3",
    "USE_DIRECT_URL": "perhaps",
    "VAR_DIR": "/dev/null/here",
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_value_stops_every_command_with_one_sentence(name: str, tmp_path: Path) -> None:
    command = "migrate" if name == "DIRECT_URL" else "check"
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "VAR_DIR": str(tmp_path), name: WRONG[name]},
        capture_output=True,
        text=True,
    )
    assert_refused(done, name)
    assert done.returncode == 1


def assert_refused(done: subprocess.CompletedProcess[str], name: str) -> None:
    """One sentence on stderr: the variable, the reason, what to do; no traceback, no secret."""
    assert done.stdout == ""
    sentences = [line for line in done.stderr.splitlines() if "Tillbook" in line]
    assert len(sentences) == 1, done.stderr
    assert re.fullmatch(
        rf"Tillbook does not start: {name} (is|begins) [^\n]+: [^\n]+\.", sentences[0]
    )
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr


def test_a_secret_may_come_from_a_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("from a file\n", encoding="utf-8")
    given = {"CRON_SECRET_FILE": str(file), "CRON_SECRET": "from the variable"}
    assert Environment(given).secret("CRON_SECRET") == "from a file"
    file.write_text(" \n", encoding="utf-8")
    assert Environment(given).secret("CRON_SECRET") == ""


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_stops_the_start_without_telling_its_content(tmp_path, content):
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match="^CRON_SECRET_FILE names a file that cannot"):
        Environment({"CRON_SECRET_FILE": str(file)}).secret("CRON_SECRET")


def test_files_of_other_programs_are_not_opened(tmp_path):
    given = {"SSL_CERT_FILE": str(tmp_path / "nowhere"), "PORT": "1"}
    environment = Environment(given)
    assert environment.text("PORT") == "1" and dict(environment.values) == given
