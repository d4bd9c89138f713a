"""A real server on committed data, and Chromium in front of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, expect, sync_playwright

from scripts import system
from tenants.context import business
from tests.browser.till import Till
from tests.factories import PASSWORD, Shop, make_shop
from tests.ports import reserved

ROOT = Path(__file__).resolve().parents[2]
# Playwright runs a loop in this thread, in which Django would refuse the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# Milliseconds. Two cores may have much more to do than this.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)


class Server:
    """The product as it runs on one server, on the tests' database; can be stopped and started."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "VAR_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
            "SECRET_KEY": settings.SECRET_KEY,
            "APP_ENCRYPTION_KEY": ",".join(settings.APP_ENCRYPTION_KEYS),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        subprocess.run(command, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "pos.wsgi:application", "--threads", "8"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--log-level", "warning"]
        command += ["--timeout", "600"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment)
        patience = time.monotonic() + 600
        while True:
            try:
                with urlopen(f"{self.url}/health/", timeout=60):
                    return
            except (URLError, ConnectionError, TimeoutError):
                assert self.process.poll() is None, "the server ended; its words stand above"
                assert time.monotonic() < patience, "the server does not answer"
                time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(300)
            self.process = None


@pytest.fixture(scope="session")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with reserved() as port:
        server = Server(tmp_path_factory.mktemp("var"), port)
        server.manage("collectstatic", "--noinput", "--verbosity", "0")
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM_PATH") or system.chromium()
    # As root, which containers are, Chromium starts without its sandbox only.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def till_shop(committed_db: None) -> Shop:
    """The shop, committed, whose people can sign in at the server with their passwords."""
    shop = make_shop("acme")
    for person in shop.people.values():
        person.password = make_password(PASSWORD, hasher="argon2")
        person.save(update_fields=["password"])
    return shop


@pytest.fixture
def bound(till_shop: Shop) -> Iterator[Shop]:
    """The same shop, bound, to look at what the till has done."""
    with business(till_shop.business):
        yield till_shop


class Watch:
    """What goes wrong in a page without anyone saying so: scripts, policy, missing files."""

    # Chromium logs every answer of 400 and more; those that a test is about are its own matter. And
    # on a slow machine that something was loaded some seconds before its use.
    EXPECTED = (
        "the server responded with a status of", "net::ERR_", "was preloaded using link preload",
    )  # fmt: skip

    def __init__(self) -> None:
        self.problems: list[str] = []

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(
            words in message.text for words in self.EXPECTED
        ):
            self.problems.append(f"{message.type}: {message.text}")


OpenTill = Callable[..., Till]

# The till asks what is new every 20 seconds, and finds out by it that the server is away. On a busy
# machine that would be in the middle of anything; tests say when: `till.poll()`.
NO_POLLS = """(() => {
  const every = globalThis.setInterval;
  globalThis.setInterval = (work, pause, ...more) =>
    every(work, pause === 20_000 ? 2 ** 30 : pause, ...more);
})();"""


@pytest.fixture
def open_till(chromium: Browser, server: Server, till_shop: Shop) -> Iterator[OpenTill]:
    """Opens a till in a browser of its own: `open_till("cashier", width=390)`.

    With `copies=False` it gets no copy of the catalogue and asks the server for every item.

    The test fails at the end when a page logged an error, or broke the content security policy.
    """
    if server.process is None:  # A test that failed while it was away.
        server.start()
    watch = Watch()
    contexts: list[BrowserContext] = []

    def opener(
        who: str = "cashier", *, width: int = 1280, shift: bool = True, copies: bool = True
    ) -> Till:
        phone = width < 768
        context = chromium.new_context(
            viewport={"width": width, "height": 844 if phone else 800},
            has_touch=phone,
            is_mobile=phone,
            base_url=server.url,
        )
        context.set_default_timeout(PATIENCE)
        context.add_init_script(NO_POLLS)
        watch.over(context)
        if not copies:
            context.route("**/api/v1/sync*", lambda route: route.abort())
        contexts.append(context)
        till = Till(context.new_page(), till_shop)
        till.sign_in(who)
        if shift:
            till.open_shift()
        return till

    yield opener
    for context in contexts:
        context.close()
    assert watch.problems == []
