"""The shapes of stock and its corrections, for the description of the API alone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers as s

from inventory.api.schema import NamedRow, exact, page_of
from inventory.models import StockDocument, StockMovement

LOCATION = OpenApiParameter(
    "location", OpenApiTypes.UUID, description="Only at this one of your locations."
)
ANY_LOCATION = OpenApiParameter(
    "location",
    OpenApiTypes.UUID,
    description="Yours; with `product.view_all_branch_stock` any of the business.",
)
LEVEL = OpenApiParameter(
    "level", str, enum=("low", "none"), description="Below the quantity to warn at; nothing left."
)
VARIATION = OpenApiParameter(
    "variation", OpenApiTypes.UUID, required=True, description="What has moved."
)
REASON = OpenApiParameter(
    "reason",
    str,
    enum=[str(one) for one in StockDocument.Reason.values],
    description="Only those for this reason.",
)


class StockPlace(NamedRow):
    code = s.CharField()


class StockVariation(s.Serializer[Any]):
    id = s.UUIDField()
    product = s.UUIDField()
    name = s.CharField(help_text="Product and variation")
    sku = s.CharField(allow_blank=True)


class StockLevelShape(s.Serializer[Any]):
    variation = StockVariation()
    location = StockPlace()
    quantity = exact()
    unit = s.CharField(allow_blank=True)
    alert_quantity = exact(allow_null=True)
    is_low = s.BooleanField()
    value = exact(required=False, help_text="At cost, only for who may see it")


class StockAtPlace(s.Serializer[Any]):
    location = StockPlace()
    quantity = exact()
    is_own = s.BooleanField(help_text="Whether it is a location of yours")


class StockOfVariation(s.Serializer[Any]):
    variation = StockVariation()
    is_stocked = s.BooleanField()
    unit = s.CharField(allow_blank=True)
    levels = StockAtPlace(many=True)


class StockDocumentName(s.Serializer[Any]):
    id = s.UUIDField()
    number = s.CharField(allow_blank=True)


class StockMove(s.Serializer[Any]):
    id = s.IntegerField()
    variation = s.UUIDField()
    location = StockPlace()
    kind = s.ChoiceField(StockMovement.Kind.choices)
    quantity = exact(help_text="Positive comes in")
    balance = exact(help_text="After it")
    unit_cost = exact(required=False, help_text="Only for who may see costs")
    document = StockDocumentName(help_text="The sale, refund, correction or import that moved it")
    line = s.IntegerField()
    by = s.CharField(allow_null=True)
    at = s.DateTimeField()


class NewStockCorrectionLine(s.Serializer[Any]):
    variation = s.UUIDField()
    quantity = exact(help_text="What is added, or, negative, taken away; not the new total")


REASONS = [one for one in StockDocument.Reason.choices if one[0] != StockDocument.Reason.OPENING]


class NewStockCorrection(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client, version 7; it makes the request repeatable")
    location = s.UUIDField()
    reason = s.ChoiceField(REASONS)
    note = s.CharField(max_length=500, required=False, allow_blank=True)
    lines = NewStockCorrectionLine(many=True, help_text="1 to 500, each variation once")


class StockCorrection(s.Serializer[Any]):
    id = s.UUIDField()
    kind = s.ChoiceField(StockDocument.Kind.choices)
    number = s.CharField()
    location = StockPlace()
    reason = s.ChoiceField(StockDocument.Reason.choices)
    note = s.CharField(allow_blank=True)
    by = s.CharField(allow_null=True)
    at = s.DateTimeField()


class StockCorrectionLine(s.Serializer[Any]):
    line = s.IntegerField()
    variation = StockVariation()
    quantity = exact()
    balance = exact(help_text="After it")


class StockCorrectionDocument(StockCorrection):
    lines = StockCorrectionLine(many=True)
    next = s.URLField(allow_null=True, help_text="Where there are more lines")


LevelPage = page_of("StockLevelPage", StockLevelShape)
MovementPage = page_of("StockMovementPage", StockMove)
CorrectionPage = page_of("StockCorrectionPage", StockCorrection)

_ID = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0e"
_PLACE = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0b"

NEW_CORRECTION = OpenApiExample(
    "Two stood on the wrong shelf",
    value={
        "id": "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f11",
        "location": _PLACE,
        "reason": "found",
        "note": "Behind the teapots",
        "lines": [{"variation": _ID, "quantity": "2"}],
    },
    request_only=True,
)
