"""Taking sales back twice at once, while a till sells, and killed in the middle."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connections, transaction

from accounts.models import Membership
from archive.history.undo import undo_sales
from archive.models import ImportBatch
from archive.verify import check_books
from inventory.models import Variation
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import Payment, Register, Sale
from tenants.bulk import long_work
from tenants.context import business
from tenants.errors import Refused
from tenants.ids import uuid7
from tenants.models import Location
from tests.archive.history.test_at_once import DOCUMENTS, assert_there_once, bring
from tests.archive.killing import Middle, kill_in_the_middle, patiently
from tests.archive.products.importing_them import contents
from tests.concurrency.crowd import refusals, together
from tests.factories import Shop, make_shift, make_shop

pytestmark = pytest.mark.usefixtures("committed_db")


def make() -> tuple[Shop, ImportBatch, dict[str, str]]:
    """A shop with an open shift, sales that were imported, and its tables before that."""
    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business):
        with long_work():
            make_shift(shop)
            Location.objects.update(below_zero=Location.BelowZero.ALLOW)
            before = contents()
        return shop, bring(), before


def undo(shop: Shop, batch: ImportBatch, **more: Any) -> None:
    with business(shop.business):
        undo_sales(batch, actor=shop.owner, **more)


def assert_taken_back(shop: Shop, before: dict[str, str]) -> None:
    with business(shop.business), long_work():
        assert contents() == before
        assert check_books() == []


def test_of_two_at_once_one_takes_back() -> None:
    shop, batch, before = make()
    results = together([lambda: undo(shop, batch), lambda: undo(shop, batch)])
    assert refusals(results) in (["not_applied"], ["import_at_work"])
    assert results.count(None) == 1
    assert_taken_back(shop, before)


def test_an_import_waits_for_it_or_is_refused() -> None:
    shop, batch, _before = make()

    def again() -> ImportBatch:
        with business(shop.business):
            return bring()

    results = together([lambda: undo(shop, batch), again])
    # Whichever came first, nothing is there twice and nothing is half there.
    with business(shop.business), long_work():
        assert Sale.objects.count() in (0, DOCUMENTS)
        assert Register.objects.filter(is_history=True).count() == bool(Sale.objects.count())
        assert check_books() == []
    assert results[0] is None or isinstance(results[0], Refused)


def sell(shop: Shop) -> Sale:
    """One of the products that the import made."""
    with business(shop.business), transaction.atomic():
        member = Membership.objects.select_related("role", "user").get(user=shop.cashier)
        thing = Variation.objects.get(sku="NEW-1")
        request = SaleRequest(
            id=uuid7(),
            register_id=shop.register.pk,
            lines=[LineRequest(thing.pk, Decimal(1)), LineRequest(shop.mug.pk, Decimal(1))],
            payments=[PaymentRequest(Payment.Method.CASH, thing.price + 5)],
            total=thing.price + 5,
        )
        return checkout(actor=member, request=request)


def test_a_till_that_sells_at_the_same_moment() -> None:
    """The sale stands and the import with it, or the import is gone and the sale with it."""
    outcomes = set()
    for _round in range(3):
        shop, batch, before = make()
        undone, sold = together([lambda: undo(shop, batch), lambda: sell(shop)])  # noqa: B023
        outcomes.add((undone is None, isinstance(sold, Sale)))
        if undone is None:
            assert isinstance(sold, Exception)
            assert_taken_back(shop, before)
        else:
            assert isinstance(undone, Refused), undone
            assert isinstance(sold, Sale), sold
            with business(shop.business), long_work():
                assert Sale.objects.count() == DOCUMENTS + 1
                assert check_books() == []
        connections.close_all()
        empty()
    assert outcomes <= {(True, False), (False, True)}


def empty() -> None:
    from tests.conftest import empty_database

    empty_database()


def test_a_process_that_is_killed_has_taken_nothing_back() -> None:
    shop, batch, before = make()

    def work(middle: Middle) -> None:
        def look(done: int, total: int) -> None:
            with long_work():
                left = Sale.objects.count()
            middle(left == DOCUMENTS - done)

        undo(shop, batch, progress=look)

    kill_in_the_middle(work, got="the child has removed sales")
    with business(shop.business), long_work():
        assert_there_once()
        assert ImportBatch.objects.get().state == ImportBatch.State.APPLIED
    patiently(lambda: undo(shop, batch))
    assert_taken_back(shop, before)
