"""Each rule of the books finds the row that breaks it, and only that; honest books have no finding."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.verify import check_books
from sales.models import Sale, ZReading
from sales.shifts import close_shift, open_shift
from tenants.context import business
from tests.archive.verify.books import keep_books, tamper
from tests.factories import Shop, make_shop
from tests.sales.moving_cash import read_z
from tests.sales.selling import market_register


def broken() -> set[str]:
    return {finding.rule for finding in check_books()}


FIRST = "(SELECT id FROM sales_sale WHERE counter = 1 AND kind = 'sale' ORDER BY id LIMIT 1)"
LAST = "(SELECT id FROM sales_sale WHERE counter = 2 AND kind = 'sale')"
VOID = "(SELECT id FROM sales_sale WHERE kind = 'void')"
MOVED = "id = (SELECT max(id) FROM inventory_stockmovement)"

# What was changed behind the product's back, and the rules that see it. The chain sees every change
# of a document; the other rules say what is wrong with it.
CASES = {
    "a level": (
        "UPDATE inventory_stocklevel SET quantity = quantity + 1 WHERE quantity = 8",
        {"level_is_the_sum_of_its_movements"},
    ),
    "a movement": (
        f"UPDATE inventory_stockmovement SET quantity = quantity + 1 WHERE {MOVED}",
        {
            "level_is_the_sum_of_its_movements",
            "balance_runs_with_the_movements",
            "stock_moved_as_sold",
        },
    ),
    "a balance": (
        f"UPDATE inventory_stockmovement SET balance = balance + 1 WHERE {MOVED}",
        {"balance_runs_with_the_movements"},
    ),
    "a movement that is gone, and its level with it": (
        f"DELETE FROM inventory_stockmovement WHERE {MOVED}",
        {"level_is_the_sum_of_its_movements", "stock_moved_as_sold"},
    ),
    "a movement for no line": (
        f"UPDATE inventory_stockmovement SET line = 9 WHERE {MOVED}",
        {"stock_moved_as_sold", "movement_has_its_document"},
    ),
    "the amount of a line": (
        (
            "UPDATE sales_saleline SET net = net + 1, total = total + 1"
            f" WHERE line = 1 AND sale_id = {FIRST}"
        ),
        {
            "line_adds_up",
            "sale_is_the_sum_of_its_lines",
            "tax_is_that_of_its_rate",
            "chain_is_whole",
        },
    ),
    "the quantity of a line": (
        f"UPDATE sales_saleline SET quantity = 3 WHERE line = 1 AND sale_id = {FIRST}",
        {"line_is_quantity_times_price", "stock_moved_as_sold", "chain_is_whole"},
    ),
    "the total of a sale": (
        f"UPDATE sales_sale SET net = net + 1, total = total + 1 WHERE id = {FIRST}",
        {"sale_is_the_sum_of_its_lines", "payments_pay_the_sale", "chain_is_whole"},
    ),
    "a payment": (
        (
            "UPDATE sales_payment SET amount = amount - 1, tendered = tendered - 1"
            f" WHERE method = 'card' AND sale_id = {FIRST}"
        ),
        {"payments_pay_the_sale", "chain_is_whole"},
    ),
    "a payment of a void": (
        (
            "UPDATE sales_payment SET amount = amount - 1, tendered = tendered - 1"
            f" WHERE method = 'card' AND sale_id = {VOID}"
        ),
        {"payments_pay_the_sale", "void_nets_to_zero", "chain_is_whole"},
    ),
    "a line of a void": (
        (
            "UPDATE sales_saleline SET net = net - 1, tax = tax + 1"
            f" WHERE line = 2 AND sale_id = {VOID}"
        ),
        {
            "void_nets_to_zero",
            "sale_is_the_sum_of_its_lines",
            "tax_is_that_of_its_rate",
            "chain_is_whole",
        },
    ),
    "the rounding of a sale": (
        f"UPDATE sales_sale SET rounding = 0.01 WHERE id = {LAST}",
        {"payments_pay_the_sale", "void_nets_to_zero", "chain_is_whole"},
    ),
    "the cash expected": (
        "UPDATE sales_shift SET expected_cash = expected_cash - 1",
        {"drawer_is_float_and_cash"},
    ),
    "the difference": (
        "UPDATE sales_shift SET difference = 0",
        {"drawer_is_float_and_cash"},
    ),
    "the place of a sale": (
        (
            "UPDATE sales_sale SET location_id = (SELECT id FROM tenants_location WHERE code = 'MK')"
            f" WHERE id = {FIRST}"
        ),
        {"sale_stands_where_it_was_made", "stock_moved_as_sold", "chain_is_whole"},
    ),
    "a counter": (
        "UPDATE sales_register SET sale_counter = 3",
        {"numbers_have_no_gaps"},
    ),
    "a number": (
        f"UPDATE sales_sale SET number = 'ACM1-000009' WHERE id = {FIRST}",
        {"number_is_prefix_and_counter", "chain_is_whole"},
    ),
    "a text": (
        f"UPDATE sales_sale SET reason = 'Nothing' WHERE id = {VOID}",
        {"chain_is_whole"},
    ),
    "a hash": (
        f"UPDATE sales_sale SET content_hash = 'x' WHERE id = {FIRST}",
        {"chain_is_whole"},
    ),
    "the end of the chain": (
        "UPDATE sales_register SET chain_hash = 'x'",
        {"chain_is_whole"},
    ),
}


def test_honest_books_have_no_finding(books: Shop) -> None:
    assert Sale.objects.count() == 3
    assert check_books() == []


@pytest.mark.parametrize("case", CASES)
def test_what_was_tampered_with_is_found(books: Shop, case: str) -> None:
    sql, expected = CASES[case]
    tamper(sql)
    assert broken() == expected


def test_a_finding_says_where_and_what(books: Shop) -> None:
    tamper("UPDATE sales_shift SET expected_cash = 1")
    findings = {finding.column: finding for finding in check_books()}
    expected = findings["expected_cash"]
    assert expected.table == "sales_shift"
    assert Decimal(expected.expected) == Decimal("60.50")
    assert Decimal(expected.found) == 1
    assert expected.id in str(expected)


def test_only_the_bound_business_is_checked(books: Shop) -> None:
    rival = make_shop("rival")
    with business(rival.business):
        keep_books(rival)
    tamper(f"UPDATE sales_shift SET difference = 5 WHERE business_id = {books.business.pk}")
    assert broken() == {"drawer_is_float_and_cash"}
    with business(rival.business):
        assert check_books() == []


def test_the_statements_do_not_grow_with_the_books(books: Shop) -> None:
    counts = []
    for _time in range(2):
        with CaptureQueriesContext(connection) as queries:
            check_books()
        counts.append(len(queries))
        keep_books(books)
    assert counts[0] == counts[1]


def test_registers_of_one_name_have_readings_of_their_own(inside: Shop) -> None:
    stall = market_register(inside)
    stall.name = inside.register.name
    stall.save()
    for _day in range(2):
        for register in (inside.register, stall):
            shift = open_shift(actor=inside.manager, register=register, opening_float=Decimal(0))
            close_shift(actor=inside.manager, shift=shift, counted_cash=Decimal(0))
            read_z(inside, register)
    assert ZReading.objects.count() == 4
    assert check_books() == []
