"""Two imports of one file at once, and imports that die in the middle."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from archive.models import ImportBatch
from archive.products.importing import import_products
from inventory.models import Product, StockMovement, Variation
from tenants.bulk import long_work
from tenants.context import business
from tests.archive.killing import Middle, kill_in_the_middle, patiently
from tests.archive.products.importing_them import GOOD, HEADER, bring, contents, sheet
from tests.concurrency.crowd import refusals, together
from tests.factories import Shop, make_shop

pytestmark = pytest.mark.usefixtures("committed_db")

ROWS = [*GOOD, "No code,,,,,,1,2,,4"]
MANY = [f"Thing {n},T-{n},,Kitchen,New brand,,1,2,,5" for n in range(3000)]


def make() -> Shop:
    with transaction.atomic():
        return make_shop("acme")


def test_of_two_at_once_one_writes() -> None:
    shop = make()

    def work() -> ImportBatch:
        with business(shop.business):
            return bring(shop, ROWS)

    results = together([work, work, work])
    assert set(refusals(results)) <= {"import_at_work"}
    wrote = [one for one in results if isinstance(one, ImportBatch) and not one._state.adding]
    assert len(wrote) == 1
    with business(shop.business), long_work():
        assert ImportBatch.objects.count() == 1
        assert Product.objects.filter(name__in=["Red cup", "Lamp", "No code"]).count() == 3
        assert StockMovement.objects.filter(level__variation__sku="CUP-1").count() == 1


def test_one_that_waits_too_long_is_refused() -> None:
    """The first is at work for longer than anybody waits for a lock."""
    shop = make()
    begun, over = threading.Event(), threading.Event()

    def slow(done: int, total: int) -> None:
        begun.set()
        assert over.wait(300)

    def first() -> Any:
        with business(shop.business):
            return import_products(
                sheet(ROWS), name="p.csv", mapping=None, options={"location": "HS"},
                actor=shop.owner, progress=slow,
            )  # fmt: skip

    def second() -> Any:
        assert begun.wait(120)
        try:
            with business(shop.business):
                return bring(shop, ROWS)
        finally:
            over.set()

    results = together([first, second])
    assert refusals(results) == ["import_at_work"]
    assert isinstance(results[0], ImportBatch)


def test_a_process_that_is_killed_leaves_nothing() -> None:
    shop = make()
    with business(shop.business), long_work():
        before = contents()

    def work(middle: Middle) -> None:
        def look(done: int, total: int) -> None:
            if done >= 2500:
                with long_work():
                    written = Variation.objects.filter(sku__startswith="T-").count()
                middle(written >= 1000)

        with business(shop.business):
            import_products(
                sheet(MANY, HEADER), name="p.csv", mapping=None, options={"location": "HS"},
                actor=shop.owner, progress=look,
            )  # fmt: skip

    kill_in_the_middle(work, got="the child has written two thirds of the file")
    with business(shop.business):
        with long_work():
            assert contents() == before
            assert not ImportBatch.objects.exists()
        batch = patiently(lambda: bring(shop, MANY))
        assert batch.report["counts"]["new"] == 3000
        with long_work():
            assert Variation.objects.filter(sku__startswith="T-").count() == 3000


@pytest.mark.postgres
def test_a_database_that_goes_away_leaves_nothing() -> None:
    shop = make()
    with business(shop.business), long_work():
        before = contents()

    def kill(done: int, total: int) -> None:
        if done == 2500:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (pid,) = cursor.fetchone()
            other = connection.copy()
            try:
                with other.cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            finally:
                other.close()

    with business(shop.business):
        with pytest.raises(OperationalError):
            import_products(
                sheet(MANY), name="p.csv", mapping=None, options={"location": "HS"},
                actor=shop.owner, progress=kill,
            )  # fmt: skip
        connection.close()
        with long_work():
            assert contents() == before
        assert patiently(lambda: bring(shop, MANY)).report["counts"]["new"] == 3000
