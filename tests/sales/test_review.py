"""Settling what was made offline: once, by those who may, never undone, and the books right."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import AuditEntry, Membership
from archive.verify import check_books
from inventory.models import StockLevel
from sales import review
from sales.models import Register, ReviewItem, Sale, Shift
from sales.review import Choices, SettledAlready
from sales.shifts import close_shift
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.factories import Shop, make_device, make_shift
from tests.sales.crediting import grant
from tests.sales.offline_sales import number, numbers, offline_body
from tests.sales.reviewing import hand_in, held, item_of, remark


@pytest.fixture
def open_shop(inside: Shop) -> Shop:
    make_shift(inside)
    return inside


def member(shop: Shop, name: str = "Manager") -> Membership:
    found: Membership = Membership.objects.select_related("user", "role").get(
        user=shop.people[name]
    )
    return found


def test_accepting_changes_no_book(open_shop: Shop) -> None:
    item = remark(open_shop)
    before = Sale.objects.values_list("content_hash").get()
    settled = review.accept(actor=member(open_shop), item=item, note=" Old label ")
    assert (settled.settlement, settled.note, settled.settled_by) == (
        "accepted", "Old label", open_shop.manager,
    )  # fmt: skip
    assert Sale.objects.values_list("content_hash").get() == before
    entry = AuditEntry.objects.get(action="review.settle")
    assert (entry.actor, entry.object_id) == (open_shop.manager, str(item.pk))
    assert check_books() == []


def test_settling_twice_is_settling_once(open_shop: Shop) -> None:
    first, second = remark(open_shop), held(open_shop)
    for _time in range(2):
        review.accept(actor=member(open_shop), item=first, note="x")
        review.close(actor=member(open_shop), item=second, reason="Never happened")
    assert AuditEntry.objects.filter(action="review.settle").count() == 2
    with pytest.raises(SettledAlready):
        review.accept(actor=member(open_shop, "Owner"), item=first, note="")
    with pytest.raises(SettledAlready):
        review.record_held(actor=member(open_shop), item=second)
    assert check_books() == []


def test_each_kind_has_its_own_way(open_shop: Shop) -> None:
    with pytest.raises(Refused, match="no book"):
        review.accept(actor=member(open_shop), item=held(open_shop), note="")
    with pytest.raises(Refused, match="Void it"):
        review.close(actor=member(open_shop), item=remark(open_shop), reason="x")
    with pytest.raises(Refused, match="Say why"):
        review.close(actor=member(open_shop), item=held(open_shop), reason=" ")


def test_what_is_held_is_recorded_as_it_was_sold(open_shop: Shop) -> None:
    series = numbers(open_shop)
    device, _token = make_device(open_shop)
    line = {"variation": str(uuid7()), "quantity": "2", "unit_price": "4.50", "tax_rate": "5",
            "tax_inclusive": True}  # fmt: skip
    body = offline_body(open_shop, line, total="9.00", number=number(open_shop, series, 7))
    item = item_of(hand_in(open_shop, body, device=device))
    settled = review.record_held(
        actor=member(open_shop), item=item, choices=Choices({1: open_shop.mug.pk}), note="The mug"
    )
    sale = settled.sale
    assert sale is not None
    assert (str(sale.pk), sale.number, sale.total) == (body["id"], "ACM1-AA000007", 9)
    assert (sale.operator, sale.device, sale.is_offline) == (open_shop.cashier, device, True)
    assert sale.lines.get().tax_rate == 5
    assert StockLevel.objects.get(variation=open_shop.mug).quantity == 8
    assert settled.body, "what was held stays readable"
    assert check_books() == []
    # The device, which did not hear, sends it again.
    assert hand_in(open_shop, body, device=device).status == "already"


def test_a_number_that_is_taken_gives_way(open_shop: Shop) -> None:
    series = numbers(open_shop)
    first = number(open_shop, series, 1)
    hand_in(open_shop, offline_body(open_shop, number=first))
    item = item_of(hand_in(open_shop, offline_body(open_shop, number=first)))
    settled = review.record_held(actor=member(open_shop), item=item)
    assert settled.sale is not None
    assert settled.sale.number == "ACM1-000001"
    assert check_books() == []


def test_what_still_cannot_be_posted_is_left_as_it_is(open_shop: Shop) -> None:
    who = str(open_shop.customer.pk)
    body = offline_body(open_shop, customer=who, payments=[{"method": "credit", "amount": "5.00"}])
    item = item_of(hand_in(open_shop, body))
    for choices, why in (
        (Choices(), "not enough credit"),
        (Choices(has_customer=True), "Choose the customer"),
        (Choices(has_customer=True, customer_id=uuid7()), "does not exist"),
        (Choices(register_id=uuid7()), "may not use"),
    ):
        with pytest.raises(Refused, match=why):
            review.record_held(actor=member(open_shop), item=item, choices=choices)
    assert ReviewItem.objects.get().is_open
    assert not Sale.objects.exists()
    grant(open_shop, "5.00")
    review.record_held(actor=member(open_shop), item=item)
    assert check_books() == []
    sums = item_of(hand_in(open_shop, offline_body(open_shop, total="4.00")))
    with pytest.raises(Refused, match=r"come to 5\.00"):
        review.record_held(actor=member(open_shop), item=sums)


def test_it_is_recorded_where_and_when_it_was_sold(open_shop: Shop) -> None:
    stall = Register.objects.create(name="Stall", location=open_shop.market, prefix="MK1")
    device, _token = make_device(open_shop, location=open_shop.market)
    body = offline_body(open_shop)
    item = item_of(hand_in(open_shop, body, device=device))
    assert item.codes == ["other_register"]
    assert item.location == open_shop.market, "it is known where the device stands"
    settled = review.record_held(
        actor=member(open_shop), item=item, choices=Choices(register_id=stall.pk)
    )
    assert settled.sale is not None
    assert (settled.sale.register, settled.sale.device) == (stall, device)
    assert Shift.objects.get(register=stall).opened_by == open_shop.manager
    assert "no_open_shift" in settled.codes
    assert check_books() == []


def test_a_closed_shift_stays_as_it_was(open_shop: Shop) -> None:
    item = held(open_shop)
    shift = close_shift(
        actor=open_shop.cashier, shift=Shift.objects.get(), counted_cash=Decimal(55)
    )
    review.record_held(actor=member(open_shop), item=item, choices=Choices({1: open_shop.mug.pk}))
    again = Shift.objects.get(pk=shift.pk)
    assert (again.expected_cash, again.difference) == (50, 5)
    assert check_books() == []


@pytest.mark.parametrize("name", ["Cashier", "Viewer"])
def test_only_those_who_may(open_shop: Shop, name: str) -> None:
    item = remark(open_shop)
    ask: dict[str, Any] = {"actor": member(open_shop, name), "item": item}
    with pytest.raises(PermissionDenied):
        review.accept(**ask, note="")
    with pytest.raises(PermissionDenied):
        review.close(**{**ask, "item": held(open_shop)}, reason="x")
    with pytest.raises(PermissionDenied):
        review.record_held(**{**ask, "item": held(open_shop)})
