"""Tills that sell at once over the API, each sale by the two statements of the ordinary one."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import transaction

from accounts import hints
from inventory.models import StockLevel
from sales.models import Sale
from tests.api.calls import line, post, sale_body
from tests.concurrency.crowd import WAITED_FOR, Market, make_market, together
from tests.factories import make_device, with_token

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.postgres]

URL = "/api/v1/sales"


def selling(market: Market, tills: int) -> list[str]:
    """The tokens of so many terminals, whose business this process knows."""
    tokens = []
    for _till in range(tills):
        device, token = make_device(market.shop)
        hints.note(device.token_hash, market.shop.business.pk)
        tokens.append(token)
    return tokens


def attempt(market: Market, tokens: list[str], number: int) -> Any:
    register = market.registers[number % len(market.registers)]
    body = sale_body(market.shop, line(market.shop.mug), total="5.00", register=str(register.pk))
    return until_answered(tokens[number % len(tokens)], body)


def until_answered(token: str, body: dict[str, Any]) -> Any:
    """As a till does: the same again while the answer is that the database is busy."""
    until = time.monotonic() + 300
    while True:
        answer = post(with_token(token), URL, body)
        if answer.status_code != 503:
            return answer
        assert time.monotonic() < until, "nothing but 503"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_hundred_and_sixty_attempts_at_fifty_units() -> None:
    market = make_market(tills=8, stock=50)
    tokens = selling(market, 8)
    answers = together([partial(attempt, market, tokens, number) for number in range(160)])
    failed = [one for one in answers if isinstance(one, BaseException)]
    assert failed == []
    codes = [one.json().get("code", "sold") for one in answers]
    assert (codes.count("sold"), codes.count("out_of_stock")) == (50, 110)
    assert market.stock() == 0
    assert market.count(Sale.objects.all()) == 50
    market.check_numbers()


def test_two_tills_and_one_last_unit() -> None:
    market = make_market(tills=2, stock=1)
    tokens = selling(market, 2)
    answers = together([partial(attempt, market, tokens, number) for number in range(2)])
    assert sorted(one.status_code for one in answers) == [201, 409]
    assert market.stock() == 0


def test_the_same_sale_at_once_is_one_sale() -> None:
    market = make_market(tills=1, stock=5)
    (token,) = selling(market, 1)
    for turn in range(1, 4):
        body = sale_body(
            market.shop, line(market.shop.mug), total="5.00", register=str(market.registers[0].pk)
        )
        answers = together([partial(until_answered, token, body)] * 5)
        assert sorted(one.status_code for one in answers) == [200] * 4 + [201]
        assert len({one.content for one in answers}) == 1
        assert market.stock() == 5 - turn
    with market.bound(), transaction.atomic():
        assert StockLevel.objects.get(variation=market.shop.mug).quantity == Decimal(2)
    market.check_numbers()


def test_it_waits_for_the_register_and_holds_nothing_else() -> None:
    """Who holds the register goes on to the shift; the other way round two could deadlock."""
    market = make_market(tills=1, stock=5)
    tokens = selling(market, 1)
    with psycopg.connect(os.environ["TEST_DIRECT_URL"]) as closing:
        closing.execute("SELECT 1 FROM sales_register FOR UPDATE")
        with ThreadPoolExecutor(1) as pool:
            sold = pool.submit(together, [partial(attempt, market, tokens, 0)])
            while not closing.execute(WAITED_FOR).fetchone():
                assert not sold.done(), sold.result()
                time.sleep(0.01)
            closing.execute("SELECT 1 FROM sales_shift FOR UPDATE NOWAIT")
            closing.rollback()
            assert [one.status_code for one in sold.result()] == [201]
    assert market.stock() == 4
