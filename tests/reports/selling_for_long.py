"""A shop that has been open for months, so that sales of any day of them can be made."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import time_machine

from sales.models import Register
from tests.factories import Shop, make_shift
from tests.sales.selling import market_shift


def open_for_months(shop: Shop, *, now: datetime, cost: str) -> Register:
    """Both drawers open since 99 days before `now`, as much stock as is sold, mugs at this cost; the
    register at the market."""
    shop.high_street.below_zero = "allow"
    shop.high_street.save()
    shop.mug.cost = Decimal(cost)
    shop.mug.save()
    with time_machine.travel(now - timedelta(days=99), tick=False):
        make_shift(shop)
        return market_shift(shop).register
