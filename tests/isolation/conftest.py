"""What the tests of isolation share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import ON_POSTGRES


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    """Where the pictures lie that a sweep of all routes puts."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def direct(committed_db: None) -> Iterator[psycopg.Connection | None]:
    """The owner of the tables, to take walls down and up again; None on SQLite. Data is committed."""
    if not ON_POSTGRES:
        yield None
        return
    with psycopg.connect(os.environ["TEST_DIRECT_URL"], autocommit=True) as owner:
        yield owner
