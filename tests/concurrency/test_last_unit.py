"""More cashiers than goods: what is sold is what was there."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from sales import checkout, posting
from sales.models import Sale
from tests.concurrency.altered import LEDGER, SOMEBODY_WAITS, altered
from tests.concurrency.crowd import Market, make_market, patiently, refusals, together

pytestmark = pytest.mark.usefixtures("committed_db")


def rush(market: Market, cashiers: int) -> tuple[int, list[str]]:
    """How many of them sold a mug, and the codes that the others got."""
    asked = [market.request(till) for till in range(cashiers)]
    results = together([partial(patiently, partial(market.sell, one)) for one in asked])
    refused = refusals(results)
    return len(results) - len(refused), refused


@pytest.mark.postgres
@pytest.mark.slow
def test_two_hundred_cashiers_and_one_last_unit() -> None:
    market = make_market(tills=8, stock=1)
    assert rush(market, 200) == (1, ["out_of_stock"] * 199)
    assert market.stock() == 0
    market.check_numbers()


@pytest.mark.postgres
@pytest.mark.slow
def test_four_hundred_cashiers_and_a_hundred_units() -> None:
    market = make_market(tills=8, stock=100)
    assert rush(market, 400) == (100, ["out_of_stock"] * 300)
    assert market.stock() == 0
    assert market.count(Sale.objects.all()) == 100
    market.check_numbers()


def test_two_tills_and_one_last_unit() -> None:
    market = make_market(tills=2, stock=1)
    assert rush(market, 2) == (1, ["out_of_stock"])
    assert market.stock() == 0


# What the ledger must not do: add to what there was when its statement began. The first goes on
# when the second has begun too, and waits for it.
READ_BEFORE = """(
    SELECT before.quantity FROM inventory_stocklevel AS before
     WHERE before.variation_id = excluded.variation_id AND before.location_id = at_location
       AND (before.quantity <> known.quantity OR tests_somebody_waits())
)"""


@pytest.mark.postgres
def test_the_race_is_real(owner_connection: Any) -> None:
    market = make_market(tills=2, stock=1)
    change = ("known.quantity + excl", f"{READ_BEFORE} + excl")
    with altered(owner_connection, LEDGER, change, calls=SOMEBODY_WAITS):
        assert rush(market, 2) == (2, [])


def test_without_the_guard_both_tills_sell(monkeypatch: pytest.MonkeyPatch) -> None:
    market = make_market(tills=2, stock=1)
    monkeypatch.setattr(checkout, "post", partial(posting.post, guard=False))
    assert rush(market, 2) == (2, [])
    assert market.stock() == -1
