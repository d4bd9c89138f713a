"""Voiding a sale from its page: once, with a reason, by those who may."""

from __future__ import annotations

import re

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from accounts.models import AuditEntry
from inventory.models import StockLevel
from sales.models import Sale
from sales.shifts import close_shift, expected_cash
from tenants.ids import uuid7
from tests.factories import Shop, make_shift
from tests.sales.selling import market_manager, sell, void


@pytest.fixture
def sale(inside: Shop) -> Sale:
    make_shift(inside)
    return sell(inside, (inside.mug, "2"))


def form_of(client: Client, shop: Shop, sale: Sale) -> dict[str, str]:
    """What the dialog on the page would send."""
    text = client.get(shop.url(f"sales/{sale.pk}/")).content.decode()
    found = re.search(r'name="id" value="([0-9a-f-]{36})"', text)
    assert found, "there is no dialog to void the sale"
    return {"id": found[1], "reason": "Wrong product"}


def post(client: Client, shop: Shop, sale: Sale, data: dict[str, str]):
    return client.post(shop.url(f"sales/{sale.pk}/void/"), data)


def said(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def mugs(shop: Shop) -> object:
    return StockLevel.objects.get(variation=shop.mug, location=shop.high_street).quantity


def test_a_void_reverses_the_sale(owner: Client, inside: Shop, sale: Sale) -> None:
    response = post(owner, inside, sale, form_of(owner, inside, sale))
    assert response.url == inside.url(f"sales/{sale.pk}/")
    reversal = sale.reversals.get()
    assert (reversal.number, reversal.total, reversal.reason) == (
        "ACM1-V000001",
        -sale.total,
        "Wrong product",
    )
    assert reversal.operator == inside.owner
    assert mugs(inside) == 10
    assert "ACM1-V000001" in said(response)
    assert AuditEntry.objects.filter(action="sale.void", object_id=sale.pk).count() == 1


def test_a_double_click_voids_once(owner: Client, inside: Shop, sale: Sale) -> None:
    data = form_of(owner, inside, sale)
    first, second = post(owner, inside, sale, data), post(owner, inside, sale, data)
    assert "is voided by ACM1-V000001" in said(first)
    assert "is voided by ACM1-V000001" in said(second)
    assert sale.reversals.count() == 1
    assert mugs(inside) == 10
    assert expected_cash(sale.shift) == 50


def test_two_open_pages_void_once(owner: Client, manager: Client, inside: Shop, sale: Sale) -> None:
    one, other = form_of(owner, inside, sale), form_of(manager, inside, sale)
    post(owner, inside, sale, one)
    assert "voided already" in said(post(manager, inside, sale, other))
    assert sale.reversals.count() == 1
    assert mugs(inside) == 10


def test_a_colleague_may(manager: Client, inside: Shop, sale: Sale) -> None:
    post(manager, inside, sale, form_of(manager, inside, sale))
    assert sale.reversals.get().operator == inside.manager


def test_the_cashier_may_not(cashier: Client, inside: Shop, sale: Sale) -> None:
    data = {"id": str(uuid7()), "reason": "Mine"}
    assert post(cashier, inside, sale, data).status_code == 403
    assert not sale.reversals.exists()


def test_a_stranger_is_told_nothing(stranger: Client, inside: Shop, sale: Sale) -> None:
    data = {"id": str(uuid7()), "reason": "Theirs"}
    assert post(stranger, inside, sale, data).status_code == 404
    assert not sale.reversals.exists()


def test_not_at_another_location(inside: Shop, sale: Sale) -> None:
    data = {"id": str(uuid7()), "reason": "Elsewhere"}
    assert post(market_manager(inside), inside, sale, data).status_code == 404
    assert not sale.reversals.exists()


def test_only_by_post(owner: Client, inside: Shop, sale: Sale) -> None:
    assert owner.get(inside.url(f"sales/{sale.pk}/void/")).status_code == 405


@pytest.mark.parametrize("change", [{"reason": "  "}, {"id": "nonsense"}, {"id": ""}])
def test_what_is_missing_is_said(owner: Client, inside: Shop, sale: Sale, change) -> None:
    response = post(owner, inside, sale, {"id": str(uuid7()), "reason": "Why", **change})
    assert response.status_code == 302
    assert said(response)
    assert not sale.reversals.exists()


def test_a_closed_drawer_gives_no_cash_back(owner: Client, inside: Shop, sale: Sale) -> None:
    data = form_of(owner, inside, sale)
    close_shift(actor=inside.cashier, shift=sale.shift, counted_cash=sale.total + 50)
    assert "Open a shift" in said(post(owner, inside, sale, data))
    assert not sale.reversals.exists()
    assert mugs(inside) == 8


def test_a_void_cannot_be_voided(owner: Client, inside: Shop, sale: Sale) -> None:
    reversal = void(inside, sale)
    response = post(owner, inside, reversal, {"id": str(uuid7()), "reason": "Back again"})
    assert "Only a sale" in said(response)
    assert not reversal.reversals.exists()


def test_the_id_of_another_document_is_refused(owner: Client, inside: Shop, sale: Sale) -> None:
    other = sell(inside)
    assert said(post(owner, inside, sale, {"id": str(other.pk), "reason": "Clash"}))
    assert not Sale.objects.filter(kind=Sale.Kind.VOID).exists()


@pytest.mark.parametrize("reason", ["Card 4111 1111 1111 1111", "nul \0", "x" * 201])
def test_what_must_not_be_stored_is_refused(owner, inside: Shop, sale: Sale, reason) -> None:
    response = post(owner, inside, sale, {"id": str(uuid7()), "reason": reason})
    assert response.status_code == 302
    assert said(response)
    assert not sale.reversals.exists()
