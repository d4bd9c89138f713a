"""The files around the code: what would break a deployment or a fresh machine fails here."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check, run, system, venv
from scripts.system import ROOT

# Built from parts: this file is itself one of those that may not name a registry.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("proxy", "golang", "org"),
    )
]
HIDE_REQUIREMENTS = ["pyproject.toml", "uv.lock", "Pipfile", ".python-version"]


def tracked() -> list[Path]:
    """Every file of the project; where git does not answer, all that lies here but our own."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        names = [ROOT / name for name in shown.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        made = {".git", ".venv", "var", "__pycache__"}
        names = [
            Path(folder, name)
            for folder, _, files in os.walk(ROOT)
            for name in files
            if not made & set(Path(folder).relative_to(ROOT).parts)
        ]
    found = [path for path in names if path.is_file()]
    assert len(found) > 50, "the project's files were not found"
    return found


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def locked(name: str) -> dict[str, list[str]]:
    """What a lock file holds: package (lower case) to its hashes."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", read(name)):
        if head := re.match(r"([A-Za-z0-9._-]+)(?:\[[a-z-]+\])?==\S+", block):
            found[head[1].lower()] = re.findall(r"--hash=sha256:([0-9a-f]{64})", block)
    return found


def asked(name: str) -> set[str]:
    lines = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z-]+\])?==\S+$", read(name), re.MULTILINE)
    return {line.lower() for line in lines}


@pytest.mark.parametrize("name", HIDE_REQUIREMENTS)
def test_no_file_that_hides_the_requirements_from_the_deployment(name):
    assert not (ROOT / name).exists()


def test_no_folder_that_the_deployment_leaves_out():
    left_out = {"public", "venv", "node_modules"}
    assert [path for path in tracked() if left_out & set(path.relative_to(ROOT).parts)] == []


def test_no_registry_host_in_any_file():
    named = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked()
        for host in REGISTRIES
        if host.encode() in path.read_bytes()
    ]
    assert named == []


def test_no_secret_file_is_tracked():
    names = {path.relative_to(ROOT).as_posix() for path in tracked()}
    assert not {n for n in names if n.startswith(("var/", ".venv/")) or n == ".env"}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_hashes_and_no_index(name):
    packages = locked(name)
    assert len(packages) > 15
    assert [package for package, hashes in packages.items() if not hashes] == []
    assert not re.search(
        r"^\s*(--(extra-)?index-url|--find-links|-e|git\+|https?:)", read(name), re.MULTILINE
    )


def test_locks_hold_all_that_is_asked_for():
    assert asked("requirements.in") <= locked("requirements.txt").keys()
    assert asked("requirements-dev.in") <= locked("requirements-dev.txt").keys()
    needed = {"django", "psycopg", "psycopg-binary", "django-environ", "djangorestframework"}
    assert needed | {"whitenoise", "dj-database-url"} <= locked("requirements.txt").keys()
    assert "pytest-django" in locked("requirements-dev.txt")


def test_every_line_of_the_in_files_is_pinned():
    for name in ("requirements.in", "requirements-dev.in"):
        lines = [line for line in read(name).splitlines() if line and line[0] not in "#-"]
        assert [line for line in lines if "==" not in line] == []


def test_work_runs_on_what_production_runs_on():
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([A-Za-z0-9._-]+==[^ ;\n]+)", read(name), re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


# vercel.json


@pytest.fixture
def vercel() -> dict:
    return json.loads(read("vercel.json"))


def test_the_framework_is_pinned_and_nothing_switches_its_support_off(vercel):
    assert vercel["framework"] == "django"
    assert vercel["buildCommand"] == "python manage.py deploy"
    assert vercel["build"]["env"]["VERCEL_PYTHON_COMPILEALL"] == "1"
    assert not {"builds", "routes", "installCommand"} & vercel.keys()


def test_the_function_is_the_wsgi_entry(vercel, settings):
    entry = settings.WSGI_APPLICATION.rsplit(".", 1)[0].replace(".", "/") + ".py"
    assert list(vercel["functions"]) == [entry]
    assert (ROOT / entry).is_file()
    assert not hasattr(settings, "ASGI_APPLICATION") or settings.ASGI_APPLICATION is None
    # A job may take that long, and ends by itself before.
    assert settings.JOB_SECONDS < vercel["functions"][entry]["maxDuration"] == 300


def test_the_function_keeps_every_package(vercel, settings):
    (rules,) = vercel["functions"].values()
    (words,) = re.findall(r"^\{(.*)\}$", rules["excludeFiles"])
    left_out = set(words.split(","))
    assert {"tests/**", "docs/**", "scripts/**", "deploy/**", "var/**"} <= left_out
    folders = {word.removesuffix("/**") for word in left_out}
    assert not folders & {app.split(".")[0] for app in settings.INSTALLED_APPS}


@pytest.mark.parametrize(
    ("path", "immutable"),
    [
        ("/static/pos/app.0123456789ab.css", True),
        ("/static/vendor/preact/preact.module.abcdef012345.js", True),
        ("/static/pos/app.0123456789ab.css.gz", True),
        ("/static/pos/app.css", False),
        ("/static/vendor/htmx/htmx.min.js", False),
        ("/static/staticfiles.json", False),
        ("/static/pos/app.0123456789AB.css", False),
        ("/static/pos/app.0123456789abc.css", False),
        ("/b/shop/static/app.0123456789ab.css", False),
    ],
)
def test_only_hashed_names_are_kept_for_ever(vercel, path, immutable):
    (rule,) = vercel["headers"]
    assert "immutable" in rule["headers"][0]["value"]
    assert bool(re.fullmatch(rule["source"], path)) is immutable


def test_the_calls_are_once_a_day_and_have_an_address(vercel):
    # More often than daily is refused on the host's free plan.
    for cron in vercel["crons"]:
        minute, hour, *rest = cron["schedule"].split()
        assert minute.isdecimal() and hour.isdecimal() and rest == ["*", "*", "*"]
    assert [cron["path"] for cron in vercel["crons"]] == ["/cron/daily", "/cron/jobs/"]


def test_settings_print_nothing_and_name_a_static_storage_that_the_host_ships_the_manifest_of():
    # In a process of its own: the tests' settings are not the product's.
    ask = "import sys, pos.settings as s; sys.stderr.write(s.STORAGES['staticfiles']['BACKEND'])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ask],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert done.stderr == "whitenoise.storage.CompressedManifestStaticFilesStorage"


# Commands


def test_every_make_target_is_listed_and_the_build_server_runs_make_test():
    makefile = read("Makefile")
    listed = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert {"run", "test", "test-fast", "lint", "types", "format", "lock"} <= listed
    assert re.search(r"^exec make test$", read(".ci/run"), re.MULTILINE)
    assert os.access(ROOT / ".ci/run", os.X_OK) and os.access(ROOT / "scripts/venv.sh", os.X_OK)


def test_a_foreign_database_never_reaches_the_checks(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://someone:else@db.example.com/live")
    monkeypatch.setenv("DIRECT_URL", "postgres://someone:else@db.example.com/live")
    seen: dict[str, str] = {}
    monkeypatch.setattr(subprocess, "run", lambda command, **words: _Done(seen, words))
    check.sqlite([])
    assert not {"DATABASE_URL", "DIRECT_URL"} & seen.keys()


class _Done:
    returncode = 0

    def __init__(self, seen: dict, words: dict) -> None:
        seen.update(words["env"])


def test_the_first_failing_stage_stops_and_is_named(monkeypatch, capsys):
    def fail(_: list[str]) -> None:
        """Fails."""
        raise check.Failed

    def never(_: list[str]) -> None:
        """Is not reached."""
        raise AssertionError

    def fine(_: list[str]) -> None:
        """Passes."""

    monkeypatch.setattr(check, "STAGES", {"one": fine, "two": fail, "three": never})
    assert check.run(["one", "two", "three"], []) == 1
    assert "FAILED in two" in capsys.readouterr().err
    assert check.run(["one"], []) == 0


def talking(status: int) -> list[str]:
    return [sys.executable, "-c", f"import sys; print('seen a page'); sys.exit({status})"]


def test_a_stage_beside_the_others_is_heard_and_can_fail(capsys):
    good, bad = check.Beside(talking(0)), check.Beside(talking(1))
    good.wait()
    assert "seen a page" in capsys.readouterr().err
    with pytest.raises(check.Failed):
        bad.wait()
    assert "seen a page" in capsys.readouterr().err
    good.stop()
    bad.stop()


def test_a_failing_stage_ends_the_one_beside_it(monkeypatch):
    begun: list[check.Beside] = []

    def sleeper(command: list[str]) -> check.Beside:
        assert command[-2:] == ["browser", "--pytest=-k till"]
        begun.append(beside([sys.executable, "-c", "import time; time.sleep(600)"]))
        return begun[0]

    def fail(_: list[str]) -> None:
        """Fails."""
        raise check.Failed

    beside = check.Beside
    monkeypatch.setattr(check, "Beside", sleeper)
    monkeypatch.setattr(system, "chromium", lambda: "")
    monkeypatch.setattr(system, "playwright_driver", lambda: None)
    monkeypatch.setattr(check, "STAGES", {"one": fail, "browser": fail})
    assert check.run(["one", "browser"], ["-k", "till"]) == 1
    assert begun[0].process.returncode == -signal.SIGTERM


def test_a_skipped_test_fails_the_checks(tmp_path):
    (tmp_path / "test_left_out.py").write_text(
        "import pytest\n"
        "def test_skips(): pytest.skip('no server here')\n"
        "@pytest.mark.xfail\n"
        "def test_known(): assert False\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-p", "scripts.noskip", "-p", "no:django", "-c"]
    command += [os.devnull, "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no server here. The checks skip nothing." in done.stdout
    assert "1 failed, 1 xfailed" in done.stdout


def test_a_taken_port_is_named_with_the_way_out():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} is taken .* PORT={port + 1}"):
            run._refuse_taken("127.0.0.1", port)


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)
    with pytest.raises(SystemExit, match="not a port number"):
        run._port()


def test_without_the_right_to_install_the_exact_command_is_named(monkeypatch):
    monkeypatch.setattr(system, "_root_prefix", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name, **_: f"/usr/bin/{name}")
    with pytest.raises(system.Missing, match="apt-get install --yes pgbouncer$"):
        system.apt_install(["pgbouncer"], "PgBouncer")


def test_a_changed_lock_is_noticed(monkeypatch, tmp_path):
    monkeypatch.setattr(venv, "FOLDER", tmp_path)
    assert not venv._is_current("run")
    venv._stamp("run").write_text(venv._fingerprint("run"), encoding="utf-8")
    assert venv._is_current("run")
    venv._stamp("run").write_text("of another day", encoding="utf-8")
    assert not venv._is_current("run")


# The throw-away cluster


@pytest.mark.postgres
def test_the_runtime_role_can_do_nothing_special():
    from scripts.postgres import APP, OWNER, Cluster

    cluster = Cluster.current()
    flags = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"
    assert cluster.sql(f"SELECT {flags} FROM pg_roles WHERE rolname = '{APP}'") == "f|f|f|f|f"
    assert cluster.sql(f"SELECT {flags} FROM pg_roles WHERE rolname = '{OWNER}'") == "f|f|t|f|f"
    assert cluster.superuser_url not in cluster.environment().values()


@pytest.mark.postgres
@pytest.mark.slow
def test_a_cluster_survives_a_crash_and_leaves_nothing_behind(tmp_path):
    from scripts import postgres

    with postgres.running(pool_size=2) as cluster:
        cluster.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        cluster.stop_server("immediate")
        cluster.stop_pooler(signal.SIGKILL)
        assert not cluster.is_alive()
        cluster.start_server()
        cluster.start_pooler()
        assert cluster.sql("SELECT n FROM kept") == "7"
        assert cluster.is_alive()
    assert not cluster.home.exists() and not cluster.is_alive()
