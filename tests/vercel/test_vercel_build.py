"""What `make vercel-check` refuses: each demand is tried on a build that breaks it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scripts.vercel import building, tooling
from scripts.vercel.building import OUTPUT, Build, Wrong

RULES = {
    "functions": {"pos/wsgi.py": {"maxDuration": 300}},
    "crons": [{"path": "/cron/daily", "schedule": "17 3 * * *"}],
}


@pytest.fixture
def made(tmp_path: Path) -> Build:
    """A small build that is right."""
    tree = tmp_path / "tree"
    (tree / OUTPUT / "static/static").mkdir(parents=True)
    (tree / OUTPUT / "static/static/app.0123456789ab.css").write_text("body {}")
    (tree / OUTPUT / "functions/django.func").mkdir(parents=True)
    (tree / "vercel.json").write_text(json.dumps(RULES))
    files = ["pos/wsgi.py", "pos/__pycache__/wsgi.cpython-312.pyc"]
    files += ["staticfiles/staticfiles.json"]
    for name in files:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("of the release")
    config = {
        "filePathMap": {name: name for name in files},
        "maxDuration": 300,
        "runtime": "python3.12",
    }
    (tree / OUTPUT / "functions/django.func/.vc-config.json").write_text(json.dumps(config))
    route = {
        "src": "^/static(?:/(.*))\\.([0-9a-f]{12})\\.(.*)$",
        "headers": {"Cache-Control": "public, immutable"},
    }
    whole = {"version": 3, "routes": [route], "crons": RULES["crons"]}
    (tree / OUTPUT / "config.json").write_text(json.dumps(whole))
    return Build(tree=tree, bundle=tmp_path / "bundle", log="Ready to serve.")


def taken(made: Build) -> Build:
    building._read(made)
    building._assemble(made)
    return made


def configure(made: Build, **changes: Any) -> None:
    path = made.tree / OUTPUT / "functions/django.func/.vc-config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def add(made: Build, name: str, content: str = "") -> None:
    (made.tree / name).parent.mkdir(parents=True, exist_ok=True)
    (made.tree / name).write_text(content)
    path = made.tree / OUTPUT / "functions/django.func/.vc-config.json"
    files = json.loads(path.read_text())["filePathMap"]
    configure(made, filePathMap={**files, name: name})


def test_a_build_that_is_right_passes(made: Build) -> None:
    building.check(taken(made), secrets=["s3cret"])


def test_a_file_outside_the_function_is_refused(made: Build) -> None:
    # What the host's builder does with static files that are collected into /tmp.
    configure(made, filePathMap={"../../tmp/static/staticfiles.json": "vercel.json"})
    with pytest.raises(Wrong, match="lies outside the function"):
        taken(made)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tests/test_sales.py", "does not belong"),
        ("docs/vercel.md", "does not belong"),
        ("deploy/pgbouncer.ini", "does not belong"),
        ("pos/notes.md", "does not belong"),
        ("pos/slow.py", "no byte code of 1 modules: pos/slow.py"),
    ],
)
def test_what_does_not_belong_into_it_is_refused(made: Build, name: str, says: str) -> None:
    add(made, name)
    with pytest.raises(Wrong, match=says):
        building.check(taken(made), secrets=[])


def test_a_secret_is_found_wherever_it_is(made: Build) -> None:
    add(made, "pos/kept.txt", "xx s3cret xx")
    with pytest.raises(Wrong, match=r"a secret is in pos/kept\.txt"):
        building.check(taken(made), secrets=["s3cret"])
    with pytest.raises(Wrong, match="a secret is in the build's log"):
        building.check(made, secrets=["Ready to"])
    with pytest.raises(Wrong, match="a secret is in .*app"):
        building.check(made, secrets=["body {}"])


def test_a_file_that_the_function_may_not_read_is_refused(made: Build) -> None:
    add(made, "seed/secret_key", "k")
    (made.tree / "seed/secret_key").chmod(0o600)
    with pytest.raises(Wrong, match="may not read seed/secret_key"):
        building.check(taken(made), secrets=[])


def test_a_function_that_grew_too_large_is_refused(
    made: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "LARGEST", 10)
    with pytest.raises(Wrong, match="MB"):
        building.check(taken(made), secrets=[])


def test_rules_that_were_ignored_are_noticed(made: Build) -> None:
    configure(made, maxDuration=60)
    with pytest.raises(Wrong, match="maxDuration"):
        building.check(taken(made), secrets=[])


def test_only_hashed_names_are_kept(made: Build) -> None:
    taken(made)
    content, cache = building.static_file(made, "/static/app.0123456789ab.css")
    assert (content, cache) == (b"body {}", "public, immutable")
    (made.tree / OUTPUT / "static/static/app.css").write_text("body {}")
    assert building.static_file(made, "/static/app.css") == (b"body {}", "")
    with pytest.raises(Wrong, match="not among the static files"):
        building.static_file(made, "/static/other.css")


def test_a_copy_holds_what_is_tracked_and_nothing_else(tmp_path: Path) -> None:
    building.copy_tree(tmp_path / "copy")
    assert (tmp_path / "copy/manage.py").is_file()
    assert os.access(tmp_path / "copy/.ci/run", os.X_OK)
    assert not (tmp_path / "copy/.git").exists()
    assert not (tmp_path / "copy/.venv").exists()
    assert not (tmp_path / "copy/var").exists()


# The tools


def test_pip_s_index_is_told_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("PIP_CERT", "/etc/own.pem")
    assert tooling.index() == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "SSL_CERT_FILE": "/etc/own.pem",
        "NODE_EXTRA_CA_CERTS": "/etc/own.pem",
    }


def test_a_python_that_is_too_old_or_broken_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, does in (("python3.12", "exit 3"), ("python3.13", "echo works")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert next(path.name for path in tooling._pythons() if tooling._works(path)) == "python3.13"


def test_the_lock_holds_the_cli_that_is_asked_for() -> None:
    asked = json.loads((tooling.HERE / "package.json").read_text())["dependencies"]["vercel"]
    locked = json.loads((tooling.HERE / "package-lock.json").read_text())["packages"]
    assert locked["node_modules/vercel"]["version"] == asked
    assert all(one.get("integrity") for name, one in locked.items() if name)
