"""Small regular work beside the jobs."""

from __future__ import annotations

import threading
import time

import pytest

from archive import chores


@pytest.fixture(autouse=True)
def _none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "_CHORES", {})


def keep_doing_until(enough: threading.Event) -> None:
    ending = threading.Event()
    thread = threading.Thread(target=chores.keep_doing, args=(ending,))
    thread.start()
    assert enough.wait(120)
    ending.set()
    thread.join(120)
    assert not thread.is_alive()


def test_each_is_done_at_once_and_again_at_its_time() -> None:
    done: list[str] = []
    enough = threading.Event()

    def often() -> None:
        done.append("often")
        if done.count("often") == 5:
            enough.set()

    chores.register("rare", seconds=3600, work=lambda: done.append("rare"))
    chores.register("often", seconds=0.01, work=often)
    keep_doing_until(enough)
    assert done.count("rare") == 1


def test_one_that_fails_is_logged_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    enough = threading.Event()
    tries: list[float] = []

    def broken() -> None:
        tries.append(time.monotonic())
        if len(tries) == 3:
            enough.set()
        raise RuntimeError("broken")

    chores.register("broken", seconds=0.01, work=broken)
    keep_doing_until(enough)
    assert "broken failed" in caplog.text


def test_nothing_registered_is_over_at_once() -> None:
    chores.keep_doing(threading.Event())
