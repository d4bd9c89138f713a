"""Run the checks of `make test`, one stage after another, and stop at the first that fails.

python -m scripts.check [STAGE…]     no stage named: all of them, in this order

The browser's stage, one process that waits for pages, runs beside those that stand before it.
"""

import argparse
import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from scripts import postgres, system
from scripts.system import ROOT

BIN = Path(sys.executable).parent
WORKERS = ["-n", "2"]
# What a shell may carry from another project, a deployment or a developer's own work: the checks
# give the same answer with and without it. All that the product reads stands in .env.example.
FOREIGN_VARIABLES = {
    "VERCEL",
    *re.findall(
        r"^(?:# )?([A-Z][A-Z0-9_]+)=",
        (ROOT / ".env.example").read_text(encoding="utf-8"),
        re.MULTILINE,
    ),
}


class Failed(Exception):
    """A command of the stage ended with another status than 0."""


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in FOREIGN_VARIABLES}


def _call(command: Sequence[str], extra: Mapping[str, str] | None = None) -> None:
    system.say(f"$ {shlex.join([Path(command[0]).name, *command[1:]])}")
    variables = {**_environment(), **(extra or {})}
    if subprocess.run(command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL).returncode:
        raise Failed


def _tool(name: str, *arguments: str) -> None:
    _call([str(BIN / name), *arguments])


def _pytest(arguments: Sequence[str], extra: Mapping[str, str] | None = None) -> None:
    _call([sys.executable, "-m", "pytest", "-p", "scripts.noskip", *arguments], extra)


def _templates() -> list[str]:
    """The folders of templates, so that the linter does not read every file of the tree."""
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/templates"))


def lint(_: list[str]) -> None:
    """Ruff (rules and format) over Python, djlint over templates."""
    _tool("ruff", "check", ".")
    _tool("ruff", "format", "--check", ".")
    _tool("djlint", "--lint", "--quiet", *_templates())


def types(_: list[str]) -> None:
    """mypy, strict, with what Django's models mean."""
    _tool("mypy")


def contract(_: list[str]) -> None:
    """Each package imports only those below it."""
    _tool("lint-imports")


def js(_: list[str]) -> None:
    """The JavaScript tests, the golden vectors of the prices among them."""
    found = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/js").rglob("*.test.*js"))
    if not found:
        raise system.Missing("tests/js holds no *.test.js or *.test.mjs: nothing was tested")
    _call([system.node(), "--test", *found])


def django(_: list[str]) -> None:
    """Django's own checks, and no migration left to make."""
    manage = [sys.executable, "manage.py"]
    _call([*manage, "check", "--fail-level", "WARNING"])
    _call([*manage, "makemigrations", "--check", "--dry-run"])


def migrations(_: list[str]) -> None:
    """Each release can run beside the one before it, on the same database."""
    manage = [sys.executable, "manage.py"]
    with postgres.running() as cluster:
        # The linter reads the SQL as the owner would run it.
        extra = {**cluster.environment(), "USE_DIRECT_URL": "1"}
        _call([*manage, "migrate", "-v0"], extra)
        # By the variable: manage.py reads the settings before it looks at its arguments.
        extra["DJANGO_SETTINGS_MODULE"] = "scripts.migration_lint"
        _call([*manage, "lintmigrations"], extra)


def sqlite(arguments: list[str]) -> None:
    """Every test that needs neither PostgreSQL nor a browser, on SQLite."""
    system.redis_server()  # Once, before several workers want it.
    _pytest([*WORKERS, "-m", "not browser and not postgres", *arguments])


def on_postgres(arguments: list[str]) -> None:
    """Every test but the browser's as the runtime role, through PgBouncer, on a new cluster."""
    system.redis_server()
    with postgres.running() as cluster:
        _pytest([*WORKERS, "-m", "not browser and not sqlite", *arguments], cluster.environment())


def browser(arguments: list[str]) -> None:
    """The pages in Chromium; pictures of them are kept in var/screenshots."""
    system.playwright_driver()
    _pytest(["-m", "browser", *arguments], {"CHROMIUM_PATH": system.chromium()})


def vercel(_: list[str]) -> None:
    """The host's own build and runtime, with a database and without one."""
    _call([sys.executable, "-m", "scripts.vercel"])


STAGES: dict[str, Callable[[list[str]], None]] = {
    "lint": lint,
    "types": types,
    "contract": contract,
    "js": js,
    "django": django,
    "migrations": migrations,
    "vercel": vercel,
    "browser": browser,
    "sqlite": sqlite,
    "postgres": on_postgres,
}
BESIDE = "browser"


class Beside:
    """A stage in a process of its own, which is heard when it is waited for."""

    def __init__(self, command: Sequence[str]) -> None:
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 - stop() closes it
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self.said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Let it end, and say what it said. Raises Failed."""
        status = self.process.wait()
        self.said.seek(0)
        system.say(self.said.read().decode("utf-8", "replace").rstrip())
        if status:
            raise Failed

    def stop(self) -> None:
        """End it, with all that it has started, where it has not ended."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()
        self.said.close()


@contextlib.contextmanager
def _beside(names: Sequence[str], arguments: Sequence[str]) -> Iterator[Beside | None]:
    """The browser's stage, started; None where it is not wanted or nothing comes before it."""
    if BESIDE not in names[1:]:
        yield None
        return
    # Before the others begin: two at a time cannot install what is missing.
    system.playwright_driver()
    system.chromium()
    command = [sys.executable, "-m", "scripts.check", BESIDE, f"--pytest={shlex.join(arguments)}"]
    beside = Beside(command)
    try:
        yield beside
    finally:
        beside.stop()


def _headline(name: str) -> None:
    title = f" {name}: {(STAGES[name].__doc__ or '').splitlines()[0]} "
    system.say(f"\n{'=' * 4}{title}{'=' * max(4, 92 - len(title))}")


def run(names: Sequence[str], arguments: list[str]) -> int:
    """Run the stages in the order given; 0 when each of them passed, otherwise 1."""
    took: list[str] = []
    name, begin = BESIDE, time.monotonic()
    try:
        with _beside(names, arguments) as beside:
            for name in names:
                _headline(name)
                start = time.monotonic()
                if beside is not None and name == BESIDE:
                    beside.wait()
                else:
                    STAGES[name](arguments)
                took.append(f"{name} {time.monotonic() - start:.0f} s")
    except (Failed, system.Missing, postgres.ClusterError) as error:
        system.say(f"{error}\nFAILED in {name} after: {', '.join(took) or 'nothing'}".lstrip())
        return 1
    system.say(f"\nPassed: {', '.join(took)}. Total {time.monotonic() - begin:.0f} s.")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.check", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--pytest", default="", help="further words for pytest, in one string")
    options = parser.parse_args()
    for name in options.stages:
        if name not in STAGES:
            parser.error(f"there is no stage {name}; there are: {', '.join(STAGES)}")
    postgres.stop_on_signals()
    return run(options.stages or list(STAGES), shlex.split(options.pytest))


if __name__ == "__main__":
    sys.exit(main())
