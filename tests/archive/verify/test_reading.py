"""Looking at the books changes nothing, sees one moment, and costs the same for large books."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from archive.verify import Look, Rule, verify
from archive.verify.database import read_only
from archive.verify.rules import rule
from inventory.models import Brand
from sales.models import Sale, SaleLine
from tenants.bulk import LONGEST
from tenants.checks import has_business
from tenants.context import business
from tests.archive.verify.books import keep_books, keep_full_books
from tests.archive.verify.copies import copy_register
from tests.archive.verify.many import LINES, make_many
from tests.factories import Shop, make_shift, make_shop
from tests.sales.selling import sell


@rule("test", "Writes.")
def writes(look: Look) -> None:
    Brand.objects.create(name="Sneaky")


def settings_of(rules: list[tuple[Any, ...]]) -> Rule:
    """A rule that remembers how it was asked."""

    @rule("test", "Remembers.")
    def remembers(look: Look) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA query_only")
                rules.append((cursor.fetchone()[0], connection.in_atomic_block))
                return
            names = ("transaction_read_only", "transaction_isolation", "statement_timeout")
            cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
            rules.append(cursor.fetchone())

    return remembers


def all_rows() -> dict[str, list[Any]]:
    return {
        model.__name__: sorted(map(repr, model._default_manager.values_list()))
        for model in apps.get_models()
        if has_business(model)
    }


@pytest.fixture
def committed_shop(committed_db: None) -> Iterator[Shop]:
    """Books that are committed; no transaction is open, as in a command."""
    with transaction.atomic():
        shop = make_shop("acme")
        with business(shop.business):
            keep_full_books(shop)
    with business(shop.business):
        yield shop


def test_nothing_is_changed(inside: Shop) -> None:
    keep_full_books(inside)
    before = all_rows()
    assert sum(map(len, before.values())) > 90
    verify()
    assert all_rows() == before


def test_a_rule_that_writes_is_refused_by_the_database(inside: Shop) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        verify(rules=[writes])
    assert not Brand.objects.exists()
    # And only in there: whoever asked may go on writing.
    Brand.objects.create(name="Honest")


def test_outside_a_transaction_too(committed_shop: Shop) -> None:
    with pytest.raises(DatabaseError):
        verify(rules=[writes])


def test_a_transaction_may_go_on_writing_afterwards(inside: Shop) -> None:
    with read_only():
        assert not Brand.objects.exists()
    Brand.objects.create(name="Honest")


@pytest.mark.postgres
def test_everything_is_seen_at_one_moment_and_may_take_long(committed_shop: Shop) -> None:
    seen: list[tuple[Any, ...]] = []
    verify(rules=[settings_of(seen)])
    assert seen == [("on", "repeatable read", LONGEST)]


@pytest.mark.sqlite
def test_no_transaction_keeps_the_tills_from_selling(committed_shop: Shop) -> None:
    seen: list[tuple[Any, ...]] = []
    verify(rules=[settings_of(seen)])
    assert seen == [(1, False)]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only")
        assert cursor.fetchone()[0] == 0


def test_a_till_that_sells_meanwhile_makes_no_fault(committed_shop: Shop) -> None:
    sold: list[Any] = []

    def sells() -> None:
        try:
            with business(committed_shop.business):
                sold.append(sell(committed_shop, user=committed_shop.manager).pk)
        finally:
            connection.close()

    def progress(done: int, total: int) -> None:
        if len(sold) < 5:
            thread = threading.Thread(target=sells)
            thread.start()
            thread.join()

    assert verify(progress).found == []
    assert len(sold) == 5
    assert verify().found == []


def test_the_statements_do_not_grow_with_the_books(inside: Shop) -> None:
    counts = []
    for _time in range(2):
        keep_books(inside)
        with CaptureQueriesContext(connection) as queries:
            assert verify().is_clean
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_is_kept_of_findings_does_not_grow(inside: Shop) -> None:
    make_shift(inside)
    for _number in range(6):
        sell(inside)
    Sale.objects.update(currency="USD")
    report = verify(limit=2)
    (outcome,) = (one for one in report.outcomes if one.rule == "sale_is_in_the_currency")
    assert (len(outcome.findings), outcome.count, outcome.more) == (2, 6, 4)
    assert [one.id for one in outcome.findings] == sorted(one.id for one in outcome.findings)


def test_progress_goes_on_to_the_end(inside: Shop) -> None:
    told: list[tuple[int, int]] = []
    verify(lambda done, total: told.append((done, total)))
    assert [done for done, _total in told] == sorted(done for done, _total in told)
    assert len({total for _done, total in told}) == 1
    assert told[-1][0] == told[-1][1]


@pytest.mark.postgres
def test_so_are_their_copies(committed_db: None) -> None:
    shop = make_many(5100, products=20)
    with business(shop.business):
        copies = [copy_register(shop.register, number) for number in (1, 2)]
        assert [one.chain_length for one in copies] == [shop.register.chain_length] * 2
        assert verify().found == []
        with transaction.atomic():
            assert SaleLine.objects.count() == 4 * LINES * shop.register.chain_length


def test_the_measured_books_are_honest(committed_db: None) -> None:
    """What the figures of large books were taken from is what the rules call right."""
    shop = make_many(5100, products=20)
    with business(shop.business):
        report = verify()
        assert report.found == []
