"""Ports for servers that are told theirs by its number."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved() -> Iterator[int]:
    """A port of 127.0.0.1 that nobody else is given while the block lasts, also while its server is away.

    A server that sets SO_REUSEADDR, as gunicorn and PgBouncer do, listens on it all the same: the
    socket that holds it does not.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
