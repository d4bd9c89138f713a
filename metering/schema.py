"""The shapes of answers about credits, for the description of the API alone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers as s

from metering.models import ApiEntry


class KeyFigures(s.Serializer[Any]):
    """Of the key that asks; null where there is no limit."""

    day = s.IntegerField(help_text="Requests that were let in today, by UTC")
    month = s.IntegerField(help_text="Requests that were let in this month, by UTC")
    per_day = s.IntegerField(allow_null=True)
    per_month = s.IntegerField(allow_null=True)


class CreditBalance(s.Serializer[Any]):
    credits = s.IntegerField(help_text="What is left: `booked` less `pending`")
    booked = s.IntegerField(help_text="The sum of all transactions")
    pending = s.IntegerField(help_text="Used and not booked yet: what was used today")
    enforced = s.BooleanField(help_text="Whether requests cost credits in this installation")
    key = KeyFigures(allow_null=True)


class CreditTransaction(s.Serializer[Any]):
    number = s.IntegerField(help_text="Without gaps")
    kind = s.ChoiceField(ApiEntry.Kind.choices)
    amount = s.IntegerField(help_text="Negative: used or taken")
    balance = s.IntegerField(help_text="After it")
    reason = s.CharField()
    reference = s.CharField()
    key = s.UUIDField(allow_null=True, help_text="Which key used them")
    key_name = s.CharField()
    day = s.DateField(allow_null=True, help_text="On which day, by UTC")
    at = s.DateTimeField()


Entries = inline_serializer(
    "CreditTransactions",
    {"results": CreditTransaction(many=True), "next": s.URLField(allow_null=True)},
)
