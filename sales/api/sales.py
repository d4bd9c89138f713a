"""Sales: recording one exactly once, reading them, voiding one, and its receipt."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of, web_address
from sales.api import asking, schema
from sales.api.reading import read_sale, safe_text
from sales.api.registers import register_or_404
from sales.api.shapes import sale_shape, stored_sale_shape
from sales.checkout import checkout
from sales.models import Sale
from sales.receipts import text_lines
from sales.selection import prints_original, visible_sales
from sales.voids import void_sale

PAGE = 50
VIEW = (Permission.SELL_VIEW, Permission.SELL_VIEW_OWN)


def documents(request: Any) -> QuerySet[Sale]:
    """The documents that the request may see, with all that `stored_sale_shape` says of them."""
    return with_parts(visible_sales(request))


def with_parts(sales: QuerySet[Sale]) -> QuerySet[Sale]:
    return sales.select_related("location", "register", "operator", "customer").prefetch_related(
        "lines", "payments", "reversals", "refund_lines"
    )


def sale_or_404(request: Any, sale_id: uuid.UUID) -> Sale:
    sale = documents(request).filter(pk=sale_id).first()
    if sale is None:
        raise Http404
    return sale


def recorded(request: Any, sale: Sale) -> Response:
    """201 for a document that was written now, 200 for one that this request wrote before."""
    if sale.was_recorded:
        return Response(stored_sale_shape(request, with_parts(Sale.objects.all()).get(pk=sale.pk)))
    return Response(sale_shape(request, sale), status=201)


class SalesView(BusinessView):
    needs = {"GET": VIEW, "POST": Permission.SELL_CREATE}

    @extend_schema(
        operation_id="sales",
        parameters=[*asking.SALES, schema.CURSOR],
        responses=schema.SalePage,
        tags=["Sales"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Sales, voids, refunds and exchanges, the newest first, 50 a page.

        Each parameter narrows it further. With `sell.view_own` alone it is the person's own, and
        what takes something of them back. Cost and profit are there for who may see them.
        """
        sales = asking.asked_sales(request, documents(request))
        return self.page(
            sales, partial(stored_sale_shape, request), ordering=("-sold_at", "-id"), size=PAGE
        )

    @extend_schema(
        operation_id="sale_create",
        request=schema.NewSale,
        responses={201: schema.SaleDocument, 200: schema.SaleDocument},
        tags=["Sales"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Record a sale: 201. The same request again answers 200 with the same sale.

        Nothing is recorded when the answer is an error. 409: no shift is open, there is too little
        stock or credit (`fields` say how much there is), or the id is taken by another request.
        422: the server computes another total than the customer was shown. Paying with `credit`, or
        buying what adds credit, needs a customer.
        """
        asked = read_sale(body_of(request))
        sale = checkout(
            actor=request.membership,
            request=asked,
            device=request.device,
        )
        return recorded(request, sale)


class SaleView(BusinessView):
    needs = {"GET": VIEW}

    @extend_schema(operation_id="sale", responses=schema.SaleDocument, tags=["Sales"])
    def get(self, request: BusinessRequest, sale_id: uuid.UUID) -> Response:
        """One document: a sale says of each line how much came back and how much still can."""
        return Response(stored_sale_shape(request, sale_or_404(request, sale_id)))


class SaleVoidView(BusinessView):
    needs = {"POST": Permission.SELL_VOID}

    @extend_schema(
        operation_id="sale_void",
        request=schema.NewVoid,
        responses={201: schema.SaleDocument, 200: schema.SaleDocument},
        tags=["Sales"],
    )
    def post(self, request: BusinessRequest, sale_id: uuid.UUID) -> Response:
        """Reverse a sale completely: 201 with the void. The same request again: 200."""
        body = body_of(request)
        void_id = body.uuid("id")
        reason = safe_text(body, "reason", most=200, required=True)
        body.finish()
        sale = sale_or_404(request, sale_id)
        if not sale.register.is_history:
            register_or_404(request, sale.register_id)
        void = void_sale(
            actor=request.membership,
            sale=sale,
            reason=reason,
            void_id=void_id,
            device=request.device,
        )
        return recorded(request, void)


class ReceiptView(BusinessView):
    needs = {"GET": VIEW}

    @extend_schema(operation_id="sale_receipt", responses=schema.Receipt, tags=["Sales"])
    def get(self, request: BusinessRequest, sale_id: uuid.UUID) -> Response:
        """The receipt as text for a printer of 42 columns, and the page that prints it."""
        sale = sale_or_404(request, sale_id)
        copy = not prints_original(request, sale)
        return Response(
            {
                "number": sale.number,
                "text": text_lines(sale, copy=copy),
                "html_url": web_address(request, "receipt", sale.pk),
            }
        )
