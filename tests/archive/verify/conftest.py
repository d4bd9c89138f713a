"""Books to look at, and the database as its owner has it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tenants.context import business
from tests.archive.verify.books import keep_books, keep_full_books
from tests.conftest import ON_POSTGRES
from tests.factories import Shop


@pytest.fixture
def books(inside: Shop) -> Shop:
    keep_books(inside)
    return inside


@pytest.fixture
def as_owner(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """On PostgreSQL the test's own connection is the owner's, who may drop keys.

    To be named before every fixture that opens the database.
    """
    if not ON_POSTGRES:
        yield
        return
    url = urlsplit(os.environ["TEST_DIRECT_URL"])
    kept = dict(connection.settings_dict)
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict.update(
            USER=url.username, PASSWORD=url.password, HOST=url.hostname, PORT=str(url.port)
        )
        yield
        connection.close()
        connection.settings_dict.update(kept)


@pytest.fixture
def full_books(as_owner: None, shop: Shop, other_shop: Shop) -> Iterator[Shop]:
    """Books with everything, bound, and those of a rival beside them; constraints can be dropped."""
    for one in (other_shop, shop):
        with business(one.business):
            keep_full_books(one)
    with business(shop.business):
        yield shop
