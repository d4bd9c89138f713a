"""The shapes of requests and answers, for the description of the API alone.

`reading.py` and the forms read and `shapes.py` writes; a test holds their answers against this.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema_serializer,
    inline_serializer,
)
from rest_framework import serializers as s

from inventory.models import Product
from tenants.models import Location

STATUSES = ("active", "off", "all")


def exact(**kwargs: Any) -> s.DecimalField:
    return s.DecimalField(max_digits=18, decimal_places=4, **kwargs)


def page_of(name: str, row: Any) -> Any:
    return inline_serializer(name, {"results": row(many=True), "next": s.URLField(allow_null=True)})


CURSOR = OpenApiParameter("cursor", str, description="From `next` of the page before.")
SEARCH = OpenApiParameter("q", str, description="The beginnings of words of a name, or of a code.")
NAME = OpenApiParameter("q", str, description="A part of the name.")
PLACE_TEXT = OpenApiParameter("q", str, description="A part of the name, the code or the address.")
CODE = OpenApiParameter("code", str, description="A whole barcode or SKU.")
CATEGORY = OpenApiParameter(
    "category", OpenApiTypes.UUID, description="And every category inside it."
)
BRAND = OpenApiParameter("brand", OpenApiTypes.UUID, description="Only of this brand.")
STATUS = OpenApiParameter(
    "status", str, enum=STATUSES, description="`active` where nothing is said."
)
KEPT = OpenApiParameter("stocked", bool, description="Only what has stock, or only services.")
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of what you read: refused with 412 where it has changed since.",
)


class NamedRow(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()


class ProductTaxRate(NamedRow):
    rate = exact(help_text="Percent")


class LocationPrice(s.Serializer[Any]):
    location = s.UUIDField()
    price = exact()


class ProductVariation(s.Serializer[Any]):
    id = s.UUIDField(help_text="As lines of sales and of corrections name it")
    name = s.CharField(allow_blank=True, help_text="Empty where the product has one variation")
    sku = s.CharField(allow_blank=True)
    price = exact(help_text="Of the business")
    cost = exact(required=False, help_text="Only for who may see costs")
    barcodes = s.ListField(child=s.CharField())
    prices = LocationPrice(many=True, help_text="At your locations, where it is another")
    is_active = s.BooleanField()


@extend_schema_serializer(component_name="Product")
class ProductShape(s.Serializer[Any]):
    id = s.UUIDField()
    version = s.CharField(help_text="Another one after each change; also the `ETag`")
    name = s.CharField()
    kind = s.ChoiceField(Product.Kind.choices)
    sku = s.CharField(allow_blank=True, help_text="A code of the whole product")
    description = s.CharField(allow_blank=True)
    category = NamedRow(allow_null=True)
    brand = NamedRow(allow_null=True)
    unit = NamedRow(allow_null=True)
    tax_rate = ProductTaxRate(allow_null=True)
    tax_inclusive = s.BooleanField()
    is_stocked = s.BooleanField(help_text="False for services, which never run out")
    is_for_sale = s.BooleanField()
    adds_credit = s.BooleanField(help_text="Selling it adds to the customer's credit")
    alert_quantity = exact(allow_null=True, help_text="Low under this quantity")
    image = s.CharField(
        allow_null=True, help_text="The path of its picture: in the API, or for a browser a page"
    )
    is_active = s.BooleanField()
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField(help_text="Of the product itself")
    variations = ProductVariation(many=True)


class OpeningStock(s.Serializer[Any]):
    location = s.UUIDField()
    quantity = exact()


class NewVariation(s.Serializer[Any]):
    name = s.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Needed where there are several"
    )
    sku = s.CharField(max_length=100, required=False, allow_blank=True)
    price = exact(min_value=0)
    cost = exact(min_value=0, required=False)
    barcodes = s.ListField(child=s.CharField(max_length=64), required=False)
    opening_stock = OpeningStock(many=True, required=False)


class ChangedVariation(s.Serializer[Any]):
    id = s.UUIDField(required=False, help_text="Without one it is a new variation")
    name = s.CharField(max_length=200, required=False, allow_blank=True)
    sku = s.CharField(max_length=100, required=False, allow_blank=True)
    price = exact(min_value=0, required=False, help_text="Needed for a new one")
    cost = exact(min_value=0, required=False)
    barcodes = s.ListField(
        child=s.CharField(max_length=64), required=False, help_text="All that it shall have"
    )
    opening_stock = OpeningStock(many=True, required=False, help_text="Of a new one alone")
    is_active = s.BooleanField(required=False)
    remove = s.BooleanField(required=False, help_text="Switched off where it has a history")


class _ProductFields(s.Serializer[Any]):
    description = s.CharField(required=False, allow_blank=True)
    category = s.UUIDField(required=False, allow_null=True)
    brand = s.UUIDField(required=False, allow_null=True)
    unit = s.UUIDField(required=False, allow_null=True)
    tax_inclusive = s.BooleanField(required=False)
    is_stocked = s.BooleanField(required=False)
    is_for_sale = s.BooleanField(required=False)
    alert_quantity = exact(min_value=0, required=False, allow_null=True)
    confirm = s.BooleanField(required=False, help_text="Unusual prices are meant so")


class NewProduct(_ProductFields):
    id = s.UUIDField(
        required=False, help_text="Made by the client, version 7; it makes the request repeatable"
    )
    name = s.CharField(max_length=300)
    tax_rate = s.UUIDField(
        required=False, allow_null=True, help_text="Not sent: the rate for new products"
    )
    adds_credit = s.BooleanField(required=False)
    variations = NewVariation(many=True, help_text="1 to 200; one without a name is the product")


class ProductChange(_ProductFields):
    name = s.CharField(max_length=300, required=False)
    tax_rate = s.UUIDField(required=False, allow_null=True)
    is_active = s.BooleanField(required=False)
    variations = ChangedVariation(
        many=True, required=False, help_text="Those that change; others stay as they are"
    )


class PriceChange(s.Serializer[Any]):
    variation = s.UUIDField()
    location = s.UUIDField()
    price = exact(min_value=0, allow_null=True, help_text="Null: the business's price again")


class PriceChanges(s.Serializer[Any]):
    prices = PriceChange(many=True)
    confirm = s.BooleanField(required=False, help_text="Unusual prices are meant so")


class RowRemoved(s.Serializer[Any]):
    deleted = s.BooleanField(help_text="False: it has a history, and is switched off")


ProductPage = page_of("ProductPage", ProductShape)


# -- categories, brands, units, tax rates ---------------------------------------------------------


@extend_schema_serializer(component_name="Category")
class CategoryShape(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField(max_length=200)
    parent = s.UUIDField(  # type: ignore[assignment]
        allow_null=True, help_text="The category that it lies in"
    )
    code = s.CharField(max_length=30, allow_blank=True)
    description = s.CharField(allow_blank=True)
    is_active = s.BooleanField()


@extend_schema_serializer(component_name="Brand")
class BrandShape(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField(max_length=200)
    description = s.CharField(allow_blank=True)
    is_active = s.BooleanField()


@extend_schema_serializer(component_name="Unit")
class UnitShape(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField(max_length=100)
    short_name = s.CharField(max_length=20)
    allow_decimal = s.BooleanField(help_text="Whether fractions can be sold")
    base_unit = s.UUIDField(allow_null=True, help_text="What it is made of")
    factor = exact(allow_null=True, help_text="How many of them")
    is_active = s.BooleanField()


@extend_schema_serializer(component_name="TaxRate")
class TaxRateShape(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField(max_length=100)
    rate = s.DecimalField(max_digits=9, decimal_places=4, help_text="Percent")
    is_default = s.BooleanField(help_text="For new products")
    is_active = s.BooleanField()


@extend_schema_serializer(component_name="Location")
class LocationShape(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()
    code = s.CharField()
    address = s.CharField(allow_blank=True)
    phone = s.CharField(allow_blank=True)
    time_zone = s.CharField(help_text="Its own, or the business's")
    receipt_header = s.CharField(allow_blank=True)
    receipt_footer = s.CharField(allow_blank=True)
    below_zero = s.ChoiceField(
        Location.BelowZero.choices, help_text="Whether what has run out can be sold"
    )
    is_active = s.BooleanField()


LocationPage = page_of("LocationPage", LocationShape)


def written(shape: type[s.Serializer[Any]], needed: tuple[str, ...]) -> tuple[Any, Any]:
    """What is sent for a new row of a small table, and for a change of one."""
    fields: dict[str, Any] = shape().get_fields()
    name = shape.__name__.removesuffix("Shape")
    changes = {}
    new: dict[str, Any] = {}
    for key, field in fields.items():
        kind, args, kwargs = type(field), field._args, dict(field._kwargs)
        if key != "id":
            changes[key] = kind(*args, **{**kwargs, "required": False})
        if key == "is_active":
            continue
        new[key] = kind(*args, **{**kwargs, "required": key in needed})
    return inline_serializer(f"New{name}", new), inline_serializer(f"{name}Change", changes)


_ID = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0e"
_PLACE = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0b"

NEW_PRODUCT = OpenApiExample(
    "A mug in two colours",
    value={
        "id": "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0d",
        "name": "Mug",
        "variations": [
            {"name": "Blue", "sku": "MUG-B", "price": "5.50", "barcodes": ["5901234123464"]},
            {"name": "Red", "sku": "MUG-R", "price": "5.50", "cost": "2.10"},
        ],
    },
    request_only=True,
)
RENAMED = OpenApiExample(
    "Another name, and a warning below three",
    value={"name": "Large mug", "alert_quantity": "3"},
    request_only=True,
)
CHANGES = OpenApiExample(
    "Another price of one variation, and one more",
    value={
        "variations": [
            {"id": _ID, "name": "Blue", "price": "5.90", "barcodes": ["5901234123457"]},
            {
                "name": "Green",
                "price": "5.90",
                "opening_stock": [{"location": _PLACE, "quantity": "12"}],
            },
        ]
    },
    request_only=True,
)
AS_EVERYWHERE = OpenApiExample(
    "The price of the business again",
    value={"prices": [{"variation": _ID, "location": _PLACE, "price": None}]},
    request_only=True,
)
PRICES = OpenApiExample(
    "Dearer at one location",
    value={"prices": [{"variation": _ID, "location": _PLACE, "price": "6.20"}]},
    request_only=True,
)
