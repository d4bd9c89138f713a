"""The ordinary sale at a terminal, with two statements: what it takes is read, and it is written.

The usual way through a door, a view and `checkout()` asks one thing after the other. Here one call of
`sql/sales_open_v1.sql` looks at the device, whoever stands at it, what they may do, the place, the
shift and what is sold, and locks the register; `record_sale` prices and posts as always.

Nothing is refused here. Wherever anything is out of the ordinary, all is rolled back and the request
goes the usual way, which says what is wrong; it knows all rules and is alone in doing so. So whatever
this answers is a sale that was recorded now, in the same words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.http import Http404, HttpResponse
from django.urls import ResolverMatch, resolve
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.settings import api_settings

from accounts import approvals, hints
from accounts.access import enter, token_hash
from accounts.bodies import Body
from accounts.device_door import OPERATOR_HEADER
from accounts.models import Device, Membership, OperatorSession, User
from accounts.permissions import named_in
from accounts.rest import MAX_BODY
from metering import admitting
from sales.api.reading import read_sale
from sales.api.shapes import sale_shape
from sales.checkout import SaleRequest, needed_permissions, record_sale
from sales.models import Customer, Payment, Register, Sale, Shift
from sales.sellable import check_sellable
from tenants import context
from tenants.errors import Refused
from tenants.functions import call
from tenants.models import Business, Location

PATH: Final = "/api/v1/sales"
TYPES: Final = ("application/json", "application/json; charset=utf-8")
HEADERS: Final = {
    "Allow": "GET, POST, HEAD, OPTIONS",
    "Cache-Control": "private, no-store",
    "Vary": "Authorization, Cookie, HX-Request",
}
_renderer = JSONRenderer()


class OutOfTheOrdinary(Exception):
    """The usual way will know what to do with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be an ordinary sale, and the business that its token is said to be of."""

    business_id: int
    token: str
    operator: str | None
    sale: SaleRequest


@dataclass(frozen=True, slots=True)
class Rate:
    name: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Goods:
    """Like a Product, as far as selling it goes; not what adds credit."""

    tax_inclusive: bool
    moves_stock: bool
    sold_tax_rate: Rate | None
    allow_decimal: bool
    adds_credit: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """Like a Variation of `sellable`."""

    full_name: str
    sku: str
    selling_price: Decimal
    cost: Decimal
    product: Goods


def answer(request: Any) -> HttpResponse | None:
    """201 with the sale; None for whatever goes the usual way, and then nothing has happened."""
    if request.method != "POST" or request.path_info != PATH:
        return None
    asked = _asked(request)
    if asked is None:
        return None
    try:
        with context.business(asked.business_id), transaction.atomic():
            sale = _sell(request, asked)
            content = _renderer.render(sale_shape(request, sale))
    except (OperationalError, InterfaceError) as error:
        # Waiting as long once more would help nobody.
        handler: Any = api_settings.EXCEPTION_HANDLER
        failed = handler(error, {})
        return _response(_renderer.render(failed.data), failed.status_code, failed.headers)
    except (OutOfTheOrdinary, Refused, Http404, PermissionDenied, DatabaseError):
        return None
    verdict = admitting.judge(request.device, request.resolver_match.url_name)
    return _response(content, 201, verdict.headers)


def _response(content: bytes, status: int, headers: Mapping[str, str]) -> HttpResponse:
    response = HttpResponse(content, status=status, content_type="application/json")
    for name, value in {**headers, **HEADERS}.items():
        response.headers[name] = value
    return response


def _asked(request: Any) -> Asked | None:
    """What is asked, where it may be ordinary; looks at the request alone."""
    given = request.headers
    scheme, _space, token = given.get("Authorization", "").partition(" ")
    if (
        connection.vendor != "postgresql"
        or scheme.lower() != "bearer"
        or approvals.HEADER in given
        or given.get("Content-Type", "").lower() not in TYPES
        or given.get("Accept", "*/*") not in ("*/*", "application/json")
    ):
        return None
    hashed = token_hash(token)
    business_id = hints.business_of(hashed)
    if business_id is None:
        return None
    try:
        if int(given.get("Content-Length", "0")) > MAX_BODY:
            return None
        sale = read_sale(Body(json.loads(str(request.body, "utf-8"))))
    except (ValueError, RecursionError, Refused):
        return None
    if any(payment.method == Payment.Method.CREDIT for payment in sale.payments):
        return None
    operator = given.get(OPERATOR_HEADER)
    return Asked(business_id, hashed, token_hash(operator) if operator else None, sale)


def _sell(request: Any, asked: Asked) -> Sale:
    """Record it, and put on the request who came in. Raises OutOfTheOrdinary, Refused, …"""
    now = timezone.now()
    sale = asked.sale
    text = call(
        "sales_open_v1",
        json.dumps(
            {
                "now": now.isoformat(),
                "token": asked.token,
                "operator": asked.operator,
                "register": str(sale.register_id),
                "sale": str(sale.id),
                "customer": None if sale.customer_id is None else str(sale.customer_id),
                "needed": needed_permissions(sale),
                "variations": [str(line.variation_id) for line in sale.lines],
            }
        ),
    )
    if text is None:
        raise OutOfTheOrdinary
    found = json.loads(text)
    _enter(request, asked, found["who"])
    variations = {UUID(key): _offered(*row) for key, row in (found["goods"] or {}).items()}
    check_sellable(sale, variations)
    return record_sale(
        sale,
        operator=request.user,
        device=request.device,
        shift=_shift(found["place"], found["who"]),
        customer=_customer(sale.customer_id, found["buyer"]),
        variations=variations,
        sold_at=now,
    )


# -- rows, as far as they are needed ----------------------------------------------------------------


def _row(model: Any, **values: Any) -> Any:
    """A row as it was read; what is not among the values would be read when it is asked for."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in values]
    return model.from_db(connection.alias, names, [values[name] for name in names])


