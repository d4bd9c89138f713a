"""Batches that are doubled, out of order, at once and cut off: each sale exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest
from django.db import connection, transaction

from accounts.models import Membership
from archive.verify import check_books
from sales import review
from sales.models import ReviewItem, Sale
from sales.review import Choices, SettledAlready
from sales.series import make_series
from scripts.postgres import OWNER, Cluster
from tests.concurrency.crowd import WAITED_FOR, Market, make_market, patiently, together
from tests.concurrency.test_kills import cluster  # noqa: F401
from tests.conftest import ON_POSTGRES, ROOT
from tests.factories import make_device
from tests.sales.offline_sales import offline_body
from tests.sales.reviewing import hand_in, held

SALES = 60 if ON_POSTGRES else 12


def bodies_of(market: Market, count: int) -> list[dict[str, Any]]:
    """Mugs at the market's registers in turn, numbered by one device each; every tenth is held."""
    with market.bound(), transaction.atomic():
        codes = [make_series(register=one).code for one in market.registers]
    bodies = []
    for n in range(count):
        till = n % len(market.registers)
        register = market.registers[till]
        number = f"{register.prefix}-{codes[till]}{n // len(market.registers) + 1:06d}"
        total = "5.00" if n % 10 else "4.00"
        bodies.append(
            offline_body(market.shop, total=total, register=str(register.pk), number=number)
        )
    return bodies


def expect_each_once(market: Market, bodies: list[dict[str, Any]]) -> None:
    wrong = [one for one in bodies if one["total"] == "4.00"]
    good = {one["id"]: one["number"] for one in bodies if one["total"] != "4.00"}
    with market.bound(), transaction.atomic():
        found = {str(pk): number for pk, number in Sale.objects.values_list("pk", "number")}
        assert found == good
        kept = ReviewItem.objects.filter(kind="held").values_list("request_id", flat=True)
        assert sorted(map(str, kept)) == sorted(one["id"] for one in wrong)
        assert check_books() == []


