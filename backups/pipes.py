"""Joining what writes to what reads, with a thread between them and little in memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from backups.streams import PIECE, Sink, Source


class _Source:
    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.error: BaseException | None = None
        self.thread: threading.Thread | None = None

    def read(self, size: int = -1) -> bytes:
        data = os.read(self._handle, size if size > 0 else PIECE)
        if not data:
            # The end of a pipe is also what a writer leaves behind that has failed.
            assert self.thread is not None
            self.thread.join()
            if self.error is not None:
                raise self.error
        return data


@contextmanager
def read_from(write: Callable[[Sink], None]) -> Iterator[Source]:
    """What `write` writes, to be read. What it raises is raised by the reading."""
    reading, writing = os.pipe()
    source = _Source(reading)

    def run() -> None:
        try:
            with os.fdopen(writing, "wb", PIECE) as sink:
                write(sink)
        except BaseException as error:  # noqa: BLE001 - raised again where it is read
            source.error = error

    source.thread = threading.Thread(target=run, name="backup part")
    try:
        # In here: what a signal raises within start() must stop the writer, too.
        source.thread.start()
        yield source
    finally:
        # Whoever stops reading stops the writer: its next write finds nobody.
        with suppress(OSError):
            os.close(reading)
        # A RuntimeError is of a thread that did not begin.
        with suppress(RuntimeError):
            source.thread.join()
