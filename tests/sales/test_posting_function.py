"""What `sales_post_v1` refuses by itself, whatever the code in front of it believes.

Each document here is one that the product itself was about to write, with one thing changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from archive.verify.running import check_books
from inventory.models import StockLevel, StockMovement
from sales import posting
from sales.models import Payment, Register, Sale, SaleLine, Shift
from sales.shifts import close_shift
from tenants import functions
from tenants.context import business, unbound
from tenants.ids import uuid7
from tests.concurrency.altered import altered
from tests.factories import Shop, make_shift
from tests.sales.selling import sell

pytestmark = pytest.mark.postgres

# What each of them sets while it plans.
BY_KEYS = ("enable_seqscan=off", "plan_cache_mode=force_generic_plan")

Document = dict[str, Any]
Change = Callable[[Document], object]


@pytest.fixture
def selling(inside: Shop) -> Shop:
    make_shift(inside)
    return inside


@pytest.fixture
def document(selling: Shop, monkeypatch: pytest.MonkeyPatch) -> Document:
    """Of two mugs and some tea at the shop's register, paid in cash: not written yet."""
    sent: list[str] = []

    def keep(function: str, text: str, *, last: bool) -> str:
        sent.append(text)
        raise RuntimeError(function)

    with monkeypatch.context() as patched:
        patched.setattr(posting, "ask", keep)
        with pytest.raises(RuntimeError, match="sales_post_v1"):
            sell(selling, (selling.mug, "2"), (selling.tea, "0.5"))
    found: Document = json.loads(sent[0])
    return found


def write(document: Document) -> dict[str, str]:
    with transaction.atomic():
        answer: dict[str, str] = json.loads(functions.call("sales_post_v1", json.dumps(document)))
        return answer


def refused(document: Document) -> tuple[str, str]:
    """The code and detail; and nothing of it is there."""
    with pytest.raises(DatabaseError) as raised:
        write(document)
    for model in (Sale, SaleLine, Payment):
        assert not model.objects.exists()
    assert not StockMovement.objects.filter(kind="sale").exists()
    register = Register.objects.get(pk=document["sale"]["register_id"])
    assert (register.chain_length, register.sale_counter) == (0, 0)
    return functions.refusal(raised.value)


def line(document: Document, **fields: Any) -> None:
    document["lines"][0] |= fields


def sale(document: Document, **fields: Any) -> None:
    document["sale"] |= fields


def payment(document: Document, **fields: Any) -> None:
    document["payments"][0] |= fields


def test_what_is_right_is_written(selling: Shop, document: Document) -> None:
    left = write(document)
    assert left == {str(selling.mug.pk): "8.0000", str(selling.tea.pk): "4.0000"}
    written = Sale.objects.get()
    assert (written.number, written.total) == ("ACM1-000001", Decimal("16.50"))
    movements = StockMovement.objects.filter(document_id=written.pk).order_by("line")
    assert [(one.quantity, one.balance, one.line) for one in movements] == [
        (Decimal(-2), Decimal(8), 1),
        (Decimal("-0.5"), Decimal(4), 2),
    ]
    assert check_books() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda one: sale(one, net="15.7500", total="18.5000"),
        lambda one: sale(one, total="16.4900", net="13.7400"),
        lambda one: sale(one, rounding="0.0100"),
        lambda one: sale(one, discount="1.0000"),
        lambda one: sale(one, subtotal="16.0000"),
        lambda one: line(one, total="9.9900", net="8.3200"),
        lambda one: line(one, net="8.3200", tax="1.6800"),
        lambda one: payment(one, amount="16.4900", tendered="16.4900"),
        lambda one: one["lines"].pop(),
        lambda one: one["lines"].clear(),
        lambda one: one["payments"].clear(),
        lambda one: one["payments"].append({**one["payments"][0], "line": 2}),
    ],
)
def test_what_does_not_sum(document: Document, change: Change) -> None:
    change(document)
    assert refused(document)[0] == "TB002"


def test_too_little_stock_is_named(selling: Shop, document: Document) -> None:
    for one in document["lines"]:
        one |= {"quantity": "11.0000"}
    code, detail = refused(document)
    assert (code, json.loads(detail)) == (
        "TB001",
        {str(selling.mug.pk): "10.0000", str(selling.tea.pk): "4.5000"},
    )
    document["guarded"] = False
    assert set(write(document).values()) == {"-1.0000", "-6.5000"}


def test_a_shift_that_is_not_open(selling: Shop, document: Document) -> None:
    shift = Shift.objects.get()
    for wrong in (uuid7(), other_shift(selling).pk):
        assert refused({**document, "sale": document["sale"] | {"shift_id": str(wrong)}})[0] == (
            "TB003"
        )
    close_shift(actor=selling.cashier, shift=shift, counted_cash=Decimal(50))
    assert refused(document)[0] == "TB003"


def other_shift(shop: Shop) -> Shift:
    register = Register.objects.create(name="Till 2", location=shop.high_street, prefix="T2")
    shift: Shift = Shift.objects.create(register=register, number=1, opened_by=shop.cashier)
    return shift


@pytest.mark.parametrize(
    "change",
    [
        lambda one: sale(one, chain_index=2),
        lambda one: sale(one, chain_index=0),
        lambda one: sale(one, previous_hash="0" * 64),
        lambda one: sale(one, counter=2),
        lambda one: sale(one, counter=0),
        lambda one: sale(one, kind="void"),
        lambda one: sale(one, kind="write_off"),
    ],
)
def test_what_does_not_follow_the_last(document: Document, change: Change) -> None:
    # Of kinds that have a series of their own the counter is looked at there.
    sale(document, counter=1)
    change(document)
    if document["sale"]["kind"] == "void":
        sale(document, counter=2)
    assert refused(document)[0] == "TB004"


