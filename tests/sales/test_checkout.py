"""Completing a sale: what is written, what is refused, and how often."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from inventory.ledger import OutOfStock
from inventory.models import LocationPrice, StockLevel, StockMovement
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.errors import CannotPrice, NoOpenShift, OtherRequest, OtherTotal
from sales.models import Payment, Register, Sale
from sales.pricing import Discount, DiscountKind
from sales.shifts import close_shift, expected_cash, open_shift
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.factories import Shop, make_person, make_product, make_shift


def ask(
    shop: Shop, *lines: LineRequest, total: str, cash: str | None = None, **fields
) -> SaleRequest:
    payments = [PaymentRequest(Payment.Method.CASH, Decimal(cash or total))]
    values = {"id": uuid7(), "register_id": shop.register.pk, "payments": payments, **fields}
    return SaleRequest(lines=lines, total=Decimal(total), **values)


def sell(shop: Shop, request: SaleRequest, user=None) -> Sale:
    member = Membership.objects.get(user=user or shop.cashier)
    with transaction.atomic():
        return checkout(actor=member, request=request)


def level(shop: Shop, variation) -> Decimal:
    return StockLevel.objects.get(variation=variation, location=shop.high_street).quantity


def test_a_sale_is_written_whole(inside: Shop) -> None:
    shift = make_shift(inside)
    request = ask(
        inside,
        LineRequest(inside.mug.pk, Decimal(2)),
        LineRequest(inside.tea.pk, Decimal("0.5")),
        LineRequest(inside.wrapping.pk, Decimal(1)),
        total="18.00",
        cash="20.00",
        customer_id=inside.customer.pk,
    )
    sale = sell(inside, request)
    sale.refresh_from_db()
    assert sale.number == "ACM1-000001"
    assert (sale.total, sale.net + sale.tax, sale.tax) == (
        Decimal(18),
        Decimal(18),
        Decimal("3.00"),
    )
    assert sale.customer == inside.customer
    assert [line.total for line in sale.lines.all()] == [
        Decimal(10),
        Decimal("6.5"),
        Decimal("1.5"),
    ]
    payment = sale.payments.get()
    assert (payment.amount, payment.tendered, payment.change) == (18, 20, 2)
    assert level(inside, inside.mug) == 8
    assert level(inside, inside.tea) == 4
    moved = StockMovement.objects.filter(document_id=sale.pk)
    assert sorted(m.quantity for m in moved) == [-2, Decimal("-0.5")]
    assert expected_cash(shift) == Decimal("68.00")


def test_the_same_request_again_is_the_same_sale(inside: Shop) -> None:
    make_shift(inside)
    request = ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="5.00")
    first, second = sell(inside, request), sell(inside, request)
    assert first.pk == second.pk
    assert Sale.objects.count() == 1
    assert level(inside, inside.mug) == 9


def test_the_same_id_with_another_content_is_refused(inside: Shop) -> None:
    make_shift(inside)
    request = ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="5.00")
    sell(inside, request)
    other = ask(inside, LineRequest(inside.mug.pk, Decimal(2)), total="10.00", id=request.id)
    with pytest.raises(OtherRequest):
        sell(inside, other)
    assert level(inside, inside.mug) == 9


def test_the_answer_stays_after_the_shift_is_closed(inside: Shop) -> None:
    shift = make_shift(inside)
    request = ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="5.00")
    first = sell(inside, request)
    close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal("55.00"))
    assert sell(inside, request).pk == first.pk
    with pytest.raises(NoOpenShift):
        sell(inside, ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="5.00"))


def test_more_than_there_is_cannot_be_sold(inside: Shop) -> None:
    make_shift(inside)
    request = ask(inside, LineRequest(inside.mug.pk, Decimal(11)), total="55.00")
    with pytest.raises(OutOfStock) as refused:
        sell(inside, request)
    assert refused.value.fields == {str(inside.mug.pk): "10"}
    assert level(inside, inside.mug) == 10
    assert not Sale.objects.exists()
    # The number was not used up: the next sale has it.
    assert (
        sell(inside, ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="5.00")).counter == 1
    )


def test_a_location_may_sell_below_zero(inside: Shop) -> None:
    inside.high_street.below_zero = "allow"
    inside.high_street.save()
    make_shift(inside)
    sell(inside, ask(inside, LineRequest(inside.mug.pk, Decimal(11)), total="55.00"))
    assert level(inside, inside.mug) == -1


def test_another_total_is_refused_with_the_difference(inside: Shop) -> None:
    make_shift(inside)
    request = ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="4.50", cash="10.00")
    with pytest.raises(OtherTotal) as refused:
        sell(inside, request)
    assert refused.value.fields == {"total": "5.00", "difference": "0.50"}
    assert not Sale.objects.exists()


def test_the_price_of_the_location_counts(inside: Shop) -> None:
    make_shift(inside)
    LocationPrice.objects.create(
        variation=inside.mug, location=inside.high_street, price=Decimal("4.20")
    )
    LocationPrice.objects.create(
        variation=inside.mug, location=inside.market, price=Decimal("9.99")
    )
    sale = sell(inside, ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="4.20"))
    assert sale.lines.get().unit_price == Decimal("4.20")


def test_discounts_need_their_permission(inside: Shop) -> None:
    make_shift(inside)
    role = inside.roles["Cashier"]
    role.permissions = ["sell.create"]
    role.save()
    tenth = Discount(DiscountKind.PERCENT, Decimal(10))
    with_line = ask(inside, LineRequest(inside.mug.pk, Decimal(1), tenth), total="4.50")
    on_all = ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="4.50", discount=tenth)
    own_price = ask(
        inside, LineRequest(inside.mug.pk, Decimal(1), unit_price=Decimal(1)), total="1.00"
    )
    for request in (with_line, on_all, own_price):
        with pytest.raises(PermissionDenied):
            sell(inside, request)
        assert sell(inside, request, user=inside.manager).total == request.total


def test_paying_too_little_is_refused(inside: Shop) -> None:
    make_shift(inside)
    request = ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="5.00", cash="4.99")
    with pytest.raises(CannotPrice) as refused:
        sell(inside, request)
    assert refused.value.code == "underpaid"
    assert "0.01" in str(refused.value.message)


def test_whole_units_only_where_the_unit_says_so(inside: Shop) -> None:
    make_shift(inside)
    request = ask(inside, LineRequest(inside.mug.pk, Decimal("0.5")), total="2.50")
    with pytest.raises(Refused, match="whole numbers") as refused:
        sell(inside, request)
    assert list(refused.value.fields) == ["lines.0.quantity"]


def test_what_is_not_for_sale_cannot_be_sold(inside: Shop) -> None:
    make_shift(inside)
    inside.mug.product.is_active = False
    inside.mug.product.save()
    for variation_id in (inside.mug.pk, uuid.uuid4()):
        with pytest.raises(Refused, match="cannot be sold"):
            sell(inside, ask(inside, LineRequest(variation_id, Decimal(1)), total="5.00"))


def test_a_register_that_one_may_not_see_does_not_exist(inside: Shop, other_shop: Shop) -> None:
    elsewhere = Register.objects.create(name="Stall", location=inside.market, prefix="MK1")
    confined = make_person("confined", inside.roles["Cashier"], locations=[inside.high_street])
    for register in (elsewhere, other_shop.register):
        for with_shift in (False, True):
            if with_shift and register is elsewhere:
                open_shift(actor=inside.owner, register=elsewhere, opening_float=Decimal(0))
            request = ask(
                inside,
                LineRequest(inside.mug.pk, Decimal(1)),
                total="5.00",
                register_id=register.pk,
            )
            with pytest.raises(Http404):
                sell(inside, request, user=confined)


def test_numbers_have_no_gaps_and_documents_are_chained(inside: Shop) -> None:
    make_shift(inside)
    for _index in range(3):
        sell(inside, ask(inside, LineRequest(inside.mug.pk, Decimal(1)), total="5.00"))
    sales = list(Sale.objects.order_by("chain_index"))
    assert [sale.counter for sale in sales] == [1, 2, 3]
    assert [sale.previous_hash for sale in sales] == ["", *(s.content_hash for s in sales[:2])]
    inside.register.refresh_from_db()
    assert inside.register.chain_hash == sales[-1].content_hash


def test_the_statements_do_not_grow_with_the_lines(inside: Shop) -> None:
    make_shift(inside)
    products = [
        make_product(f"Thing {n}", sku=f"T{n}", price="1.00", is_stocked=True, tax_rate=inside.tax)
        for n in range(50)
    ]
    inside.high_street.below_zero = "allow"
    inside.high_street.save()
    member = Membership.objects.select_related("role", "user").get(user=inside.cashier)
    counts = []
    for size in (5, 50):
        lines = [LineRequest(one.pk, Decimal(1)) for one in products[:size]]
        request = ask(inside, *lines, total=f"{size}.00")
        with CaptureQueriesContext(connection) as queries:
            checkout(actor=member, request=request)
        counts.append(len(queries))
    # shift and register, earlier sale, variations; all of the document, or without functions:
    # register, sale, lines, payments, levels, movements
    assert counts == ([4, 4] if connection.vendor == "postgresql" else [9, 9])
