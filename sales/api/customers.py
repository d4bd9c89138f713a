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

from accounts.audit import record
from accounts.bodies import query_text
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from sales.api import schema
from sales.api.reading import safe_text
from sales.api.shapes import customer_shapes
from sales.customers import customer_matches
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
        """Active customers by name; `q` is a part of the name, or a whole phone number or e-mail."""
        customers = Customer.objects.active()
        text = query_text(request.GET.get("q", ""), "q")
        if text:
            customers = customers.filter(customer_matches(text))
        answer = self.page(customers, _itself, ordering=("name", "id"), size=PAGE)
        # All of a page at once, so that their credit is one question.
        answer.data["results"] = customer_shapes(request, answer.data["results"])
        return answer

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
