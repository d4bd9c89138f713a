"""Books to look at, and the database as its owner has it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tenants.context import business
from tests.archive.verify.books import keep_books, keep_full_books
from tests.databases import ON_POSTGRES, until_here
from tests.factories import Shop, make_shop


@pytest.fixture
def books(inside: Shop) -> Shop:
    keep_books(inside)
    return inside


@contextmanager
def rights_of_the_owner() -> Iterator[None]:
    """On PostgreSQL the test's own connection is the owner's, who may drop keys."""
    if not ON_POSTGRES:
        yield
        return
    url = urlsplit(os.environ["TEST_DIRECT_URL"])
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        USER=url.username, PASSWORD=url.password, HOST=url.hostname, PORT=str(url.port)
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)


@pytest.fixture
def as_owner(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """`rights_of_the_owner`; to be named before every fixture that opens the database."""
    with django_db_blocker.unblock(), rights_of_the_owner():
        yield


@pytest.fixture(scope="module")
def two_books(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[Shop, Shop]]:
    """Books with everything, and those of a rival beside them; constraints can be dropped.

    They take longer to make than what is tried on them: they are made once for a module, in a
    transaction of its own, and each test takes back no more than it did itself.
    """
    with django_db_blocker.unblock(), rights_of_the_owner(), until_here():
        shop, other = make_shop("acme"), make_shop("rival")
        for one in (other, shop):
            with business(one.business):
                keep_full_books(one)
        yield shop, other
