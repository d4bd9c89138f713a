"""More cashiers than goods: what is sold is what was there."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from decimal import Decimal
from functools import partial

import pytest

from inventory import ledger
from inventory.models import StockLevel
from sales.models import Sale
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


def read_then_write(
    location_id: uuid.UUID, deltas: Mapping[uuid.UUID, Decimal]
) -> dict[uuid.UUID, tuple[int, Decimal]]:
    """What the ledger must not do: compute the balance here and write it back."""
    found = {}
    for key, delta in deltas.items():
        level = StockLevel.objects.get(variation=key, location=location_id)
        time.sleep(0.05)
        StockLevel.objects.filter(pk=level.pk).update(quantity=level.quantity + delta)
        found[key] = (level.pk, level.quantity + delta)
    return found


@pytest.mark.postgres
def test_the_race_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    market = make_market(tills=4, stock=1)
    monkeypatch.setattr(ledger, "add_to_levels", read_then_write)
    sold, _refused = rush(market, 4)
    assert sold > 1


def test_without_the_guard_both_tills_sell(monkeypatch: pytest.MonkeyPatch) -> None:
    market = make_market(tills=2, stock=1)
    post = ledger.post
    monkeypatch.setattr(ledger, "post", lambda **given: post(**{**given, "guard": False}))
    assert rush(market, 2) == (2, [])
    assert market.stock() == -1
