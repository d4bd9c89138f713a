"""Several senders at once, and one that is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from tests.conftest import ON_POSTGRES, ROOT
from tests.factories import Shop
from tests.webhooks.receiver import Answer, Receiver
from tests.webhooks.telling import change, deliveries, events, listen, mailbox, sold, states
from webhooks import posting, sending, settling, signing
from webhooks.models import Event, Mailbox
from webhooks.spreading import spread

pytestmark = pytest.mark.usefixtures("committed_db")
SALES = 40 if ON_POSTGRES else 10


def in_threads(count: int, work: object) -> list[int]:
    begin = threading.Barrier(count)

    def run(_number: int) -> int:
        begin.wait()
        try:
            return work()  # type: ignore[operator]
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_workers_at_once_send_each_delivery_once(
    open_market: Shop, receiver: Receiver, second_receiver: Receiver
) -> None:
    listen(open_market, receiver)
    listen(open_market, second_receiver, name="Second")
    sales = sold(open_market, SALES)
    receiver.answer = lambda _got: Answer(seconds=0.01)
    in_threads(4, sending.deliver)
    # Whoever lost the race for the one writer of SQLite leaves the rest to the next look.
    sending.deliver()
    for one in (receiver, second_receiver):
        assert Counter(got.headers[signing.ID] for got in one.got).most_common(1)[0][1] == 1
        assert [got.body["data"]["id"] for got in one.got] == [str(sale.pk) for sale in sales]
        assert one.most_at_once == 1
    assert states(open_market) == ["delivered"] * 2 * SALES


def test_without_the_lease_they_would_send_some_twice(
    open_market: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail."""
    listen(open_market, receiver)
    sold(open_market, 3)
    both = threading.Event()

    def once_both_are_there(_got: object) -> Answer:
        if receiver.most_at_once == 2:
            both.set()
        both.wait(300)
        return Answer()

    receiver.answer = once_both_are_there
    # Who comes first waits for the other as long as it takes.
    monkeypatch.setattr(sending, "TIMEOUT", 3600)
    monkeypatch.setattr(sending, "LEASE", timedelta(hours=2))
    spread()
    monkeypatch.setattr(sending, "_free", lambda boxes: boxes)
    monkeypatch.setattr(
        "webhooks.settling._mine",
        lambda mailbox_id, _lease: Mailbox.objects.filter(pk=mailbox_id).first(),
    )
    claims = [sending._claim(also_doubtful=True) for _number in range(2)]
    assert all(claims)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda claim: sending._in_thread(claim), claims))
    assert receiver.most_at_once == 2


def test_events_are_spread_once_by_several(open_market: Shop, receiver: Receiver) -> None:
    listen(open_market, receiver)
    sold(open_market, 5)
    in_threads(3, spread)
    spread()
    assert len(deliveries(open_market)) == 5


def test_one_that_hangs_ends_at_the_deadline_and_delays_no_other(
    open_market: Shop,
    receiver: Receiver,
    second_receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (sending, settling):
        monkeypatch.setattr(module, "LEASE", timedelta(hours=1))
    listen(open_market, receiver, name="Hangs")
    listen(open_market, second_receiver, name="Works")
    sold(open_market, 5)
    five, met = threading.Event(), []

    def until_the_others_are_there(url: str, *what: Any, deadline: float) -> posting.Outcome:
        if url == receiver.url:
            met.append(five.wait(300))
            deadline = time.monotonic() + 5
        return posting.post(url, *what, deadline=deadline)

    def note(_got: Any) -> Answer:
        if len(second_receiver.got) == 5:
            five.set()
        return Answer()

    monkeypatch.setattr(sending, "post", until_the_others_are_there)
    receiver.answer = lambda _got: Answer(seconds=3600)
    second_receiver.answer = note
    sending.deliver()
    assert len(second_receiver.got) == 5
    # All of it while the first message to the other was still on its way.
    assert met == [True] * settling.PATIENCE
    errors = {one.error for one in deliveries(open_market, endpoint__name="Hangs") if one.tries}
    assert errors == {"too_slow"}


def environment() -> dict[str, str]:
    """Of a process of its own, on the database of this test."""
    values = {**os.environ, "DEBUG": "", "PYTHONPATH": str(ROOT)}
    if not ON_POSTGRES:
        values["TEST_SQLITE"] = str(settings.DATABASES["default"]["NAME"])
    return values


SENDER = """
import os, sys, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from datetime import timedelta
from webhooks import sending, settling
if len(sys.argv) > 2:
    # It waits for its first answer until it is killed, however long that takes.
    sending.TIMEOUT, sending.LEASE = 3600, timedelta(hours=2)
    settling.LEASE = timedelta(hours=2)
print(sending.deliver(), flush=True)
"""


def sender(*words: str) -> subprocess.Popen[str]:
    name = str(connections["default"].settings_dict["NAME"])
    return subprocess.Popen(
        [sys.executable, "-c", SENDER, name, *words],
        env=environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def waited(condition: object, seconds: float = 600) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def test_a_sender_that_is_killed_in_the_middle_loses_nothing(
    open_market: Shop, receiver: Receiver
) -> None:
    listen(open_market, receiver)
    sold(open_market, 3)
    receiver.answer = lambda _got: Answer(seconds=3600)
    process = sender("patient")
    assert waited(lambda: receiver.got), "it sends"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    receiver.closing.set()
    receiver.answer = lambda _got: Answer()
    # Nobody is at it while its lease lasts: it might be alive.
    assert sending.deliver() == 0
    box = mailbox(open_market)
    assert box.lease is not None and box.leased_until is not None
    assert timezone.now() < box.leased_until <= timezone.now() + timedelta(hours=2)
    change(open_market, Mailbox.objects.all(), leased_until=timezone.now() - timedelta(seconds=1))
    assert sending.deliver() == 3
    assert states(open_market) == ["delivered"] * 3
    ids = [got.headers[signing.ID] for got in receiver.got]
    # The first is told twice, with one id; the second and third once.
    assert [ids.count(one) for one in dict.fromkeys(ids)] == [2, 1, 1]
    assert deliveries(open_market)[0].tries == 2


def test_killed_before_anything_was_spread(open_market: Shop, receiver: Receiver) -> None:
    """Whoever dies between the sale and the spreading leaves the outbox as it is."""
    listen(open_market, receiver)
    sold(open_market)
    assert events(open_market) == ["sale.completed"]
    process = sender()
    assert process.communicate(timeout=600)[0].strip() == "1"
    assert len(receiver.got) == 1
    change(open_market, Event.objects.all(), spread_at=None)
    # Even an event that is spread anew makes no second delivery.
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        spread()
