"""A build as the host makes it, and what must hold of its result."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.system import ROOT, say
from scripts.vercel import tooling

# The host refuses a larger function; in bytes.
LARGEST = 225 * 1000 * 1000
# Seconds for one build; it takes some forty.
PATIENCE = 300
MADE = {".git"} | {
    line.strip("/")
    for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    if line.endswith("/")
}
UNWANTED = {"tests", "docs", "deploy", "bench", "clients", "scripts", ".ci", ".github", "var"}
OUTPUT = ".vercel/output"


class Wrong(Exception):
    """Something does not hold of the build or of the running function; the text says what."""


def demand(holds: object, what: str) -> None:
    """Raises Wrong when it does not hold."""
    if not holds:
        raise Wrong(what)


def tracked() -> list[str]:
    """The files of the project, as they lie here; all but what is made where git does not answer."""
    if shutil.which("git"):
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        names = [name for name in done.stdout.split("\0") if (ROOT / name).is_file() and name]
        if done.returncode == 0 and names:
            return names
    found: list[str] = []
    for folder, inside, files in os.walk(ROOT):
        inside[:] = [one for one in inside if one not in MADE]
        found += [str(Path(folder, name).relative_to(ROOT)) for name in files]
    return found


def copy_tree(target: Path) -> None:
    """The tracked files, and nothing else, in a folder that is new."""
    for name in tracked():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, place)
        shutil.copymode(ROOT / name, place)


@dataclass
class Build:
    """A finished build: its tree, its log, and the function, put together."""

    tree: Path
    bundle: Path
    log: str
    config: dict[str, Any] = field(default_factory=dict)
    routes: list[dict[str, Any]] = field(default_factory=list)
    crons: list[dict[str, str]] = field(default_factory=list)

    @property
    def python(self) -> Path:
        """The interpreter itself: its virtual environment would hide what the bundle lacks."""
        text = (self.tree / ".vercel/python/.venv/pyvenv.cfg").read_text()
        home = re.search(r"^home\s*=\s*(.+)$", text, re.MULTILINE)
        demand(home, "the build made no virtual environment")
        assert home
        return Path(home[1].strip()) / str(self.config["runtime"])

    def files(self) -> list[str]:
        return sorted(self.config["filePathMap"])


def build(
    folder: Path, name: str, environ: Mapping[str, str], *, earlier: str | None = None
) -> Build:
    """Build the tree in a folder of its own with these variables alone. Raises Wrong.

    The CLI has been seen to wait for ever, all its children gone: then it is ended and begun anew,
    once; `earlier` is what it had said.
    """
    tree = folder / name / "tree"
    copy_tree(tree)
    (tree / ".vercel").mkdir()
    # What `vercel link` would write; no account is asked for what is in it.
    project = {"projectId": "x", "orgId": "x", "settings": {"framework": None}}
    (tree / ".vercel/project.json").write_text(json.dumps(project))
    home = folder / name / "home"
    home.mkdir()
    variables = {
        **tooling.path_with(tooling.python(), tooling.node(), tooling.uv()),
        **tooling.index(),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "CI": "1",
        "VERCEL_TELEMETRY_DISABLED": "1",
        "NO_UPDATE_NOTIFIER": "1",
        # Node.js forgets the end of a child now and then where the kernel's ring tells it.
        "UV_USE_IO_URING": "0",
        "VERCEL_ENV": "production",
        # `vercel deploy` takes it from vercel.json, `vercel build` does not.
        **json.loads((tree / "vercel.json").read_text())["build"]["env"],
        "VAR_DIR": str(folder / name / "var"),
        **environ,
    }
    start = time.monotonic()
    command = [tooling.node(), tooling.cli(), "build", "--yes", "--prod", "--token", "x"]
    try:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=tree,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as waited:
        said = (waited.stdout or b"").decode(errors="replace")
        demand(earlier is None, f"the build {name} did not end:\n{said[-4000:]}")
        say(f"{name}: the CLI did not end within {PATIENCE} s; once more")
        shutil.rmtree(folder / name)
        return build(folder, name, environ, earlier=said)
    demand(done.returncode == 0, f"the build {name} failed:\n{done.stdout[-4000:]}")
    made = Build(tree=tree, bundle=folder / name / "bundle", log=(earlier or "") + done.stdout)
    _read(made)
    _assemble(made)
    say(f"{name}: built in {time.monotonic() - start:.0f} s")
    return made


def _read(made: Build) -> None:
    output = made.tree / OUTPUT
    functions = list((output / "functions").rglob(".vc-config.json"))
    demand(len(functions) == 1, f"one function is expected, there are {len(functions)}")
    made.config = json.loads(functions[0].read_text())
    whole = json.loads((output / "config.json").read_text())
    made.routes, made.crons = whole["routes"], whole.get("crons", [])


def _assemble(made: Build) -> None:
    """Lay the function's files where the host lays them."""
    for place, source in made.config["filePathMap"].items():
        demand(
            ".." not in PurePosixPath(place).parts and not place.startswith("/"),
            f"{place} lies outside the function and is lost on the host",
        )
        target = made.bundle / place
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(made.tree / source, target)
    (function,) = (made.tree / OUTPUT / "functions").rglob(".vc-config.json")
    for path in function.parent.iterdir():
        if path.name != ".vc-config.json":
            shutil.copy(path, made.bundle / path.name)


