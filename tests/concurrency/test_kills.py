"""Whatever dies while selling: nothing is lost and nothing doubled, because tills repeat the id."""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.db.utils import OperationalError

from inventory.models import StockMovement
from sales.models import Sale
from scripts.cluster import APP, DATABASE
from scripts.postgres import Cluster, running
from tenants.db.base import DatabaseWrapper
from tests import databases
from tests.concurrency.crowd import Market, make_market, patiently, refusals, together

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

CLERKS, EACH = 8, 25
# More than a fast machine sells until all has been killed.
STOCK = 20_000


@pytest.fixture
def cluster(django_db_setup: None, django_db_blocker: Any, migrated: str) -> Iterator[Cluster]:
    """Servers of this test's own, to be killed; Django talks to them while it runs."""
    config = connections.settings["default"]
    saved = dict(config)
    with running() as own, django_db_blocker.unblock():
        databases.fill(own, migrated)
        connection.close()
        config.update(
            HOST="127.0.0.1", PORT=own.pool_port, PASSWORD=own.passwords[APP], NAME=DATABASE
        )
        try:
            yield own
        finally:
            connection.close()
            config.clear()
            config.update(saved)


def lose_answers(patch: pytest.MonkeyPatch) -> list[int]:
    """Now and then the commit succeeds and its answer does not arrive."""
    lost: list[int] = []
    turns = itertools.count(1)
    commit = DatabaseWrapper._commit

    def commit_and_die(self: Any) -> None:
        commit(self)
        if threading.current_thread() is not threading.main_thread() and next(turns) % 20 == 0:
            lost.append(1)
            raise OperationalError("server closed the connection unexpectedly")

    patch.setattr(DatabaseWrapper, "_commit", commit_and_die)
    return lost


def disturb(cluster: Cluster, until: threading.Event, enough: threading.Event) -> list[str]:
    """Kill backends and the pooler in turn; what was done. It is enough when each was killed."""
    done: list[str] = []
    while not until.wait(random.uniform(0.2, 0.5)):
        if len(done) % 3 == 2:
            cluster.stop_pooler(signal.SIGKILL)
            cluster.start_pooler()
            done.append("pooler")
            enough.set()
        else:
            cluster.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE usename = '{APP}' AND random() < 0.7"
            )
            done.append("backends")
    return done


def sell_under_fire(cluster: Cluster, market: Market, repeat_the_id: bool) -> tuple[int, list[str]]:
    """How many sales they meant to make, and what was killed meanwhile."""
    over, enough = threading.Event(), threading.Event()
    disturbed: list[list[str]] = []
    troublemaker = threading.Thread(target=lambda: disturbed.append(disturb(cluster, over, enough)))

    def clerk(till: int) -> int:
        sold = 0
        while sold < EACH or not enough.is_set():
            request = market.request(till)
            work: Callable[[], Sale] = (
                partial(market.sell, request)
                if repeat_the_id
                else lambda: market.sell(market.request(till))
            )
            patiently(work)
            sold += 1
        return sold

    troublemaker.start()
    try:
        results = together([partial(clerk, till) for till in range(CLERKS)])
    finally:
        over.set()
        troublemaker.join()
    assert refusals(results) == []
    return sum(results), disturbed[0]


def test_nothing_is_lost_and_nothing_doubled(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = make_market(tills=4, stock=STOCK)
    with monkeypatch.context() as patch:
        lost = lose_answers(patch)
        meant, killed = sell_under_fire(cluster, market, repeat_the_id=True)
    assert lost
    assert {"backends", "pooler"} <= set(killed)
    assert patiently(lambda: market.count(Sale.objects.all())) == meant
    assert market.count(StockMovement.objects.filter(kind="sale")) == meant
    assert market.stock() == STOCK - meant
    market.check_numbers()

    # The control: the same, by tills that make a new id for each try.
    with monkeypatch.context() as patch:
        lost = lose_answers(patch)
        again, _killed = sell_under_fire(cluster, market, repeat_the_id=False)
    sold = patiently(lambda: market.count(Sale.objects.all()))
    assert sold >= meant + again + len(lost) > meant + again
    market.check_numbers()


def test_a_crash_of_the_database_loses_nothing(cluster: Cluster) -> None:
    market = make_market(tills=4, stock=STOCK)
    crashed = threading.Event()

    def clerk(till: int) -> int:
        sold = 0
        while sold < EACH or not crashed.is_set():
            patiently(partial(market.sell, market.request(till)))
            sold += 1
        return sold

    def crash() -> int:
        while market.count(Sale.objects.all()) < 20:
            time.sleep(0.01)
        connection.close()
        cluster.stop_server("immediate")
        cluster.start_server()
        crashed.set()
        return 0

    results = together([partial(patiently, crash), *[partial(clerk, n) for n in range(4)]])
    assert refusals(results) == []
    assert market.count(Sale.objects.all()) == sum(results)
    assert market.stock() == STOCK - sum(results)
    market.check_numbers()