@pytest.mark.usefixtures("committed_db")
def test_out_of_order_doubled_and_at_once() -> None:
    market = make_market(tills=3, stock=SALES // 2)
    bodies = bodies_of(market, SALES)

    def sender(seed: int) -> Counter[str]:
        mixed = random.Random(seed).sample(bodies * 2, len(bodies) * 2)
        seen: Counter[str] = Counter()
        with market.bound():
            for body in mixed:
                seen[patiently(partial(hand_in, market.shop, body)).status] += 1
        return seen

    results = together([partial(sender, seed) for seed in range(4)])
    for one in results:
        if isinstance(one, BaseException):
            raise one
    told: Counter[str] = sum(results, Counter())
    recorded = told["recorded"] + told["recorded_with_remarks"]
    assert recorded == len([one for one in bodies if one["total"] != "4.00"])
    assert told["id_taken"] == 0
    expect_each_once(market, bodies)
    assert market.stock() == SALES // 2 - recorded


@pytest.mark.usefixtures("committed_db")
def test_two_managers_settle_once() -> None:
    market = make_market(tills=1, stock=10)
    with market.bound(), transaction.atomic():
        people = [
            Membership.objects.select_related("user", "role").get(user=user)
            for user in (market.shop.owner, market.shop.manager)
        ]
    for _round in range(5):
        with market.bound(), transaction.atomic():
            item = held(market.shop, register=str(market.registers[0].pk))

        def record(who: Membership, item: ReviewItem = item) -> str:
            with market.bound(), transaction.atomic():
                choices = Choices({1: market.shop.mug.pk})
                done = review.record_held(actor=who, item=item, choices=choices)
                return str(done.settlement)

        def close(who: Membership, item: ReviewItem = item) -> str:
            with market.bound(), transaction.atomic():
                return str(review.close(actor=who, item=item, reason="x").settlement)

        work = [partial(record, people[0]), partial(close, people[1]), partial(record, people[1])]
        results = together([partial(patiently, one) for one in work])
        settled = {one for one in results if isinstance(one, str)}
        assert len(settled) == 1
        refused = [one for one in results if not isinstance(one, str)]
        assert all(isinstance(one, SettledAlready) for one in refused), refused
        assert refused
        with market.bound(), transaction.atomic():
            assert check_books() == []


# -- over HTTP, while workers die -----------------------------------------------------------------


@pytest.fixture
def gunicorn(cluster: Cluster) -> Iterator[subprocess.Popen[bytes]]:  # noqa: F811
    """Two workers on the test's own cluster, through its pooler."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "gunicorn", "pos.wsgi:application", "--workers", "2"]
        command += ["--bind", f"fd://{listener.fileno()}", "--log-level", "critical"]
        environment = {**os.environ, **cluster.environment(), "DEBUG": "1"}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[listener.fileno()])
        process.url = f"http://127.0.0.1:{listener.getsockname()[1]}"  # type: ignore[attr-defined]
        until = time.monotonic() + 600
        while True:
            try:
                with urlopen(f"{process.url}/healthz", timeout=30):  # type: ignore[attr-defined]
                    break
            except (URLError, ConnectionError, TimeoutError):
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < until, "the server does not answer"
                time.sleep(0.2)
        yield process
        process.terminate()
        process.wait(120)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        return [int(one) for one in file.read().split()]


@pytest.mark.postgres
@pytest.mark.slow
def test_a_worker_killed_in_mid_batch_loses_and_doubles_nothing(
    gunicorn: Any,
    cluster: Cluster,  # noqa: F811
) -> None:
    market = make_market(tills=4, stock=1000)
    with market.bound(), transaction.atomic():
        _device, token = make_device(market.shop)
    places = [str(one.pk) for one in market.registers]
    bodies = sorted(bodies_of(market, 80), key=lambda one: places.index(one["register"]))
    for register in places[1:]:
        # Killed where it waits for this register: what was sold at those before it is in the books.
        with psycopg.connect(cluster.url(OWNER)) as holder:
            holder.execute("SELECT 1 FROM sales_register WHERE id = %s FOR UPDATE", [register])
            said, waits = b'"later"', False
            # On a busy machine it may leave the rest for later before it comes there.
            while b'"later"' in said:
                with sending(gunicorn.url, token, bodies) as (batch, answer):
                    while batch.poll() is None and not holder.execute(WAITED_FOR).fetchone():
                        time.sleep(0.01)
                    if waits := batch.poll() is None:
                        for pid in children(gunicorn):
                            os.kill(pid, signal.SIGKILL)
                        batch.wait(300)
                    answer.seek(0)
                    said = answer.read()
            assert (waits, said) == (True, b""), "it was cut off where it waited"
            holder.rollback()
        assert market.count(Sale.objects.all()) < 72
    statuses = {"later"}
    for _try in range(20):
        with sending(gunicorn.url, token, bodies) as (batch, answer):
            batch.wait(300)
            answer.seek(0)
            said = answer.read()
        # A worker of before may have ended with it.
        if said:
            statuses = {one["status"] for one in json.loads(said)["results"]}
        if "later" not in statuses:
            break
    assert statuses <= {"already", "recorded", "held"}
    connection.close()
    expect_each_once(market, bodies)
    assert market.stock() == 1000 - 72


@contextmanager
def sending(
    url: str, token: str, bodies: list[dict[str, Any]]
) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    """A process that hands in the batch, and the file of its answer, empty where it had none."""
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answer:
        asked.write(json.dumps({"sales": bodies}).encode())
        asked.seek(0)
        command = [sys.executable, "-c", _SENDER, url, token]
        batch = subprocess.Popen(command, stdin=asked, stdout=answer)
        try:
            yield batch, answer
        finally:
            batch.kill()
            batch.wait()


# A process of its own, so that its end is the end of the connection.
_SENDER = """
import sys, urllib.request
url, token = sys.argv[1:]
request = urllib.request.Request(
    url + "/api/v1/sales/batch", sys.stdin.buffer.read(),
    {"Authorization": "Bearer " + token, "Content-Type": "application/json"},
)
try:
    sys.stdout.write(urllib.request.urlopen(request, timeout=250).read().decode())
except Exception:
    pass
"""
