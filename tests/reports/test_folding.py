"""Sums that are folded, and what was sold since, are at every moment the plain sum of all sales."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from archive.verify import check_books
from reports import due, folding, reading
from reports.models import DaySum, Mark, ProductDaySum, ProductMonthSum, ProductYearSum
from reports.spans import Span, month_end, spans
from sales.models import Register, Sale
from tenants.context import business
from tests.factories import Shop, make_shift, signed_in
from tests.reports.plain import assert_read_alike, fold_some, plain_days, tables
from tests.reports.selling_for_long import open_for_months
from tests.sales.selling import counted, percent, sell, void

NOW = datetime(2026, 10, 25, 11, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def busy(inside: Shop) -> Shop:
    """Sales of three months at two locations, with costs, and one that was voided."""
    stall = open_for_months(inside, now=NOW, cost="1.2345")
    for days in (0, 0, 1, 29, 30, 45, 80):
        at = NOW - timedelta(days=days)
        sell(inside, (inside.mug, "3", percent(days % 7)), (inside.tea, "0.333"), at=at)
        sell(inside, (inside.tea, "0.1"), user=inside.manager, register=stall, at=at)
    void(inside, sell(inside, (inside.wrapping, "2"), at=NOW), at=NOW)
    return inside


RANGES = [
    (TODAY, TODAY),
    (TODAY - timedelta(days=29), TODAY),
    (date(2026, 8, 3), date(2026, 10, 2)),
    (date(2026, 8, 28), date(2026, 10, 29)),
    (date(2026, 9, 1), date(2026, 9, 30)),
    (date(2026, 9, 2), date(2026, 9, 29)),
    (date(2026, 9, 10), date(2026, 9, 20)),
    (date.min, date.max),
]


def test_in_every_step_it_reads_as_if_nothing_were_folded(busy: Shop) -> None:
    assert_read_alike()
    folding._open_marks()
    steps = 0
    while fold_some(2):
        steps += 1
        assert_read_alike()
    assert steps == 8
    assert check_books() == []
    for first, last in RANGES:
        assert_read_alike(first, last)
        for place in (busy.high_street, busy.market):
            assert_read_alike(first, last, {place.pk})
        assert_read_alike(first, last, {busy.high_street.pk, busy.market.pk})
        assert_read_alike(first, last, frozenset())


def test_what_is_sold_later_with_an_earlier_date_is_not_missed(busy: Shop) -> None:
    folding.fold()
    before = plain_days(date.min, date.max)
    old = sell(busy, (busy.mug, "2"), at=NOW - timedelta(days=80))
    assert old.business_date < TODAY - timedelta(days=79)
    assert plain_days(date.min, date.max) != before
    assert_read_alike()
    assert folding.fold() == 1
    assert_read_alike()
    assert check_books() == []


def test_folding_twice_adds_once(busy: Shop) -> None:
    assert folding.fold() == 16
    before = tables()
    assert folding.fold() == 0
    assert tables() == before


def test_a_rebuild_comes_to_the_same(busy: Shop) -> None:
    folding.fold()
    before = tables()
    DaySum.objects.update(total=1)
    ProductDaySum.objects.filter(location=busy.market).delete()
    ProductMonthSum.objects.update(revenue=2)
    assert len(check_books()) > 2
    assert folding.rebuild() == 16
    assert tables() == before
    assert check_books() == []


def test_a_row_that_is_gone_is_found(busy: Shop) -> None:
    folding.fold()
    DaySum.objects.filter(location=busy.market, business_date=TODAY).delete()
    (finding,) = check_books()
    assert finding.rule == "day_summaries_are_the_sum_of_their_documents"
    assert (finding.column, finding.expected, finding.found) == ("documents", "2", "0")
    assert finding.repair == f"manage.py fold_reports --business {busy.business.slug} --rebuild"


def test_what_is_taken_back_leaves_the_sums_as_they_were(busy: Shop) -> None:
    folding.fold()
    before = tables()
    length = Register.objects.get(pk=busy.register.pk).chain_length
    sell(busy, (busy.mug, "2"), at=NOW - timedelta(days=200))
    sell(busy, (busy.mug, "1"), (busy.wrapping, "1"), at=NOW)
    folding.fold()
    assert tables() != before
    with transaction.atomic():
        folding.unfold(busy.register, upto=length)
    assert tables() == before
    assert_read_alike()


def test_a_register_that_is_taken_back_leaves_nothing(busy: Shop) -> None:
    stall = Register.objects.get(location=busy.market)
    folding.fold()
    with transaction.atomic():
        folding.unfold(stall, upto=0)
    for model in (DaySum, ProductDaySum, ProductMonthSum, ProductYearSum):
        assert not model.objects.filter(location=busy.market).exists()
    assert not Mark.objects.filter(register=stall).exists()
    assert_read_alike()


def test_where_very_much_is_not_folded_all_is_read(
    busy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folding._open_marks()
    fold_some(7)
    monkeypatch.setattr(reading, "FAR", 8)
    for first, last in RANGES:
        assert_read_alike(first, last)
        assert_read_alike(first, last, {busy.market.pk})
    assert reading.days(TODAY, TODAY).pending == 9


def test_many_products_are_added_up_to_the_same(
    busy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folding._open_marks()
    fold_some(7)
    monkeypatch.setattr(reading, "MANY", 1)
    for first, last in RANGES:
        assert_read_alike(first, last)


def test_one_statement_each(busy: Shop) -> None:
    fold_some(7)
    with counted() as statements:
        reading.days(TODAY, TODAY)
        reading.whole_days(TODAY, TODAY, None)
        reading.best(None, TODAY, by=("revenue", "quantity", "profit"), limit=5)
    assert len(statements) == 3


def test_orders_and_pages(busy: Shop) -> None:
    folding.fold()
    best = reading.best(None, TODAY, by=tuple(reading.ORDERS), limit=10).by
    assert [one.name for one in best["revenue"]] == ["Blue mug", "Green tea"]
    assert [one.name for one in best["quantity"]] == ["Blue mug", "Green tea"]
    mug = best["profit"][0]
    assert (mug.quantity, mug.cost) == (Decimal(21), Decimal("25.9245"))
    assert mug.net and mug.cost and mug.profit == mug.net - mug.cost
    (second,) = reading.best(None, TODAY, by=("revenue",), limit=1, offset=1).by["revenue"]
    assert second.name == "Green tea"


def test_without_profit_the_same_products_in_the_same_order(busy: Shop) -> None:
    folding.fold()
    orders = ("revenue", "quantity")
    whole = reading.best(None, TODAY, by=orders, limit=10).by
    fewer = reading.best(None, TODAY, by=orders, limit=10, profit=False).by
    bare = {by: [replace(one, net=None, cost=None) for one in rows] for by, rows in whole.items()}
    assert fewer == bare
    assert whole != bare


def test_another_business_is_left_alone(busy: Shop, other_shop: Shop) -> None:
    with business(other_shop.business):
        make_shift(other_shop)
        sell(other_shop)
    folding.fold()
    with business(other_shop.business):
        assert Mark.objects.count() == 0
        assert_read_alike()
    assert folding.fold_everywhere() == 1
    with business(other_shop.business):
        assert DaySum.objects.get().sales == 1


@pytest.mark.postgres
def test_a_sum_without_room_holds_up_nobody_else(busy: Shop, other_shop: Shop) -> None:
    folding.fold()
    ProductYearSum.objects.update(revenue=2**63 - 1)
    sell(busy, (busy.mug, "1"), at=NOW)
    with business(other_shop.business):
        make_shift(other_shop)
        sell(other_shop)
    assert folding.fold_everywhere() == 1
    assert Mark.objects.filter(upto__lt=F("register__chain_length")).count() == 1
    with business(other_shop.business):
        assert DaySum.objects.get().sales == 1


def test_the_command(busy: Shop, other_shop: Shop) -> None:
    def run(*arguments: str) -> str:
        out = StringIO()
        call_command("fold_reports", *arguments, stdout=out)
        return out.getvalue()

    name = busy.business.name
    assert run("--business", busy.business.slug) == f"{name}: 16 documents.\n"
    assert run() == ""
    assert f"{name}: 16 documents.\n" in run("--rebuild")


def test_a_page_with_much_to_add_up_has_it_folded_after_its_answer(
    committed_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.concurrency.crowd import make_market

    market = make_market(tills=2, stock=9)
    for till in range(3):
        market.sell(market.request(till))
    client = signed_in(market.shop.owner)
    marks = Mark.objects.all()
    assert client.get(market.shop.url()).context["today"].now.sales == 3
    assert market.count(marks) == 0
    monkeypatch.setattr(due, "NEAR", 2)
    assert client.get(market.shop.url()).context["today"].now.sales == 3
    assert market.count(marks.filter(upto__gt=0)) == 2
    assert client.get(market.shop.url()).context["today"].now.sales == 3


def _last_day(begins: date, unit: str) -> date:
    return {"day": begins, "month": month_end(begins), "year": date(begins.year, 12, 31)}[unit]


@given(
    first=st.dates(date(2018, 11, 1), date(2022, 3, 1)),
    last=st.dates(date(2018, 11, 1), date(2022, 3, 1)),
)
def test_years_months_and_days_make_the_range(first: date, last: date) -> None:
    found: dict[date, int] = {}
    read = {"day": 0, "month": 0, "year": 0}
    for span in spans(first, last):
        begins = span.first
        while begins <= span.last:
            read[span.unit] += 1
            end = _last_day(begins, span.unit)
            assert _last_day(begins - timedelta(days=1), span.unit) == begins - timedelta(days=1)
            while begins <= end:
                found[begins] = found.get(begins, 0) + (-1 if span.sign else 1)
                begins += timedelta(days=1)
    days = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    assert {day for day, times in found.items() if times} == days
    assert set(found.values()) <= {0, 1}
    assert read["day"] <= 31
    assert read["month"] <= 12


def test_the_first_and_the_last_day_of_all() -> None:
    assert spans(date.min, date.max) == [Span("year", date.min, date(9999, 1, 1))]
    assert spans(date.max, date.min) == []


_OLD_PRODUCTS = """
INSERT INTO reports_product{unit} (business_id, location_id, variation_id, {begins}, lines, quantity,
                                   revenue, net, cost)
