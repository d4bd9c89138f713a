"""The function, run by the host's own runtime, and the platform's other end of its socket."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts.vercel.building import Build, Wrong, demand

# A cold start on a busy machine; far above what it takes.
STARTS_WITHIN = 90


class Platform(threading.Thread):
    """Listens where the runtime reports: that it serves, what it logs, that it cannot go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(1)
        self.started = threading.Event()
        self.port = 0
        self.milliseconds = 0
        self.logged: list[str] = []
        self.failure = ""

    def run(self) -> None:
        with self._server, suppress(OSError):
            connection, _ = self._server.accept()
            rest = b""
            with connection:
                while received := connection.recv(65536):
                    *messages, rest = (rest + received).split(b"\0")
                    for message in messages:
                        self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        payload = message.get("payload", {})
        if message["type"] == "server-started":
            self.port, self.milliseconds = payload["httpPort"], payload["initDuration"]
            self.started.set()
        elif message["type"] == "log":
            self.logged.append(base64.b64decode(payload["message"]).decode(errors="replace"))
        elif message["type"] == "unrecoverable-error":
            self.failure = payload["message"]
            self.started.set()

    def close(self) -> None:
        # Where nobody ever connected the thread still waits, and this wakes it.
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self.join(10)


class Function:
    """One instance: a process with a /tmp of its own that shares nothing but its release."""

    def __init__(self, made: Build, home: Path, environ: Mapping[str, str], *words: str) -> None:
        home.mkdir(parents=True)
        self._errors = (home / "stderr").open("w+")
        self._platform = Platform(home / "ipc")
        self._platform.start()
        self._process = subprocess.Popen(
            [str(made.python), "-s", *words, "vc__handler__python.py"],
            cwd=made.bundle,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(home),
                "LANG": "C.UTF-8",
                **made.config["environment"],
                "VERCEL": "1",
                "VERCEL_ENV": "production",
                "VERCEL_IPC_PATH": str(home / "ipc"),
                "VAR_DIR": str(home / "tmp"),
                **environ,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
        )
        self._wait()

    def _wait(self) -> None:
        for _ in range(STARTS_WITHIN * 10):
            if self._platform.started.wait(0.1) or self._process.poll() is not None:
                break
        if not self._platform.port:
            log, failure = self.log, self._platform.failure
            self.stop()
            raise Wrong(f"the function does not start: {failure or log[-3000:]}")

    @property
    def port(self) -> int:
        return self._platform.port

    @property
    def milliseconds(self) -> int:
        """From the start of the process until it served, as the runtime tells the platform."""
        return self._platform.milliseconds

    @property
    def log(self) -> str:
        """All that it wrote, by the socket and by itself."""
        self._errors.flush()
        return "".join(self._platform.logged) + Path(self._errors.name).read_text()

    def settled_log(self) -> str:
        """The log, once nothing was added for a second: what a start says arrives after it."""
        before = ""
        while before != (now := self.log):
            before = now
            time.sleep(1)
        return now

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._platform.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def uses_byte_code(made: Build, home: Path, environ: Mapping[str, str]) -> int:
    """How many modules a cold start reads as byte code. Raises Wrong if it compiles a single one."""
    with Function(made, home, environ, "-v") as function:
        told = function.settled_log().splitlines()
    # As Python tells it: compiled is `code object from x.py`, and read is `x.pyc matches x.py`.
    here = os.fspath(made.bundle)
    said = [line for line in told if here in line]
    compiled = [line for line in said if "# code object from" in line and line.endswith(".py")]
    read = [line for line in said if ".pyc matches " in line]
    demand(not compiled, f"{len(compiled)} modules are compiled at each start: {compiled[:3]}")
    demand(len(read) > 500, f"only {len(read)} modules were read as byte code")
    return len(read)
