"""Customers: finding one for a sale, and adding one at the till."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.audit import record
from accounts.bodies import invalid, query_text
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from sales.api import schema
from sales.api.reading import safe_text
from sales.api.shapes import customer_shapes
from sales.customers import find_customers, in_this_order
from sales.models import Customer

PAGE = 50


class CustomersView(BusinessView):
    needs = {"GET": Permission.CUSTOMER_VIEW, "POST": Permission.CUSTOMER_CREATE}

    @extend_schema(
        operation_id="customers",
        parameters=[schema.SEARCH, schema.CURSOR],
        responses=schema.CustomerPage,
        tags=["Customers"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Active customers, newest first. With `q`, which is the beginning of a name (or of several
        of its words), or a whole phone number or e-mail: by name, 500 at the most."""
        customers = Customer.objects.active()
        text = query_text(request.GET.get("q", ""), "q")
        if text:
            return self._found(request, find_customers(customers, text).keys)
        answer = self.page(customers, _itself, ordering=("-created_at", "-id"), size=PAGE)
        # All of a page at once, so that their credit is one question.
        answer.data["results"] = customer_shapes(request, answer.data["results"])
        return answer

    def _found(self, request: BusinessRequest, keys: list[uuid.UUID]) -> Response:
        """A page of those who match; the cursor is the number of those before it."""
        cursor = request.GET.get("cursor", "0")
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 6):
            invalid("cursor", _("Begin again without the cursor."))
        start = int(cursor)
        end = start + PAGE
        shown = customer_shapes(request, in_this_order(keys[start:end]))
        address = request.build_absolute_uri()
        following = replace_query_param(address, "cursor", end) if end < len(keys) else None
        return Response({"results": shown, "next": following})

    @extend_schema(
        operation_id="customer_create",
        request=schema.NewCustomer,
        responses={201: schema.Customer},
        tags=["Customers"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Add a customer."""
        body = body_of(request)
        customer = Customer(
            name=safe_text(body, "name", most=200, required=True),
            phone=safe_text(body, "phone", most=40),
            email=body.text("email", most=254),
        )
        if customer.email:
            try:
                validate_email(customer.email)
            except ValidationError:
                body.problem("email", _("This is not an e-mail address."))
        body.finish()
        customer.save(force_insert=True)
        record(
            actor=request.user,
            action="customer.create",
            target=customer,
            device=request.device,
        )
        return Response(customer_shapes(request, [customer])[0], status=201)


class CustomerView(BusinessView):
    needs = {"GET": Permission.CUSTOMER_VIEW}

    @extend_schema(operation_id="customer", responses=schema.Customer, tags=["Customers"])
    def get(self, request: BusinessRequest, customer_id: uuid.UUID) -> Response:
        """One active customer, with the credit as it is now."""
        customer = Customer.objects.active().filter(pk=customer_id).first()
        if customer is None:
            raise Http404
        return Response(customer_shapes(request, [customer])[0])


def _itself(row: Any) -> Any:
    return row
