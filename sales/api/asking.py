"""What the list of sales can be narrowed down to; nonsense is refused and named."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Final

from django.db.models import QuerySet
from django.http import Http404
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from accounts.access import demand, visible_locations
from accounts.bodies import invalid, query_text, query_uuid
from accounts.permissions import Permission
from sales.api import schema
from sales.api.registers import usable_registers
from sales.models import Customer, Payment, Register, Sale
from sales.selection import Wanted, narrowed, visible_operators

SALES: Final[list[OpenApiParameter]] = [
    OpenApiParameter(
        "q",
        str,
        description="The beginning of a receipt number or its bare counter; with `customer.view`"
        " also a customer: the beginning of a name, a whole phone number or e-mail.",
    ),
    schema.DATE,
    OpenApiParameter("date_from", OpenApiTypes.DATE, description="The first business date."),
    OpenApiParameter("date_to", OpenApiTypes.DATE, description="The last business date."),
    OpenApiParameter("location", OpenApiTypes.UUID, description="Sold there alone."),
    schema.ANY_REGISTER,
    OpenApiParameter(
        "operator",
        OpenApiTypes.UUID,
        description="Sold by this person alone: `person.id` of `GET me`, or an id of `operators`.",
    ),
    OpenApiParameter(
        "customer",
        OpenApiTypes.UUID,
        description="Of this customer alone; needs `customer.view` too.",
    ),
    OpenApiParameter("kind", str, enum=list(Sale.Kind.values)),
    OpenApiParameter(
        "method",
        str,
        enum=list(Payment.Method.values),
        description="What was paid this way, if only in part.",
    ),
]


def asked_sales(request: Any, sales: QuerySet[Sale]) -> QuerySet[Sale]:
    """Of these documents those that the query string asks for.

    Raises Refused (400) for a value that means nothing, Http404 for an id of what the request may
    not see or is not there, PermissionDenied for a customer without customer.view.
    """
    register = _register(request)
    wanted = Wanted(
        text=query_text(request.GET.get("q", ""), "q"),
        date_from=_date(request, "date_from"),
        date_to=_date(request, "date_to"),
        register=None if register is None else register.pk,
        location=_location(request, register),
        operator=_operator(request),
        customer=_customer(request),
        kind=_choice(request, "kind", Sale.Kind.values),
        method=_choice(request, "method", Payment.Method.values),
    )
    day = _date(request, "date")
    if day is not None:
        sales = sales.filter(business_date=day)
    return narrowed(request, sales, wanted)


def _register(request: Any) -> Register | None:
    """Also one that holds imported sales: nothing is done there, and they are in the list."""
    asked = _id(request, "register")
    if asked is None:
        return None
    found = usable_registers(request, history=True).filter(pk=asked).first()
    if found is None:
        raise Http404
    return found


def _location(request: Any, register: Register | None) -> uuid.UUID | None:
    asked = _id(request, "location")
    known = register is not None and register.location_id == asked
    if asked and not known and not visible_locations(request).filter(pk=asked).exists():
        raise Http404
    return asked


def _operator(request: Any) -> Any:
    """The key of the user; outside, people are known by their memberships."""
    asked = _id(request, "operator")
    if asked is None:
        return None
    found = visible_operators(request).filter(pk=asked).values_list("user_id", flat=True).first()
    if found is None:
        raise Http404
    return found


def _customer(request: Any) -> uuid.UUID | None:
    asked = _id(request, "customer")
    if asked is None:
        return None
    demand(request, Permission.CUSTOMER_VIEW)
    if not Customer.objects.filter(pk=asked).exists():
        raise Http404
    return asked


def _id(request: Any, name: str) -> uuid.UUID | None:
    text = request.GET.get(name, "")
    return query_uuid(text, name) if text else None


def _choice(request: Any, name: str, options: list[str]) -> str:
    text: str = request.GET.get(name, "")
    if text and text not in options:
        invalid(name, _("This must be one of %(names)s.") % {"names": ", ".join(options)})
    return text


def _date(request: Any, name: str) -> date | None:
    text = request.GET.get(name, "")
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if text and found is None:
        invalid(name, _("Write the date as 2026-01-31."))
    return found
