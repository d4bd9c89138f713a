"""Voiding: everything comes back exactly once, and only to those who may."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import AuditEntry, Membership
from archive.verify import check_books
from inventory.models import StockLevel, StockMovement
from sales.errors import NoOpenShift, OtherRequest
from sales.models import Sale
from sales.shifts import close_shift, expected_cash
from sales.voids import void_sale
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.factories import Shop, make_person, make_product, make_shift
from tests.sales.selling import counted, percent, sell, void


@pytest.fixture
def sale(inside: Shop) -> Sale:
    make_shift(inside)
    return sell(
        inside,
        (inside.mug, "2", percent(10)),
        (inside.tea, "0.125"),
        (inside.wrapping, "1"),
        card="2.00",
        cash="50.00",
        customer=True,
    )


def ask(shop: Shop, sale: Sale, **fields: Any) -> Sale:
    values: dict[str, Any] = {
        "actor": Membership.objects.get(user=shop.manager),
        "reason": "Wrong",
        "void_id": uuid7(),
        **fields,
    }
    with transaction.atomic():
        return void_sale(sale=sale, **values)


def stock(shop: Shop) -> dict[object, Decimal]:
    return dict(StockLevel.objects.values_list("variation", "quantity"))


def test_everything_comes_back(inside: Shop, sale: Sale) -> None:
    reversal = ask(inside, sale, reason="  Rang up twice ")
    reversal.refresh_from_db()
    for name in ("subtotal", "discount", "net", "tax", "total", "rounding", "item_count"):
        assert getattr(reversal, name) == -getattr(sale, name)
    assert (reversal.number, reversal.reason) == ("ACM1-V000001", "Rang up twice")
    assert reversal.customer == inside.customer
    lines = list(zip(sale.lines.all(), reversal.lines.all(), strict=True))
    assert [back.total + out.total for out, back in lines] == [0, 0, 0]
    assert [back.unit_price for _out, back in lines] == [out.unit_price for out, _back in lines]
    paid = list(zip(sale.payments.all(), reversal.payments.all(), strict=True))
    assert [back.amount + out.amount for out, back in paid] == [0, 0]
    assert [back.change for _out, back in paid] == [0, 0]
    assert stock(inside) == {inside.mug.pk: 10, inside.tea.pk: Decimal("4.5")}
    assert expected_cash(sale.shift) == Decimal(50)
    assert StockMovement.objects.filter(document_id=reversal.pk).count() == 2
    entry = AuditEntry.objects.get(action="sale.void")
    assert (entry.actor, entry.object_text) == (inside.manager, sale.number)
    assert check_books() == []


def test_the_same_request_again_is_the_same_void(inside: Shop, sale: Sale) -> None:
    void_id = uuid7()
    first, second = ask(inside, sale, void_id=void_id), ask(inside, sale, void_id=void_id)
    assert first.pk == second.pk
    assert stock(inside)[inside.mug.pk] == 10
    assert AuditEntry.objects.filter(action="sale.void").count() == 1


def test_the_same_id_for_another_void_is_refused(inside: Shop, sale: Sale) -> None:
    other = sell(inside)
    void_id = ask(inside, sale).pk
    for document, reason in ((other, "Wrong"), (sale, "Another reason")):
        with pytest.raises(OtherRequest):
            ask(inside, document, void_id=void_id, reason=reason)
    assert not other.reversals.exists()


def test_voided_twice_is_refused(inside: Shop, sale: Sale) -> None:
    ask(inside, sale)
    with pytest.raises(Refused) as refused:
        ask(inside, sale)
    assert refused.value.code == "already_voided"
    assert stock(inside)[inside.mug.pk] == 10
    assert expected_cash(sale.shift) == Decimal(50)


def test_a_void_is_not_voided(inside: Shop, sale: Sale) -> None:
    with pytest.raises(Refused) as refused:
        ask(inside, ask(inside, sale))
    assert refused.value.code == "not_a_sale"


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_is_needed(inside: Shop, sale: Sale, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(inside, sale, reason=reason)
    assert refused.value.code == "no_reason"


def test_a_shift_is_needed(inside: Shop, sale: Sale) -> None:
    close_shift(actor=inside.cashier, shift=sale.shift, counted_cash=Decimal(50))
    with pytest.raises(NoOpenShift):
        ask(inside, sale)
    assert not sale.reversals.exists()


def test_only_with_the_right_and_at_the_location(inside: Shop, sale: Sale) -> None:
    elsewhere = make_person("acme.stall", inside.roles["Manager"], locations=[inside.market])
    for person in (inside.cashier, elsewhere):
        with pytest.raises(PermissionDenied):
            ask(inside, sale, actor=Membership.objects.get(user=person))
    assert stock(inside)[inside.mug.pk] == 8


def test_a_void_belongs_to_the_day_it_is_made_on(inside: Shop) -> None:
    make_shift(inside)
    sale = sell(inside, at=datetime(2026, 3, 28, 12, 0, tzinfo=UTC))
    # Amsterdam's clocks have gone forward by now: 22:30 UTC is half past midnight.
    reversal = void(inside, sale, at=datetime(2026, 3, 29, 22, 30, tzinfo=UTC))
    assert [str(sale.business_date), str(reversal.business_date)] == ["2026-03-28", "2026-03-30"]


def test_numbers_of_sales_have_no_gap_from_voids(inside: Shop, sale: Sale) -> None:
    ask(inside, sale)
    assert sell(inside).number == "ACM1-000002"
    assert check_books() == []


def test_the_statements_do_not_grow_with_the_lines(inside: Shop) -> None:
    inside.high_street.below_zero = "allow"
    inside.high_street.save()
    make_shift(inside)
    member = Membership.objects.select_related("role", "user").get(user=inside.manager)
    counts = []
    for size in (2, 40):
        things = [(make_product(f"T{size}-{n}", sku=f"T{size}-{n}"), "1") for n in range(size)]
        sale = Sale.objects.get(pk=sell(inside, *things).pk)
        with counted() as queries:
            void_sale(actor=member, sale=sale, reason="Wrong", void_id=uuid7())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 14
