"""Stock: what lies where, of one variation everywhere, and the history that explains it."""

from __future__ import annotations

import uuid
from decimal import Decimal
from functools import partial

from django.db.models import Q
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.access import can, visible_locations
from accounts.bodies import query_uuid
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView
from inventory.api import asking, schema, stock_schema
from inventory.api.shapes import (
    Reader,
    level_shape,
    movement_shape,
    place_shape,
    variation_shape,
)
from inventory.models import StockLevel, StockMovement, Variation
from inventory.stock import levels, low
from tenants.models import Location
from tenants.spelling import plain_number

P = Permission

PAGE = 500


class StockView(BusinessView):
    needs = {"GET": P.STOCK_VIEW}

    @extend_schema(
        operation_id="stock",
        parameters=[
            stock_schema.ANY_LOCATION,
            schema.SEARCH,
            schema.CODE,
            schema.CATEGORY,
            stock_schema.LEVEL,
            schema.CURSOR,
        ],
        responses=stock_schema.LevelPage,
        tags=["Stock"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """What lies at your locations, or at one of them, 500 a page, in an order that never changes.

        A variation that was never kept at a location is not there. Products that are switched off
        are left out.
        """
        rows = levels(asking.places(request))
        inside = asking.inside_category(request)
        if inside is not None:
            rows = rows.filter(variation__product__category__in=inside)
        level = asking.asked_choice(request, "level", ("low", "none"))
        if level == "low":
            rows = low(rows)
        elif level == "none":
            rows = rows.filter(quantity__lte=0)
        rows = asking.found(request, rows, "variation", "pk")
        rows = rows.select_related("variation__product__unit", "location")
        shape = partial(level_shape, Reader.of(request))
        return self.page(rows, shape, ordering=("id",), size=PAGE)


class VariationStockView(BusinessView):
    needs = {"GET": P.STOCK_VIEW}

    @extend_schema(
        operation_id="variation_stock", responses=stock_schema.StockOfVariation, tags=["Stock"]
    )
    def get(self, request: BusinessRequest, variation_id: uuid.UUID) -> Response:
        """Where one variation lies.

        At your locations, and with `product.view_all_branch_stock` at every location of the
        business, of which quantities alone are told.
        """
        rows = Variation.objects.select_related("product__unit")
        variation = rows.filter(pk=variation_id).first()
        if variation is None:
            raise Http404
        reader = Reader.of(request)
        everywhere = can(request._request, P.PRODUCT_VIEW_ALL_BRANCH_STOCK)
        seen = Location.objects.all() if everywhere else visible_locations(request)
        product = variation.product
        there = StockLevel.objects.filter(variation=variation)
        known = dict(there.values_list("location_id", "quantity")) if product.moves_stock else {}
        places = seen.filter(Q(is_active=True) | Q(pk__in=list(known))).order_by("name", "pk")
        return Response(
            {
                "variation": variation_shape(variation),
                "is_stocked": product.moves_stock,
                "unit": "" if product.unit is None else product.unit.short_name,
                "levels": [
                    {
                        "location": place_shape(place),
                        "quantity": plain_number(known.get(place.pk, Decimal(0))),
                        "is_own": reader.sees(place.pk),
                    }
                    for place in (places if product.moves_stock else ())
                ],
            }
        )


class MovementsView(BusinessView):
    needs = {"GET": P.STOCK_VIEW_HISTORY}

    @extend_schema(
        operation_id="stock_movements",
        parameters=[stock_schema.VARIATION, stock_schema.LOCATION, schema.CURSOR],
        responses=stock_schema.MovementPage,
        tags=["Stock"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """What has moved the stock of a variation at your locations, the latest first, 500 a page.

        Each says which document moved it, and what lay there after it.
        """
        variation = query_uuid(request.GET.get("variation", ""), "variation")
        if not Variation.objects.filter(pk=variation).exists():
            raise Http404
        location = asking.own_location(request)
        there = StockLevel.objects.filter(variation=variation)
        there = there.filter(location__in=visible_locations(request))
        if location is not None:
            there = there.filter(location=location)
        rows = StockMovement.objects.filter(level__in=list(there.values_list("pk", flat=True)))
        rows = rows.select_related("actor", "level__location")
        shape = partial(movement_shape, Reader.of(request))
        return self.page(rows, shape, ordering=("-id",), size=PAGE)