def test_the_same_again_does_not_follow(document: Document) -> None:
    write(document)
    with pytest.raises(DatabaseError) as raised:
        write(document)
    assert functions.refusal(raised.value)[0] == "TB004"
    following = json.loads(json.dumps(document))
    sale(
        following,
        chain_index=2,
        counter=2,
        previous_hash=document["sale"]["content_hash"],
        number="ACM1-000002",
    )
    with pytest.raises(DatabaseError) as raised:
        write(following)
    # Its id is taken.
    assert functions.refusal(raised.value)[0] == "23505"
    assert Sale.objects.count() == 1


def test_what_is_of_another_business(selling: Shop, other_shop: Shop, document: Document) -> None:
    wrong: list[tuple[str, Change]] = [
        ("23503", lambda one: line(one, variation_id=str(other_shop.mug.pk))),
        # What moves no stock refers to its variation all the same.
        (
            "23503",
            lambda one: line(one, variation_id=str(other_shop.wrapping.pk), is_stocked=False),
        ),
        ("23503", lambda one: sale(one, customer_id=str(other_shop.customer.pk))),
        ("TB004", lambda one: sale(one, location_id=str(other_shop.high_street.pk))),
        ("TB004", lambda one: sale(one, register_id=str(other_shop.register.pk))),
    ]
    for code, change in wrong:
        changed = json.loads(json.dumps(document))
        change(changed)
        with pytest.raises(DatabaseError) as raised:
            write(changed)
        assert functions.refusal(raised.value)[0] == code
    with business(other_shop.business):
        assert StockLevel.objects.get(variation=other_shop.mug).quantity == 10
        # Theirs is bound, and the document is ours.
        with pytest.raises(DatabaseError) as raised:
            write(document)
        assert functions.refusal(raised.value)[0] == "TB004"
    assert write(document)


def test_nothing_without_a_business(document: Document) -> None:
    with unbound(), pytest.raises(DatabaseError) as raised:
        write(document)
    assert functions.refusal(raised.value)[0] == "22P02"


def test_what_the_document_says_of_its_business_counts_for_nothing(
    selling: Shop, other_shop: Shop, document: Document
) -> None:
    for part in (document["sale"], *document["lines"], *document["payments"]):
        part["business_id"] = other_shop.business.pk
    write(document)
    assert Sale.objects.get().business_id == selling.business.pk


@pytest.mark.parametrize("name", ["sales_open_v1", "sales_post_v1", "inventory_post_v1"])
def test_they_run_with_the_rights_of_the_caller(
    owner_connection: psycopg.Connection, name: str
) -> None:
    row = owner_connection.execute(
        "SELECT prosecdef, proconfig FROM pg_proc WHERE proname = %s", [name]
    ).fetchone()
    assert row == (False, ["search_path=public, pg_temp", *BY_KEYS])


SALES = "sales/sql/sales_post_v1.sql"


def test_who_comes_in_is_part_of_the_statement_that_asks(
    owner_connection: psycopg.Connection,
) -> None:
    """Its text is put there, so that it is planned once and with what the caller sets."""
    owner_connection.execute("SET app.business_id = '1'")
    plan = owner_connection.execute(
        "EXPLAIN SELECT * FROM accounts_caller_v1(1, now(), '', NULL, '{sell.create}', true)"
    ).fetchall()
    assert "accounts_device" in str(plan)
    assert "Function Scan" not in str(plan)
    row = owner_connection.execute(
        "SELECT prosecdef, provolatile FROM pg_proc WHERE proname = 'accounts_caller_v1'"
    ).fetchone()
    assert row == (False, "s")


def read_through(document: Document, owner: psycopg.Connection) -> int:
    """How often writing it reads through all sales, where there were none when that was planned."""
    owner.execute("VACUUM (ANALYZE) sales_sale")
    # VACUUM leaves the empty pages of sales that were rolled back: they are to be cheap beside an
    # index, as the one page of a new table is.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL random_page_cost = 1000")
    before = _scans()
    write(document)
    return _scans() - before


def _scans() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'sales_sale'")
        return int(cursor.fetchone()[0])


def test_no_plan_of_an_empty_table_reads_it_through(
    document: Document, owner_connection: psycopg.Connection
) -> None:
    assert read_through(document, owner_connection) == 0


def test_without_its_setting_one_would(
    document: Document, owner_connection: psycopg.Connection
) -> None:
    with altered(owner_connection, SALES, ("SET enable_seqscan = off\n", "")):
        assert read_through(document, owner_connection) > 0


def test_a_sale_reaches_its_business_through_its_register(
    owner_connection: psycopg.Connection,
) -> None:
    """What stands in the place of a key of its own: neither of the two may go."""
    found = owner_connection.execute(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND convalidated"
        " AND conrelid IN ('sales_sale'::regclass, 'sales_register'::regclass)"
    ).fetchall()
    keys = {(table, text.partition(" DEFERRABLE")[0]) for table, text in found}
    assert {
        (
            "sales_sale",
            "FOREIGN KEY (business_id, register_id) REFERENCES sales_register(business_id, id)",
        ),
        ("sales_register", "FOREIGN KEY (business_id) REFERENCES tenants_business(id)"),
    } <= keys
    empty = owner_connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'sales_sale'::regclass"
        " AND attname IN ('business_id', 'register_id') AND NOT attnotnull"
    ).fetchall()
    assert empty == []
