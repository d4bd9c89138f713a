"""Alerts: each rule at its limit, one message on begin and one on end, none lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from archive.models import Job
from backups.models import BackupRun
from monitoring import deployments
from monitoring.alerts import checking, delivery, rules
from monitoring.metrics import measuring, reading, storing
from monitoring.metrics.measuring import Connections, Disk
from monitoring.models import BOUNDS_MS, Alert, Deployment, LastRun, Notice
from tenants.context import business
from tests.factories import Shop

GIGABYTE = 1024**3


@pytest.fixture(autouse=True)
def _configured(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
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


def found(minutes: int = 10) -> dict[str, str]:
    outcome = rules.look(minutes)
    assert not outcome.unknown
    return {finding.kind: finding.message for finding in outcome.wrong}


def hours_ago(hours: float) -> Any:
    return timezone.now() - timedelta(hours=hours)


# -- the rules ------------------------------------------------------------------------------------


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


# -- one message on begin, one on end -------------------------------------------------------------


def begin(kind: str = "disk") -> Alert:
    return Alert.objects.create(kind=kind, message="Look at it.")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Fills the disk, and frees it."""

    def set_to(is_full: bool) -> None:
        free = 1 if is_full else 50
        disk = Disk(free=free * GIGABYTE, size=100 * GIGABYTE)
        monkeypatch.setattr(measuring, "disk", lambda: disk)

    return set_to


def test_one_mail_when_it_begins_and_one_when_it_ends(
    db: None, full: Callable[[bool], None]
) -> None:
    start = timezone.now()
    full(True)
    with time_machine.travel(start) as traveller:
        assert checking.check().begun == ["disk"]
        for _minute in range(10):
            traveller.shift(60)
            assert checking.check().begun == []
        assert len(mail.outbox) == 1
        full(False)
        traveller.shift(60)
        assert checking.check().ended == [], "it may come back"
        traveller.shift(5 * 60)
        assert checking.check().ended == ["disk"]
        traveller.shift(60)
        checking.check()
    first, last = mail.outbox
    assert first.subject == "shop.example.com: The disk fills up"
    assert first.to == ["it@example.com", "boss@example.com"]
    assert "99% full" in first.body
    assert f"Since {start:%Y-%m-%d %H:%M} (UTC)." in first.body
    assert last.subject == "shop.example.com: over: The disk fills up"
    assert f"from {start:%Y-%m-%d %H:%M} to" in last.body


def test_what_comes_and_goes_is_one_alert(db: None, full: Callable[[bool], None]) -> None:
    with time_machine.travel(timezone.now()) as traveller:
        for number in range(20):
            full(number % 2 == 0)
            checking.check()
            traveller.shift(60)
    assert Alert.objects.count() == 1
    assert len(mail.outbox) == 1


