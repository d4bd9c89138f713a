"""The page of a receipt: for paper, as original or copy, to those who may have it."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.permissions import Permission
from sales.models import Sale
from sales.receipts import receipt_of
from sales.shifts import close_shift
from tests.factories import Shop, make_product, make_shift, signed_in
from tests.sales.selling import market_manager, percent, sell, void


@pytest.fixture
def sale(inside: Shop) -> Sale:
    make_shift(inside)
    return sell(inside, (inside.mug, "2", percent(10)), (inside.tea, "0.5"), cash="20.00")


def page(client: Client, shop: Shop, sale: Sale, query: str = ""):
    return client.get(shop.url(f"sales/{sale.pk}/receipt/{query}"))


def test_it_shows_what_the_structure_says(cashier: Client, inside: Shop, sale: Sale) -> None:
    text = page(cashier, inside, sale).content.decode()
    receipt = receipt_of(sale)
    rows = [*receipt.facts, *receipt.sums, receipt.total, *receipt.payments]
    for row in (*rows, *((item.detail, item.amount) for item in receipt.items)):
        for shown in row:
            assert shown in text
    assert "COPY" not in text
    assert 'name="id"' not in text


def test_a_colleague_gets_a_copy(manager: Client, inside: Shop, sale: Sale) -> None:
    assert b"COPY" in page(manager, inside, sale).content


def test_who_sold_it_may_ask_for_a_copy(cashier: Client, inside: Shop, sale: Sale) -> None:
    assert b"COPY" in page(cashier, inside, sale, "?copy=1").content


def test_after_the_shift_it_is_a_copy(cashier: Client, inside: Shop, sale: Sale) -> None:
    close_shift(actor=inside.cashier, shift=sale.shift, counted_cash=sale.total)
    assert b"COPY" in page(cashier, inside, sale).content


def test_printing_again_is_a_right(inside: Shop, sale: Sale) -> None:
    role = inside.roles["Cashier"]
    role.permissions = [Permission.SELL_CREATE]
    role.save()
    client = signed_in(inside.cashier)
    assert page(client, inside, sale).status_code == 200
    close_shift(actor=inside.cashier, shift=sale.shift, counted_cash=sale.total)
    assert page(client, inside, sale).status_code == 403


def test_a_void_says_so_and_so_does_what_it_voided(owner: Client, inside: Shop, sale: Sale) -> None:
    reversal = void(inside, sale)
    assert b">VOID<" in page(owner, inside, reversal).content
    voided = page(owner, inside, sale).content
    assert b">VOIDED<" in voided
    assert reversal.number.encode() in voided


def test_roll_or_a4(cashier: Client, inside: Shop, sale: Sale) -> None:
    assert b'class="receipt-page roll"' in page(cashier, inside, sale).content
    assert b'class="receipt-page a4"' in page(cashier, inside, sale, "?paper=a4").content
    assert b'class="receipt-page roll"' in page(cashier, inside, sale, "?paper=x").content


def test_names_from_right_to_left_and_of_any_kind(cashier: Client, inside: Shop) -> None:
    make_shift(inside)
    product = make_product("شاي أخضر <b>", sku="AR", is_stocked=False)
    text = page(cashier, inside, sell(inside, (product, "1"))).content.decode()
    assert '<td colspan="2" dir="auto">شاي أخضر &lt;b&gt;</td>' in text


def test_a_stranger_is_told_nothing(stranger: Client, inside: Shop, sale: Sale) -> None:
    assert page(stranger, inside, sale).status_code == 404


def test_of_another_location(inside: Shop, sale: Sale) -> None:
    assert page(market_manager(inside), inside, sale).status_code == 404


def test_of_somebody_elses_sale(cashier: Client, inside: Shop) -> None:
    make_shift(inside)
    theirs = sell(inside, user=inside.manager)
    assert page(cashier, inside, theirs).status_code == 404


def test_without_the_permission(inside: Shop, sale: Sale) -> None:
    assert page(signed_in(inside.people["Stock keeper"]), inside, sale).status_code == 403


def test_only_reading(owner: Client, inside: Shop, sale: Sale) -> None:
    assert owner.post(inside.url(f"sales/{sale.pk}/receipt/")).status_code == 405
