"""The stand-in for the platform, on the messages that the runtime sends."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from scripts.vercel.building import Build, Wrong
from scripts.vercel.function import Function, Platform, uses_byte_code

RUNTIME = """
import base64, json, os, socket, sys, time
ipc = socket.socket(socket.AF_UNIX)
ipc.connect(os.environ["VERCEL_IPC_PATH"])
def send(kind, **payload):
    ipc.sendall((json.dumps({"type": kind, "payload": payload}) + "\\0").encode())
"""


def release(folder: Path, body: str) -> Build:
    """A release whose function does what stands in `body`."""
    import sys

    bundle = folder / "bundle"
    bundle.mkdir()
    (bundle / "vc__handler__python.py").write_text(RUNTIME + body)
    home = Path(sys.base_prefix) / "bin"
    (folder / "tree/.vercel/python/.venv").mkdir(parents=True)
    (folder / "tree/.vercel/python/.venv/pyvenv.cfg").write_text(f"home = {home}\n")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    config = {"runtime": version, "environment": {"MARK": "set"}}
    return Build(tree=folder / "tree", bundle=bundle, log="", config=config)


def message(kind: str, **payload: Any) -> bytes:
    return json.dumps({"type": kind, "payload": payload}).encode() + b"\0"


def test_messages_are_read_however_they_are_cut(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "ipc")
    platform.start()
    text = base64.b64encode("Öl\n".encode()).decode()
    sent = message("log", message=text, context={})
    sent += message("server-started", httpPort=81, initDuration=7)
    with socket.socket(socket.AF_UNIX) as runtime:
        runtime.connect(str(tmp_path / "ipc"))
        for start in range(0, len(sent), 5):
            runtime.sendall(sent[start : start + 5])
        assert platform.started.wait(300)
    assert (platform.port, platform.milliseconds, platform.logged) == (81, 7, ["Öl\n"])
    platform.close()


def test_a_function_is_alone_with_its_release(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://someone:else@db.example.com/live")
    told = "sorted(k for k in os.environ if k in ('MARK', 'DATABASE_URL', 'VERCEL', 'OWN'))"
    body = f"print({told}, flush=True)\nsend('server-started', httpPort=1, initDuration=2)\n"
    body += "time.sleep(3600)"
    with Function(release(tmp_path, body), tmp_path / "a", {"OWN": "1"}) as function:
        assert function.port == 1
        assert "['MARK', 'OWN', 'VERCEL']" in function.log


def test_a_function_that_cannot_start_says_why(tmp_path: Path) -> None:
    made = release(tmp_path, "send('unrecoverable-error', message='no key')\ntime.sleep(3600)")
    with pytest.raises(Wrong, match="does not start: no key"):
        Function(made, tmp_path / "a", {})
    (made.bundle / "vc__handler__python.py").write_text("raise SystemExit('no module')")
    with pytest.raises(Wrong, match="no module"):
        Function(made, tmp_path / "b", {})


def test_a_module_that_is_compiled_at_each_start_is_noticed(tmp_path: Path) -> None:
    body = "import slow\nsend('server-started', httpPort=1, initDuration=2)\ntime.sleep(3600)"
    made = release(tmp_path, body)
    (made.bundle / "slow.py").write_text("x = 1\n")
    with pytest.raises(Wrong, match=r"1 modules are compiled at each start"):
        uses_byte_code(made, tmp_path / "a", {"PYTHONDONTWRITEBYTECODE": "1"})
