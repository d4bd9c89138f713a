"""The inbox of sales made offline: the list, one of them, and what can be done with it."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from sales.models import ReviewItem, Sale
from tenants.ids import uuid7
from tests.factories import Shop, make_shift
from tests.sales.offline_sales import offline_body
from tests.sales.reviewing import hand_in, held, item_of, remark
from tests.sales.selling import counted, market_manager


@pytest.fixture
def open_shop(inside: Shop) -> Shop:
    make_shift(inside)
    return inside


def page(client: Client, shop: Shop, path: str = "review/") -> str:
    response = client.get(shop.url(path))
    assert response.status_code == 200
    return response.content.decode()


def settle(client: Client, shop: Shop, item: ReviewItem, **data: str):
    return client.post(shop.url(f"review/{item.pk}/settle/"), data)


def said(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_the_list_shows_what_is_open(manager: Client, open_shop: Shop) -> None:
    assert "Nothing to review" in page(manager, open_shop)
    one, other = remark(open_shop), held(open_shop)
    text = page(manager, open_shop)
    assert one.number in text
    assert "was sold at 4.00" in text
    assert "Line 1 is of a product that does not exist here." in text
    assert "Held" in text
    settle(manager, open_shop, one, action="accept")
    assert f"review/{one.pk}/" not in page(manager, open_shop)
    settled = page(manager, open_shop, "review/?state=settled")
    assert f"review/{one.pk}/" in settled
    assert str(other.pk) not in settled
    assert "Nothing matches" in page(manager, open_shop, "review/?kind=remark")


def test_the_menu_counts_them(manager: Client, cashier: Client, open_shop: Shop) -> None:
    badge = '<span class="badge warning">2</span>'
    with counted() as before:
        assert badge not in page(manager, open_shop, "customers/")
    remark(open_shop)
    held(open_shop)
    with counted() as after:
        assert badge in page(manager, open_shop, "customers/")
    assert len(after) == len(before) + 1
    assert "To review" not in page(cashier, open_shop, "customers/")


def test_the_list_costs_the_same_for_many(manager: Client, open_shop: Shop) -> None:
    remark(open_shop)
    with counted() as one:
        page(manager, open_shop)
    for _n in range(5):
        remark(open_shop)
        held(open_shop)
    with counted() as many:
        page(manager, open_shop)
    assert len(many) == len(one) <= 12


def test_one_is_shown_against_what_is_known(manager: Client, open_shop: Shop) -> None:
    item = remark(open_shop)
    text = page(manager, open_shop, f"review/{item.pk}/")
    assert "4.00" in text
    assert "5.00" in text
    assert "Accept it as it is" in text
    assert "Close it without" not in text
    item = held(open_shop, note="By the door")
    text = page(manager, open_shop, f"review/{item.pk}/")
    assert "Unknown product" in text
    assert "By the door" in text
    assert "Product of line 1" in text
    assert "Accept it as it is" not in text


def test_accepting(manager: Client, open_shop: Shop) -> None:
    item = remark(open_shop)
    for _twice in range(2):
        response = settle(manager, open_shop, item, action="accept", note="Old label")
        assert response.url == open_shop.url("review/")
    item.refresh_from_db()
    assert (item.settlement, item.note) == ("accepted", "Old label")
    text = page(manager, open_shop, f"review/{item.pk}/")
    assert "Old label" in text
    assert "<form method" not in text.split("<main", 1)[1]


def test_recording_with_the_product_that_was_meant(manager: Client, open_shop: Shop) -> None:
    item = held(open_shop)
    register = str(open_shop.register.pk)
    response = settle(manager, open_shop, item, action="record", register=register, line_1="NO")
    assert "There is no product with this code." in response.content.decode()
    response = settle(
        manager, open_shop, item, action="record", register=register, line_1="mug-1",
        customer="carla",
    )  # fmt: skip
    assert response.status_code == 302, response.content
    sale = Sale.objects.get()
    assert sale.customer == open_shop.customer
    assert f"Recorded as {sale.number}." in said(response)


def test_what_cannot_be_recorded_says_why(manager: Client, open_shop: Shop) -> None:
    item = item_of(hand_in(open_shop, offline_body(open_shop, total="4.00")))
    register = str(open_shop.register.pk)
    response = settle(manager, open_shop, item, action="record", register=register)
    assert "Its lines come to 5.00, and the customer was shown 4.00." in response.content.decode()
    for customer, words in (("nobody", "Nobody is found"), ("carla", "Choose one of the two")):
        response = settle(
            manager, open_shop, item, action="record", register=register, customer=customer,
            without_customer="on",
        )  # fmt: skip
        assert words in response.content.decode() or customer == "nobody"
    assert ReviewItem.objects.get().is_open


def test_closing_needs_a_reason(manager: Client, open_shop: Shop) -> None:
    item = held(open_shop)
    assert (
        "This field is required"
        in settle(manager, open_shop, item, action="close").content.decode()
    )
    response = settle(manager, open_shop, item, **{"action": "close", "close-note": "A test"})
    assert response.status_code == 302
    item.refresh_from_db()
    assert (item.settlement, item.note, item.sale) == ("closed", "A test", None)
    assert not Sale.objects.exists()


def test_two_open_pages_settle_once(manager: Client, owner: Client, open_shop: Shop) -> None:
    item = held(open_shop)
    settle(manager, open_shop, item, **{"action": "close", "close-note": "Mine"})
    response = settle(
        owner, open_shop, item, action="record", register=str(open_shop.register.pk), line_1="TEA"
    )
    assert "settled already" in said(response)
    assert not Sale.objects.exists()


@pytest.mark.parametrize("data", [{}, {"action": "burn"}])
def test_nonsense_settles_nothing(manager: Client, open_shop: Shop, data: dict[str, str]) -> None:
    item = remark(open_shop)
    assert settle(manager, open_shop, item, **data).status_code == 302
    item.refresh_from_db()
    assert item.is_open


def test_a_card_number_is_no_note(manager: Client, open_shop: Shop) -> None:
    item = remark(open_shop)
    response = settle(manager, open_shop, item, action="accept", note="4111 1111 1111 1111")
    assert "looks like a card number" in response.content.decode()


def test_a_colleague_may(owner: Client, open_shop: Shop) -> None:
    item = remark(open_shop)
    settle(owner, open_shop, item, action="accept")
    item.refresh_from_db()
    assert item.settled_by == open_shop.owner


def test_the_cashier_may_not(cashier: Client, open_shop: Shop) -> None:
    item = remark(open_shop)
    for path in ("review/", f"review/{item.pk}/"):
        assert cashier.get(open_shop.url(path)).status_code == 403
    assert settle(cashier, open_shop, item, action="accept").status_code == 403


def test_a_stranger_is_told_nothing(stranger: Client, open_shop: Shop) -> None:
    item = remark(open_shop)
    for path in ("review/", f"review/{item.pk}/"):
        assert stranger.get(open_shop.url(path)).status_code == 404
    assert settle(stranger, open_shop, item, action="accept").status_code == 404


def test_not_at_another_location(open_shop: Shop) -> None:
    item = remark(open_shop)
    elsewhere = market_manager(open_shop)
    assert "Nothing to review" in page(elsewhere, open_shop)
    assert elsewhere.get(open_shop.url(f"review/{item.pk}/")).status_code == 404
    assert settle(elsewhere, open_shop, item, action="accept").status_code == 404


def test_verbs(manager: Client, open_shop: Shop) -> None:
    item = remark(open_shop)
    assert manager.post(open_shop.url("review/")).status_code == 405
    assert manager.post(open_shop.url(f"review/{item.pk}/")).status_code == 405
    assert manager.get(open_shop.url(f"review/{item.pk}/settle/")).status_code == 405
    assert manager.get(open_shop.url(f"review/{uuid7()}/")).status_code == 404
