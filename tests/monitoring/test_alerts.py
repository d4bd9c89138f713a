"""Alerts: one message on begin and one on end, none lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from monitoring.alerts import checking, delivery, rules
from monitoring.metrics import measuring
from monitoring.metrics.measuring import Disk
from monitoring.models import Alert, LastRun, Notice
from tests.monitoring.alerting import GIGABYTE, begin, configured, hours_ago, requests  # noqa: F401

# -- one message on begin, one on end -------------------------------------------------------------


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
    start = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    full(True)
    with time_machine.travel(start, tick=False) as traveller:
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
    with time_machine.travel(timezone.now(), tick=False) as traveller:
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
