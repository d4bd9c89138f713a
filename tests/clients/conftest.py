"""A terminal at the shop's register, made with the client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tillbook_client import Terminal

from tests.clients.wiring import InProcess, paired
from tests.factories import Shop


@pytest.fixture
def line() -> InProcess:
    """The way to the server."""
    return InProcess()


@pytest.fixture
def till(shop: Shop, line: InProcess, tmp_path: Path) -> Iterator[Terminal]:
    """Paired in the manager's name, prepared, with an open shift."""
    terminal = paired(shop, tmp_path / "till", line)
    terminal.prepare()
    terminal.open_shift("50.00")
    line.sent.clear()
    yield terminal
    terminal.close()
