"""Find the programs that the checks need, and install them where the machine allows it."""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
OLDEST_POSTGRES = 15
OLDEST_NODE = 18
PROGRAMS = ("initdb", "postgres", "pg_ctl", "psql")
# What a person types in front of a command that needs root.
SUDO = "" if os.geteuid() == 0 else "sudo "


class Missing(Exception):
    """A program is absent and could not be installed; the text names the command to type."""


def say(text: str) -> None:
    """Tell the person at the terminal, in order with what child processes print."""
    print(text, file=sys.stderr, flush=True)


def _root_prefix() -> list[str] | None:
    """The words that run a command as root without asking anything; None where that cannot be."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    return None


def apt_install(packages: Sequence[str], purpose: str) -> None:
    """Install distribution packages without a question.

    Raises Missing, with the exact command to type, where apt-get or the right to use it is absent
    or where it fails.
    """
    command = f"{SUDO}apt-get install --yes {' '.join(packages)}"
    apt, prefix = shutil.which("apt-get"), _root_prefix()
    if apt is None:
        raise Missing(
            f"{purpose} is needed. On Debian and Ubuntu: {command}. "
            "Elsewhere install the packages of the same meaning."
        )
    if prefix is None:
        raise Missing(f"{purpose} is needed. Type this once: {command}")
    say(f"Installing {', '.join(packages)} ({purpose})")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", apt, "-qq", "-o", "DPkg::Lock::Timeout=300"]
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [*prefix, *quiet, *step],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if done.returncode:
        raise Missing(f"{purpose} could not be installed by: {command}\n{done.stdout[-2000:]}")


def postgres_binaries() -> Path | None:
    """The folder of the newest complete PostgreSQL of at least OLDEST_POSTGRES, or None."""
    folders = {Path(name) for name in os.environ.get("PATH", "").split(os.pathsep) if name}
    folders |= set(Path("/usr/lib/postgresql").glob("*/bin"))
    folders |= set(Path("/usr").glob("pgsql-*/bin"))
    best: tuple[int, Path] | None = None
    for folder in sorted(folders):
        # which() answers for a folder that we may not read, where a look into it would raise.
        if not all(shutil.which(name, path=str(folder)) for name in PROGRAMS):
            continue
        version = _major([str(folder / "postgres"), "--version"])
        if version >= OLDEST_POSTGRES and (best is None or version > best[0]):
            best = (version, folder)
    return best[1] if best else None


def _major(command: list[str]) -> int:
    """The first number that a program prints about its version; 0 where it does not run."""
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r"\d+", shown)
    return int(number.group()) if number else 0


def _which(name: str) -> str | None:
    """Like shutil.which, but also where services live that an ordinary PATH leaves out."""
    return shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")


@functools.cache
def postgres() -> Path:
    """The folder of PostgreSQL's programs, installed from the distribution where need be."""
    if postgres_binaries() is None:
        apt_install(["postgresql"], f"PostgreSQL {OLDEST_POSTGRES} or newer")
    found = postgres_binaries()
    if found is None:
        raise Missing(
            f"This system's own PostgreSQL is older than {OLDEST_POSTGRES}. Type this once: "
            f"{SUDO}apt-get install --yes postgresql-common && "
            f"{SUDO}/usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y && "
            f"{SUDO}apt-get install --yes postgresql"
        )
    return found


@functools.cache
def pgbouncer() -> str:
    """The pooler's program, installed from the distribution where need be."""
    if _which("pgbouncer") is None:
        apt_install(["pgbouncer"], "PgBouncer")
    found = _which("pgbouncer")
    if found is None:
        raise Missing(f"PgBouncer is needed. Type this once: {SUDO}apt-get install --yes pgbouncer")
    return found


@functools.cache
def redis_server() -> str:
    """The server of the cache's tests, installed from the distribution where need be."""
    if _which("redis-server") is None:
        apt_install(["redis-server"], "Redis")
    found = _which("redis-server")
    if found is None:
        raise Missing(f"Redis is needed. Type this once: {SUDO}apt-get install --yes redis-server")
    return found


@functools.cache
def curl() -> str:
    """The program that the guide of the API is written for, installed where need be."""
    if _which("curl") is None:
        apt_install(["curl"], "curl")
    found = _which("curl")
    if found is None:
        raise Missing(f"curl is needed. Type this once: {SUDO}apt-get install --yes curl")
    return found


@functools.cache
def node() -> str:
    """Node.js with its own test runner, installed from the distribution where need be."""
    command = ["node", "--version"]
    if _major(command) < OLDEST_NODE:
        apt_install(["nodejs"], f"Node.js {OLDEST_NODE} or newer")
    found = shutil.which("node")
    if found is None or _major(command) < OLDEST_NODE:
        raise Missing(
            f"This system's own Node.js is older than {OLDEST_NODE}. "
            "Install a newer one and put its folder first on the PATH."
        )
    return found


def _chromium_path() -> str | None:
    names = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
    for candidate in (os.environ.get("CHROMIUM_PATH"), *map(shutil.which, names)):
        # Ubuntu's package of that name is a stub that wants snap, which containers lack.
        if candidate and _major([candidate, "--version"]) > 0:
            return candidate
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    own = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(own[-1]) if own else None


@functools.cache
def chromium() -> str:
    """A Chromium that runs, from CHROMIUM_PATH, the PATH, the distribution or Playwright."""
    found = _chromium_path()
    if found:
        return found
    release = Path("/etc/os-release")
    if release.is_file() and "ubuntu" in release.read_text(encoding="utf-8").lower():
        say("Installing Chromium (Ubuntu has it as a snap only)")
        subprocess.run(
            [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"],
            stdin=subprocess.DEVNULL,
        )
    else:
        apt_install(["chromium"], "Chromium")
    found = _chromium_path()
    if found is None:
        raise Missing(
            f"Chromium is needed. Type this once: {SUDO}apt-get install --yes chromium "
            "(on Ubuntu: .venv/bin/python -m playwright install --with-deps chromium)"
        )
    return found


@functools.cache
def playwright_driver() -> None:
    """Make sure that Playwright's own Node starts; it needs a library that small systems lack."""
    command = [sys.executable, "-m", "playwright", "--version"]
    if _major(command) == 0:
        apt_install(["libatomic1"], "A library of Playwright's driver")
    if _major(command) == 0:
        raise Missing(f"Playwright does not start. Type this to see why: {' '.join(command)}")
