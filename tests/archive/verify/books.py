"""Honest books with a little of everything, and ways to spoil them behind the product's back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

from accounts.models import Membership
from archive.files import store
from archive.models import ImportBatch, Job
from inventory.catalogue import refresh_search
from inventory.ledger import correct
from inventory.models import Brand, Category, LocationPrice, Product, StockDocument, Unit
from purchasing.models import Supplier
from reports.folding import fold
from sales import credit
from sales.cash import Kind
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.exchanges import ExchangeRequest, exchange
from sales.models import Payment, Register, Sale
from sales.pricing import Discount, DiscountKind
from sales.refunds import RefundRequest, refund_sale
from sales.returning import ReturnRequest
from sales.series import make_series
from sales.shifts import close_shift, open_shift
from sales.voids import void_sale
from tenants.ids import uuid7
from tests.factories import Shop, make_device, make_product, make_shift
from tests.metering.using import keep_credits
from tests.sales.moving_cash import move, read_z, undo
from tests.sales.offline_sales import offline_body, offline_line
from tests.sales.reviewing import hand_in


def keep_books(shop: Shop) -> None:
    """Two sales, one of them voided, on a shift that is closed; the business must be bound."""
    shift = make_shift(shop)
    member = Membership.objects.get(user=shop.manager)
    lines = [
        LineRequest(shop.mug.pk, Decimal(2), Discount(DiscountKind.PERCENT, Decimal(10))),
        LineRequest(shop.tea.pk, Decimal("0.5")),
    ]
    payments = [
        PaymentRequest(Payment.Method.CARD, Decimal(5)),
        PaymentRequest(Payment.Method.CASH, Decimal(20)),
    ]
    for _time in range(2):
        sale = checkout(
            actor=member,
            request=SaleRequest(uuid7(), shop.register.pk, lines, payments, Decimal("15.50")),
        )
    void_sale(actor=member, sale=sale, reason="Wrong", void_id=uuid7())
    close_shift(actor=shop.cashier, shift=shift, counted_cash=Decimal("60.00"))


def keep_full_books(shop: Shop) -> None:
    """`keep_books`, and a catalogue, corrections, credit, more tills, refunds, files and jobs."""
    keep_books(shop)
    read_z(shop)
    _catalogue(shop)
    correct(
        actor=shop.owner,
        location=shop.high_street,
        reason=StockDocument.Reason.FOUND,
        changes={shop.mug.pk: Decimal(3)},
    )
    _credit(shop)
    second = Register.objects.create(
        name="Till 2", location=shop.high_street, prefix=f"{shop.business.slug[:3].upper()}2"
    )
    open_shift(actor=shop.cashier, register=second, opening_float=Decimal(0))
    _offline(shop, second)
    _refunds(shop)
    file = store("prices.csv", [b"sku,price\n", b"TEA,12.99\n"], by=shop.owner)
    job = Job.objects.create(kind="products.check", created_by=shop.owner)
    ImportBatch.objects.create(
        kind=ImportBatch.Kind.PRODUCTS, file_name=file.name, file_hash=file.sha256, file=file,
        job=job, created_by=shop.owner,
    )  # fmt: skip
    keep_credits(shop, make_device(shop, name="Tablet")[0])
    fold()


def _catalogue(shop: Shop) -> None:
    Category.objects.create(name="Cups", parent=shop.category)
    Unit.objects.create(name="Box", short_name="box", base_unit=shop.piece, factor=Decimal(12))
    brand = Brand.objects.create(name="Delft")
    Product.objects.filter(pk=shop.mug.product_id).update(brand=brand)
    refresh_search([shop.mug.product_id])
    LocationPrice.objects.create(variation=shop.mug, location=shop.market, price=Decimal(6))
    Supplier.objects.create(name="Potters", phone="+31 20 123 4567")


def _offline(shop: Shop, register: Register) -> None:
    """Numbers 1 and 2 of a series in the books, 2 with a remark; number 3 held."""
    series = make_series(register=register)
    mug = offline_line(shop.mug)
    for counter, line in enumerate((mug, {**mug, "unit_price": "4.00"}, mug), start=1):
        total = "5.00" if counter == 1 else "4.00"
        number = f"{register.prefix}-{series.code}{counter:06d}"
        body = offline_body(shop, line, total=total, number=number, register=str(register.pk))
        hand_in(shop, body)


def _credit(shop: Shop) -> None:
    """20.00 given, 10.00 bought as a product, 5.00 spent; the shift stays open."""
    shift = make_shift(shop)
    move(shop, shift, Kind.IN, "5")
    undo(shop, move(shop, shift, Kind.OUT, "3"))
    member = Membership.objects.get(user=shop.manager)
    credit.grant(
        actor=shop.owner,
        customer=shop.customer,
        amount=Decimal(20),
        reason="Sorry",
        request_id=uuid7(),
    )
    voucher = make_product(
        "Voucher", sku="VOUCHER", price="10.00", is_stocked=False, adds_credit=True
    )
    for key, total, paid in (
        (voucher.pk, Decimal(10), PaymentRequest(Payment.Method.CASH, Decimal(10))),
        (shop.mug.pk, Decimal(5), PaymentRequest(Payment.Method.CREDIT, Decimal(5))),
    ):
        checkout(
            actor=member,
            request=SaleRequest(
                uuid7(),
                shop.register.pk,
                [LineRequest(key, Decimal(1))],
                [paid],
                total,
                customer_id=shop.customer.pk,
            ),
        )


def _refunds(shop: Shop) -> None:
    """At a third till: one of the first sale's mugs comes back broken, and half of its tea is
    exchanged for a mug."""
    third = Register.objects.create(
        name="Till 3", location=shop.high_street, prefix=f"{shop.business.slug[:3].upper()}3"
    )
    open_shift(actor=shop.cashier, register=third, opening_float=Decimal(20))
    member = Membership.objects.select_related("role", "user").get(user=shop.manager)
    first = Sale.objects.filter(register=shop.register).order_by("chain_index")[0]
    refund_sale(
        actor=member,
        request=RefundRequest(
            uuid7(), first.pk, third.pk, [ReturnRequest(1, Decimal(1), restock=False)], "Broken"
        ),
    )
    exchange(
        actor=member,
        request=ExchangeRequest(
            uuid7(), first.pk, third.pk, [ReturnRequest(2, Decimal("0.25"))],
            [LineRequest(shop.mug.pk, Decimal(1))], "Too much", Decimal("1.75"),
            method=Payment.Method.CASH,
        ),
    )  # fmt: skip


# -- spoiling them --------------------------------------------------------------------------------


def tamper(sql: str, *, rows: int | None = 1) -> None:
    """Change rows without the product; `rows` None for any number of them, but not none."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        if rows is None:
            assert cursor.rowcount > 0, "there is nothing to be tampered with"
        else:
            assert cursor.rowcount == rows, "the row to be tampered with is not there"


def ids(sql: str) -> list[str]:
    """The ids that a query finds, as findings write them."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [_id(row[0]) for row in cursor.fetchall()]


def _id(value: Any) -> str:
    text = str(value)
    if connection.vendor == "sqlite" and len(text) == 32:  # a UUID, which SQLite keeps as hex
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return text


def literal(key: Any) -> str:
    """A UUID as SQL writes it."""
    return f"'{key.hex if connection.vendor == 'sqlite' else key}'"


def loosen(tables: Sequence[str]) -> None:
    """Let these tables take anything until the test's transaction is rolled back.

    PostgreSQL: as the owner, without keys, checks and unique indexes. SQLite cannot drop those of a
    table; a temporary table without any stands before it.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for table in tables:
                cursor.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table}")
            return
        # Django's own keys are checked at the end: nothing may be waiting when a table is altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = %s::regclass AND contype IN ('f', 'u', 'c')",
                [table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}" CASCADE')
            cursor.execute(
                "SELECT indexrelid::regclass FROM pg_index"
                " WHERE indrelid = %s::regclass AND indisunique AND NOT indisprimary",
                [table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP INDEX {name}")
