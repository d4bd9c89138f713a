"""Credit at the till: spent, bought, given back, and what a sale with it leaves alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.permissions import Permission
from inventory.models import StockLevel, StockMovement
from sales.checkout import checkout
from sales.credit import CreditSpent, NotEnoughCredit
from sales.errors import CannotPrice, OtherRequest
from sales.models import CreditAccount, CreditEntry, Customer, Sale
from sales.posting import document_hash
from sales.receipts import receipt_of, text_lines
from sales.shifts import close_shift, expected_cash
from tenants.errors import Refused
from tests.factories import Shop, make_product, make_shift
from tests.sales.crediting import Method, asking, do, grant, ledger, voucher
from tests.sales.selling import void

MUG = Decimal("5.00")


@pytest.fixture
def selling(inside: Shop) -> Shop:
    make_shift(inside)
    return inside


def mugs(shop: Shop, count: str, *pay: tuple[Method, str], **fields):
    return asking(shop, (shop.mug, count), pay=pay, **fields)


def refused(shop: Shop, request, error: type[Refused] = Refused) -> Refused:
    """Why the sale is refused; nothing of it is there afterwards."""
    before = ledger(shop), Sale.objects.count()
    with pytest.raises(error) as found:
        do(shop, request)
    assert (ledger(shop), Sale.objects.count()) == before
    assert StockLevel.objects.get(variation=shop.mug, location=shop.high_street).quantity == 10
    return found.value


def test_a_sale_is_paid_with_credit(selling: Shop) -> None:
    grant(selling, "12")
    sale = do(selling, mugs(selling, "2", (Method.CREDIT, "10")))
    payment = sale.payments.get()
    assert (payment.method, payment.amount, payment.tendered, payment.change) == (
        "credit",
        10,
        10,
        0,
    )
    assert ledger(selling)[-1] == ("spent", Decimal(-10), Decimal(2))
    entry = CreditEntry.objects.get(kind="spent")
    assert (entry.document_id, entry.document_number, entry.line) == (sale.pk, sale.number, 1)
    assert entry.actor == selling.cashier


def test_several_methods_in_one_sale(selling: Shop) -> None:
    grant(selling, "7.30")
    pay = [(Method.CARD, "2"), (Method.CREDIT, "7.30"), (Method.CASH, "10")]
    sale = do(selling, mugs(selling, "3", *pay))
    assert [(p.method, p.amount) for p in sale.payments.order_by("line")] == [
        ("card", 2),
        ("credit", Decimal("7.3")),
        ("cash", Decimal("5.7")),
    ]
    assert CreditEntry.objects.get(kind="spent").line == 2
    assert ledger(selling)[-1][2] == 0


def test_credit_gives_no_change_and_does_not_touch_the_drawer(selling: Shop) -> None:
    grant(selling, "20")
    assert (
        refused(selling, mugs(selling, "1", (Method.CREDIT, "6")), CannotPrice).code == "overpaid"
    )
    sale = do(selling, mugs(selling, "1", (Method.CREDIT, "5")))
    assert expected_cash(sale.shift) == 50
    void(selling, sale)
    assert expected_cash(sale.shift) == 50
    shift = close_shift(actor=selling.cashier, shift=sale.shift, counted_cash=Decimal(50))
    assert shift.difference == 0


def test_more_than_is_there_is_refused_with_what_is_there(selling: Shop) -> None:
    request = mugs(selling, "1", (Method.CREDIT, "5"))
    error = refused(selling, request, NotEnoughCredit)
    assert (error.code, error.status, error.fields) == (
        "not_enough_credit",
        409,
        {"credit": "0.00"},
    )
    grant(selling, "4.99")
    assert refused(selling, request, NotEnoughCredit).fields == {"credit": "4.99"}
    twice = mugs(selling, "1", (Method.CREDIT, "3"), (Method.CREDIT, "2"))
    assert refused(selling, twice, NotEnoughCredit).fields == {"credit": "4.99"}


def test_without_customer_nobody_pays_with_credit(selling: Shop) -> None:
    grant(selling, "5")
    error = refused(selling, mugs(selling, "1", (Method.CREDIT, "5"), customer=False))
    assert (error.code, list(error.fields)) == ("needs_customer", ["customer"])


def test_who_may_not_see_credit_may_not_take_it(selling: Shop) -> None:
    grant(selling, "5")
    role = selling.roles["Cashier"]
    role.permissions = [p for p in role.permissions if p != Permission.CUSTOMER_CREDIT_VIEW]
    role.save()
    with pytest.raises(PermissionDenied):
        do(selling, mugs(selling, "1", (Method.CREDIT, "5")))
    assert ledger(selling)[-1][2] == 5


def test_one_customers_credit_is_not_anothers(selling: Shop) -> None:
    grant(selling, "5", customer=Customer.objects.create(name="Someone"))
    refused(selling, mugs(selling, "1", (Method.CREDIT, "5")), NotEnoughCredit)


def test_the_same_request_spends_once(selling: Shop) -> None:
    grant(selling, "10")
    request = mugs(selling, "1", (Method.CREDIT, "5"))
    first = do(selling, request)
    assert do(selling, request).pk == first.pk
    other = mugs(selling, "1", (Method.CREDIT, "4"), (Method.CASH, "1"), id=request.id)
    with pytest.raises(OtherRequest):
        do(selling, other)
    assert ledger(selling) == [("granted", 10, 10), ("spent", -5, 5)]


# -- bought ---------------------------------------------------------------------------------------


def test_a_product_adds_credit(selling: Shop) -> None:
    credit = voucher(selling)
    sale = do(
        selling, asking(selling, (selling.mug, "1"), (credit, "2"), pay=[(Method.CASH, "60")])
    )
    assert ledger(selling) == [("bought", 50, 50)]
    entry = CreditEntry.objects.get()
    assert (entry.document_id, entry.line, entry.expires_on) == (sale.pk, 2, None)
    line = sale.lines.get(line=2)
    assert [line.total, line.net, line.tax, line.tax_rate] == [50, 50, 0, 0]
    assert line.tax_name == ""
    assert not line.is_stocked
    assert StockMovement.objects.filter(document_id=sale.pk).count() == 1
    # Neither is it shown as stock that runs out.
    assert not StockLevel.objects.filter(variation=credit).exists()


def test_who_buys_credit_must_be_known_and_pay_with_money(selling: Shop) -> None:
    credit = voucher(selling)
    anonymous = asking(selling, (credit, "1"), pay=[(Method.CASH, "25")], customer=False)
    assert refused(selling, anonymous).code == "needs_customer"
    grant(selling, "100")
    with_credit = asking(selling, (credit, "1"), pay=[(Method.CREDIT, "25")])
    assert refused(selling, with_credit).code == "credit_for_credit"
    both = asking(
        selling, (credit, "1"), (selling.mug, "1"), pay=[(Method.CREDIT, "6"), (Method.CASH, "24")]
    )
    assert refused(selling, both).code == "credit_for_credit"


def test_bought_credit_does_not_pay_for_itself(selling: Shop) -> None:
    lines = [(voucher(selling), "1"), (selling.mug, "1")]
    error = refused(
        selling,
        asking(selling, *lines, pay=[(Method.CREDIT, "5"), (Method.CARD, "25")]),
        NotEnoughCredit,
    )
    assert error.fields == {"credit": "0.00"}
    grant(selling, "5")
    do(selling, asking(selling, *lines, pay=[(Method.CREDIT, "5"), (Method.CARD, "25")]))
    assert ledger(selling)[1:] == [("spent", -5, 0), ("bought", 25, 25)]


# -- voided ---------------------------------------------------------------------------------------


def test_a_void_gives_back_what_was_paid(selling: Shop) -> None:
    grant(selling, "8")
    sale = do(selling, mugs(selling, "2", (Method.CASH, "5"), (Method.CREDIT, "5")))
    undone = void(selling, sale)
    assert ledger(selling)[-1] == ("refunded", 5, 8)
    entry = CreditEntry.objects.get(kind="refunded")
    assert (entry.document_id, entry.document_number, entry.line) == (undone.pk, undone.number, 2)
    assert [(p.method, p.amount) for p in undone.payments.order_by("line")] == [
        ("cash", -5),
        ("credit", -5),
    ]


def test_a_void_takes_bought_credit_back(selling: Shop) -> None:
    credit = voucher(selling)
    sale = do(selling, asking(selling, (credit, "1"), pay=[(Method.CASH, "25")]))
    # What the product does now has no say in what the sale did.
    credit.product.adds_credit = False
    credit.product.save()
    undone = void(selling, sale)
    assert ledger(selling)[-1] == ("bought", -25, 0)
    entry = CreditEntry.objects.get(document_id=undone.pk)
    assert (entry.line, entry.kind) == (1, "bought")


def test_spent_credit_cannot_be_taken_back(selling: Shop) -> None:
    bought = do(selling, asking(selling, (voucher(selling), "1"), pay=[(Method.CASH, "25")]))
    spent = do(selling, mugs(selling, "1", (Method.CREDIT, "5")))
    with pytest.raises(CreditSpent) as error:
        void(selling, bought)
    assert error.value.code == "credit_spent"
    assert not bought.reversals.exists()
    void(selling, spent)
    void(selling, bought)
    assert ledger(selling)[-2:] == [("refunded", 5, 25), ("bought", -25, 0)]


def test_a_void_of_both_gives_back_before_it_takes_back(selling: Shop) -> None:
    grant(selling, "5")
    pay = [(Method.CREDIT, "5"), (Method.CARD, "25")]
    sale = do(selling, asking(selling, (selling.mug, "1"), (voucher(selling), "1"), pay=pay))
    void(selling, sale)
    assert ledger(selling)[-2:] == [("refunded", 5, 30), ("bought", -25, 5)]


def test_what_comes_back_can_be_spent_as_long_as_before(selling: Shop) -> None:
    at = datetime(2026, 5, 10, 10, tzinfo=UTC)
    grant(selling, "4", until=date(2026, 5, 20), at=at)
    grant(selling, "6", until=date(2026, 6, 20), at=at)
    early = do(selling, mugs(selling, "1", (Method.CREDIT, "5")), sold_at=at)
    late = do(selling, mugs(selling, "1", (Method.CREDIT, "5")), sold_at=at)
    assert CreditAccount.objects.get().next_expiry is None
    void(selling, early, at=datetime(2026, 5, 11, 10, tzinfo=UTC))
    assert CreditAccount.objects.get().next_expiry == date(2026, 6, 20)
    # That day has passed: it can be spent on the day of the void.
    void(selling, late, at=datetime(2026, 7, 1, 10, tzinfo=UTC))
    kinds = [row[0] for row in ledger(selling)]
    assert kinds == ["granted", "granted", "spent", "spent", "refunded", "expired", "refunded"]
    assert CreditEntry.objects.latest("pk").expires_on == date(2026, 7, 1)


# -- what stays as it was -------------------------------------------------------------------------


def statements(shop: Shop, request) -> int:
    member = Membership.objects.select_related("role", "user").get(user=shop.cashier)
    with CaptureQueriesContext(connection) as queries:
        checkout(actor=member, request=request)
    return len([q for q in queries if not q["sql"].startswith("SET LOCAL")])


def test_credit_costs_two_statements_and_two_more_where_it_expires(selling: Shop) -> None:
    # Without functions: register, sale, lines, payments, levels and movements instead of one.
    more = 0 if connection.vendor == "postgresql" else 5
    in_cash = mugs(selling, "1", (Method.CASH, "5"), customer=False)
    assert statements(selling, in_cash) == 4 + more
    assert statements(selling, mugs(selling, "1", (Method.CASH, "5"))) == 5 + more
    grant(selling, "10")
    assert statements(selling, mugs(selling, "1", (Method.CREDIT, "5"))) == 7 + more
    grant(selling, "5", until=date(2099, 1, 1))
    # The entries that say what expires, and the account's next day.
    assert statements(selling, mugs(selling, "1", (Method.CREDIT, "5"))) == 9 + more
    credit = voucher(selling)
    buying = asking(selling, (credit, "1"), (selling.wrapping, "2"), pay=[(Method.CASH, "28")])
    # Nothing moves stock: two fewer where those are statements.
    assert statements(selling, buying) == 7 + max(more - 2, 0)


def test_the_hash_says_what_it_said(selling: Shop) -> None:
    grant(selling, "5")
    sale = do(selling, mugs(selling, "1", (Method.CREDIT, "5")))
    sale = Sale.objects.get(pk=sale.pk)
    assert sale.content_hash == document_hash(
        sale, list(sale.lines.all()), list(sale.payments.all())
    )


def test_the_receipt_shows_what_is_left(selling: Shop) -> None:
    grant(selling, "12")
    plain = do(selling, mugs(selling, "1", (Method.CASH, "5")))
    assert receipt_of(plain).credit is None
    sale = do(selling, mugs(selling, "1", (Method.CREDIT, "5")))
    do(selling, mugs(selling, "1", (Method.CREDIT, "5")))
    receipt = receipt_of(sale)
    assert receipt.payments == (("Customer credit", "5.00"),)
    # As it was then, and not as it is now.
    assert receipt.credit == ("Credit left", "€7.00")
    lines = text_lines(sale)
    assert "Customer credit                       5.00" in lines
    assert "Credit left                          €7.00" in lines


def test_a_product_that_adds_credit_is_neither_taxed_nor_stocked(inside: Shop) -> None:
    variation = make_product("Credit", sku="C", adds_credit=True, tax_rate=inside.tax)
    assert variation.product.sold_tax_rate is None
    assert not variation.product.moves_stock
    assert inside.mug.product.sold_tax_rate == inside.tax
    assert inside.mug.product.moves_stock
