"""Products: the list, the page of one, its form, its prices at locations, its picture."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, location_ids, needs, visible_locations
from accounts.permissions import Permission
from inventory.forms.filters import ProductFilter
from inventory.forms.prices import PricesForm
from inventory.forms.products import ProductForm, Rights, VariationRows
from inventory.models import LocationPrice, Product, StockLevel, StockMovement, Variation
from inventory.paging import page_found
from inventory.products import remove_product, save_product, set_location_prices
from inventory.showing import picture_answer
from inventory.stock import Figures, figures
from tenants.asking import asked
from tenants.errors import Refused
from tenants.models import Location

P = Permission

SORTS = {"name": ("name", "pk"), "category": ("category__name", "name", "pk")}
SORTS["changed"] = ("updated_at", "pk")
RECENT = 10


@needs(P.PRODUCT_VIEW)
@require_safe
@vary_on_headers("HX-Request")
def product_list(request: HttpRequest) -> HttpResponse:
    see_stock = can(request, P.STOCK_VIEW)
    locations = list(visible_locations(request))
    chosen = ProductFilter(request.GET, locations, stock=see_stock)
    products = chosen.narrow(Product.objects.select_related("category", "brand", "unit"))
    page = page_found(products.order_by(*_order(request)), "pk", "product", request)
    shown = {chosen.pk("location")} - {None} or {place.pk for place in locations}
    rows = figures([row.pk for row in page.object_list], shown if see_stock else ())  # type: ignore[arg-type]
    for product in page.object_list:
        product.figures = rows.get(product.pk, Figures())
    context = {"page": page, "filter": chosen, "query": asked(request), "see_stock": see_stock}
    return render(request, "inventory/product_list.html", context)


def _order(request: HttpRequest) -> list[str]:
    sort = request.GET.get("sort", "")
    sign = "-" if sort.startswith("-") else ""
    return [sign + name for name in SORTS.get(sort.removeprefix("-"), SORTS["name"])]


@needs(P.PRODUCT_VIEW)
@require_safe
def product_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    related = ("category", "brand", "unit", "tax_rate")
    product = get_object_or_404(Product.objects.select_related(*related), pk=pk)
    variations = list(
        Variation.objects.filter(product=product)
        .select_related("product")
        .prefetch_related("barcodes")
    )
    places, own = _places(request)
    levels = list(StockLevel.objects.filter(variation__product=product))
    context = {
        "product": product,
        "variations": variations,
        "see_cost": can(request, P.PRODUCT_VIEW_PURCHASE_PRICE),
        "may_price": can(request, P.PRODUCT_PRICE_EDIT) or can(request, P.PRODUCT_PRICE_EDIT_ALL),
        "prices": _own_prices(variations, own),
        "stock": _stock_table(request, product, variations, places, own, levels),
        "movements": _recent(request, own, levels),
    }
    return render(request, "inventory/product_detail.html", context)


def _places(request: HttpRequest) -> tuple[list[Location], list[Location]]:
    """The locations whose stock this person may see, and those that are theirs."""
    if not can(request, P.PRODUCT_VIEW_ALL_BRANCH_STOCK):
        own = list(visible_locations(request))
        return own, own
    places, ids = list(Location.objects.all()), location_ids(request)
    return places, [place for place in places if ids is None or place.pk in ids]


def _own_prices(variations: list[Variation], own: list[Location]) -> list[dict[str, Any]]:
    """The prices at these locations that differ from the variations' own."""
    names = {row.pk: row for row in variations}
    places = {place.pk: place for place in own}
    rows = LocationPrice.objects.filter(variation__in=names, location__in=places)
    found = [
        {
            "variation": names[row.variation_id],
            "location": places[row.location_id],
            "price": row.price,
        }
        for row in rows
    ]
    return sorted(found, key=lambda row: (row["location"].name, row["variation"].position))


def _stock_table(
    request: HttpRequest,
    product: Product,
    variations: list[Variation],
    places: list[Location],
    own: list[Location],
    levels: list[StockLevel],
) -> list[dict[str, Any]]:
    """Rows of a variation at a location with its quantity; history only at own locations."""
    if not product.is_stocked or not can(request, P.STOCK_VIEW):
        return []
    own_ids = {place.pk for place in own}
    quantities = {(one.variation_id, one.location_id): one.quantity for one in levels}
    history = can(request, P.STOCK_VIEW_HISTORY)
    table = []
    for row in variations:
        for place in places:
            quantity = quantities.get((row.pk, place.pk))
            if quantity is None and not (place.is_active and row.is_active):
                continue
            # What was never kept at a place cannot run low there.
            alert = product.alert_quantity
            low = quantity is not None and alert is not None and quantity < alert
            table.append(
                {
                    "variation": row,
                    "location": place,
                    "quantity": quantity or Decimal(0),
                    "low": low,
                    "history": history and place.pk in own_ids,
                }
            )
    return table


def _recent(
    request: HttpRequest, own: list[Location], levels: list[StockLevel]
) -> list[StockMovement]:
    if not can(request, P.STOCK_VIEW_HISTORY):
        return []
    own_ids = {place.pk for place in own}
    ids = [level.pk for level in levels if level.location_id in own_ids]
    moves = StockMovement.objects.filter(level__in=ids).order_by("-pk")
    return list(
        moves.select_related("actor", "level__variation__product", "level__location")[:RECENT]
    )


# -- the form -------------------------------------------------------------------------------------