def _enter(request: Any, asked: Asked, who: Mapping[str, Any]) -> None:
    business = _row(
        Business,
        id=asked.business_id,
        slug=who["slug"],
        currency=who["currency"],
        time_zone=who["time_zone"],
        locale=who["locale"],
        cash_step=Decimal(who["cash_step"]),
        sends_webhooks=who["sends_webhooks"],
    )
    context.recognise(business)
    name = User._meta.get_field("name").from_db_value(who["name"], None, connection)
    user = _row(User, id=who["person_id"], name=name)
    member = _row(Membership, id=UUID(who["member_id"]), business_id=business.pk, user_id=user.pk)
    device = _row(
        Device,
        id=UUID(who["device_id"]),
        business_id=business.pk,
        kind=Device.Kind.TERMINAL,
        location_id=UUID(who["location_id"]),
    )
    session = who["session_id"]
    member.business = business
    member.granted = named_in(who["role_permissions"])
    if who["device_permissions"] is not None:
        member.granted &= named_in(who["device_permissions"])
    enter(
        request,
        member,
        device=device,
        session=None if session is None else _row(OperatorSession, id=UUID(session)),
    )
    request.user = user
    request.urlconf = settings.DEVICE_URLCONF
    request.resolver_match = _match()


def _shift(place: Mapping[str, Any], who: Mapping[str, Any]) -> Shift:
    location = _row(
        Location,
        id=UUID(who["location_id"]),
        name=place["location_name"],
        own_time_zone=place["own_time_zone"],
        below_zero=place["below_zero"],
    )
    register = _row(
        Register,
        id=UUID(place["id"]),
        name=place["name"],
        prefix=place["prefix"],
        location_id=location.pk,
        is_history=False,
        sale_counter=place["sale_counter"],
        chain_length=place["chain_length"],
        chain_hash=place["chain_hash"],
    )
    register.location = location
    shift: Shift = _row(Shift, id=UUID(place["shift_id"]), register_id=register.pk)
    shift.register = register
    return shift


def _customer(customer_id: UUID | None, name: str | None) -> Customer | None:
    if customer_id is None:
        return None
    clear = Customer._meta.get_field("name").from_db_value(name, None, connection)
    customer: Customer = _row(Customer, id=customer_id, name=clear)
    return customer


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


_MATCHES: dict[str, ResolverMatch] = {}


def _match() -> ResolverMatch:
    """The route of this address, which logs and counts are by."""
    urlconf = settings.DEVICE_URLCONF
    if urlconf not in _MATCHES:
        _MATCHES[urlconf] = resolve(PATH, urlconf)
    return _MATCHES[urlconf]
