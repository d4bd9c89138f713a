"""Everything here is committed: what a transaction has not committed is told to no copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tenants.context import business
from tests import factories
from tests.factories import Shop
from tests.sync.copying import Copy, through


@contextmanager
def at_work(shop: Shop) -> Iterator[None]:
    """One transaction of the shop's."""
    with business(shop.business), transaction.atomic():
        yield


def made(slug: str) -> Shop:
    with transaction.atomic():
        return factories.make_shop(slug)


@pytest.fixture
def shop(committed_db: None) -> Shop:
    return made("acme")


@pytest.fixture
def other_shop(committed_db: None) -> Shop:
    return made("rival")


@pytest.fixture
def terminal(shop: Shop) -> Client:
    return factories.with_token(factories.make_device(shop)[1])


@pytest.fixture
def till(terminal: Client) -> Copy:
    return Copy(through(terminal))


@pytest.fixture
def restored(request: pytest.FixtureRequest) -> Callable[[Any], None]:
    """Gives a variation a number that no transaction of this server will have for years."""

    def brought(key: Any) -> None:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                # Not a column that the trigger looks at.
                cursor.execute(
                    "UPDATE inventory_variation SET changed = 9000000000 WHERE id = %s", [key.hex]
                )
            return
        owner = request.getfixturevalue("owner_connection")
        with owner.transaction():
            owner.execute("ALTER TABLE inventory_variation DISABLE TRIGGER sync_stamp")
            owner.execute(
                "UPDATE inventory_variation SET changed = 9000000000 WHERE id = %s", [key]
            )
            owner.execute("ALTER TABLE inventory_variation ENABLE TRIGGER sync_stamp")

    return brought