@needs(P.PRODUCT_CREATE)
@require_http_methods(["GET", "POST"])
def product_create(request: HttpRequest) -> HttpResponse:
    asked = request.POST.get("kind") or request.GET.get("kind")
    several = asked == Product.Kind.VARIABLE
    product = Product(kind=Product.Kind.VARIABLE if several else Product.Kind.SINGLE)
    return _form(request, product)


@needs(P.PRODUCT_UPDATE)
@require_http_methods(["GET", "POST"])
def product_edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    counted = Product.objects.annotate(rows=Count("variations"))
    product: Any = get_object_or_404(counted, pk=pk)
    asked = request.POST.get("kind") or request.GET.get("kind")
    several = product.rows > 1
    if asked == Product.Kind.VARIABLE or several:
        product.kind = Product.Kind.VARIABLE
    return _form(request, product)


def _form(request: HttpRequest, product: Product) -> HttpResponse:
    is_new, name = product._state.adding, product.name
    rights = Rights(
        cost=can(request, P.PRODUCT_VIEW_PURCHASE_PRICE),
        price=can(request, P.PRODUCT_PRICE_GLOBAL),
        opening=can(request, P.PRODUCT_OPENING_STOCK),
    )
    posted = request.POST if request.method == "POST" else None
    more = posted is not None and "more" in posted
    single = product.kind == Product.Kind.SINGLE
    form = ProductForm(posted, request.FILES or None, instance=product)
    rows = VariationRows(
        posted,
        product=product,
        single=single,
        rights=rights,
        locations=visible_locations(request).filter(is_active=True),
        extra=1 if more else _blank_rows(request, is_new=is_new, single=single),
    )
    if more:
        form.quiet()
        rows.quiet()
    elif posted is not None and _is_valid(form, rows) and _save(request, form, rows):
        messages.success(request, _("“%s” is saved.") % product)
        return redirect("product_detail", pk=product.pk)
    context = {
        "form": form,
        "rows": rows,
        "single": single,
        "is_new": is_new,
        "name": name,
        "product": product,
        "cancel_url": reverse("product_list")
        if is_new
        else reverse("product_detail", args=[product.pk]),
    }
    return render(request, "inventory/product_edit.html", context)


def _blank_rows(request: HttpRequest, *, is_new: bool, single: bool) -> int:
    if request.method == "POST" or single:
        return 0
    return 3 if is_new else int(request.GET.get("kind") == Product.Kind.VARIABLE)


def _is_valid(form: ProductForm, rows: VariationRows) -> bool:
    """Judge product and variations together; implausible values have to be confirmed."""
    valid = form.is_valid()
    product = form.instance
    unit = form.cleaned_data.get("unit")
    rows_valid = rows.is_valid(
        active=product.is_active,
        stocked=product.is_stocked,
        decimals=unit is not None and unit.allow_decimal,
    )
    if not (valid and rows_valid):
        return False
    return _confirmed(form, rows.doubts())


def _confirmed(form: Any, doubts: list[str]) -> bool:
    if doubts and not form.cleaned_data["confirm"]:
        form.asks_to_confirm = True
        for doubt in doubts:
            form.add_error(None, doubt)
        return False
    return True


def _save(request: HttpRequest, form: ProductForm, rows: VariationRows) -> bool:
    try:
        save_product(
            actor=request.user,  # type: ignore[arg-type]
            product=form.instance,
            rows=rows.rows(),
            picture=form.cleaned_data["picture"],
            remove_picture=form.cleaned_data.get("remove_picture", False),
        )
    except IntegrityError:
        form.add_error(None, _("A SKU or barcode was taken by another product meanwhile."))
        return False
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return False
    return True


@needs(P.PRODUCT_DELETE)
@require_POST
def product_remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    product = get_object_or_404(Product, pk=pk)
    if remove_product(actor=request.user, product=product):  # type: ignore[arg-type]
        messages.success(request, _("“%s” is removed.") % product.name)
    else:
        text = _("“%s” has a history, so it is kept and no longer sold.")
        messages.info(request, text % product.name)
    return redirect("product_list")


# -- prices at locations --------------------------------------------------------------------------


@needs(P.PRODUCT_PRICE_EDIT, P.PRODUCT_PRICE_EDIT_ALL)
@require_http_methods(["GET", "POST"])
def product_prices(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    product = get_object_or_404(Product, pk=pk)
    everywhere = can(request, P.PRODUCT_PRICE_EDIT_ALL)
    places = Location.objects.all() if everywhere else visible_locations(request)
    locations = list(places.filter(is_active=True))
    variations = list(
        Variation.objects.filter(product=product, is_active=True).select_related("product")
    )
    stored = LocationPrice.objects.filter(variation__in=variations, location__in=locations)
    form = PricesForm(
        request.POST or None,
        variations=variations,
        locations=locations,
        stored={(row.variation_id, row.location_id): row.price for row in stored},
    )
    see_cost = can(request, P.PRODUCT_VIEW_PURCHASE_PRICE)
    if form.is_valid() and _confirmed(form, form.doubts(see_cost=see_cost)):
        set_location_prices(actor=request.user, product=product, prices=form.prices())  # type: ignore[arg-type]
        messages.success(request, _("The prices of “%s” are saved.") % product)
        return redirect("product_detail", pk=product.pk)
    cancel = reverse("product_detail", args=[product.pk])
    context = {"form": form, "product": product, "cancel_url": cancel}
    return render(request, "inventory/product_prices.html", context)


# -- the picture ----------------------------------------------------------------------------------


@needs(P.PRODUCT_VIEW, P.SELL_CREATE)
@require_safe
def product_image(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The picture, for members alone; a browser keeps it for a day and then asks again."""
    return picture_answer(request, pk)
