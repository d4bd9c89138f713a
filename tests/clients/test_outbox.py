"""The queue keeps what it was given: through crashes, among processes, once under each number."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tillbook_client import Outbox
from tillbook_client.outbox import LEASE

from tests.conftest import ROOT

CLIENT = ROOT / "clients/python"


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "queue.sqlite3")
    yield made
    made.close()


def fill(queue: Outbox, count: int, *, offline: bool = True) -> list[str]:
    ids = [f"id-{n:04d}" for n in range(count)]
    for one in ids:
        queue.put(kind="sale", id=one, path="sales", body=one.encode())
        if offline:
            queue.go_offline(one, "r", str.encode)
    return ids


def in_python(text: str, path: Path) -> subprocess.Popen[bytes]:
    """A process of its own, with the queue as `queue`, that says a line when it is ready."""
    begin = f"from tillbook_client import Outbox\nqueue = Outbox({str(path)!r})\n"
    return subprocess.Popen(
        [sys.executable, "-c", begin + text], cwd=CLIENT, stdout=subprocess.PIPE
    )


def test_a_killed_process_has_lost_nothing_that_was_put(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    text = """
n = 0
while True:
    queue.put(kind="sale", id=str(n), path="sales", body=b"body")
    print(n, flush=True)
    n += 1
"""
    process = in_python(text, path)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(30)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    queue = Outbox(path)
    kept = {one.id for one in queue.waiting()}
    assert {line.decode().strip() for line in said if line.endswith(b"\n")} <= kept
    assert len(kept) >= 30
    queue.close()


def test_each_commit_is_on_the_disk_before_it_returns(queue: Outbox) -> None:
    with queue._reading() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert queue.path.stat().st_mode & 0o077 == 0


def test_processes_share_the_work_and_no_entry_has_two_senders(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    queue = Outbox(path)
    ids = fill(queue, 200)
    text = """
while taken := queue.take(7, offline=True):
    for one in taken:
        queue.settle(one, state="done", status="recorded")
        print(one.id, flush=True)
"""
    processes = [in_python(text, path) for _ in range(3)]
    said = [one.communicate(timeout=600)[0].decode().split() for one in processes]
    assert sorted(one for done in said for one in done) == ids
    assert queue.count("done") == 200
    queue.close()


def test_what_a_dead_process_held_comes_back(
    queue: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, 3)
    assert len(queue.take(2, offline=True)) == 2
    other = Outbox(queue.path)
    assert [one.id for one in other.take(5, offline=True)] == ["id-0002"]
    later = time.time() + LEASE + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert len(other.take(5, offline=True)) == 3
    # A clock that was set back by a year: nothing waits for one.
    monkeypatch.setattr(time, "time", lambda: later - 365 * 86400)
    assert len(queue.take(5, offline=True)) == 3
    other.close()


def test_numbers_are_given_once_to_however_many(queue: Outbox) -> None:
    series = queue.wanted_series("r")
    assert series and queue.wanted_series("r") == series
    queue.set_series("r", series, "HS1-AB", 41)
    assert queue.wanted_series("r") is None
    for n in range(60):
        queue.put(kind="sale", id=str(n), path="sales", body=b"b")
    others = [Outbox(queue.path) for _ in range(3)]

    def number(n: int) -> str:
        # Each is asked for twice; the second answer is the first.
        for _ in range(2):
            made = others[n % 3].go_offline(str(n), "r", lambda number: number.encode())
            assert (made.offline or b"").decode() == made.number
        return made.number

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(number, range(60)))
    assert sorted(numbers) == [f"HS1-AB{n:06d}" for n in range(42, 102)]
    queue.set_series("r", series, "HS1-AB", 3)
    queue.put(kind="sale", id="next", path="sales", body=b"b")
    assert queue.go_offline("next", "r", str.encode).number == "HS1-AB000102"
    for one in others:
        one.close()


def test_what_is_done_stays_done_and_bytes_never_change(queue: Outbox) -> None:
    (one,) = fill(queue, 1)
    entry = queue.take(1, offline=True)[0]
    queue.settle(entry, state="done", status="recorded", number="N1")
    queue.settle(entry, state="refused", status="id_taken")
    queue.let_go([entry])
    queue.go_offline(one, "r", lambda _number: b"other")
    after = queue.get(one)
    assert after is not None
    assert (after.state, after.number, after.body, after.offline) == (
        "done", "N1", entry.body, entry.offline,
    )  # fmt: skip
    assert queue.prune(days=0) == 1 and queue.every() == []


def test_what_follows_waits(queue: Outbox) -> None:
    fill(queue, 1, offline=False)
    queue.put(kind="refund", id="back", path="sales/id-0000/refunds", body=b"", follows="id-0000")
    (first,) = queue.take(9, offline=False)
    assert first.id == "id-0000"
    queue.settle(first, state="done", status="recorded")
    assert [one.id for one in queue.take(9, offline=False)] == ["back"]


def test_what_follows_a_refusal_is_refused(queue: Outbox) -> None:
    fill(queue, 1, offline=False)
    queue.put(kind="refund", id="back", path="sales/id-0000/refunds", body=b"", follows="id-0000")
    (first,) = queue.take(9, offline=False)
    queue.settle(first, state="refused", status="id_taken")
    assert [one.id for one in queue.refused()] == ["id-0000", "back"]
    assert queue.count("waiting") == 0


def test_a_failed_write_leaves_nothing_behind(queue: Outbox) -> None:
    fill(queue, 1, offline=False)
    queue.set_series("r", queue.wanted_series("r") or "", "P-AA", 0)

    def broken(_number: str) -> bytes:
        raise RuntimeError("no paper")

    with pytest.raises(RuntimeError):
        queue.go_offline("id-0000", "r", broken)
    assert queue.go_offline("id-0000", "r", str.encode).number == "P-AA000001"

    def half() -> None:
        with queue._writing() as db:
            db.execute("INSERT INTO kept VALUES ('a', 'b')")
            db.execute("nonsense")

    with pytest.raises(sqlite3.Error):
        half()
    assert queue.kept("a") == ""
