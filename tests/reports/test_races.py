"""Tills, folders and readers at the same moment: every document is in the sums once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from archive.verify import check_books
from reports import folding, reading
from sales.checkout import SaleRequest, checkout
from sales.models import Sale
from tests.concurrency.crowd import Market, make_market, patiently, together
from tests.reports.plain import FIRST, LAST, assert_read_alike, tables

TILLS, EACH = 4, 8
PRICE = Decimal("1.50")


@pytest.fixture
def market(committed_db: None) -> Market:
    return make_market(tills=TILLS, stock=1000)


def read(market: Market) -> tuple[int, Decimal]:
    with market.bound(), transaction.atomic():
        days = reading.days(FIRST, LAST).rows
        return sum(one.totals.sales for one in days), sum(
            (one.totals.total for one in days), Decimal(0)
        )


def test_tills_folders_and_readers(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "STEP", 3)
    over = threading.Event()
    selling = threading.Semaphore(TILLS)
    for _till in range(TILLS):
        selling.acquire()

    def sell(till: int) -> None:
        try:
            for number in range(EACH):
                lines = ((market.shop.mug, 1 + number % 2), (market.shop.wrapping, 1))
                request = market.request(till, *lines[: 1 + number % 2])
                patiently(lambda request=request: market.sell(request))  # type: ignore[misc]
        finally:
            selling.release()

    def fold() -> None:
        while not over.is_set():
            with market.bound():
                patiently(folding.fold)

    def rebuild() -> None:
        while not over.is_set():
            with market.bound():
                patiently(folding.rebuild)
            time.sleep(0.05)

    def look() -> list[tuple[int, int, int]]:
        seen: list[tuple[int, int, int]] = []
        while not seen or not over.is_set():
            before = market.count(Sale.objects.all())
            now, total = read(market)
            assert total >= 5 * now, "each sale has a mug"
            seen.append((before, now, market.count(Sale.objects.all())))
        return seen

    def stop() -> None:
        for _till in range(TILLS):
            assert selling.acquire(timeout=900)
        over.set()

    tills = [lambda till=till: sell(till) for till in range(TILLS)]
    results = together([*tills, fold, fold, fold, rebuild, look, stop])
    failed = [one for one in results if isinstance(one, Exception)]
    assert failed == []
    seen = results[-2]
    assert seen and all(before <= now <= after for before, now, after in seen)
    with market.bound():
        folding.fold()
        with transaction.atomic():
            assert Sale.objects.count() == TILLS * EACH
            assert_read_alike()
            folded = tables()
        assert folding.rebuild() == TILLS * EACH
        with transaction.atomic():
            assert tables() == folded
            assert check_books() == []


class ByTheClock:
    """The control: sums up to a moment, and from there the next time."""

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.upto: datetime | None = None

    def fold(self) -> None:
        new = Sale.objects.all()
        if self.upto is not None:
            new = new.filter(created_at__gt=self.upto)
        self.total += new.aggregate(total=Sum("total"))["total"] or 0
        last = new.order_by("-created_at").first()
        self.upto = self.upto if last is None else last.created_at


@pytest.mark.postgres
def test_what_is_committed_late_is_not_lost(market: Market) -> None:
    """Two sales; the first to begin is the last to be committed, and somebody folds in between."""
    written, go_on = threading.Event(), threading.Event()

    def unstocked(till: int) -> SaleRequest:
        # Of stocked goods the second sale would wait for the first.
        return market.request(till, (market.shop.wrapping, 1))

    def slowly() -> None:
        try:
            with market.bound(), transaction.atomic():
                checkout(actor=market.member, request=unstocked(0))
                written.set()
                assert go_on.wait(600)
        finally:
            connection.close()

    naive = ByTheClock()

    def fold() -> None:
        with market.bound():
            folding.fold()
            with transaction.atomic():
                naive.fold()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(slowly)
        assert written.wait(600)
        market.sell(unstocked(1))
        fold()
        assert read(market) == (1, PRICE)
        go_on.set()
        slow.result(600)
    assert read(market) == (2, 2 * PRICE)
    fold()
    assert read(market) == (2, 2 * PRICE)
    with market.bound(), transaction.atomic():
        assert_read_alike()
    assert naive.total == PRICE, "the control has not lost the sale that was committed late"


@pytest.mark.postgres
def test_no_till_waits_for_who_folds(market: Market) -> None:
    """The whole shop sells while a fold of everything is not committed."""
    market.sell(market.request(0))
    with market.bound():
        folding.fold()
        market.sell(market.request(0))
        with transaction.atomic():
            assert folding.fold() == 1
            with ThreadPoolExecutor(1) as pool:

                def sell_all() -> None:
                    try:
                        for till in range(TILLS):
                            market.sell(market.request(till))
                    finally:
                        connection.close()

                pool.submit(sell_all).result(600)
        assert folding.fold() == TILLS
        with transaction.atomic():
            assert_read_alike()