# What must hold of it


def check(made: Build, *, secrets: Iterable[str]) -> None:
    """Raises Wrong for the first thing that does not hold of the bundle, the routes or the log."""
    rules = json.loads((made.tree / "vercel.json").read_text())
    (limits,) = rules["functions"].values()
    demand(made.config["maxDuration"] == limits["maxDuration"], "maxDuration was not taken over")
    demand(made.crons == rules["crons"], "the crons were not taken over")
    _check_contents(made)
    _check_byte_code(made)
    _check_secrets(made, [secret for secret in secrets if secret])


def _check_contents(made: Build) -> None:
    sizes = [(made.bundle / name).stat().st_size for name in made.files()]
    demand(sum(sizes) < LARGEST, f"the function has {sum(sizes) / 1e6:.0f} MB")
    own = [name for name in made.files() if not name.startswith("_vendor/")]
    unwanted = [n for n in own if n.split("/")[0] in UNWANTED or n.endswith(".md")]
    demand(not unwanted, f"does not belong into the function: {', '.join(unwanted[:5])}")
    hidden = [n for n in made.files() if not (made.bundle / n).stat().st_mode & 0o004]
    demand(not hidden, f"functions run as another user, who may not read {', '.join(hidden[:5])}")
    demand("staticfiles/staticfiles.json" in own, "the manifest of static files is missing")
    say(f"  {len(sizes)} files, {sum(sizes) / 1e6:.0f} MB, nothing of tests or docs")


def _check_byte_code(made: Build) -> None:
    tag = "cpython-" + made.config["runtime"].removeprefix("python").replace(".", "")
    names = set(made.files())
    bare = [
        name
        for name in names
        if name.endswith(".py")
        and f"{PurePosixPath(name).parent}/__pycache__/{PurePosixPath(name).stem}.{tag}.pyc"
        not in names
        and "/" in name
    ]
    demand(not bare, f"no byte code of {len(bare)} modules: {', '.join(sorted(bare)[:5])}")


def _check_secrets(made: Build, secrets: list[str]) -> None:
    for secret in secrets:
        demand(secret not in made.log, "a secret is in the build's log")
    words = [secret.encode() for secret in secrets]
    for name in made.files():
        content = (made.bundle / name).read_bytes()
        demand(not any(word in content for word in words), f"a secret is in {name}")
    for word in words:
        static = (made.tree / OUTPUT / "static").rglob("*")
        found = [path for path in static if path.is_file() and word in path.read_bytes()]
        demand(not found, f"a secret is in {found[:1]}")


def static_file(made: Build, address: str) -> tuple[bytes, str]:
    """What the host's network answers for a static file: its content and its Cache-Control."""
    place = made.tree / OUTPUT / "static" / address.lstrip("/")
    demand(place.is_file(), f"{address} is not among the static files of the build")
    cache = ""
    for route in made.routes:
        if "headers" in route and re.fullmatch(route["src"].strip("^$"), address):
            cache = route["headers"].get("Cache-Control", cache)
    return place.read_bytes(), cache
