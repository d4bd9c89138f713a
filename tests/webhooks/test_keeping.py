"""What stays and for how long, where it goes, and what no log and no dump holds."""

from __future__ import annotations

import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.factories import Shop
from tests.webhooks.receiver import Answer, Receiver
from tests.webhooks.telling import bound, change, deliveries, events, listen, sold, states
from webhooks import pruning, sending
from webhooks.models import Delivery, Endpoint, Event, Mailbox

pytestmark = pytest.mark.usefixtures("committed_db")


def test_after_thirty_days_it_is_forgotten(open_market: Shop, receiver: Receiver) -> None:
    listen(open_market, receiver)
    sold(open_market, 2)
    sending.deliver()
    with bound(open_market):
        old = Event.objects.order_by("pk").first()
    assert old is not None
    age = timezone.now() - pruning.KEPT - timedelta(minutes=1)
    change(open_market, Event.objects.filter(pk=old.pk), created_at=age)
    assert pruning.prune() == 1
    assert len(deliveries(open_market)) == 1
    assert events(open_market) == ["sale.completed"]
    assert pruning.prune() == 0


def test_run_jobs_sends(open_market: Shop, receiver: Receiver) -> None:
    listen(open_market, receiver)
    sold(open_market)
    call_command("run_jobs", stdout=StringIO())
    assert states(open_market) == ["delivered"]


def test_the_schedulers_call_sends(open_market: Shop, receiver: Receiver, settings: Any) -> None:
    settings.CRON_SECRET = "s" * 32
    listen(open_market, receiver)
    sold(open_market)
    assert Client().get("/cron/jobs/").status_code == 404
    answer = Client().get("/cron/jobs/", headers={"Authorization": f"Bearer {'s' * 32}"})
    assert answer.json() == {"jobs": {}, "webhooks": 1, "folded": 1}
    assert states(open_market) == ["delivered"]


def test_no_log_holds_secret_address_or_answer(
    open_market: Shop, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"{receiver.url}?token=t0ken-of-theirs"
    _endpoint, secret = listen(open_market, url)
    receiver.answer = lambda _got: Answer(500, b"an answer about Carla")
    sold(open_market)
    sending.deliver()
    change(open_market, Endpoint.objects.all(), url="http://no.such.host.invalid/t0ken-of-theirs")
    now = timezone.now()
    change(open_market, Delivery.objects.all(), next_at=now)
    change(open_market, Mailbox.objects.all(), due_at=now)
    sending.deliver()
    written = "\n".join(f"{one.getMessage()} {one.args} {one.exc_text}" for one in caplog.records)
    for word in ("t0ken-of-theirs", secret, secret.removeprefix("whsec_"), "Carla"):
        assert word not in written


def test_no_dump_holds_secret_address_or_answer(open_market: Shop, receiver: Receiver) -> None:
    url = f"{receiver.url}?token=t0ken-of-theirs"
    _endpoint, secret = listen(open_market, url)
    receiver.answer = lambda _got: Answer(200, b"an answer about Carla")
    sold(open_market)
    sending.deliver()
    dumped = []
    with bound(open_market), connection.cursor() as cursor:
        for model in (Endpoint, Mailbox, Event, Delivery):
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            dumped += cursor.fetchall()
    assert len(dumped) == 4
    for word in ("t0ken-of-theirs", "127.0.0.1", secret.removeprefix("whsec_"), "Carla"):
        assert word not in repr(dumped)


def test_an_export_takes_none_of_it_along(
    open_market: Shop, receiver: Receiver, tmp_path: Any
) -> None:
    """Where it is brought to, nobody has asked that address; and a copy must not tell it twice."""
    _endpoint, secret = listen(open_market, receiver)
    sold(open_market)
    file = tmp_path / "acme.json"
    call_command("export_data", str(file), business="acme", stdout=StringIO())
    text = file.read_text()
    assert "Blue mug" in text
    for word in ('"webhooks', secret, receiver.url):
        assert word not in text
