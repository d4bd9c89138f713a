"""From a sale to the receiver: what it gets, and what becomes of what it does not take."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.utils import timezone

from tenants.context import business, current
from tests.factories import Shop, make_shift, make_shop
from tests.sales.selling import sell
from tests.webhooks.receiver import Answer, Receiver
from tests.webhooks.telling import (
    bound,
    change,
    deliveries,
    listen,
    mailbox,
    owner_of,
    sold,
    states,
)
from webhooks import building, endpoints, posting, pruning, sending, settling, signing, spreading
from webhooks.models import Delivery, Endpoint, Mailbox

pytestmark = pytest.mark.usefixtures("committed_db")


def due_again(shop: Shop) -> None:
    """The pauses are over."""
    now = timezone.now()
    change(shop, Delivery.objects.filter(state="waiting"), next_at=now)
    change(shop, Mailbox.objects.all(), due_at=now, rest_until=None)


def test_a_sale_is_told(open_market: Shop, receiver: Receiver) -> None:
    _endpoint, secret = listen(open_market, receiver)
    [sale] = sold(open_market)
    assert receiver.got == []
    assert sending.deliver() == 1
    [got] = receiver.got
    assert got.path == "/hook"
    assert got.headers["content-type"] == "application/json"
    assert got.body["type"] == "sale.completed"
    assert got.body["id"] == got.headers[signing.ID]
    assert got.body["business"] == {"id": open_market.business.pk, "slug": "acme"}
    assert got.body["data"]["id"] == str(sale.pk)
    stamp = int(got.headers[signing.TIMESTAMP])
    assert abs(stamp - time.time()) < 60
    assert got.headers[signing.SIGNATURE] == signing.signature(
        secret, message_id=got.body["id"], timestamp=stamp, body=got.raw
    )
    [delivery] = deliveries(open_market)
    assert (delivery.state, delivery.tries, delivery.status) == ("delivered", 1, 200)
    assert (delivery.answer, delivery.next_at) == ("thanks", None)
    assert delivery.milliseconds is not None
    assert mailbox(open_market).due_at is None
    assert sending.deliver() == 0


def test_only_what_was_chosen_and_only_since_then(
    open_market: Shop, receiver: Receiver, second_receiver: Receiver
) -> None:
    listen(open_market, receiver, "shift.closed")
    sold(open_market)
    listen(open_market, second_receiver, "sale.completed", name="Late")
    sold(open_market)
    sending.deliver()
    assert receiver.got == []
    assert len(second_receiver.got) == 1


def test_two_endpoints_get_one_event_with_one_id(
    open_market: Shop, receiver: Receiver, second_receiver: Receiver
) -> None:
    listen(open_market, receiver)
    listen(open_market, second_receiver, name="Second")
    sold(open_market)
    assert sending.deliver() == 2
    assert receiver.got[0].body == second_receiver.got[0].body
    assert (
        receiver.got[0].headers[signing.SIGNATURE]
        != (second_receiver.got[0].headers[signing.SIGNATURE])
    )


def test_in_the_order_of_events_one_at_a_time(open_market: Shop, receiver: Receiver) -> None:
    listen(open_market, receiver)
    sales = sold(open_market, 12)
    sending.deliver()
    assert [got.body["data"]["id"] for got in receiver.got] == [str(sale.pk) for sale in sales]
    assert receiver.most_at_once == 1


def test_what_fails_is_tried_again_with_growing_pauses_and_given_up_after_a_day(
    open_market: Shop, receiver: Receiver
) -> None:
    listen(open_market, receiver)
    sold(open_market)
    receiver.answer = lambda _got: Answer(500, b"out of order")
    pauses = []
    for number in range(1, len(settling.PAUSES) + 1):
        with time_machine.travel(timezone.now(), tick=False):
            assert sending.deliver() == 1
            [delivery] = deliveries(open_market)
            assert (delivery.state, delivery.tries, delivery.status) == ("waiting", number, 500)
            assert delivery.next_at is not None and delivery.tried_at is not None
            pauses.append((delivery.next_at - delivery.tried_at).total_seconds())
            assert sending.deliver() == 0, "its pause is not over"
            due_again(open_market)
    for pause, planned in zip(pauses, settling.PAUSES, strict=True):
        assert planned * 0.8 - 1 <= pause <= planned * 1.2 + 1
    assert 20 * 3600 < sum(settling.PAUSES) < 28 * 3600
    assert sending.deliver() == 1
    [delivery] = deliveries(open_market)
    assert (delivery.state, delivery.tries, delivery.next_at) == ("given_up", 9, None)
    assert len(delivery.log) == 9
    assert len({got.headers[signing.ID] for got in receiver.got}) == 1
    assert sending.deliver() == 0


def test_one_that_fails_lets_the_next_pass(open_market: Shop, receiver: Receiver) -> None:
    listen(open_market, receiver)
    first, _second = sold(open_market, 2)
    receiver.answer = lambda got: Answer(
        400 if got.body["data"]["id"] == str(first.pk) else 204, b""
    )
    sending.deliver()
    assert states(open_market) == ["waiting", "delivered"]
    receiver.answer = lambda _got: Answer()
    due_again(open_market)
    sending.deliver()
    assert states(open_market) == ["delivered", "delivered"]
    assert mailbox(open_market).failures == 0


def test_an_endpoint_that_keeps_failing_is_left_alone_for_a_while(
    open_market: Shop, receiver: Receiver
) -> None:
    listen(open_market, receiver)
    sold(open_market, 10)
    receiver.answer = lambda _got: Answer(503)
    sending.deliver()
    assert len(receiver.got) == settling.PATIENCE
    box = mailbox(open_market)
    assert box.failures == settling.PATIENCE
    assert box.due_at == box.rest_until
    assert box.rest_until is not None and box.rest_until > timezone.now()


def test_a_receiver_may_ask_for_a_longer_pause(open_market: Shop, receiver: Receiver) -> None:
    listen(open_market, receiver)
    sold(open_market)
    receiver.answer = lambda _got: Answer(429, headers={"Retry-After": "1800"})
    sending.deliver()
    [delivery] = deliveries(open_market)
    assert delivery.next_at is not None
    assert 1700 < (delivery.next_at - timezone.now()).total_seconds() < 1900


def test_no_redirect_is_followed(
    open_market: Shop, receiver: Receiver, second_receiver: Receiver
) -> None:
    listen(open_market, receiver)
    sold(open_market)
    receiver.answer = lambda _got: Answer(307, headers={"Location": second_receiver.url})
    sending.deliver()
    assert (len(receiver.got), second_receiver.got) == (1, [])
    [delivery] = deliveries(open_market)
    assert (delivery.state, delivery.status) == ("waiting", 307)


def test_a_huge_answer_is_cut(open_market: Shop, receiver: Receiver) -> None:
    listen(open_market, receiver)
    sold(open_market)
    receiver.answer = lambda _got: Answer(200, b"\x00\x1b[31m" + b"x" * 20_000_000)
    sending.deliver()
    [delivery] = deliveries(open_market)
    assert delivery.state == "delivered"
    assert delivery.answer == "[31m" + "x" * (posting.KEPT - 6)


def test_nobody_listens_and_no_such_host(
    open_market: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen(open_market, receiver)
    change(open_market, Endpoint.objects.all(), url="http://127.0.0.1:1/hook")
    sold(open_market)
    sending.deliver()
    [delivery] = deliveries(open_market)
    assert (delivery.status, delivery.error) == (None, "connection")
    change(open_market, Endpoint.objects.all(), url="http://no.such.host.invalid/hook")
    due_again(open_market)
    sending.deliver()
    [delivery] = deliveries(open_market)
    assert delivery.error == "not_found"
    assert [one["error"] for one in delivery.tries_log] == [
        "The host name could not be found.",
        "No connection could be made.",
    ]


def test_an_answer_that_is_no_http(open_market: Shop, receiver: Receiver) -> None:
    listen(open_market, receiver)
    sold(open_market)

    def broken(_got: Any) -> Answer:
        raise ConnectionResetError

    receiver.answer = broken
    sending.deliver()
    [delivery] = deliveries(open_market)
    assert (delivery.state, delivery.error) == ("waiting", "broken")


def fail_since(shop: Shop, days: float) -> None:
    change(shop, Mailbox.objects.all(), failing_since=timezone.now() - timedelta(days=days))


def test_after_days_of_failures_it_is_switched_off_and_the_owners_are_told(
    open_market: Shop, receiver: Receiver
) -> None:
    endpoint, _secret = listen(open_market, receiver)
    sold(open_market)
    receiver.answer = lambda _got: Answer(500)
    sending.deliver()
    fail_since(open_market, 2.9)
    due_again(open_market)
    sending.deliver()
    with bound(open_market):
        assert Endpoint.objects.get().is_active
    fail_since(open_market, 3.1)
    due_again(open_market)
    sending.deliver()
    with bound(open_market):
        endpoint = Endpoint.objects.get()
    assert (endpoint.is_active, endpoint.off_reason, endpoint.owners_told) == (
        False,
        "failing",
        True,
    )
    open_market.business.refresh_from_db()
    assert not open_market.business.sends_webhooks
    [message] = mail.outbox
    assert message.to == ["acme.owner@example.com"]
    assert "Bookkeeping" in message.body and receiver.url not in message.body
    # What waits is kept, is not tried, and goes out when it is switched on.
    due_again(open_market)
    receiver.answer = lambda _got: Answer()
    assert sending.deliver() == 0
    assert states(open_market) == ["waiting"]
    with bound(open_market):
        owner = owner_of(open_market)
        endpoints.switch(actor=owner, endpoint=endpoint, on=True)
    sending.deliver()
    assert states(open_market) == ["delivered"]


def test_a_mail_that_cannot_be_sent_is_tried_at_the_next_tidying(
    open_market: Shop, receiver: Receiver, settings: Any
) -> None:
    listen(open_market, receiver)
    sold(open_market)
    receiver.answer = lambda _got: Answer(410)
    settings.EMAIL_BACKEND = "tests.webhooks.no_mail.Backend"
    sending.deliver()
    with bound(open_market):
        row = Endpoint.objects.get()
    assert (row.is_active, row.off_reason, row.owners_told) == (False, "gone", False)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    pruning.tell_owners()
    pruning.tell_owners()
    assert len(mail.outbox) == 1


def test_a_business_that_is_switched_off_tells_nothing(
    open_market: Shop, receiver: Receiver
) -> None:
    listen(open_market, receiver)
    sold(open_market)
    type(open_market.business).objects.update(is_active=False)
    assert sending.deliver() == 0
    type(open_market.business).objects.update(is_active=True)
    assert sending.deliver() == 1


def test_a_fault_of_ours_is_tried_again_and_is_not_the_endpoints(
    open_market: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen(open_market, receiver)
    sold(open_market)

    def fail(_event: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(building._BUILDERS, "sale.completed", fail)
    sending.deliver()
    [delivery] = deliveries(open_market)
    assert (delivery.state, delivery.error) == ("waiting", "ours")
    assert mailbox(open_market).failures == 0


def test_a_fault_with_one_business_keeps_no_other_back(
    open_market: Shop,
    receiver: Receiver,
    second_receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction.atomic():
        other = make_shop("rival")
        with business(other.business):
            make_shift(other)
    listen(open_market, receiver)
    listen(other, second_receiver)
    sold(open_market)
    sold(other)
    some = spreading._spread_some

    def spread_some() -> int | None:
        if current().slug == "acme":
            raise ZeroDivisionError
        return some()

    monkeypatch.setattr(spreading, "_spread_some", spread_some)
    sending.deliver()
    assert (len(receiver.got), len(second_receiver.got)) == (0, 1)
    assert second_receiver.got[0].body["business"]["slug"] == "rival"
    monkeypatch.undo()
    sending.deliver()
    assert receiver.got[0].body["business"]["slug"] == "acme"


def test_while_a_secret_is_rolled_both_sign(open_market: Shop, receiver: Receiver) -> None:
    endpoint, old = listen(open_market, receiver)
    with bound(open_market):
        owner = owner_of(open_market)
        new = endpoints.roll_secret(actor=owner, endpoint=endpoint)
    sold(open_market)
    sending.deliver()

    def expected(secret: str) -> str:
        got = receiver.got[-1]
        return signing.signature(
            secret,
            message_id=got.headers[signing.ID],
            timestamp=int(got.headers[signing.TIMESTAMP]),
            body=got.raw,
        )

    assert receiver.got[-1].headers[signing.SIGNATURE] == f"{expected(new)} {expected(old)}"
    change(open_market, Endpoint.objects.all(), old_secret_until=timezone.now())
    sold(open_market)
    sending.deliver()
    assert receiver.got[-1].headers[signing.SIGNATURE] == expected(new)


def test_people_stay_out_of_it(open_market: Shop, receiver: Receiver) -> None:
    """The outbox keeps ids: no name of a customer lies there for thirty days."""
    listen(open_market, receiver)
    with bound(open_market):
        sell(open_market, customer=True)
    sending.deliver()
    assert receiver.got[0].body["data"]["customer"]["name"] == "Carla of acme"
    [delivery] = deliveries(open_market)
    kept = repr([delivery.__dict__, delivery.event.__dict__])
    assert "Carla" not in kept
