"""Jobs in processes and threads of their own: watched, stopped, killed, fought over."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Membership
from archive import pulse
from archive.jobs import ask, cancel, run_next
from archive.management.commands import run_jobs
from archive.models import Job
from inventory.models import Brand
from tenants.context import business
from tests.archive import job_kinds
from tests.concurrency.crowd import patiently
from tests.factories import Shop, make_shop

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(pulse, "EVERY", 0.05)
    with transaction.atomic():
        return make_shop("acme")


def asked(shop: Shop, **options: Any) -> Job:
    with business(shop.business), transaction.atomic():
        owner = Membership.objects.get(user=shop.owner)
        return ask("test.brands", by=owner, options={k: str(v) for k, v in options.items()} or {})


def seen(shop: Shop, row: Job) -> Job:
    """As a page shows it. On SQLite without a transaction, which would wait for the job's."""
    with business(shop.business):
        if connection.vendor == "sqlite":
            row.refresh_from_db()
        else:
            with transaction.atomic():
                row.refresh_from_db()
        return pulse.overheard(row)


def brands(shop: Shop) -> int:
    with business(shop.business), transaction.atomic():
        return int(Brand.objects.count())


def wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not until():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


def hear(shop: Shop, at: datetime) -> None:
    """Of the job the last sign of life came then."""
    with business(shop.business), transaction.atomic():
        Job.objects.update(heard_at=at)


def forget(shop: Shop) -> None:
    """Time passes without a sign of life."""
    hear(shop, timezone.now() - timedelta(minutes=5))


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        started.append(job_kinds.worker(tmp_path, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


class Workers:
    """Threads that call run_next(), each with a connection of its own."""

    def __init__(self, count: int) -> None:
        self.done: list[Job | None] = []
        self.threads = [threading.Thread(target=self._run) for _worker in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self) -> None:
        try:
            # As a worker that stays: SQLite may be at work for somebody else for long.
            self.done.append(patiently(run_next, seconds=180))
        finally:
            connection.close()

    def join(self) -> list[Job]:
        for thread in self.threads:
            thread.join(300)
            assert not thread.is_alive()
        return [row for row in self.done if row is not None]


def test_two_workers_and_one_job(shop: Shop) -> None:
    for _round in range(5):
        row = asked(shop, then="refuse")
        done = Workers(4).join()
        assert [one.pk for one in done] == [row.pk]
        assert (seen(shop, row).tries, row.state) == (1, "failed")


def test_it_is_heard_of_while_it_works(shop: Shop, tmp_path: Path) -> None:
    row = asked(shop, begun=tmp_path / "begun", go=tmp_path / "go")
    workers = Workers(1)
    wait((tmp_path / "begun").exists)
    wait(lambda: seen(shop, row).done == 3)
    assert (row.state, row.total, row.stage) == ("running", 3, "Making brands")
    if connection.vendor == "postgresql":
        # Nobody takes it from a worker that is heard of, and what it did is nobody's yet.
        before = timezone.now()
        forget(shop)
        wait(lambda: (seen(shop, row).heard_at or before) > before)
        assert run_next() is None
        assert brands(shop) == 0
    (tmp_path / "go").touch()
    workers.join()
    assert (seen(shop, row).state, brands(shop)) == ("done", 3)


def test_cancelled_at_work(shop: Shop, tmp_path: Path) -> None:
    row = asked(shop, begun=tmp_path / "begun", go=tmp_path / "never")
    workers = Workers(1)
    wait((tmp_path / "begun").exists)
    with business(shop.business):
        if connection.vendor == "sqlite":
            cancel(seen(shop, row))
        else:
            with transaction.atomic():
                cancel(seen(shop, row))
    workers.join()
    assert (seen(shop, row).state, brands(shop)) == ("cancelled", 0)
    assert row.finished_at is not None


def test_killed_in_the_middle_and_begun_again(
    shop: Shop, at_work: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    row = asked(shop, begun=tmp_path / "begun", go=tmp_path / "go")
    first = at_work("--once")
    wait((tmp_path / "begun").exists)
    first.send_signal(signal.SIGKILL)
    assert first.wait(120) == -signal.SIGKILL
    assert (seen(shop, row).state, brands(shop)) == ("running", 0)
    # Too early: it might still be alive.
    hear(shop, timezone.now())
    assert run_next() is None
    forget(shop)
    (tmp_path / "go").touch()
    second = at_work()
    out, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    assert "test.brands: done" in out
    assert (seen(shop, row).state, row.tries, brands(shop)) == ("done", 2, 3)


def test_asked_to_end_it_puts_the_job_back_at_once(
    shop: Shop, at_work: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    row = asked(shop, begun=tmp_path / "begun", go=tmp_path / "go")
    first = at_work("--watch")
    wait((tmp_path / "begun").exists)
    first.terminate()
    _out, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    assert (seen(shop, row).state, row.tries, brands(shop)) == ("waiting", 0, 0)
    (tmp_path / "go").touch()
    at_work("--watch")
    wait(lambda: seen(shop, row).state == "done")
    assert brands(shop) == 3


def test_it_hears_a_signal_at_whatever_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also within the wait for more work, which holds the lock of what the signal sets."""

    def too_late(*_signal: object) -> None:
        raise AssertionError("the signal waits for the code that it has interrupted")

    def between_two_lines(command: run_jobs.Command) -> None:
        with command.ending._cond:  # type: ignore[attr-defined]
            signal.raise_signal(signal.SIGTERM)
        assert command.ending.wait(120)

    monkeypatch.setattr(run_jobs.Command, "watch", between_two_lines)
    alarm = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(120)
    try:
        call_command("run_jobs", "--watch")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, alarm)


def test_a_worker_ends_with_the_server_that_started_it(shop: Shop, tmp_path: Path) -> None:
    row = asked(shop)
    parent = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); sys.stdin.read()"
    worker = [sys.executable, "-c", job_kinds.MANAGE, "run_jobs", "--watch", "--with-parent"]
    server = subprocess.Popen(
        [sys.executable, "-c", parent, *worker],
        cwd=job_kinds.ROOT,
        env=job_kinds.environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    wait(lambda: seen(shop, row).state == "done")
    # It returns once nobody writes any more: the worker has ended, too.
    server.communicate(timeout=120)


@pytest.mark.postgres
def test_the_database_is_gone_in_the_middle(
    shop: Shop, owner_connection: Any, tmp_path: Path
) -> None:
    row = asked(shop, begun=tmp_path / "begun", go=tmp_path / "go")
    workers = Workers(1)
    wait((tmp_path / "begun").exists)
    owner_connection.execute(
        # Until each is gone: the pooler must not give one to somebody that is about to end.
        "SELECT pg_terminate_backend(pid, 120000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database() AND usesysid IS NOT NULL"
    )
    (tmp_path / "go").touch()
    workers.join()
    connection.close()
    wait(lambda: seen(shop, row).state in {"waiting", "running"})
    assert brands(shop) == 0
    forget(shop)
    assert run_next() is not None
    assert (seen(shop, row).state, brands(shop)) == ("done", 3)
