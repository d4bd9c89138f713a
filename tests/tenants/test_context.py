"""Wall 1's memory: what is bound, where, and for how long."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, transaction

from inventory.models import Product
from tenants.context import (
    NoBusiness,
    bound_id,
    business,
    current,
    platform,
    require_id,
    scope_id,
    unbound,
)
from tests.factories import Shop, make_shop


def test_nothing_is_bound_at_first() -> None:
    assert bound_id() is None
    for ask in (scope_id, require_id, current):
        with pytest.raises(NoBusiness):
            ask()


def test_bindings_nest_and_end(shop: Shop, other_shop: Shop) -> None:
    with business(shop.business):
        with business(other_shop.business.pk):
            assert current() == other_shop.business
            with platform("a test of nesting"):
                assert scope_id() is None
                with pytest.raises(NoBusiness):
                    require_id()
            with unbound(), pytest.raises(NoBusiness):
                scope_id()
            assert bound_id() == other_shop.business.pk
        assert bound_id() == shop.business.pk
    assert bound_id() is None


def test_an_exception_ends_the_binding(shop: Shop) -> None:
    with pytest.raises(ZeroDivisionError), business(shop.business):
        raise ZeroDivisionError
    assert bound_id() is None


def test_a_thread_starts_unbound(shop: Shop) -> None:
    seen: list[object] = []
    with business(shop.business):
        thread = threading.Thread(target=lambda: seen.append(bound_id()))
        thread.start()
        thread.join()
        with ThreadPoolExecutor(1) as pool, pytest.raises(NoBusiness):
            pool.submit(lambda: list(Product.objects.all())).result()
    assert seen == [None]


def test_two_hundred_interleaved_tasks_keep_their_own(shop: Shop, other_shop: Shop) -> None:
    async def task(mine: Shop) -> bool:
        with business(mine.business):
            for _turn in range(3):
                await asyncio.sleep(0)
                if bound_id() != mine.business.pk:
                    return False
            return True

    async def everything() -> list[bool]:
        return await asyncio.gather(*(task((shop, other_shop)[n % 2]) for n in range(200)))

    assert asyncio.run(everything()) == [True] * 200


def test_a_task_hands_its_business_to_its_transactions(committed_db: None) -> None:
    with transaction.atomic():
        shops = [make_shop("acme"), make_shop("rival")]

    @sync_to_async
    def read() -> set[int]:
        with transaction.atomic():
            return set(Product.objects.values_list("business_id", flat=True))

    async def task(mine: Shop) -> bool:
        with business(mine.business):
            await asyncio.sleep(0)
            return await read() == {mine.business.pk}

    async def everything() -> list[bool]:
        return await asyncio.gather(*(task(shops[n % 2]) for n in range(20)))

    assert async_to_sync(everything)() == [True] * 20
    assert bound_id() is None


@pytest.mark.postgres
def test_the_open_transaction_is_told(shop: Shop, other_shop: Shop) -> None:
    def setting() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.business_id', true)")
            return str(cursor.fetchone()[0])

    mine, theirs = str(shop.business.pk), str(other_shop.business.pk)
    with transaction.atomic(), business(shop.business):
        assert setting() == mine
        with business(other_shop.business):
            assert setting() == theirs
            with suppress(ZeroDivisionError), transaction.atomic(), business(shop.business):
                assert setting() == mine
                raise ZeroDivisionError
            assert setting() == theirs
        assert setting() == mine
        # A savepoint that was made under another business takes the setting back to that one.
        with business(other_shop.business):
            savepoint = transaction.savepoint()
        transaction.savepoint_rollback(savepoint)
        assert setting() == mine
        with unbound():
            assert setting() == ""
        assert setting() == mine
