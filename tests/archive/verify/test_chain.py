"""The chain of hashes is read a page at a time, whatever the documents are like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from archive.verify import verify
from archive.verify.chain import _side_by_side, chain_is_whole
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import Payment, Register, Sale, SaleLine
from tenants.ids import uuid7
from tests.archive.verify.books import tamper
from tests.factories import Shop, make_shift


@pytest.fixture
def long_books(books: Shop) -> Shop:
    """The books, and a sale of eleven lines: more than two pages of four."""
    make_shift(books)
    checkout(
        actor=Membership.objects.get(user=books.manager),
        request=SaleRequest(
            uuid7(),
            books.register.pk,
            [LineRequest(books.wrapping.pk, Decimal(number)) for number in range(1, 12)],
            [PaymentRequest(Payment.Method.CASH, Decimal(1000))],
            books.wrapping.price * 66,
        ),
    )
    return books


@pytest.fixture(params=[1, 2, 4, 5])
def small_pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    size: int = request.param
    monkeypatch.setattr("archive.verify.chain.PAGE", size)
    return size


def wrong_columns() -> set[tuple[str, str]]:
    (outcome,) = verify(rules=[chain_is_whole]).outcomes
    return {(one.table, one.column) for one in outcome.findings}


def test_it_is_followed_across_pages(long_books: Shop, small_pages: int) -> None:
    assert wrong_columns() == set()
    tamper("UPDATE sales_saleline SET name = 'Other' WHERE line = 11")
    assert wrong_columns() == {("sales_sale", "content_hash")}


def test_the_last_part_of_the_last_document_counts(long_books: Shop, small_pages: int) -> None:
    last = Sale.objects.order_by("id").last()
    assert last is not None
    SaleLine.objects.filter(sale=last, line=11).delete()
    (outcome,) = verify(rules=[chain_is_whole]).outcomes
    assert [(one.id, one.column) for one in outcome.findings] == [(str(last.pk), "content_hash")]


def test_a_link_across_pages(long_books: Shop, small_pages: int) -> None:
    tamper("UPDATE sales_sale SET chain_index = 40 WHERE chain_index = 4")
    Register.objects.update(chain_length=40)
    assert wrong_columns() == {("sales_sale", "chain_index")}


def test_no_statement_reads_more_than_a_page(long_books: Shop, small_pages: int) -> None:
    """Nor do the rows that one asks for: so memory is that of pages, and of the longest document."""
    asked: list[tuple[str, int]] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        asked.append((sql, context["cursor"].rowcount))
        return result

    with connection.execute_wrapper(count):
        verify(rules=[chain_is_whole])
    tables = re.compile(r'FROM "sales_(sale|saleline|payment)"')
    pages = [(sql, rows) for sql, rows in asked if tables.search(sql) and "COUNT(" not in sql]
    # Fifteen lines and more of four documents in pages of at most five.
    assert len(pages) > 2 * (15 // small_pages)
    assert all(sql.endswith(f"LIMIT {small_pages}") for sql, _rows in pages)
    assert all(rows <= small_pages for _sql, rows in pages)


def test_a_page_costs_what_a_page_costs(long_books: Shop) -> None:
    """No statement sorts by what another table says: that read every sale for each page."""
    with CaptureQueriesContext(connection) as queries:
        verify(rules=[chain_is_whole])
    parts = [q["sql"] for q in queries if re.search(r'FROM "sales_(saleline|payment)"', q["sql"])]
    assert len(parts) == 2
    assert not any(" JOIN " in sql for sql in parts)


def test_parts_of_documents_that_are_not_in_the_page_are_passed_over() -> None:
    def parts() -> Iterator[tuple[str, int]]:
        for key in (1, 3, 3, 4, 6, 9):
            yield f"part of {key}", key

    found = list(_side_by_side([2, 3, 5, 6, 7], parts()))
    assert [len(one) for one in found] == [0, 2, 0, 1, 0]
    assert found[3] == [("part of 6", 6)]
    assert list(_side_by_side([1, 2], iter(()))) == [[], []]
