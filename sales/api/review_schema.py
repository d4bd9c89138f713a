"""The shapes of the inbox of sales made offline, for the description of the API alone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers as s

from sales.api.schema import Named, NewPayment, Remark, exact, page_of
from sales.models import ReviewItem

STATES = ("open", "settled", "all")
ACTIONS = ("accept", "record", "close")

STATE = OpenApiParameter(
    "state", str, enum=STATES, description="`open` where nothing is said: what nobody has settled."
)
KIND = OpenApiParameter(
    "kind",
    str,
    enum=[str(one) for one in ReviewItem.Kind.values],
    description="In the books with a remark, or held.",
)


class ReviewLine(s.Serializer[Any]):
    line = s.IntegerField()
    variation = s.UUIDField()
    name = s.CharField(allow_blank=True, help_text="Empty for a product that is not known here")
    sku = s.CharField(allow_blank=True)
    quantity = exact()
    unit_price = exact(help_text="As it was charged")
    tax_rate = exact(help_text="Percent, as it was charged")
    price_now = exact(allow_null=True)
    tax_rate_now = exact(allow_null=True)
    said = s.ListField(child=s.CharField(), help_text="What did not fit with this line")


class Review(s.Serializer[Any]):
    id = s.UUIDField()
    kind = s.ChoiceField(
        ReviewItem.Kind.choices, help_text="`remark`: in the books; `held`: in no book yet"
    )
    settlement = s.ChoiceField(
        [("", ""), *ReviewItem.Settlement.choices], help_text="Empty while it is open"
    )
    sale_id = s.UUIDField(help_text="The id that the device gave the sale")
    sale = s.UUIDField(allow_null=True, help_text="The document, where it is in the books")
    number = s.CharField(allow_blank=True, help_text="On the customer's receipt")
    sold_at = s.DateTimeField()
    received_at = s.DateTimeField()
    total = exact(allow_null=True)
    location = Named(allow_null=True)
    register = Named(allow_null=True)
    device = Named(allow_null=True)
    operator = s.CharField(allow_null=True)
    reasons = Remark(many=True, help_text="What did not fit")
    settled_at = s.DateTimeField(allow_null=True)
    settled_by = s.CharField(allow_null=True)
    note = s.CharField(allow_blank=True, help_text="Of who settled it")


class HeldPayment(NewPayment):
    pass


class ReviewDetail(Review):
    lines = ReviewLine(many=True)
    payments = HeldPayment(many=True, help_text="Of what is held")
    unknown_lines = s.ListField(
        child=s.IntegerField(), help_text="Lines for which `record` needs a `variation`"
    )
    can_be_recorded = s.BooleanField(help_text="False for what cannot be read as a sale")


class ChosenVariation(s.Serializer[Any]):
    line = s.IntegerField(min_value=1)
    variation = s.UUIDField()


class Settling(s.Serializer[Any]):
    action = s.ChoiceField([(one, one) for one in ACTIONS])
    note = s.CharField(
        max_length=500, required=False, allow_blank=True, help_text="Needed where it is closed"
    )
    register = s.UUIDField(required=False, help_text="Where to record it, if not where it was sold")
    customer = s.UUIDField(
        required=False, allow_null=True, help_text="Another customer to record it with; null: none"
    )
    variations = ChosenVariation(
        many=True, required=False, help_text="What the unknown lines were, to record it"
    )


ReviewPage = page_of("ReviewPage", Review)

ACCEPTING = OpenApiExample(
    "An old price was charged, and that is all right",
    value={"action": "accept", "note": "The label was old"},
    request_only=True,
)