SELECT business_id, location_id, variation_id, begins, lines, quantity / 10000.0, revenue / 10000.0,
       net / 10000.0, cost
FROM reports_product{unit}sum"""
#: From the tables of today to those of the release before.
BACK = (
    """
INSERT INTO reports_daysummary (business_id, location_id, business_date, documents, sales, voids,
                                refunds, exchanges, total)
SELECT business_id, location_id, business_date, documents, sales, voids, refunds, exchanges,
       total / 10000.0
FROM reports_daysum""",
    _OLD_PRODUCTS.format(unit="day", begins="business_date"),
    _OLD_PRODUCTS.format(unit="month", begins="month"),
    """
INSERT INTO reports_registermark (business_id, register_id, upto)
SELECT business_id, register_id, upto FROM reports_mark""",
    "DELETE FROM reports_daysum",
    "DELETE FROM reports_productdaysum",
    "DELETE FROM reports_productmonthsum",
    "DELETE FROM reports_productyearsum",
    "DELETE FROM reports_mark",
)


def test_what_the_release_before_had_folded_is_brought_over(busy: Shop) -> None:
    folding.fold()
    before = tables()
    with connection.cursor() as cursor:
        for statement in BACK:
            cursor.execute(statement)
    editor = SimpleNamespace(connection=connection, execute=run_sql)
    import_module("reports.migrations.0003_sums_brought_over").bring_over(None, editor)
    assert tables() == before
    assert check_books() == []
    sell(busy, (busy.mug, "2"), at=NOW)
    assert folding.fold() == 1
    assert check_books() == []


def run_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_sums_hold_all_kinds_of_documents(inside: Shop) -> None:
    from tests.archive.verify.books import keep_full_books

    keep_full_books(inside)
    assert set(Sale.objects.values_list("kind", flat=True)) >= {
        "sale",
        "void",
        "refund",
        "exchange",
    }
    assert_read_alike()
    assert check_books() == []
