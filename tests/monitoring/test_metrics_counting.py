"""Counting in the process and adding to the rows that all share: nothing lost, nothing in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.signals import request_finished
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from monitoring.metrics import observe, reading, storing
from monitoring.metrics.counting import MOST_ROWS, counter
from monitoring.models import BOUNDS_MS, EVER, RequestCount
from tenants.context import business
from tests import factories
from tests.api.calls import line, post, sale_body
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _counted(settings: Any) -> Iterator[None]:
    settings.METRICS_SECONDS = 3600
    counter.begin()
    # A minute begins with each test.
    with time_machine.travel(datetime(2026, 11, 21, 12, 0, tzinfo=UTC)):
        yield
    counter.begin()


def total(route: str = "sale_list") -> int:
    rows = RequestCount.objects.filter(minute=EVER, route=route)
    return sum(rows.values_list("count", flat=True))


def request_over() -> None:
    """What Django sends when the server has taken an answer."""
    counter.after_request(signal=request_finished)


def test_a_request_is_added_to_its_minute_and_to_all_time(committed_db: None) -> None:
    observe("sale_list", "GET", 200, 0.020, 7)
    observe("sale_list", "GET", 200, 0.180, 9)
    observe("sale_list", "GET", 404, 99.0, 1)
    assert counter.flush()
    minute = reading.this_minute()
    for when in (EVER, minute):
        good = RequestCount.objects.get(minute=when, status=200)
        assert (good.count, good.microseconds, good.statements) == (2, 200_000, 16)
        assert (good.le_25, good.le_250) == (1, 1)
        slow = RequestCount.objects.get(minute=when, status=404)
        assert slow.count == 1
        assert sum(getattr(slow, f"le_{bound}") for bound in BOUNDS_MS) == 0


def test_a_flush_adds_to_what_is_there_in_one_statement(committed_db: None) -> None:
    for _again in range(3):
        for number in range(20):
            observe(f"page_{number}", "GET", 200, 0.01, 1)
        with CaptureQueriesContext(
            connection,
        ) as statements:
            assert counter.flush()
        written = [one["sql"] for one in statements if "PRAGMA" not in one["sql"]]
        assert len(written) == 1
        assert written[0].startswith("INSERT")
    assert total("page_7") == 3


def test_the_limits_of_a_bucket_belong_to_it() -> None:
    observe("a", "GET", 200, 0.010, 0)
    observe("a", "GET", 200, 0.010001, 0)
    (values,) = counter.pending.values()
    assert values[3:5] == [1, 1]


def test_observing_asks_nothing_of_the_database(db: None) -> None:
    with CaptureQueriesContext(connection) as statements:
        observe("sale_list", "GET", 200, 0.02, 7)
    assert len(statements) == 0


def test_nothing_is_written_inside_a_transaction(committed_db: None) -> None:
    observe("sale_list", "GET", 200, 0.02, 7)
    with transaction.atomic(), CaptureQueriesContext(connection) as statements:
        request_over()
        assert not counter.flush()
    assert len(statements) == 0
    assert counter.flush()
    assert total() == 1


def test_it_is_written_at_most_every_few_seconds(committed_db: None) -> None:
    observe("sale_list", "GET", 200, 0.02, 7)
    request_over()
    assert total() == 1
    for _again in range(10):
        observe("sale_list", "GET", 200, 0.02, 7)
        request_over()
    assert total() == 1, "the second flush came too early"
    counter.next_flush = time.monotonic()
    request_over()
    assert total() == 11


def test_what_the_database_refuses_is_kept_and_tried_again(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    observe("sale_list", "GET", 200, 0.02, 7)

    def away(counts: Any) -> None:
        observe("sale_list", "GET", 200, 0.02, 7)  # Another request ends meanwhile.
        raise OperationalError("connection to server at 10.0.0.9 failed")

    with monkeypatch.context() as patched:
        patched.setattr(storing, "add", away)
        request_over()
    assert "stay in memory" in caplog.text
    assert "10.0.0.9" not in caplog.text
    request_over()
    assert total() == 0, "asked again at once"
    counter.next_flush = 0
    request_over()
    assert total() == 2


def test_memory_is_bounded_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(MOST_ROWS + 50):
        observe(f"page_{number}", "GET", 200, 0.02, 7)
    assert len(counter.pending) == MOST_ROWS
    newest = max(counter.pending, key=lambda key: int(key[1].removeprefix("page_")))
    assert newest[1] == f"page_{MOST_ROWS + 49}"


def test_all_that_memory_holds_fits_into_one_statement(committed_db: None) -> None:
    """32,766 values are the most that SQLite takes as it is usually built."""
    for number in range(MOST_ROWS):
        observe(f"page_{number}", "GET", 200, 0.02, 7)
    assert 2 * len(counter.pending) * len((*storing.KEYS, *storing.SUMS)) <= 32_766
    assert counter.flush()
    assert total("page_7") == 1


def test_odd_words_do_not_become_series() -> None:
    observe("x" * 500, "BREW", 200, -1.0, -5)
    ((_minute, route, method, _status), values) = next(iter(counter.pending.items()))
    assert (len(route), method) == (80, "OTHER")
    assert values[:3] == [1, 0, 0]


def test_zero_seconds_switch_it_off(settings: Any) -> None:
    settings.METRICS_SECONDS = 0
    observe("sale_list", "GET", 200, 0.02, 7)
    assert not counter.pending


def test_a_fork_begins_at_nothing() -> None:
    observe("sale_list", "GET", 200, 0.02, 7)
    child = os.fork()
    if child == 0:
        os._exit(len(counter.pending))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(counter.pending) == 1


def test_threads_lose_nothing(committed_db: None) -> None:
    def work() -> None:
        try:
            for _again in range(200):
                observe("sale_list", "GET", 200, 0.001, 1)
                counter.next_flush = 0
                request_over()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counter.flush()
    assert total() == 800


def test_a_sale_carries_no_statement_of_it(committed_db: None) -> None:
    """Counted, it is written in one statement after the sale's transaction and after the answer."""
    with transaction.atomic():
        shop = factories.make_shop("acme")
        token = factories.make_device(shop)[1]
    with business(shop.business), transaction.atomic():
        factories.make_shift(shop)
    seen: list[tuple[str, bool]] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append((sql, connection.in_atomic_block))
        return execute(sql, params, many, context)

    body = sale_body(shop, line(shop.mug), total="5.00")
    with connection.execute_wrapper(watch):
        answer = post(factories.with_token(token), "/api/v1/sales", body)
    assert answer.status_code == 201, answer.content
    ours = [one for one in seen if "monitoring" in one[0]]
    assert len(ours) == 1
    assert ours[0][1] is False
    assert ours[0][0].startswith("INSERT INTO")
    after = seen[seen.index(ours[0]) + 1 :]
    assert [sql for sql, _inside in after if "PRAGMA" not in sql] == []
    counted = RequestCount.objects.get(minute=EVER, route="api_sales")
    sold = [sql for sql, _inside in seen if "monitoring" not in sql and "PRAGMA" not in sql]
    assert (counted.count, counted.status) == (1, 201)
    assert counted.statements == len(sold)


