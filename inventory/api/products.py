"""Products with their variations, barcodes and prices: found, made, changed and removed."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.access import can, visible_locations
from accounts.bodies import Body, refuse
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from accounts.versions import demand_version, tag, wants_version
from inventory.api import asking, schema, writing
from inventory.api.reading import (
    confirmed,
    fingerprint,
    id_taken,
    problems_of,
    twice,
    with_free_id,
)
from inventory.api.shapes import Reader, product_shape, version_of
from inventory.forms.prices import PricesForm
from inventory.models import Brand, LocationPrice, Product, Variation
from inventory.products import remove_product, set_location_prices
from tenants.ids import uuid7
from tenants.models import Location

P = Permission

PAGE = 500
MOST_PRICES = 1000


def whole(products: QuerySet[Product]) -> QuerySet[Product]:
    """With all that `product_shape` says of them."""
    return products.select_related("category", "brand", "unit", "tax_rate").prefetch_related(
        "variations__barcodes", "variations__location_prices"
    )


def answer(request: Any, product_id: uuid.UUID, status: int = 200) -> Response:
    """The product as it is stored now. Raises Http404."""
    product = whole(Product.objects.all()).filter(pk=product_id).first()
    if product is None:
        raise Http404
    shape = product_shape(Reader.of(request), product)
    return Response(shape, status=status, headers=tag(shape["version"]))


def locked(request: Any, product_id: uuid.UUID) -> Product:
    """The product, which waits for whoever changes it now.

    Raises Http404, and Refused (412) where the request is about another version of it.
    """
    product = Product.objects.select_for_update().filter(pk=product_id).first()
    if product is None:
        raise Http404
    if wants_version(request):
        demand_version(request, version_of(whole(Product.objects.all()).get(pk=product_id)))
    return product


class ProductsView(BusinessView):
    needs = {"GET": P.PRODUCT_VIEW, "POST": P.PRODUCT_CREATE}

    @extend_schema(
        operation_id="products",
        parameters=[
            schema.SEARCH,
            schema.CODE,
            schema.CATEGORY,
            schema.BRAND,
            schema.KEPT,
            schema.STATUS,
            schema.CURSOR,
        ],
        responses=schema.ProductPage,
        tags=["Products"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Products with their variations, 500 a page, in an order that never changes.

        Active ones where no `status` is asked for. Costs are there for who may see cost prices, and
        the prices of one's own locations.
        """
        rows = asking.by_status(request, Product.objects.all())
        inside = asking.inside_category(request)
        if inside is not None:
            rows = rows.filter(category__in=inside)
        if brand := asking.asked_id(request, "brand"):
            if not Brand.objects.filter(pk=brand).exists():
                raise Http404
            rows = rows.filter(brand=brand)
        if kept := asking.asked_choice(request, "stocked", ("true", "false")):
            rows = rows.filter(is_stocked=kept == "true")
        rows = asking.found(request, rows, "pk", "product")
        return self.page(
            whole(rows), partial(product_shape, Reader.of(request)), ordering=("id",), size=PAGE
        )

    @extend_schema(
        operation_id="product_create",
        request=schema.NewProduct,
        responses={201: schema.ProductShape, 200: schema.ProductShape},
        examples=[schema.NEW_PRODUCT],
        tags=["Products"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Make a product with its variations: 201. The same request with the same `id` again: 200.

        The rules are those of the page. A `cost` takes the permission to see cost prices,
        `opening_stock` the one to enter opening stock, at one's own locations.
        """
        body = body_of(request)
        key = body.optional_uuid("id")
        asked = writing.read_new(body)
        body.finish()
        writing.demand_rights(request, asked)
        sent = fingerprint(request.data)
        made = key or uuid7()

        def work() -> int:
            if key is not None and Product.objects.filter(pk=key).exists():
                if not writing.is_repeated(key, sent):
                    raise id_taken()
                return 200
            writing.create(request, asked, key=made, sent=sent)
            return 201

        return answer(request, made, with_free_id(work))


class ProductView(BusinessView):
    needs = {"GET": P.PRODUCT_VIEW, "PATCH": P.PRODUCT_UPDATE, "DELETE": P.PRODUCT_DELETE}

    @extend_schema(operation_id="product", responses=schema.ProductShape, tags=["Products"])
    def get(self, request: BusinessRequest, product_id: uuid.UUID) -> Response:
        """One product, active or not. The `ETag` names its version, for `If-Match`."""
        return answer(request, product_id)

    @extend_schema(
        operation_id="product_change",
        parameters=[schema.IF_MATCH],
        request=schema.ProductChange,
        responses=schema.ProductShape,
        examples=[schema.RENAMED, schema.CHANGES],
        tags=["Products"],
    )
    def patch(self, request: BusinessRequest, product_id: uuid.UUID) -> Response:
        """Change what is sent; everything else stays as it is.

        Variations are changed by their `id`, added without one, and taken out with `remove`. A
        price takes the permission to change base prices, a cost the one to see cost prices. With
        `is_active` false it is no longer sold, and true brings it back.
        """
        body = body_of(request)
        asked = writing.read_change(body)
        body.finish()
        writing.demand_rights(request, asked)
        twice(lambda: writing.change(request, locked(request, product_id), asked))
        return answer(request, product_id)

    @extend_schema(
        operation_id="product_remove",
        parameters=[schema.IF_MATCH],
        responses={200: schema.RowRemoved},
        tags=["Products"],
    )
    def delete(self, request: BusinessRequest, product_id: uuid.UUID) -> Response:
        """Remove a product. One with a history is kept, and switched off: `deleted` says which."""
        product = locked(request, product_id)
        gone = remove_product(actor=request.user, product=product, device=request.device)
        return Response({"deleted": gone})


class ProductPricesView(BusinessView):
    needs = {"PATCH": (P.PRODUCT_PRICE_EDIT, P.PRODUCT_PRICE_EDIT_ALL)}

    @extend_schema(
        operation_id="product_prices",
        parameters=[schema.IF_MATCH],
        request=schema.PriceChanges,
        responses=schema.ProductShape,
        examples=[schema.AS_EVERYWHERE, schema.PRICES],
        tags=["Products"],
    )
    def patch(self, request: BusinessRequest, product_id: uuid.UUID) -> Response:
        """Set prices of variations at locations; null takes the business's own price again.

        At one's own locations, or at every one with the permission for that.
        """
        body = body_of(request)
        asked = [
            (one.uuid("variation"), one.uuid("location"), _price(one))
            for one in body.parts("prices", most=MOST_PRICES)
        ]
        confirm = body.flag("confirm")
        body.finish()
        product = locked(request, product_id)
        prices = _judged(request, product, asked, confirm=confirm)
        set_location_prices(
            actor=request.user, product=product, prices=prices, device=request.device
        )
        return answer(request, product_id)


def _price(part: Body) -> Any:
    if not part.sent("price"):
        part.problem("price", _("This is needed."))
    return part.optional_amount("price")


def _judged(
    request: Any, product: Product, asked: list[tuple[uuid.UUID, uuid.UUID, Any]], *, confirm: bool
) -> dict[tuple[uuid.UUID, uuid.UUID], Any]:
    """What the page's form makes of these prices. Raises Refused with a sentence for each field."""
    everywhere = can(request, P.PRODUCT_PRICE_EDIT_ALL)
    seen = Location.objects.all() if everywhere else visible_locations(request)
    named = {location for _variation, location, _price in asked}
    places = {one.pk: one for one in seen.filter(is_active=True, pk__in=named)}
    rows = Variation.objects.filter(product=product, is_active=True).select_related("product")
    variations = {one.pk: one for one in rows.filter(pk__in={one for one, _l, _p in asked})}
    problems: dict[str, list[str]] = {}
    data, at = {}, {}
    for index, (variation, location, price) in enumerate(asked):
        if variation not in variations:
            said = _("This product has no such variation that is active.")
            problems[f"prices.{index}.variation"] = [said]
        if location not in places:
            problems[f"prices.{index}.location"] = [_("There is no such location here.")]
        name = f"{variation}-{location}"
        if name in at:
            problems[f"prices.{index}"] = [_("This is here twice.")]
        at[name] = index
        data[name] = "" if price is None else f"{price:f}"
    refuse(problems)
    stored = LocationPrice.objects.filter(variation__in=variations, location__in=places)
    form = PricesForm(
        data,
        variations=list(variations.values()),
        locations=list(places.values()),
        stored={(row.variation_id, row.location_id): row.price for row in stored},
    )
    form.is_valid()
    refuse(problems_of(form, lambda name: f"prices.{at[name]}.price"))
    see_cost = can(request, P.PRODUCT_VIEW_PURCHASE_PRICE)
    confirmed(form.doubts(see_cost=see_cost), confirm=confirm)
    wanted = form.prices()
    return {(one, place): wanted[one, place] for one, place, _price in asked}
