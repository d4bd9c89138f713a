"""A progress bar on a terminal; nothing where nobody watches."""

from __future__ import annotations

import time
from typing import IO

_WIDTH = 30


class Bar:
    """`Reading  [#####     ]  42%`, rewritten in place at most ten times a second."""

    def __init__(self, label: str, stream: IO[str]) -> None:
        self.label = label
        self.stream = stream
        self.shown = stream.isatty()
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self.shown or (now - self._last < 0.1 and done < total):
            return
        self._last = now
        part = min(1.0, done / total) if total else 1.0
        filled = "#" * round(part * _WIDTH)
        self.stream.write(f"\r{self.label} [{filled:<{_WIDTH}}] {part:4.0%}")
        self.stream.flush()

    def close(self) -> None:
        """Take the bar away."""
        if self.shown and self._last:
            self.stream.write("\r" + " " * (len(self.label) + _WIDTH + 10) + "\r")
            self.stream.flush()
