"""Deliveries as pages show them; the test button, and sending something again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.limits import Limit
from accounts.models import AuditEntry
from tests.factories import Shop, make_shift
from tests.sales.selling import sell
from tests.webhooks.receiver import Answer, Receiver
from tests.webhooks.telling import listen
from webhooks import sending, signing
from webhooks.models import Delivery, Endpoint
from webhooks.spreading import spread
from webhooks.views import deliveries


@pytest.fixture
def endpoint(inside: Shop, receiver: Receiver) -> Endpoint:
    make_shift(inside)
    return listen(inside, receiver)[0]


@pytest.fixture
def waiting(inside: Shop, endpoint: Endpoint) -> Delivery:
    """A sale that is to be told."""
    sell(inside)
    spread()
    delivery: Delivery = Delivery.objects.get()
    return delivery


def text(response: Any) -> str:
    return response.content.decode()


def test_a_test_is_sent_at_once_and_shown(
    inside: Shop, owner: Client, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.answer = lambda _got: Answer(200, b"<b>welcome</b>")
    response = owner.post(inside.url(f"webhooks/{endpoint.pk}/test/"), follow=True)
    assert receiver.kinds == ["webhook.test"]
    assert "It arrived." in text(response)
    assert "&lt;b&gt;welcome&lt;/b&gt;" in text(response)
    assert AuditEntry.objects.filter(action="webhook.test").count() == 1


def test_a_test_that_fails_says_what_was_answered(
    inside: Shop, owner: Client, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.answer = lambda _got: Answer(500, b"out of order")
    response = owner.post(inside.url(f"webhooks/{endpoint.pk}/test/"), follow=True)
    assert "It did not arrive" in text(response)
    assert "500" in text(response) and "out of order" in text(response)
    assert "Next try" in text(response)


def test_a_test_of_one_that_is_off_is_refused(
    inside: Shop, owner: Client, endpoint: Endpoint, receiver: Receiver
) -> None:
    owner.post(inside.url(f"webhooks/{endpoint.pk}/off/"))
    response = owner.post(inside.url(f"webhooks/{endpoint.pk}/test/"), follow=True)
    assert "switch it on first" in text(response)
    assert receiver.got == []


def test_the_list_and_its_filters(
    inside: Shop, owner: Client, endpoint: Endpoint, waiting: Delivery, receiver: Receiver
) -> None:
    owner.post(inside.url(f"webhooks/{endpoint.pk}/test/"))
    page = text(owner.get(inside.url(f"webhooks/{endpoint.pk}/")))
    assert f"webhooks/deliveries/{waiting.pk}/" in page
    for query, there in (
        ("state=waiting", True),
        ("state=delivered", False),
        ("state=nonsense", True),
        ("event=sale.completed", True),
        ("event=webhook.test", False),
        ("state=given_up", False),
    ):
        page = text(owner.get(inside.url(f"webhooks/{endpoint.pk}/?{query}")))
        assert (f"webhooks/deliveries/{waiting.pk}/" in page) is there, query


def test_the_list_costs_few_statements(
    inside: Shop, owner: Client, endpoint: Endpoint, django_assert_max_num_queries: Any
) -> None:
    for _number in range(20):
        sell(inside, (inside.wrapping, "1"))
    spread()
    with django_assert_max_num_queries(16):
        owner.get(inside.url(f"webhooks/{endpoint.pk}/"))
    with django_assert_max_num_queries(16):
        owner.get(inside.url("webhooks/"))


def test_one_is_sent_again_under_its_id(
    inside: Shop, owner: Client, waiting: Delivery, receiver: Receiver
) -> None:
    address = inside.url(f"webhooks/deliveries/{waiting.pk}/")
    assert "Not tried yet" in text(owner.get(address))
    for _number in range(2):
        response = owner.post(address + "repeat/", follow=True)
        assert "It arrived." in text(response)
    assert [got.headers[signing.ID] for got in receiver.got] == [str(waiting.event_id)] * 2
    waiting.refresh_from_db()
    assert (waiting.state, waiting.tries) == ("delivered", 2)
    entry = AuditEntry.objects.filter(action="webhook.repeat").latest("pk")
    assert entry.changes["delivery"] == [None, str(waiting.pk)]


def test_one_that_was_given_up_is_tried_once_more(
    inside: Shop, owner: Client, waiting: Delivery, receiver: Receiver
) -> None:
    Delivery.objects.update(state="given_up", tries=9, next_at=None)
    receiver.answer = lambda _got: Answer(500)
    owner.post(inside.url(f"webhooks/deliveries/{waiting.pk}/repeat/"))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.tries) == ("given_up", 10)


def test_while_somebody_else_is_at_it_they_send_it(
    inside: Shop, owner: Client, waiting: Delivery, receiver: Receiver
) -> None:
    assert sending._claim(also_doubtful=True) is not None
    address = inside.url(f"webhooks/deliveries/{waiting.pk}/repeat/")
    assert "as soon as" in text(owner.post(address, follow=True))
    assert receiver.got == []


def test_only_so_many_by_hand(
    inside: Shop, owner: Client, waiting: Delivery, receiver: Receiver, monkeypatch: Any
) -> None:
    monkeypatch.setattr(deliveries, "BY_HAND", Limit("webhook", most=1))
    address = inside.url(f"webhooks/deliveries/{waiting.pk}/repeat/")
    owner.post(address)
    assert "in a moment" in text(owner.post(address, follow=True))
    assert len(receiver.got) == 1
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


def test_who_may_and_which_verb(
    inside: Shop, manager: Client, stranger: Client, owner: Client, waiting: Delivery
) -> None:
    address = inside.url(f"webhooks/deliveries/{waiting.pk}/")
    assert [one.get(address).status_code for one in (owner, manager, stranger)] == [200, 403, 404]
    again = address + "repeat/"
    assert [one.post(again).status_code for one in (manager, stranger)] == [403, 404]
    assert owner.get(again).status_code == 405
    assert owner.post(address).status_code == 405
    nowhere = inside.url("webhooks/deliveries/00000000-0000-7000-8000-000000000000/")
    assert owner.get(nowhere).status_code == 404
