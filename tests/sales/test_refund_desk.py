"""The desk of refunds and exchanges: what it shows, what it would come to, and recording it once."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from inventory.models import StockLevel
from sales.models import Payment, Sale
from sales.shifts import close_shift, expected_cash, open_shift
from tenants.ids import uuid7
from tests.factories import Shop, make_shift, signed_in
from tests.sales.refunding import back, refund, second_till
from tests.sales.selling import counted, market_manager, sell, void


@pytest.fixture
def sale(inside: Shop) -> Sale:
    make_shift(inside)
    return sell(inside, (inside.mug, "3"), (inside.wrapping, "1"), customer=True)


def desk(shop: Shop, sale: Sale, what: str = "") -> str:
    return shop.url(f"sales/{sale.pk}/refund/{what}")


def page(client: Client, shop: Shop, sale: Sale) -> str:
    response = client.get(desk(shop, sale))
    assert response.status_code == 200
    return response.content.decode()


def form_of(client: Client, shop: Shop, sale: Sale, **fields: str) -> dict[str, Any]:
    """What the page would send with one mug chosen."""
    text = page(client, shop, sale)
    found = re.search(r'name="id" value="([0-9a-f-]{36})"', text)
    assert found, "there is no form"
    return {
        "id": found[1],
        "register": str(shop.register.pk),
        "reason": "Too small",
        "way": "as_paid",
        "quantity-1": "1",
        "shelf-1": "1",
        **fields,
    }


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def mugs(shop: Shop) -> Any:
    return StockLevel.objects.get(variation=shop.mug, location=shop.high_street).quantity


def test_it_shows_what_can_come_back(owner: Client, inside: Shop, sale: Sale) -> None:
    refund(inside, sale, back(1))
    text = page(owner, inside, sale)
    assert 'max="2"' in text
    assert "1 came back" in text
    assert "Gift wrapping" in text
    assert "Taken instead" in text
    # A service has no shelf.
    assert text.count("Back on the shelf") == 1
    assert (
        f'href="{desk(inside, sale)}"'
        in owner.get(inside.url(f"sales/{sale.pk}/")).content.decode()
    )


def test_a_refund_is_recorded_and_its_receipt_printed(
    owner: Client, inside: Shop, sale: Sale
) -> None:
    data = form_of(owner, inside, sale)
    response: Any = owner.post(desk(inside, sale), data)
    document = sale.reversals.get()
    assert response.url == inside.url(f"sales/{document.pk}/receipt/?print=1")
    assert (document.kind, document.total, document.reason) == ("refund", -5, "Too small")
    assert document.operator == inside.owner
    assert mugs(inside) == 8
    # The same page sent twice records once.
    assert owner.post(desk(inside, sale), data)["Location"] == response.url
    assert sale.reversals.count() == 1
    text = owner.get(response.url).content.decode()
    assert "REFUND" in text
    assert sale.number in text


def test_what_is_not_put_back_and_all_by_one_way(owner: Client, inside: Shop, sale: Sale) -> None:
    data = form_of(owner, inside, sale, way="credit")
    del data["shelf-1"]
    owner.post(desk(inside, sale), data)
    document = sale.reversals.get()
    assert mugs(inside) == 7
    assert document.payments.get().method == Payment.Method.CREDIT
    text = owner.get(inside.url(f"sales/{document.pk}/")).content.decode()
    assert "Not put back" in text


def test_an_exchange(owner: Client, inside: Shop, sale: Sale) -> None:
    key = str(inside.tea.pk)
    new = {"new": key, f"count-{key}": "0.5", f"name-{key}": "Green tea"}
    data = form_of(owner, inside, sale, **new)
    summary = owner.post(desk(inside, sale, "quote/"), data)
    assert summary.context["summary"].total == Decimal("1.50")
    assert "Exchange and take €1.50" in summary.content.decode()
    # Nobody has seen a total yet.
    assert "total" in said(owner.post(desk(inside, sale), data))
    owner.post(desk(inside, sale), {**data, "total": "1.50"})
    document = sale.reversals.get()
    assert (document.kind, document.total) == ("exchange", Decimal("1.50"))
    assert document.payments.get().method == Payment.Method.CASH
    assert "EXCHANGE" in owner.get(inside.url(f"sales/{document.pk}/receipt/")).content.decode()


def test_what_it_comes_to_is_told_before(owner: Client, inside: Shop, sale: Sale) -> None:
    data = form_of(owner, inside, sale, **{"quantity-1": "2", "quantity-2": "1"})
    del data["reason"]
    response = owner.post(desk(inside, sale, "quote/"), data)
    text = response.content.decode()
    assert response.context["summary"].due == Decimal("11.50")
    assert "Give back €11.50" in text
    assert 'name="total" value="11.50"' in text
    assert "Cash" in text
    nothing = owner.post(
        desk(inside, sale, "quote/"), {**data, "quantity-1": "", "quantity-2": "0"}
    )
    assert "disabled" in nothing.content.decode()
    too_much = owner.post(desk(inside, sale, "quote/"), {**data, "quantity-1": "4"})
    assert "only 3 can still come back" in too_much.content.decode()
    assert not sale.reversals.exists()


def test_what_was_typed_stays_when_it_is_refused(owner: Client, inside: Shop, sale: Sale) -> None:
    key = str(inside.mug.pk)
    data = form_of(owner, inside, sale, **{"quantity-1": "9", "new": key, f"count-{key}": "2"})
    response = owner.post(desk(inside, sale), {**data, f"name-{key}": "Blue <mug>", "total": "1"})
    assert "only 3" in said(response)
    text = response.content.decode()
    assert 'value="9"' in text
    assert "Blue &lt;mug&gt;" in text
    assert not sale.reversals.exists()
    response = owner.post(desk(inside, sale), {**data, "quantity-1": "1", "total": "3"})
    assert "5.00" in said(response)


@pytest.mark.parametrize(
    "change",
    [
        {"reason": " "},
        {"reason": "4111 1111 1111 1111"},
        {"id": "x"},
        {"register": str(uuid7())},
        {"way": "gold"},
        {"total": "many"},
        {"quantity-1": "many"},
        {"quantity-1": "1", "reference": "x" * 61},
    ],
)
def test_what_is_wrong_is_said(owner: Client, inside: Shop, sale: Sale, change: Any) -> None:
    response = owner.post(desk(inside, sale), form_of(owner, inside, sale) | change)
    assert response.status_code == 200
    assert said(response)
    assert not sale.reversals.exists()


def test_without_an_open_drawer(owner: Client, inside: Shop, sale: Sale) -> None:
    data = form_of(owner, inside, sale)
    close_shift(actor=inside.cashier, shift=sale.shift, counted_cash=Decimal(0))
    assert "No shift is open" in page(owner, inside, sale)
    assert owner.post(desk(inside, sale), data).status_code == 200
    assert not sale.reversals.exists()
    # Another drawer does as well.
    other = second_till(inside)
    shift = open_shift(actor=inside.cashier, register=other, opening_float=Decimal(20))
    owner.post(desk(inside, sale), {**data, "register": str(other.pk)})
    assert expected_cash(shift) == 15


def test_nothing_is_left_of_a_voided_sale(owner: Client, inside: Shop, sale: Sale) -> None:
    reversal = void(inside, sale)
    for one in (sale, reversal):
        response: Any = owner.get(desk(inside, one))
        assert response.url == inside.url(f"sales/{one.pk}/")
        assert said(response)
    other = sell(inside)
    document = refund(inside, other)
    assert "came back already" in page(owner, inside, other)
    assert "Refunded" in owner.get(inside.url("sales/")).content.decode()
    text = owner.get(inside.url(f"sales/{other.pk}/")).content.decode()
    assert document.number in text
    assert "Refund or exchange" not in text
    assert "Void sale" not in text


def test_who_may(cashier: Client, manager: Client, inside: Shop, sale: Sale) -> None:
    data = form_of(manager, inside, sale)
    for what in ("", "quote/"):
        assert cashier.post(desk(inside, sale, what), data).status_code == 403
    assert cashier.get(desk(inside, sale)).status_code == 403
    role = inside.roles["Cashier"]
    role.permissions = [*role.permissions, "sell.exchange"]
    role.save()
    client = signed_in(inside.cashier)
    assert client.get(desk(inside, sale)).status_code == 200
    # To exchange is not to refund.
    assert client.post(desk(inside, sale), data).status_code == 403
    assert not sale.reversals.exists()
    manager.post(desk(inside, sale), data)
    assert sale.reversals.get().operator == inside.manager


def test_a_stranger_and_another_location_are_told_nothing(
    stranger: Client, inside: Shop, sale: Sale
) -> None:
    for client in (stranger, market_manager(inside)):
        assert client.get(desk(inside, sale)).status_code == 404
        assert client.post(desk(inside, sale), {}).status_code == 404
        assert client.post(desk(inside, sale, "quote/"), {}).status_code == 404


def test_the_verbs(owner: Client, inside: Shop, sale: Sale) -> None:
    assert owner.put(desk(inside, sale)).status_code == 405
    assert owner.get(desk(inside, sale, "quote/")).status_code == 405


def test_the_statements_do_not_grow_with_the_lines(owner: Client, inside: Shop) -> None:
    inside.high_street.below_zero = "allow"
    inside.high_street.save()
    make_shift(inside)
    counts = []
    for size in (2, 30):
        sale = sell(inside, *[(inside.mug, "1")] * size)
        data = form_of(owner, inside, sale)
        with counted() as queries:
            page(owner, inside, sale)
            owner.post(desk(inside, sale, "quote/"), data)
            owner.post(desk(inside, sale), data)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 66


def test_badges_in_the_list(owner: Client, inside: Shop, sale: Sale) -> None:
    refund(inside, sale, back(1))
    response = owner.get(inside.url("sales/"))
    text = response.content.decode()
    assert "Partly refunded" in text
    totals = response.context["totals"]
    assert (totals.sales, totals.refunds, totals.total) == (1, 1, Decimal("11.50"))
    assert "1 refund" in text
    shift = owner.get(inside.url(f"shifts/{sale.shift.pk}/")).content.decode()
    assert "<dt>Refunds</dt><dd>1</dd>" in shift
    only = owner.get(inside.url("sales/?kind=refund")).content.decode()
    assert "ACM1-R000001" in only
