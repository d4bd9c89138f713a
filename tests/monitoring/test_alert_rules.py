"""The rules of alerts, each at its limit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from archive.models import Job
from backups.models import BackupRun
from monitoring import deployments
from monitoring.alerts import checking, rules
from monitoring.metrics import measuring
from monitoring.metrics.measuring import Connections, Disk
from monitoring.models import Deployment
from tenants.context import business
from tests.factories import Shop
from tests.monitoring.alerting import GIGABYTE, begin, configured, hours_ago, requests  # noqa: F401


def found(minutes: int = 10) -> dict[str, str]:
    outcome = rules.look(minutes)
    assert not outcome.unknown
    return {finding.kind: finding.message for finding in outcome.wrong}


def test_a_fresh_installation_is_well(db: None) -> None:
    assert found() == {}


def test_errors_above_one_percent(db: None) -> None:
    requests(times=990)
    requests(status=503, times=10)
    assert found() == {}, "exactly one percent is not over it"
    requests(status=500, times=1)
    assert "11 of 1001 in the last 10 minutes" in found()["errors"]
    assert "1.1%" in found()["errors"]


def test_a_few_requests_say_nothing(db: None) -> None:
    requests(status=500, times=49, ms=10_000)
    assert found() == {}
    requests(status=500, times=1)
    assert set(found()) == {"errors", "slow"}


def test_old_errors_and_those_of_probes_do_not_count(db: None) -> None:
    requests(times=100)
    requests(status=500, times=50, ago=30)
    requests(status=503, times=500, route="readyz")
    assert found() == {}
    assert "errors" in found(minutes=60)


def test_slow_answers(db: None) -> None:
    requests(times=95)
    requests(times=5, ms=5000)
    assert found() == {}, "one in twenty may take longer"
    requests(times=1, ms=5000)
    assert "longer than 3.3 seconds" in found()["slow"]


@pytest.mark.parametrize(("used", "is_wrong"), [(80, False), (81, True)])
def test_connections(db: None, monkeypatch: pytest.MonkeyPatch, used: int, is_wrong: bool) -> None:
    monkeypatch.setattr(measuring, "connections", lambda: Connections(used, 100))
    assert ("connections" in found()) == is_wrong


@pytest.mark.parametrize(("gigabytes", "is_wrong"), [(8.5, False), (8.6, True)])
def test_the_database_near_its_limit(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, gigabytes: float, is_wrong: bool
) -> None:
    monkeypatch.setattr(measuring, "database_bytes", lambda: round(gigabytes * GIGABYTE))
    assert found() == {}, "nobody said that there is a limit"
    settings.DATABASE_LIMIT_GB = 10.0
    assert ("database_size" in found()) == is_wrong


def test_a_full_disk(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "disk", lambda: Disk(free=14 * GIGABYTE, size=100 * GIGABYTE))
    assert "86% full, with 14.0 GB left" in found()["disk"]
    monkeypatch.setattr(measuring, "disk", lambda: None)
    assert found() == {}


def backup(hours: float, *, good: bool = True, kind: str = "backup", message: str = "") -> None:
    BackupRun.objects.create(
        kind=kind,
        started_at=hours_ago(hours),
        finished_at=hours_ago(hours),
        is_good=good,
        message=message,
    )


def test_backups(db: None, settings: Any) -> None:
    assert found() == {}, "none are set up: a remark on the status page, and no mail"
    assert any("No backups are set up" in remark for remark in rules.remarks())
    settings.BACKUP_TO = "s3://bucket"
    assert "no backup yet" in found()["backup"]
    backup(25)
    assert found() == {}
    backup(1, good=False, message="The bucket is gone.")
    assert "The bucket is gone." in found()["backup"]


def test_an_old_backup(db: None, settings: Any) -> None:
    settings.BACKUP_TO = "s3://bucket"
    backup(27)
    assert "27 hours old" in found()["backup"]


def test_a_drill_that_failed(db: None) -> None:
    backup(5, kind="drill", good=False, message="Hashes differ.")
    assert "Hashes differ." in found()["drill"]
    backup(1, kind="drill")
    assert found() == {}


def test_a_deployment_that_failed_or_broke_off(db: None) -> None:
    deployments.finished(deployments.begin("one"), ok=False, summary="Migration x failed.")
    assert "The deployment of one failed: Migration x failed." in found()["deployment"]
    again = deployments.begin("two")
    assert found() == {}, "it is at work"
    Deployment.objects.exclude(pk=again.pk).update(started_at=hours_ago(3))
    Deployment.objects.filter(pk=again.pk).update(started_at=hours_ago(2))
    assert "it was broken off" in found()["deployment"]
    deployments.finished(deployments.begin("three"), ok=True, summary="")
    assert found() == {}


def test_jobs_that_do_not_get_on(shop: Shop, other_shop: Shop) -> None:
    with business(shop.business):
        Job.objects.create(kind="x", created_at=hours_ago(0.9))
        assert found() == {}
        Job.objects.create(kind="x", created_at=hours_ago(1.1))
    with business(other_shop.business):
        Job.objects.create(
            kind="x", state=Job.State.RUNNING, created_at=hours_ago(9), heard_at=hours_ago(2)
        )
        Job.objects.create(
            kind="x", state=Job.State.RUNNING, created_at=hours_ago(9), heard_at=timezone.now()
        )
    assert found()["jobs"].startswith("2 imports or exports")


def test_a_rule_that_fails_says_neither_good_nor_bad(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begin("disk")

    def broken() -> None:
        raise OSError("the disk does not answer")

    monkeypatch.setattr(measuring, "disk", broken)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        outcome = checking.check()
    assert outcome.ended == []
    assert len(outcome.messages) == 1
    assert "rule for the alert disk failed" in caplog.text
