"""Two imports of one sales file at once, and one that is killed in the middle."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from archive.history.importing import SalesRefused, import_sales
from archive.models import ImportBatch
from archive.verify import check_books
from sales.forms import free_prefix
from sales.models import Register, Sale, SaleLine
from tenants.bulk import long_work
from tenants.context import business
from tests.archive.killing import Middle, kill_in_the_middle, patiently
from tests.concurrency.crowd import together
from tests.factories import Shop, make_shop

pytestmark = pytest.mark.usefixtures("committed_db")

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
DOCUMENTS = 1500
ROWS = "".join(
    f"{500000 + n},MUG-1,MUG,1,2011-01-0{n % 9 + 1} 09:00:00,2.55,{n % 7 + 1}.0,France\n"
    f"{500000 + n},NEW-{n % 40},THING,2,2011-01-0{n % 9 + 1} 09:00:00,1.25,,France\n"
    for n in range(DOCUMENTS)
)


def make() -> Shop:
    with transaction.atomic():
        return make_shop("acme")


def bring(**more: Any) -> ImportBatch:
    return import_sales(
        io.BytesIO((HEADER + ROWS).encode()),
        name="sales.csv",
        mapping={"preset": "online-retail"},
        options={"location": "HS", "create_missing": True},
        **more,
    )


def assert_there_once() -> None:
    with long_work():
        assert Sale.objects.count() == DOCUMENTS
        assert SaleLine.objects.count() == 2 * DOCUMENTS
        assert Register.objects.filter(is_history=True).count() == 1
        assert check_books() == []


def test_of_two_at_once_one_writes() -> None:
    shop = make()

    def work() -> ImportBatch | SalesRefused:
        with business(shop.business):
            try:
                return bring()
            except SalesRefused as refused:
                return refused

    results = together([work, work])
    wrote = [one for one in results if isinstance(one, ImportBatch) and not one._state.adding]
    assert len(wrote) == 1
    # The other one has waited and found everything there, or gave up with a sentence.
    (other,) = [one for one in results if one is not wrote[0]]
    assert isinstance(other, ImportBatch | SalesRefused), other
    with business(shop.business):
        assert_there_once()


@pytest.mark.postgres
def test_what_stays_as_it_is_while_an_import_is_at_work(
    owner_connection: psycopg.Connection[Any],
) -> None:
    """No register takes a prefix that the file may use, and no autovacuum looks at half of it."""
    shop = make()
    told: list[str] = []

    def take_a_prefix() -> None:
        try:
            with business(shop.business), transaction.atomic():
                free_prefix("NEW1")
        except ValidationError as refused:
            told.extend(refused.messages)
        finally:
            connection.close()

    def look(done: int, total: int) -> None:
        if done < 900 or told:
            return
        with ThreadPoolExecutor(1) as pool:
            pool.submit(take_a_prefix).result()
        with pytest.raises(psycopg.errors.LockNotAvailable), owner_connection.transaction():
            owner_connection.execute("LOCK TABLE sales_sale IN SHARE UPDATE EXCLUSIVE MODE NOWAIT")

    with business(shop.business):
        bring(progress=look)
        assert told == [
            "An import is at work, which may bring such numbers. Try again when it is done."
        ]
        with transaction.atomic():
            assert free_prefix("NEW1") == "NEW1"


def test_a_process_that_is_killed_leaves_nothing() -> None:
    shop = make()

    def work(middle: Middle) -> None:
        def look(done: int, total: int) -> None:
            with long_work():
                has_written = Sale.objects.exists()
            if has_written:
                middle(True)

        with business(shop.business):
            bring(progress=look)

    kill_in_the_middle(work, got="the child has written sales")
    with business(shop.business):
        with long_work():
            assert not Sale.objects.exists()
            assert not Register.objects.filter(is_history=True).exists()
            assert not ImportBatch.objects.exists()
        patiently(bring)
        assert_there_once()
