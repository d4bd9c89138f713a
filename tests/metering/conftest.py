"""Keys, counts that are written, and time that stands where a test wants it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from metering.counting import counter
from tests.factories import Shop, make_device, with_token
from tests.metering.using import Key, make_key


@pytest.fixture(autouse=True)
def one_window() -> Iterator[None]:
    """Every test begins at noon of a day inside a month: no minute, day or month ends in it."""
    with time_machine.travel(datetime(2026, 11, 21, 12, 0, tzinfo=UTC)):
        yield


@pytest.fixture(autouse=True)
def _counted(settings: Any) -> Iterator[None]:
    """Tills are counted; nothing is written before a test says so."""
    settings.METERING = replace(settings.METERING, seconds=300)
    counter.begin()
    counter.next_flush = float("inf")
    yield
    counter.begin()


@pytest.fixture
def program(shop: Shop) -> Key:
    """A key that sees customers and how much it uses."""
    return make_key(shop)


@pytest.fixture
def till(shop: Shop) -> Client:
    """A device in the cashier's name."""
    return with_token(make_device(shop)[1])
