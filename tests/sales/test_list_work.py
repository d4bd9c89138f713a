"""What lists of sales and shifts do for each row beside reading it: as little as possible."""

from __future__ import annotations

import gc
import weakref

import pytest
from django.templatetags.i18n import TranslateNode
from django.test import Client

from sales.models import Customer, Sale, Shift
from sales.views.sales import for_list
from tenants import encryption
from tenants.context import business
from tests.factories import Shop, make_shift
from tests.sales.selling import counted, sell

PAGES = ("sales/", "shifts/", "shifts/{shift}/", "customers/{customer}/")


class Text(str):
    """A text that can be watched: of a plain one nobody learns whether it is gone."""

    __slots__ = ("__weakref__",)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[Text]]:
    """Each text that was decrypted, for as long as anybody has it."""
    decrypt, found = encryption.decrypt, []

    def watched(token: str) -> str:
        text = Text(decrypt(token))
        found.append(weakref.ref(text))
        return text

    monkeypatch.setattr(encryption, "decrypt", watched)
    return found


@pytest.fixture
def paths(shop: Shop) -> list[str]:
    """The lists, of a shop where two people have sold to the same customer."""
    with business(shop.business):
        make_shift(shop)
    sell_more(shop)
    with business(shop.business):
        shift, customer = Shift.objects.get().pk, Customer.objects.get().pk
    return [shop.url(page.format(shift=shift, customer=customer)) for page in PAGES]


def sell_more(shop: Shop) -> None:
    with business(shop.business):
        for user in (shop.cashier, shop.manager):
            sell(shop, user=user, customer=True)


def test_a_name_is_opened_once_for_a_list_and_anew_for_each_request(
    owner: Client, shop: Shop, paths: list[str], opened: list[weakref.ref[Text]]
) -> None:
    counts: list[list[int]] = []
    for more in (False, False, True):
        if more:
            sell_more(shop)
        counts.append([])
        for path in paths:
            opened.clear()
            assert owner.get(path).status_code == 200
            counts[-1].append(len(opened))
            gc.collect()
            assert [text for text in opened if text() is not None] == []
    assert counts[0] == counts[1] == counts[2]
    assert all(counts[0])


def test_labels_are_translated_once_for_a_list(
    owner: Client, shop: Shop, paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    render, calls = TranslateNode.render, []

    def noted(node, context):
        calls.append(node)
        return render(node, context)

    monkeypatch.setattr(TranslateNode, "render", noted)
    counts: list[list[int]] = []
    for _round in range(2):
        counts.append([])
        for path in paths:
            calls.clear()
            owner.get(path)
            counts[-1].append(len(calls))
        sell_more(shop)
    assert counts[0] == counts[1]


def test_a_row_is_read_as_far_as_it_is_shown(shop: Shop, paths: list[str]) -> None:
    with business(shop.business), counted() as queries:
        sale = for_list(Sale.objects.all())[0]
        unread = [
            row.get_deferred_fields()
            for row in (sale, sale.location, sale.register, sale.operator, sale.customer)
        ]
    assert len(queries) == 1
    for names, columns in zip(
        unread, ("content_hash", "address", "chain_hash", "email", "note"), strict=True
    ):
        assert columns in names
