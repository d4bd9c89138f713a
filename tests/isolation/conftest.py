"""What the tests of isolation share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import ON_POSTGRES


@pytest.fixture
def direct(committed_db: None) -> Iterator[psycopg.Connection | None]:
    """The owner of the tables, to take walls down and up again; None on SQLite. Data is committed."""
    if not ON_POSTGRES:
        yield None
        return
    with psycopg.connect(os.environ["TEST_DIRECT_URL"], autocommit=True) as owner:
        yield owner