# A process of its own that counts, and ends in the way that it is told.
PROGRAM = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "pos.settings"
import django
from django.conf import settings
name = sys.argv[1]
settings.DATABASES["default"]["NAME"] = name
settings.METRICS_SECONDS = 0.05
django.setup()
from monitoring.metrics import observe
from monitoring.metrics.counting import counter
rounds, ending = int(sys.argv[2]), sys.argv[3]
for number in range(rounds):
    observe("sale_list", "GET", 200, 0.02, 7)
    observe("till", "GET", 200, 0.02, 7)
    counter.after_request()
    if number % 10 == 0:
        time.sleep(0.01)
if ending == "wait":
    settings.METRICS_SECONDS = 1000
    while counter.pending:
        counter.flush()
    for number in range(5):
        observe("sale_list", "GET", 200, 0.02, 7)
    print("counted", flush=True)
    sys.stdin.read()
"""


@contextmanager
def process(tmp_path: Path, rounds: int, ending: str) -> Iterator[subprocess.Popen[str]]:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    name = str(connection.settings_dict["NAME"])
    with subprocess.Popen(
        [sys.executable, str(file), name, str(rounds), ending],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running


def test_two_processes_add_to_the_same_rows(committed_db: None, tmp_path: Path) -> None:
    """What is left at their end is given at exit; on SQLite one writer waits for the other."""
    with process(tmp_path, 300, "exit") as one, process(tmp_path, 300, "exit") as other:
        assert [one.wait(timeout=600), other.wait(timeout=600)] == [0, 0]
    assert total() == total("till") == 600
    minutes = RequestCount.objects.filter(minute__gt=EVER, route="till")
    assert sum(minutes.values_list("count", flat=True)) == 600


def test_a_killed_process_loses_what_it_had_not_flushed_and_nothing_else(
    committed_db: None, tmp_path: Path
) -> None:
    with process(tmp_path, 100, "wait") as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "counted\n"
        one.send_signal(signal.SIGKILL)
    assert total() == 100, "the five after the last flush are lost, none of the hundred before"


def test_the_daily_job_forgets_old_minutes_and_no_total(db: None, settings: Any) -> None:
    settings.METRICS_DAYS = 3
    now = reading.this_minute()
    row = [1, 1000, 1, *([0] * len(BOUNDS_MS))]
    storing.add({(now - 3 * 1440 - 1, "old", "GET", 200): row, (now, "new", "GET", 200): row})
    assert storing.prune() == 1
    assert set(RequestCount.objects.values_list("route", "minute")) == {
        ("old", EVER),
        ("new", EVER),
        ("new", now),
    }
