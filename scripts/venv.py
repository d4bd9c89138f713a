"""Keep .venv at what requirements.txt (or requirements-dev.txt) locks; instant when it is."""

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.system import ROOT, SUDO, VAR, Missing, apt_install, say

FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
FILES = {"run": "requirements.txt", "dev": "requirements-dev.txt"}
WORKS = "import sys, pip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))"


def _fingerprint(kind: str) -> str:
    return hashlib.sha256((ROOT / FILES[kind]).read_bytes()).hexdigest()


def _stamp(kind: str) -> Path:
    return FOLDER / f".installed-{kind}"


def _is_current(kind: str) -> bool:
    stamp = _stamp(kind)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _fingerprint(kind)


def _works() -> bool:
    command = [str(PYTHON), "-c", WORKS]
    return PYTHON.exists() and subprocess.run(command, capture_output=True).returncode == 0


def _need_venv_module(kind: str) -> None:
    """Debian ships Python without the part that makes virtual environments. Raises Missing."""
    if importlib.util.find_spec("ensurepip"):
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if kind == "run":
        # Trying the product out changes nothing on the machine outside this folder.
        raise Missing(
            "Python's venv module is missing here. Type this once, then try again: "
            f"{SUDO}apt-get install --yes {package}"
        )
    apt_install([package], "Python's venv module")


def _pip(arguments: list[str]) -> None:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode:
        raise Missing("The packages could not be installed; the lines above say why.")


def ensure(kind: str) -> None:
    """Make the environment hold everything that `kind` (run or dev) locks.

    Raises Missing with what to do; a half-made environment is never taken for a whole one.
    """
    if _is_current(kind) and _works():
        return
    if not _works():
        _need_venv_module(kind)
        say(f"Making .venv with Python {sys.version.split()[0]}")
        shutil.rmtree(FOLDER, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    say(f"Installing {FILES[kind]} into .venv (once, and again when it changes)")
    for stamp in map(_stamp, FILES):
        stamp.unlink(missing_ok=True)
    _pip(["install", "--quiet", "--require-hashes", "-r", str(ROOT / FILES[kind])])
    # What is for work holds all that is for running, in the same versions.
    for done in FILES if kind == "dev" else [kind]:
        _stamp(done).write_text(_fingerprint(done), encoding="utf-8")


def main() -> int:
    """`python -m scripts.venv run|dev`; errors are one sentence and status 1."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    VAR.mkdir(exist_ok=True)
    with (VAR / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            ensure(kind)
        except Missing as error:
            say(str(error))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
