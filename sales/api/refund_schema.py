"""The shapes of refunds and exchanges, for the description of the API alone; as in `schema.py`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from sales.api.schema import NewLine, NewPayment, exact
from sales.models import Payment


class ReturnedLine(s.Serializer[Any]):
    line = s.IntegerField(min_value=1, help_text="The number of the line of the sale")
    quantity = exact(help_text="At most what is `refundable` of it")
    restock = s.BooleanField(
        required=False, default=True, help_text="False for goods that cannot be sold again"
    )


class RefundQuestion(s.Serializer[Any]):
    lines = ReturnedLine(many=True)
    payments = NewPayment(
        many=True,
        required=False,
        allow_null=True,
        help_text="By which ways money goes back, as positive amounts",
    )
    method = s.ChoiceField(
        Payment.Method.choices,
        required=False,
        allow_null=True,
        help_text="In the place of `payments`: all of it by this way. Without either: the way the"
        " sale was paid",
    )
    reference = s.CharField(
        max_length=60,
        required=False,
        allow_blank=True,
        help_text="Of the card terminal; to `method`",
    )
    total = exact(
        required=False,
        allow_null=True,
        help_text="What the goods were said to be worth, before cash rounding",
    )
    customer = s.UUIDField(
        required=False, allow_null=True, help_text="Who gets credit, where the sale has no customer"
    )


class NewRefund(RefundQuestion):
    id = s.UUIDField(help_text="Made by the client, version 7; it makes the request repeatable")
    register = s.UUIDField(help_text="Whose open drawer the cash comes from")
    reason = s.CharField(max_length=200)


class ExchangeQuestion(s.Serializer[Any]):
    register = s.UUIDField()
    returns = ReturnedLine(many=True)
    lines = NewLine(many=True, help_text="What is sold for it, as in a sale")
    payments = NewPayment(many=True, required=False, allow_null=True)
    method = s.ChoiceField(Payment.Method.choices, required=False, allow_null=True)
    reference = s.CharField(max_length=60, required=False, allow_blank=True)
    total = exact(
        required=False,
        allow_null=True,
        help_text="What the customer pays, before cash rounding; negative where money goes back",
    )
    customer = s.UUIDField(required=False, allow_null=True)


class NewExchange(ExchangeQuestion):
    id = s.UUIDField(help_text="Made by the client, version 7; it makes the request repeatable")
    reason = s.CharField(max_length=200)
    total = exact(
        help_text="What the customer was shown, before cash rounding; negative where money goes back"
    )


class ReturnedShare(s.Serializer[Any]):
    line = s.IntegerField()
    name = s.CharField()
    quantity = exact()
    restock = s.BooleanField()
    net = exact()
    tax = exact()
    total = exact()


class WayBack(s.Serializer[Any]):
    method = s.ChoiceField(Payment.Method.choices)
    amount = exact()
    card_brand = s.CharField(allow_blank=True)
    card_last4 = s.CharField(allow_blank=True)
    reference = s.CharField(allow_blank=True)


class RefundQuote(s.Serializer[Any]):
    total = exact(help_text="What the goods were sold for")
    rounding = exact(help_text="What coins and earlier roundings make of it")
    to_pay = exact(help_text="What is given back")
    lines = ReturnedShare(many=True)
    payments = WayBack(many=True)


class ExchangeQuote(s.Serializer[Any]):
    total = exact(help_text="What the customer pays; negative where money goes back")
    returned = exact()
    sold = exact()
    returns = ReturnedShare(many=True)
    payments = WayBack(many=True, help_text="Empty where the customer pays and has not said how")
