"""Whatever dies while selling: nothing is lost and nothing doubled, because tills repeat the id."""

from __future__ import annotations

import random
import signal
import threading
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
    commit = DatabaseWrapper._commit

    def commit_and_die(self: Any) -> None:
        commit(self)
        if threading.current_thread() is not threading.main_thread() and random.random() < 0.05:
            lost.append(1)
            raise OperationalError("server closed the connection unexpectedly")

    patch.setattr(DatabaseWrapper, "_commit", commit_and_die)
    return lost


def disturb(cluster: Cluster, until: threading.Event) -> list[str]:
    """Kill backends and the pooler in turn; what was done."""
    done: list[str] = []
    while not until.wait(random.uniform(0.2, 0.5)):
        if len(done) % 3 == 2:
            cluster.stop_pooler(signal.SIGKILL)
            cluster.start_pooler()
            done.append("pooler")
        else:
            cluster.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE usename = '{APP}' AND random() < 0.7"
            )
            done.append("backends")
    return done


def sell_under_fire(cluster: Cluster, market: Market, repeat_the_id: bool) -> list[str]:
    over = threading.Event()
    disturbed: list[list[str]] = []
    troublemaker = threading.Thread(target=lambda: disturbed.append(disturb(cluster, over)))

    def clerk(till: int) -> None:
        for _sale in range(EACH):
            request = market.request(till)
            work: Callable[[], Sale] = (
                partial(market.sell, request)
                if repeat_the_id
                else lambda: market.sell(market.request(till))
            )
            patiently(work)

    troublemaker.start()
    try:
        assert refusals(together([partial(clerk, till) for till in range(CLERKS)])) == []
    finally:
        over.set()
        troublemaker.join()
    return disturbed[0]


def test_nothing_is_lost_and_nothing_doubled(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = make_market(tills=4, stock=1000)
    with monkeypatch.context() as patch:
        lost = lose_answers(patch)
        killed = sell_under_fire(cluster, market, repeat_the_id=True)
    assert lost
    assert {"backends", "pooler"} <= set(killed)
    assert patiently(lambda: market.count(Sale.objects.all())) == CLERKS * EACH
    assert market.count(StockMovement.objects.filter(kind="sale")) == CLERKS * EACH
    assert market.stock() == 1000 - CLERKS * EACH
    market.check_numbers()

    # The control: the same, by tills that make a new id for each try.
    with monkeypatch.context() as patch:
        lost = lose_answers(patch)
        sell_under_fire(cluster, market, repeat_the_id=False)
    sold = patiently(lambda: market.count(Sale.objects.all()))
    assert sold >= 2 * CLERKS * EACH + len(lost) > 2 * CLERKS * EACH
    market.check_numbers()


def test_a_crash_of_the_database_loses_nothing(cluster: Cluster) -> None:
    market = make_market(tills=4, stock=1000)
    crashed = threading.Event()

    def clerk(till: int) -> int:
        sold = 0
        while sold < EACH or not crashed.is_set():
            patiently(partial(market.sell, market.request(till)))
            sold += 1
        return sold

    def crash() -> int:
        while market.count(Sale.objects.all()) < 20:
            pass
        connection.close()
        cluster.stop_server("immediate")
        cluster.start_server()
        crashed.set()
        return 0

    results = together([partial(patiently, crash), *[partial(clerk, n) for n in range(4)]])
    assert refusals(results) == []
    assert market.count(Sale.objects.all()) == sum(results)
    assert market.stock() == 1000 - sum(results)
    market.check_numbers()
