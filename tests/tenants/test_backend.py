"""The PostgreSQL backend: one message that begins and binds, and what a dead connection does."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError, InterfaceError, OperationalError
from django.test.utils import CaptureQueriesContext

from inventory.models import Product
from scripts.postgres import Cluster
from tenants.context import NoBusiness, business, unbound
from tenants.db.base import DatabaseWrapper, _setting
from tests.factories import Shop, make_shop

pytestmark = pytest.mark.postgres


@pytest.fixture
def shops(committed_db: None) -> list[Shop]:
    with transaction.atomic():
        return [make_shop("acme"), make_shop("rival")]


def setting() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.business_id', true)")
        value: str | None = cursor.fetchone()[0]
        return value


@pytest.fixture
def opened(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """The runtime role without the pooler, whose own reconnecting would hide ours.

    The list gets an entry whenever a connection is made.
    """
    pooled = connections["default"]
    own = {"PORT": str(Cluster.current().port), "HOST": "127.0.0.1"}
    wrapper = DatabaseWrapper({**connection.settings_dict, **own}, "default")
    made: list[object] = []

    def connect(params: Any) -> Any:
        made.append(DatabaseWrapper.get_new_connection(wrapper, params))
        return made[-1]

    monkeypatch.setattr(wrapper, "get_new_connection", connect)
    connections["default"] = wrapper
    yield made
    wrapper.close()
    connections["default"] = pooled


def kill(number: int) -> None:
    with psycopg.connect(os.environ["TEST_DIRECT_URL"], autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 60000)", [number])


def fail() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def change_and_die() -> None:
    with transaction.atomic():
        Product.objects.update(name="half done")
        kill(pid())
        Product.objects.count()


def pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_transaction_is_three_messages(shops: list[Shop]) -> None:
    """BEGIN with the setting, the query, COMMIT: as many as without any tenant."""
    connection.ensure_connection()
    pgconn = connection.connection.pgconn
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "trace").open("w+") as trace:
        pgconn.trace(trace.fileno())
        with business(shops[0].business), transaction.atomic():
            assert Product.objects.count() == 3
        pgconn.untrace()
        trace.seek(0)
        lines = trace.read()
    asked = re.findall(r'\tF\t\d+\tQuery\t "(.*)"', lines)
    assert [asked[0], asked[-1]] == [
        f"BEGIN; SET LOCAL app.business_id = '{shops[0].business.pk}'",
        "COMMIT",
    ]
    assert asked[1].startswith("SELECT COUNT(*)")
    assert len(re.findall(r"\tB\t\d+\tReadyForQuery", lines)) == 3


def test_the_statement_that_begins_is_counted_once(shops: list[Shop]) -> None:
    with (
        CaptureQueriesContext(connection) as queries,
        business(shops[0].business),
        transaction.atomic(),
    ):
        Product.objects.count()
    assert [query["sql"].split(" ")[0].rstrip(";") for query in queries] == [
        "BEGIN",
        "SELECT",
        "COMMIT",
    ]


def test_the_setting_ends_with_the_transaction(shops: list[Shop]) -> None:
    for turn in range(20):
        with business(shops[turn % 2].business):
            with transaction.atomic():
                assert setting() == str(shops[turn % 2].business.pk)
            # Another server connection of the pool may answer each time; all of them are clean.
            assert setting() in {"", None}


def test_it_ends_with_a_failed_transaction_too(shops: list[Shop]) -> None:
    for _turn in range(8):
        with business(shops[0].business):
            with pytest.raises(DatabaseError), transaction.atomic():
                fail()
            assert setting() in {"", None}


def test_outside_a_transaction_nothing_is_shown(shops: list[Shop]) -> None:
    """on_commit callbacks, streams and threads open one of their own, or get an error."""
    with business(shops[0].business), pytest.raises(DatabaseError):
        list(Product.objects.all())
    seen: list[str] = []

    def late() -> None:
        with pytest.raises(NoBusiness):
            list(Product.objects.all())
        with business(shops[0].business), transaction.atomic():
            seen.append(str(Product.objects.count()))

    with transaction.atomic(), business(shops[0].business):
        transaction.on_commit(late)
    assert seen == ["3"]


def test_the_setting_takes_numbers_alone(shops: list[Shop]) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        _setting("1'; DROP TABLE inventory_product; --")  # type: ignore[arg-type]


def test_a_dead_connection_is_replaced_before_anything_ran(
    shops: list[Shop], opened: list[object]
) -> None:
    with business(shops[0].business):
        kill(pid())
        with transaction.atomic():
            assert setting() == str(shops[0].business.pk)
            assert Product.objects.count() == 3
    assert len(opened) == 2


def test_a_cut_line_is_replaced_too(shops: list[Shop]) -> None:
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)
    with business(shops[0].business), transaction.atomic():
        assert Product.objects.count() == 3


def test_a_connection_that_dies_in_the_middle_is_an_error_once(
    shops: list[Shop], opened: list[object]
) -> None:
    """What had run is gone with it, so this is for the client to repeat, not for us."""
    with business(shops[0].business):
        with pytest.raises((OperationalError, InterfaceError)):
            change_and_die()
        with transaction.atomic():
            assert not Product.objects.filter(name="half done").exists()
    assert len(opened) == 2


def test_a_commit_with_one_answer_too_many_is_a_lost_connection(
    shops: list[Shop], opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is stopped says so beside the answer to COMMIT; who repeats is told to."""

    def commit() -> None:
        raise psycopg.InternalError("received 2 results from command 'COMMIT'")

    with business(shops[0].business), pytest.raises(OperationalError), transaction.atomic():
        monkeypatch.setattr(connection.connection, "commit", commit)


def test_a_server_that_stays_away_is_an_error(
    shops: list[Shop], opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper: Any = connections["default"]
    kill(pid())
    monkeypatch.setitem(wrapper.settings_dict, "PORT", "1")
    with business(shops[0].business), pytest.raises(OperationalError), transaction.atomic():
        pass
    assert len(opened) == 1


def test_rebinding_in_a_failed_transaction_waits_for_its_rollback(shops: list[Shop]) -> None:
    mine, theirs = (shop.business for shop in shops)
    with business(mine), transaction.atomic():
        with pytest.raises(DatabaseError), transaction.atomic(), business(theirs):
            fail()
        assert setting() == str(mine.pk)
        assert Product.objects.count() == 3
        with unbound():
            assert setting() == ""
