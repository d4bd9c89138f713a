"""Whoever stops reading stops what writes, whenever that is."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from backups.pipes import read_from
from backups.streams import PIECE, Sink


def endless(sink: Sink) -> None:
    while True:
        sink.write(bytes(PIECE))


def writers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "backup part"]


def read_all(write: Callable[[Sink], None]) -> bytes:
    with read_from(write) as source:
        return b"".join(iter(source.read, b""))


def test_what_is_written_is_read() -> None:
    def write(sink: Sink) -> None:
        sink.write(b"some")
        sink.write(b"thing")

    assert read_all(write) == b"something"
    assert writers() == []


def test_what_the_writing_raises_the_reading_raises() -> None:
    def broken(sink: Sink) -> None:
        sink.write(b"half")
        raise LookupError("the other half")

    with pytest.raises(LookupError, match="the other half"):
        read_all(broken)
    assert writers() == []


def test_who_stops_in_the_middle_stops_the_writer() -> None:
    def some() -> bytes:
        with read_from(endless) as source:
            return source.read(10)

    assert some() == bytes(10)
    assert writers() == []


def test_a_signal_while_the_writer_begins_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python hears of one within start(), which waits for the thread."""
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise SystemExit

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(SystemExit), read_from(endless):
        raise AssertionError("it went on")
    monkeypatch.undo()
    for one in writers():
        one.join(120)
    assert writers() == []
