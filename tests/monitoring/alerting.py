"""What the tests of alerts begin from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.metrics import measuring, reading, storing
from monitoring.metrics.measuring import Connections, Disk
from monitoring.models import BOUNDS_MS, Alert

GIGABYTE = 1024**3


@pytest.fixture(autouse=True)
def configured(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALERT_EMAILS = ["it@example.com", "boss@example.com"]
    settings.ALERT_WEBHOOK = ""
    settings.CSRF_TRUSTED_ORIGINS = ["https://shop.example.com"]
    settings.BACKUP_TO = ""
    # Nothing of the machine that the tests run on.
    monkeypatch.setattr(measuring, "disk", lambda: Disk(free=50 * GIGABYTE, size=100 * GIGABYTE))
    monkeypatch.setattr(measuring, "connections", lambda: Connections(5, 100))


def requests(
    *, status: int = 200, times: int, ms: int = 50, ago: int = 0, route: str = "till"
) -> None:
    buckets = [times if bound == ms else 0 for bound in BOUNDS_MS]
    minute = reading.this_minute() - ago
    storing.add({(minute, route, "GET", status): [times, times * ms * 1000, times, *buckets]})


def hours_ago(hours: float) -> Any:
    return timezone.now() - timedelta(hours=hours)


def begin(kind: str = "disk") -> Alert:
    return Alert.objects.create(kind=kind, message="Look at it.")
