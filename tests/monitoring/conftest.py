"""What the tests of monitoring share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.monitoring.written import Lines


@pytest.fixture
def written() -> Iterator[Lines]:
    """Every line from here on, from INFO up."""
    lines, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    yield lines
    root.removeHandler(lines)
    root.setLevel(before)
