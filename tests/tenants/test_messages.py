"""One message for a function of ours, with what begins its transaction and what ends it."""

# ruff: noqa: F811
from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError
from django.db.utils import DatabaseError, OperationalError
from psycopg.pq import TransactionStatus

from inventory.models import Product
from tenants.context import business
from tenants.models import Location
from tests.factories import Shop
from tests.tenants.test_backend import kill, opened, setting, shops  # noqa: F401 - fixtures

pytestmark = pytest.mark.postgres


@pytest.fixture
def wrapper(shops: list[Shop], opened: list[object]) -> Iterator[Any]:
    wrapper: Any = connections["default"]
    with business(shops[0].business):
        yield wrapper


def test_a_function_opens_the_transaction_under_its_business(
    wrapper: Any, shops: list[Shop]
) -> None:
    with wrapper.opened_by("length", "four", alone=False) as answer:
        assert answer == "4"
        assert wrapper.in_atomic_block
        assert setting() == str(shops[0].business.pk)
        assert Product.objects.count() > 0
    assert not wrapper.in_atomic_block
    assert setting() in (None, "")


def test_alone_it_is_the_whole_transaction(wrapper: Any) -> None:
    with wrapper.opened_by("length", "four", alone=True) as answer:
        assert answer == "4"
        assert wrapper.connection.info.transaction_status == TransactionStatus.IDLE
        with pytest.raises(TransactionManagementError):
            setting()
    assert setting() in (None, "")


def test_the_last_one_takes_commit_along(wrapper: Any) -> None:
    with transaction.atomic():
        Location.objects.create(code="NEW", name="New")
        assert wrapper.ask("length", "four") == "4"
        assert stored("NEW") == 0
        assert wrapper.ask("length", "three", last=True) == "5"
        assert stored("NEW") == 1
        with pytest.raises(TransactionManagementError):
            Location.objects.create(code="LATE", name="Late")
    assert stored("LATE") == 0
    with transaction.atomic():
        assert wrapper.ask("length", "again") == "5"


def test_inside_of_another_block_nothing_is_committed(wrapper: Any) -> None:
    with transaction.atomic():
        with wrapper.opened_by("length", "four", alone=True):
            Location.objects.create(code="IN", name="In")
            wrapper.ask("length", "four", last=True)
        assert stored("IN") == 0
        transaction.set_rollback(True)
    assert stored("IN") == 0


def test_what_fails_commits_nothing_and_leaves_a_usable_connection(
    wrapper: Any, opened: list[object]
) -> None:
    with pytest.raises(DatabaseError):
        create_and_ask(wrapper, "no_such_function")
    with pytest.raises(DatabaseError), wrapper.opened_by("no_such_function", "", alone=False):
        pytest.fail("there is no such function")
    assert not wrapper.in_atomic_block
    assert wrapper.connection.info.transaction_status == TransactionStatus.IDLE
    assert (stored("BAD"), len(opened)) == (0, 1)


def test_the_opening_function_is_sent_again_where_the_connection_was_dead(
    wrapper: Any, opened: list[object]
) -> None:
    assert setting() in (None, "")
    kill(wrapper.connection.info.backend_pid)
    with wrapper.opened_by("length", "four", alone=False) as answer:
        assert answer == "4"
    assert len(opened) == 2


def test_a_connection_that_dies_with_the_last_function_is_an_operational_error(
    wrapper: Any,
) -> None:
    with pytest.raises(OperationalError):
        create_and_ask(wrapper, "length", before=kill)
    assert stored("BAD") == 0
    assert setting() in (None, "")


def create_and_ask(wrapper: Any, function: str, before: Any = id) -> None:
    with transaction.atomic():
        Location.objects.create(code="BAD", name="Bad")
        before(wrapper.connection.info.backend_pid)
        wrapper.ask(function, "four", last=True)


def stored(code: str) -> int:
    """How many locations of this code are committed."""
    with psycopg.connect(os.environ["TEST_DIRECT_URL"]) as owner:
        found = owner.execute("SELECT count(*) FROM tenants_location WHERE code = %s", (code,))
        return int(found.fetchall()[0][0])
