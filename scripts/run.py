"""Start Tillbook for trying it out: database, demo, static files, jobs, web server. `make run`."""

import os
import socket
import subprocess
import sys

from scripts.system import ROOT, say

MANAGE = [sys.executable, str(ROOT / "manage.py")]


def _port() -> int:
    """The port that PORT asks for. Raises SystemExit, with what to do, when it cannot be had."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SystemExit(f"PORT={text} is not a port number. Try: make run PORT=8000")
    return int(text)


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        # As the server does it: a port that has just been left counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise SystemExit(
                f"Port {port} is for the system's own services. Try: make run PORT=8000"
            ) from None
        except OSError:
            raise SystemExit(
                f"Port {port} is taken by another program. Choose another: make run PORT={port + 1}"
            ) from None


def _manage(*arguments: str) -> None:
    if subprocess.run([*MANAGE, *arguments], stdin=subprocess.DEVNULL).returncode:
        raise SystemExit(f"manage.py {arguments[0]} failed; the lines above say why.")


def main() -> None:
    """Prepare what is missing and become the web server. Keeps the data of an earlier run."""
    os.chdir(ROOT)
    host, port = os.environ.get("HOST") or "127.0.0.1", _port()
    _refuse_taken(host, port)
    say("Preparing the database and the demo (a minute at the first start)")
    static = [*MANAGE, "collectstatic", "--noinput", "--verbosity", "0"]
    with subprocess.Popen(static, stdin=subprocess.DEVNULL) as collecting:
        _manage("migrate", "--noinput", "--verbosity", "0")
        _manage("demo", "--if-empty")
    if collecting.returncode:
        raise SystemExit("manage.py collectstatic failed; the lines above say why.")
    shown = f"[{host}]" if ":" in host else host
    print(f"\nTillbook: http://{shown}:{port}/   (Ctrl-C stops it; the data stays in var/)")
    sys.stdout.flush()
    # Large imports and exports; it ends with the server, whose process this one becomes.
    worker = [*MANAGE, "run_jobs", "--watch", "--with-parent"]
    subprocess.Popen(worker, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    server = [sys.executable, "-m", "gunicorn", "pos.wsgi:application"]
    server += ["--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    server += ["--bind", f"{shown}:{port}", "--log-level", "warning"]
    os.execv(sys.executable, server)


if __name__ == "__main__":
    main()
