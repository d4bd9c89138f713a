"""The limit does the work that it says: what is compared with it would be nothing otherwise."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bench.limit import Limit, imported
from bench.shops import STOCK
from scripts.cluster import Cluster

pytestmark = pytest.mark.postgres


@pytest.fixture
def limit() -> Iterator[Limit]:
    """Two shops of 40 products and one of 200, in a database of its own."""
    name = f"test_limit_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(os.environ["DIRECT_URL"], autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        made = Limit(Cluster.current(), shops=2, each=40, large=200, database=name)
        made.fill()
        yield made
        owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def ask(limit: Limit, query: str) -> list[Any]:
    with psycopg.connect(limit.url) as owner:
        return list(owner.execute(query.encode()).fetchall())


def test_a_checkout_writes_a_sale_with_all_its_parts(limit: Limit) -> None:
    found = limit.run(limit.checkout(), clients=2, seconds=4)
    sales = len(found.seconds)
    assert sales > 0
    (counted,) = ask(
        limit,
        "SELECT (SELECT count(*) FROM sale), (SELECT count(*) FROM line),"
        " (SELECT count(*) FROM payment), (SELECT count(*) FROM movement),"
        " (SELECT sum(%s - quantity)::bigint FROM level)".replace("%s", str(STOCK)),
    )
    assert counted == (sales, 5 * sales, sales, 5 * sales, 5 * sales)
    assert ask(limit, "SELECT 1 FROM sale s WHERE total <> (SELECT sum(total) FROM line"
                      " WHERE sale_id = s.id)") == []  # fmt: skip


def test_all_sell_the_hot_item_and_it_is_counted_right(limit: Limit) -> None:
    sales = len(limit.run(limit.hot(3), clients=3, seconds=4).seconds)
    hot = "SELECT (quantity)::bigint FROM level WHERE id = 1000000 + 40"
    assert ask(limit, hot) == [(STOCK - sales,)]


def test_what_is_not_there_is_not_sold(limit: Limit) -> None:
    with psycopg.connect(limit.url) as owner:
        owner.execute("UPDATE level SET quantity = 0 WHERE id = 1000003")
        owner.commit()
        with pytest.raises(psycopg.errors.DivisionByZero):
            owner.execute("SELECT post(1, ARRAY[1000001, 1000002, 1000003]::bigint[])")
    assert ask(limit, "SELECT count(*) FROM sale") == [(0,)]


def test_look_up_and_every_search_find_something(limit: Limit) -> None:
    assert limit.run(limit.look_up(), clients=2, seconds=4).seconds
    for script in limit.search():
        assert ask(limit, script)


def test_an_import_can_be_measured_again(limit: Limit) -> None:
    ((before,),) = ask(limit, "SELECT count(*) FROM item")
    for times in (1, 2):
        assert limit.import_products(50) > 0
        for table in ("item", "barcode", "level"):
            assert ask(limit, f"SELECT count(*) FROM {table}") == [(before + 50 * times,)]
        assert ask(limit, "SELECT count(*) FROM movement") == [(50 * times,)]
    names = [row[1] for row in imported(50)]
    assert len(set(names)) == 50
