"""Endpoints, events and what became of them, for the tests of webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from accounts.models import Membership
from sales.models import Sale
from tenants.context import business
from tests.factories import Shop
from tests.sales.selling import sell
from tests.webhooks.receiver import Receiver
from webhooks import endpoints
from webhooks.kinds import NEEDS
from webhooks.models import Delivery, Endpoint, Event, Mailbox


@contextmanager
def bound(shop: Shop) -> Iterator[None]:
    """The shop, in a transaction: PostgreSQL knows the business from it."""
    with business(shop.business), transaction.atomic():
        yield


def owner_of(shop: Shop) -> Membership:
    member: Membership = Membership.objects.select_related("role", "user").get(user=shop.owner)
    return member


def listen(
    shop: Shop, receiver: Receiver | str, *kinds: str, name: str = "Bookkeeping"
) -> tuple[Endpoint, str]:
    """An endpoint of the shop that hears of these kinds, or of all; and its secret."""
    url = receiver if isinstance(receiver, str) else receiver.url
    with bound(shop):
        return endpoints.create_endpoint(
            actor=owner_of(shop), name=name, url=url, kinds=kinds or list(NEEDS)
        )


def sold(shop: Shop, count: int = 1) -> list[Sale]:
    """Sales, each in a transaction of its own."""
    return [_sold(shop) for _number in range(count)]


def _sold(shop: Shop) -> Sale:
    with bound(shop):
        return sell(shop, (shop.wrapping, "1"))


def deliveries(shop: Shop, **which: Any) -> list[Delivery]:
    with bound(shop):
        rows = Delivery.objects.filter(**which).select_related("event", "endpoint")
        return list(rows.order_by("event_id", "pk"))


def states(shop: Shop) -> list[str]:
    return [one.state for one in deliveries(shop)]


def events(shop: Shop) -> list[str]:
    with bound(shop):
        return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def mailbox(shop: Shop) -> Mailbox:
    with bound(shop):
        box: Mailbox = Mailbox.objects.get()
        return box


def change(shop: Shop, rows: Any, **values: Any) -> None:
    """Change rows of the bound model behind the domain's back: time passes so."""
    with bound(shop):
        rows.update(**values)
