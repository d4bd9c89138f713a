"""The ordinary sale at a terminal, with two statements: what it takes is read, and it is written.

One call of `sql/sales_open_v1.sql` looks at whoever asks, the place, the shift and what is sold, and
locks the register; `record_sale` prices and posts as always. See `metering/at_once.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from metering.at_once import (
    Answer,
    Asked,
    OutOfTheOrdinary,
    body_of,
    come_in,
    opened,
    render,
)
from sales.api.reading import read_sale
from sales.api.shapes import sale_shape
from sales.checkout import SaleRequest, needed_permissions, record_sale
from sales.models import Customer, Payment, Sale
from sales.rows import PLAIN, PlainCustomer, PlainLocation, PlainRegister, PlainShift
from sales.sellable import check_sellable


class Rate(NamedTuple):
    name: str
    rate: Decimal


class Goods(NamedTuple):
    """Like a Product, as far as selling it goes; not what adds credit."""

    tax_inclusive: bool
    moves_stock: bool
    sold_tax_rate: Rate | None
    allow_decimal: bool
    adds_credit: bool = False


class Offered(NamedTuple):
    """Like a Variation of `sellable`."""

    full_name: str
    sku: str
    selling_price: Decimal
    cost: Decimal
    product: Goods


def sell(request: Any, asked: Asked) -> Answer:
    """201 with the sale that was recorded now."""
    body = body_of(request)
    wanted = read_sale(body)
    if any(payment.method == Payment.Method.CREDIT for payment in wanted.payments):
        raise OutOfTheOrdinary
    now = timezone.now()
    question = {
        "now": now.isoformat(),
        "register": str(wanted.register_id),
        "sale": str(wanted.id),
        "customer": None if wanted.customer_id is None else str(wanted.customer_id),
        "needed": needed_permissions(wanted),
        "variations": [str(line.variation_id) for line in wanted.lines],
    }
    with opened(asked, "sales_open_v1", question) as found:
        sale = _recorded(request, asked, wanted, found, now)
    return Answer(render(sale_shape(request, sale)), 201)


def _recorded(
    request: Any, asked: Asked, wanted: SaleRequest, found: Mapping[str, Any], now: datetime
) -> Sale:
    come_in(request, asked, found["who"])
    goods = found["goods"] or {}
    variations = {
        line.variation_id: _offered(*goods[key])
        for line in wanted.lines
        if (key := str(line.variation_id)) in goods
    }
    check_sellable(wanted, variations)
    return record_sale(
        wanted,
        operator=request.user,
        device=request.device,
        shift=_shift(found["place"], wanted.register_id, request.device.location_id),
        customer=_customer(wanted.customer_id, found["buyer"]),
        variations=variations,
        sold_at=now,
        rows=PLAIN,
        last=True,
    )


# -- rows, as far as they are needed ----------------------------------------------------------------


def _shift(place: Mapping[str, Any], register_id: UUID, location_id: UUID) -> Any:
    location = PlainLocation(
        location_id, place["location_name"], place["own_time_zone"], place["below_zero"]
    )
    register = PlainRegister(
        pk=register_id,
        name=place["name"],
        prefix=place["prefix"],
        location=location,
        sale_counter=place["sale_counter"],
        chain_length=place["chain_length"],
        chain_hash=place["chain_hash"],
    )
    return PlainShift(UUID(place["shift_id"]), register)


def _customer(customer_id: UUID | None, name: str | None) -> Any:
    if customer_id is None:
        return None
    sealed: Any = Customer._meta.get_field("name")
    return PlainCustomer(customer_id, sealed.from_db_value(name, None, connection))


def _offered(
    name: str,
    sku: str,
    price: str,
    cost: str,
    tax_inclusive: bool,
    is_stocked: bool,
    tax_name: str | None,
    tax_rate: str | None,
    allow_decimal: bool,
) -> Offered:
    rate = None if tax_rate is None else Rate(tax_name or "", Decimal(tax_rate))
    goods = Goods(tax_inclusive, is_stocked, rate, allow_decimal)
    return Offered(name, sku, Decimal(price), Decimal(cost), goods)