def test_two_evaluations_at_once_begin_it_once(
    db: None, full: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one has just begun it, between our look and our insert."""
    full(True)
    real = rules.look

    def slower(minutes: int) -> rules.Findings:
        findings = real(minutes)
        monkeypatch.setattr(rules, "look", real)
        checking.check()
        return findings

    monkeypatch.setattr(rules, "look", slower)
    checking.check()
    assert Alert.objects.count() == 1
    assert len(mail.outbox) == 1


def test_an_end_is_told_once_too(db: None) -> None:
    begin()
    Alert.objects.update(seen_at=hours_ago(1))
    assert [checking.check().ended, checking.check().ended] == [["disk"], []]
    assert Notice.objects.filter(ending=True).count() == len(mail.outbox) == 1


def test_where_it_is_evaluated_once_a_day_the_night_counts(db: None) -> None:
    LastRun.objects.create(name=checking.NAME, at=hours_ago(23))
    requests(status=500, times=60, ago=20 * 60)
    assert checking.check().begun == ["errors"]


# -- delivery -------------------------------------------------------------------------------------


def refuse(*args: Any, **kwargs: Any) -> None:
    raise ConnectionRefusedError("smtp.example.com said no to password hush-hush")


def test_what_could_not_be_sent_is_sent_later(
    db: None,
    full: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    full(True)
    with monkeypatch.context() as patched:
        patched.setattr(delivery, "send_mail", refuse)
        outcome = checking.check()
    assert (outcome.sent, outcome.undelivered) == (0, 1)
    assert "could not be sent by mail" in caplog.text
    assert "hush-hush" not in caplog.text
    outcome = checking.check()
    assert (outcome.sent, outcome.undelivered) == (1, 0)
    assert len(mail.outbox) == 1
    assert Notice.objects.get().tries == 2


def test_a_webhook_that_fails_does_not_mail_again(
    db: None, full: Callable[[bool], None], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALERT_WEBHOOK = "https://chat.example.com/hook"
    posted: list[dict[str, Any]] = []
    full(True)
    with monkeypatch.context() as patched:
        patched.setattr(delivery, "post", refuse)
        assert checking.check().undelivered == 1
    monkeypatch.setattr(delivery, "post", lambda url, payload: posted.append(payload))
    assert checking.check().undelivered == 0
    assert len(mail.outbox) == 1
    assert len(posted) == 1
    assert posted[0]["kind"] == "disk"
    assert posted[0]["state"] == "begun"
    assert posted[0]["text"] == posted[0]["content"]
    assert posted[0]["text"].startswith("shop.example.com: The disk fills up\n")


def test_a_sender_that_died_in_the_middle_loses_no_message(db: None) -> None:
    notice = Notice.objects.create(alert=begin(), channel="mail")
    assert delivery._take(notice)
    assert delivery.deliver() == 0, "somebody has it"
    with time_machine.travel(timezone.now() + delivery.LEASE + timedelta(seconds=1)):
        assert delivery.deliver() == 1


def test_nobody_is_told_where_nobody_is_named(
    db: None, full: Callable[[bool], None], settings: Any
) -> None:
    settings.ALERT_EMAILS = []
    full(True)
    outcome = checking.check()
    assert (outcome.begun, outcome.sent, outcome.undelivered) == (["disk"], 0, 0)


def test_a_message_that_is_days_old_is_given_up(db: None) -> None:
    Notice.objects.create(alert=begin(), channel="mail")
    Alert.objects.update(since=hours_ago(73))
    assert delivery.deliver() == 0


def test_mail_is_in_the_language_of_the_installation(
    db: None, full: Callable[[bool], None]
) -> None:
    full(True)
    Client(headers={"Accept-Language": "de"}).get("/")
    checking.check()
    assert "The disk fills up" in mail.outbox[0].subject


# -- the scheduler, the command, the daily job ----------------------------------------------------

SECRET = {"Authorization": "Bearer a long secret"}


def test_the_scheduler_evaluates(db: None, settings: Any, full: Callable[[bool], None]) -> None:
    settings.CRON_SECRET = "a long secret"
    full(True)
    told = Client().get("/cron/alerts/", headers=SECRET).json()
    assert told["begun"] == ["disk"]
    assert (told["sent"], told["undelivered"]) == (1, 0)
    assert len(told["open"]) == 1


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong"])
def test_without_the_secret_there_is_nothing(db: None, settings: Any, header: str) -> None:
    client = Client(headers={"Authorization": header})
    assert client.get("/cron/alerts/").status_code == 404
    settings.CRON_SECRET = "a long secret"
    assert client.get("/cron/alerts/").status_code == 404
    assert LastRun.objects.count() == 0
    assert Client().post("/cron/alerts/", headers=SECRET).status_code == 405


def test_the_daily_call_tidies_and_evaluates(
    db: None, settings: Any, full: Callable[[bool], None]
) -> None:
    settings.CRON_SECRET = "a long secret"
    old = begin("slow")
    Alert.objects.filter(pk=old.pk).update(resolved_at=hours_ago(24 * 91))
    requests(times=5, ago=60 * 24 * 30)
    full(True)
    told = Client().get("/cron/daily", headers=SECRET).json()
    assert (told["counts"], told["alerts"]) == (1, 1)
    assert set(LastRun.objects.values_list("name", flat=True)) == {"daily", "alerts"}
    assert [alert.kind for alert in Alert.objects.all()] == ["disk"]


def test_the_command_ends_with_one_while_something_is_open(
    db: None, full: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("check_alerts")
    assert "Nothing is wrong." in capsys.readouterr().out
    full(True)
    with pytest.raises(CommandError) as refused:
        call_command("check_alerts")
    assert refused.value.returncode == 1
    assert "99% full" in capsys.readouterr().out


def test_the_command_says_that_the_database_is_away(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("no route")

    monkeypatch.setattr(checking, "check", away)
    with pytest.raises(CommandError, match="does not answer") as refused:
        call_command("check_alerts")
    assert refused.value.returncode == 2
