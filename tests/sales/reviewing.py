"""Sales made offline that did not fit, for the tests of the inbox."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.bodies import Body
from accounts.models import Device, Membership, User
from sales.api.reading import read_offline
from sales.kept import kept_sale
from sales.models import ReviewItem
from sales.offline import Outcome, take_in
from tests.factories import Shop
from tests.sales.offline_sales import offline_body, offline_line


def hand_in(
    shop: Shop, body: dict[str, Any], *, user: User | None = None, device: Device | None = None
) -> Outcome:
    """As the batch endpoint does it, in the bound shop."""
    reading = Body(body)
    reading.flag("offline")
    asked = read_offline(reading)
    reading.finish()
    with transaction.atomic():
        member = Membership.objects.select_related("user", "role").get(user=user or shop.cashier)
        return take_in(actor=member, device=device, request=asked, kept=kept_sale(asked))


def item_of(outcome: Outcome) -> ReviewItem:
    assert outcome.id is not None
    item: ReviewItem = ReviewItem.objects.get(request_id=outcome.id)
    return item


def remark(shop: Shop, **more: Any) -> ReviewItem:
    """A mug sold for 4.00, whose price is 5.00."""
    line = offline_line(shop.mug, unit_price="4.00")
    return item_of(hand_in(shop, offline_body(shop, line, total="4.00", **more)))


def held(shop: Shop, **more: Any) -> ReviewItem:
    """A product that nobody knows, for 5.00."""
    line = {**offline_line(shop.mug), "variation": "01900000-0000-7000-8000-000000000001"}
    return item_of(hand_in(shop, offline_body(shop, line, **more)))
