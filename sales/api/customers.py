"""Customers: finding one for a sale or for the back office, adding, reading and changing one."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.access import demand
from accounts.bodies import invalid, query_text, refuse
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from accounts.versions import demand_version, tag
from inventory.api import asking, rows
from inventory.api.reading import read_fields
from inventory.api.schema import IF_MATCH
from sales.api import customer_schema, schema
from sales.api.customer_shapes import customer_shape, customer_shapes, totals_shape
from sales.cards import holds_card_number
from sales.customers import find_customers, in_this_order
from sales.forms import CustomerForm
from sales.models import Customer
from sales.selection import totals, visible_sales

P = Permission

PAGE = 50


def _checked(request: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Raises Refused for a card number, and PermissionDenied for a limit that one may not set."""
    said = _("This looks like a card number. Card numbers must not be stored.")
    refuse({one: [said] for one in ("name", "phone") if holds_card_number(values.get(one, ""))})
    if "credit_limit" in values:
        demand(request, P.CUSTOMER_CREDIT)
    return values


CUSTOMER: Final = rows.Kind(
    model=Customer,
    names=CustomerForm.Meta.fields,
    form=lambda request, data, customer: CustomerForm(request, data, instance=customer),
    read=_checked,
)


def customer_or_404(customer_id: uuid.UUID, *, lock: bool = False) -> Customer:
    """The customer, active or not; with `lock` whoever changes them now is waited for."""
    every = Customer.objects.select_for_update() if lock else Customer.objects.all()
    customer = every.filter(pk=customer_id).first()
    if customer is None:
        raise Http404
    return customer


class CustomersView(BusinessView):
    needs = {"GET": P.CUSTOMER_VIEW, "POST": P.CUSTOMER_CREATE}

    @extend_schema(
        operation_id="customers",
        parameters=[schema.SEARCH, customer_schema.STATUS, schema.CURSOR],
        responses=customer_schema.CustomerPage,
        tags=["Customers"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Customers, newest first. With `q`, which is the beginning of a name (or of several
        of its words), or a whole phone number or e-mail: by name, 500 at the most. Active ones where
        no `status` is asked for."""
        customers = asking.by_status(request, Customer.objects.all())
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
        request=customer_schema.NewCustomer,
        responses={201: customer_schema.CustomerDetail, 200: customer_schema.CustomerDetail},
        tags=["Customers"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Add a customer: 201. The same `id` with the same fields again: 200.

        A `credit_limit` takes the permission to set credit limits. Who adds without an `id` looks
        for the customer before sending it again.
        """
        body = body_of(request)
        if body.sent("id"):
            made, status = rows.add(request, CUSTOMER)
            return told(request, customer_or_404(made), status)
        values = read_fields(body, Customer, CUSTOMER.names[:-1])
        body.finish()
        customer = Customer()
        rows.save(request, CUSTOMER, customer, _checked(request, values))
        return told(request, customer, 201)


class CustomerView(BusinessView):
    needs = {"GET": P.CUSTOMER_VIEW, "PATCH": P.CUSTOMER_UPDATE}

    @extend_schema(
        operation_id="customer", responses=customer_schema.CustomerDetail, tags=["Customers"]
    )
    def get(self, request: BusinessRequest, customer_id: uuid.UUID) -> Response:
        """One customer, active or not, with the credit as it is now. The `ETag` names the version,
        for `If-Match`; credit does not change it."""
        return told(request, customer_or_404(customer_id))

    @extend_schema(
        operation_id="customer_change",
        parameters=[IF_MATCH],
        request=customer_schema.CustomerChange,
        responses=customer_schema.CustomerDetail,
        tags=["Customers"],
    )
    def patch(self, request: BusinessRequest, customer_id: uuid.UUID) -> Response:
        """Change what is sent; everything else stays as it is.

        Needs `customer.view` too, and for a `credit_limit` the permission to set credit limits.
        Nobody is removed: `is_active` false takes a customer out of the tills' lists, and true
        brings them back.
        """
        demand(request, P.CUSTOMER_VIEW)

        def locked() -> Customer:
            customer = customer_or_404(customer_id, lock=True)
            demand_version(request, CUSTOMER.version(customer))
            return customer

        rows.change(request, CUSTOMER, locked)
        return told(request, customer_or_404(customer_id))


class CustomerTotalsView(BusinessView):
    needs = {"GET": (P.SELL_VIEW, P.SELL_VIEW_OWN)}

    @extend_schema(
        operation_id="customer_totals", responses=customer_schema.CustomerTotals, tags=["Customers"]
    )
    def get(self, request: BusinessRequest, customer_id: uuid.UUID) -> Response:
        """What a customer has bought, by the sales that you may see.

        These are those at your locations, or with `sell.view_own` alone your own.
        Needs `customer.view` too. The sales themselves: `GET sales?customer=…`.
        """
        demand(request, P.CUSTOMER_VIEW)
        customer = customer_or_404(customer_id)
        return Response(totals_shape(totals(visible_sales(request).filter(customer=customer))))


def told(request: BusinessRequest, customer: Customer, status: int = 200) -> Response:
    version = CUSTOMER.version(customer)
    shape = customer_shape(request, customer, version=version, is_new=status == 201)
    return Response(shape, status=status, headers=tag(version))


def _itself(row: Any) -> Any:
    return row
