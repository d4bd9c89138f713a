"""One sign-in, many processes, and a new release in the middle."""

from __future__ import annotations

import http.cookiejar
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener, urlopen

import pytest
from django.db import connection, transaction

from accounts.models import Session
from tests.archive.job_kinds import environment
from tests.conftest import ROOT
from tests.factories import PASSWORD, make_shop


class Process:
    """The product in one process of its own, on the database of this test."""

    def __init__(self, folder: Path) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        number = self.listener.fileno()
        command = [sys.executable, "-m", "gunicorn", "pos.wsgi", "--bind", f"fd://{number}"]
        command += ["--no-control-socket", "--log-level", "warning", "--threads", "2"]
        own = {**environment(folder), "METRICS_SECONDS": "0"}
        self.running = subprocess.Popen(command, cwd=ROOT, env=own, pass_fds=[number])

    def wait(self) -> None:
        patience = time.monotonic() + 600
        while True:
            try:
                with urlopen(f"{self.url}/healthz", timeout=30):
                    return
            except (URLError, ConnectionError, TimeoutError):
                assert self.running.poll() is None and time.monotonic() < patience
                time.sleep(0.1)

    def stop(self) -> None:
        self.listener.close()
        self.running.terminate()
        try:
            self.running.wait(60)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()


@pytest.fixture
def release(tmp_path: Path) -> Iterator[list[Process]]:
    """What runs now; stopped at the end, whatever a test put there."""
    now: list[Process] = []
    yield now
    for process in now:
        process.stop()


def start(release: list[Process], count: int, folder: Path) -> None:
    for process in release:
        process.stop()
    release[:] = [Process(folder) for _ in range(count)]
    for process in release:
        process.wait()


def page(browser: OpenerDirector, url: str, data: dict[str, str] | None = None) -> tuple[str, str]:
    """Where it led, and what it said."""
    body = urlencode(data).encode() if data else None
    with browser.open(Request(url, body), timeout=300) as answer:
        return answer.url, answer.read().decode()


@pytest.mark.slow
def test_a_sign_in_holds_over_200_requests_four_processes_and_a_new_release(
    committed_db: None, release: list[Process], tmp_path: Path, settings: Any
) -> None:
    # The processes know no hashes but those of production.
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]
    with transaction.atomic():
        make_shop("acme")
    connection.close()
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"],
        cwd=ROOT,
        env=environment(tmp_path),
        check=True,
    )
    jar = http.cookiejar.CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    start(release, 4, tmp_path)
    _, form = page(browser, f"{release[0].url}/sign-in/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    # The form came from one process, and goes to another.
    given = {"username": "acme.owner", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    page(browser, f"{release[1].url}/sign-in/", given)
    [key] = [one.value for one in jar if one.name == "sessionid"]
    for number in range(200):
        where, text = page(browser, f"{release[number % 4].url}/businesses/")
        assert where.endswith("/businesses/") and "Acme" in text, number
        if number == 120:
            start(release, 4, tmp_path)
    assert [one.value for one in jar if one.name == "sessionid"] == [key]
    assert Session.objects.count() == 1
    assert "Sign in" in page(build_opener(), f"{release[2].url}/businesses/")[1]
