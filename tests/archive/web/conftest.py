"""Who brings files at the pages."""

import pytest

from tests.archive.web.moving_in import Room


@pytest.fixture
def room(db: None) -> Room:
    return Room()
