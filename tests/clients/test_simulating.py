"""Terminals on a bad network, while workers, connections and the pooler die: every sale once.

The full size is `python scripts/postgres.py --pool-size 8 run -- python -m bench.terminals`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tillbook_client import Sold

from bench.terminals import Trouble, failures, served
from pos.simulating import report
from pos.simulating.faults import Chances
from pos.simulating.running import Options, Run, simulate
from pos.simulating.shop import make_market
from scripts.postgres import Cluster
from tests.concurrency.test_kills import cluster as servers  # noqa: F401 - a fixture

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def cluster(servers: Cluster) -> Cluster:  # noqa: F811
    """Servers of this test's own, with the pooler as on a server."""
    servers.query_wait_timeout = 4
    servers.stop_pooler()
    servers.start_pooler()
    return servers


def run(cluster: Cluster, folder: Path, options: Options, *, every: float) -> tuple[Run, Trouble]:
    log = folder / "gunicorn.log"
    with served(cluster.environment(), log, workers=2) as (address, web):
        trouble = Trouble(cluster, web, every=every)
        options.url = address
        market = make_market(options.terminals, seed=options.seed)
        found = simulate(options, market, trouble=trouble)
    assert failures(log) == []
    return found, trouble


def test_every_sale_is_there_once(cluster: Cluster, tmp_path: Path) -> None:
    options = Options("", terminals=6, minutes=0.5, sales=120, faults=True)
    found, trouble = run(cluster, tmp_path, options, every=2)
    told = report.figures(found)
    print(json.dumps(told, indent=1), trouble.done)
    assert found.broken == [] and found.unexplained() == {}
    verdict = found.verdict
    assert verdict is not None
    assert {name: wrong for name, wrong in verdict.faults().items() if wrong} == {}
    assert verdict.in_books + verdict.held == verdict.sold == 120 + verdict.late
    assert found.is_exact
    # It was not easy.
    assert {"worker", "connections", "pooler"} <= set(trouble.done)
    assert sum(found.proxy.done.values()) > 10 if found.proxy else False
    assert told["made offline"] > 5 and told["retries"] > 10
    printed = [one.number for t in found.terminals for one in t.sold.values() if _own(one)]
    assert len(printed) == len(set(printed)) > 0


def _own(sold: Sold) -> bool:
    return sold.is_offline and bool(sold.number)


def test_the_control_fails(cluster: Cluster, tmp_path: Path) -> None:
    """A new id for each try, where many answers are cut: more is in the books than was sold."""
    options = Options(
        "", terminals=3, minutes=0.2, sales=30, faults=True, without_ids=True,
        chances=Chances(drop=0, cut=0.5, double=0, late_copy=0, hold=0),
    )  # fmt: skip
    found, _trouble = run(cluster, tmp_path, options, every=60)
    assert found.verdict is not None
    assert found.verdict.doubled and not found.is_exact
    assert found.verdict.in_books > found.verdict.sold
