"""`check_production`: what it must not call right."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from monitoring.health import State
from pos import production


def leads_to(monkeypatch: pytest.MonkeyPatch, url: str, database: str) -> None:
    monkeypatch.setenv("DIRECT_URL", urlunsplit(urlsplit(url)._replace(path=f"/{database}")))


@pytest.mark.postgres
def test_an_owner_of_another_database_is_no_owner(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = os.environ["DIRECT_URL"]
    leads_to(monkeypatch, direct, connection.settings_dict["NAME"])
    assert production.owner_url().state == State.OK
    leads_to(monkeypatch, direct, "postgres")
    found = production.owner_url()
    assert found.state == State.FAILED
    assert found.message.startswith("DIRECT_URL leads to another database")


@pytest.mark.parametrize(
    ("emails", "webhook", "backend", "state"),
    [
        ([], "", "smtp", State.WARNING),
        (["a@example.com"], "", "console", State.WARNING),
        (["a@example.com"], "", "smtp", State.OK),
        (["a@example.com"], "https://hook.example", "console", State.OK),
    ],
)
def test_alerts_that_go_into_the_log_reach_nobody(
    emails: list[str], webhook: str, backend: str, state: State, settings: Any
) -> None:
    settings.ALERT_EMAILS, settings.ALERT_WEBHOOK = emails, webhook
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    assert production.alerts().state == state
