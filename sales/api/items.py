"""What can be sold at a register, with the price and the stock of its location."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import F, FilteredRelation, Q
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.bodies import query_text, query_uuid
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView
from inventory import search
from sales.api import schema
from sales.api.registers import selling_register
from sales.api.shapes import item_shape
from sales.sellable import sellable
from tenants.models import Location

PAGE = 500
FOUND = 50

NEEDS = {"GET": (Permission.SELL_CREATE, Permission.PRODUCT_VIEW)}


def offered(location: Location) -> Any:
    """What may be sold at this location, with `selling_price` and `quantity_here`."""
    return (
        sellable(location)
        .select_related("product__tax_rate", "product__unit", "product__category")
        .prefetch_related("barcodes")
        .annotate(
            level=FilteredRelation("levels", condition=Q(levels__location=location)),
            quantity_here=F("level__quantity"),
        )
    )


class ItemsView(BusinessView):
    needs = NEEDS

    @extend_schema(
        operation_id="items",
        parameters=[schema.REGISTER, schema.SEARCH, schema.CURSOR],
        responses=schema.ItemPage,
        tags=["Catalogue"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """All items, 500 a page in an order that never changes; with `q` the 50 best matches.

        An exact code comes first, then codes that begin with `q`, then items with every word.
        """
        items = offered(selling_register(request).location)
        shape = partial(item_shape, request)
        text = query_text(request.GET.get("q", ""), "q")
        if text:
            found = search.find(text, among=items, only="sold", limit=FOUND)
            return Response({"results": [shape(item) for item in found], "next": None})
        return self.page(items, shape, ordering=("id",), size=PAGE)


class ItemLookupView(BusinessView):
    needs = NEEDS

    @extend_schema(
        operation_id="item_lookup",
        parameters=[schema.REGISTER, schema.CODE, schema.ITEM],
        responses=schema.Item,
        tags=["Catalogue"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """The one item with this barcode or SKU, or with this id where no code is asked for.

        A barcode counts before another item's SKU.
        """
        register = selling_register(request)
        code = query_text(request.GET.get("code", ""), "code")
        if "id" in request.GET and not code:
            ids = [query_uuid(request.GET["id"], "id")]
        else:
            ids = search.with_code(code)
        found = list(offered(register.location).filter(pk__in=ids))
        if not found:
            raise Http404
        best = min(found, key=lambda item: _likeness(item, code))
        return Response(item_shape(request, best))


def _likeness(item: Any, code: str) -> tuple[bool, bool, str]:
    codes = [barcode.code for barcode in item.barcodes.all()]
    return (code not in codes, code != item.sku, str(item.pk))
