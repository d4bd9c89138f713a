"""A customer's credit: what is there and what has happened to it, giving some, and correcting it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.access import demand
from accounts.bodies import Body, refuse
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from inventory.api.reading import problems_of
from sales import credit
from sales.api import customer_schema, schema
from sales.api.customer_shapes import account_shape, entry_shape
from sales.api.customers import customer_or_404
from sales.api.reading import safe_text
from sales.credit_forms import ChangeForm, CorrectForm, GrantForm
from sales.models import CreditEntry
from sales.standings import entries_of, standing

P = Permission

PAGE = 50
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CustomerCreditView(BusinessView):
    needs = {"GET": P.CUSTOMER_CREDIT_VIEW}

    @extend_schema(
        operation_id="customer_credit",
        parameters=[schema.CURSOR],
        responses=customer_schema.CustomerCredit,
        tags=["Customers"],
    )
    def get(self, request: BusinessRequest, customer_id: uuid.UUID) -> Response:
        """A customer's credit now, and its history, the latest first, 50 a page.

        Needs `customer.view` too. The history is never changed: each entry says what came in or
        went out, and what was there then.
        """
        demand(request, P.CUSTOMER_VIEW)
        customer = customer_or_404(customer_id)
        page = self.page(entries_of(customer), entry_shape, ordering=("-id",), size=PAGE).data
        return Response({**account_shape(standing(customer.pk)), **page})


class CreditGrantsView(BusinessView):
    needs = {"POST": P.CUSTOMER_CREDIT_GRANT}

    @extend_schema(
        operation_id="customer_credit_grant",
        request=customer_schema.NewCreditGrant,
        responses={
            201: customer_schema.CustomerCreditEntry,
            200: customer_schema.CustomerCreditEntry,
        },
        tags=["Customers"],
    )
    def post(self, request: BusinessRequest, customer_id: uuid.UUID) -> Response:
        """Give a customer credit: 201 with the entry. The same request again: 200 with the same.

        Needs `customer.view` and `customer.credit.view` too. With `expires_on` it can be spent until
        the end of that day; what expires first is spent first.
        """
        body = body_of(request)
        values = {**_read(body), "expires_on": _day(body, "expires_on")}
        body.finish()
        return _changed(request, customer_id, GrantForm(values), credit.grant)


class CreditCorrectionsView(BusinessView):
    needs = {"POST": P.CUSTOMER_CREDIT_CORRECT}

    @extend_schema(
        operation_id="customer_credit_correct",
        request=customer_schema.NewCreditCorrection,
        responses={
            201: customer_schema.CustomerCreditEntry,
            200: customer_schema.CustomerCreditEntry,
        },
        tags=["Customers"],
    )
    def post(self, request: BusinessRequest, customer_id: uuid.UUID) -> Response:
        """Add to a customer's credit or take from it: 201. The same request again: 200 with the
        same entry.

        Needs `customer.view` and `customer.credit.view` too. 409 `not_enough_credit` where less is
        there than is to be taken.
        """
        body = body_of(request)
        values = _read(body)
        body.finish()
        takes = values["amount"].startswith("-")
        values |= {"way": "take" if takes else "add", "amount": values["amount"].lstrip("-")}
        return _changed(request, customer_id, CorrectForm(values), credit.correct)


def _read(body: Body) -> dict[str, str]:
    return {
        "id": str(body.uuid("id")),
        "amount": f"{body.amount('amount'):f}",
        "reason": safe_text(body, "reason", most=200, required=True),
    }


def _day(body: Body, name: str) -> str:
    """A date as 2026-01-31, or nothing; whether there is such a day the form says."""
    text = body.text(name, most=10)
    if text and not _DAY.fullmatch(text):
        body.problem(name, _("Write the date as 2026-01-31."))
    return text


def _changed(
    request: Any, customer_id: uuid.UUID, form: ChangeForm, make: Callable[..., CreditEntry]
) -> Response:
    """What the page does with its form; 200 for an entry that this request wrote before."""
    demand(request, P.CUSTOMER_VIEW)
    demand(request, P.CUSTOMER_CREDIT_VIEW)
    customer = customer_or_404(customer_id)
    form.is_valid()
    refuse(problems_of(form))
    entry = make(actor=request.user, customer=customer, device=request.device, **form.asked())
    return Response(entry_shape(entry), status=200 if entry.was_recorded else 201)
