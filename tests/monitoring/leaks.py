"""Looks at every log line of a whole test run, as production would write it.

The cast of the tests has known names, addresses, phones and passwords. If one of them, a secret or
a card number stands in a line that any test caused, the run fails, also when it is spread over
several processes.
"""

from __future__ import annotations

import logging
import os
import re
from typing import Any, Final

import pytest
from django.conf import settings

from monitoring.logs import JsonFormatter
from sales.cards import holds_card_number

ROLES = "owner|manager|supervisor|cashier|stockkeeper|accountant|viewer|someone"
#: What must not be found, by what it is: the cast of tests/factories.py, and forms of secrets.
CANARIES: Final = {
    "a password": re.compile(r"correct horse battery"),
    "a user name": re.compile(rf"\b(?:acme|rival)\.(?:{ROLES})\b", re.IGNORECASE),
    "a name of a person": re.compile(r"\b[\w.]+ Person\b|Carla of \w+"),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "a phone number": re.compile(r"\+?31[ -]?6[ -]?1234[ -]?5678"),
    "a device's token": re.compile(r"\btb_[\w-]{8,}"),
    "a bearer token": re.compile(r"\bBearer [\w.-]{8,}"),
    "a hash of a password": re.compile(r"\b(?:argon2|md5|pbkdf2_\w+|bcrypt\w*)\$\S{16,}"),
    "a database's address": re.compile(r"\b(?:postgres(?:ql)?|redis)://[^\s\[]+"),
    "an encrypted value": re.compile(r"gAAAAA[\w-]{20,}"),
}
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


def leaks(text: str) -> list[str]:
    """What stands in the text and must not, in words; never the value itself."""
    found = [name for name, pattern in CANARIES.items() if pattern.search(text)]
    secrets = [settings.SECRET_KEY, *settings.APP_ENCRYPTION_KEYS]
    if any(secret in text for secret in secrets):
        found.append("a key of the installation")
    if holds_card_number(_UUID.sub("", text)):
        found.append("a number that passes as a card")
    return found


class Watch(logging.Handler):
    """Every record that reaches the root, at INFO and above."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonFormatter())
        self.lines = 0
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1
        for leak in leaks(self.format(record)):
            test = os.environ.get("PYTEST_CURRENT_TEST", "outside of any test")
            self.found.append(f"{leak}, logged by {record.name} in {test}")


class Plugin:
    """Watches in this process, and gathers what the processes of pytest-xdist have seen."""

    def __init__(self) -> None:
        self.watch = Watch()

    def pytest_sessionstart(self) -> None:
        root = logging.getLogger()
        for handler in root.handlers:
            # They go on showing what they showed; only the watch sees more.
            handler.setLevel(max(handler.level, root.level))
        root.setLevel(logging.INFO)
        root.addHandler(self.watch)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        told = getattr(node, "workeroutput", {})
        self.watch.lines += told.get("log_lines", 0)
        self.watch.found += told.get("log_leaks", [])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        logging.getLogger().removeHandler(self.watch)
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output |= {"log_lines": self.watch.lines, "log_leaks": self.watch.found}
        elif self.watch.found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        found = sorted(set(self.watch.found))
        if found:
            terminalreporter.section("log lines with what must not be in a log", red=True)
            for one in found:
                terminalreporter.write_line(one)
        else:
            terminalreporter.write_line(f"{self.watch.lines} log lines, none with personal data.")


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin("leaks"):
        config.pluginmanager.register(Plugin(), "leaks")
