"""A receiver, and a shop whose data threads see."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from tenants.context import business
from tests import factories
from tests.factories import Shop
from tests.webhooks.receiver import Receiver


@contextmanager
def listening() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as server:
        yield server


@pytest.fixture
def second_receiver() -> Iterator[Receiver]:
    with listening() as server:
        yield server


@pytest.fixture
def open_market(committed_db: None) -> Shop:
    """A shop in committed rows, with an open shift."""
    # PostgreSQL knows the business from the transaction.
    with transaction.atomic():
        shop = factories.make_shop("acme")
        with business(shop.business):
            factories.make_shift(shop)
    return shop
