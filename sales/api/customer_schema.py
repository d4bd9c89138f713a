"""The shapes of customers and of their credit, for the description of the API alone; as in
`schema.py`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from inventory.api.schema import STATUS
from sales.api.schema import exact, page_of
from sales.models import CreditEntry

__all__ = ["STATUS"]


class Customer(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()
    phone = s.CharField(allow_blank=True)
    email = s.CharField(allow_blank=True)
    is_active = s.BooleanField()
    credit = exact(
        allow_null=True, help_text="To spend today; null where the reader may not know it"
    )
    credit_expires = s.DateField(
        allow_null=True, help_text="The last day of what expires first; null where nothing does"
    )


class CustomerDetail(Customer):
    version = s.CharField(help_text="Another one after each change; also the `ETag`")
    address = s.CharField(allow_blank=True)
    tax_number = s.CharField(allow_blank=True)
    credit_limit = exact(
        required=False, allow_null=True, help_text="Only for who may set it; null: none"
    )
    note = s.CharField(allow_blank=True)
    created_at = s.DateTimeField()


class _CustomerFields(s.Serializer[Any]):
    phone = s.CharField(max_length=40, required=False, allow_blank=True)
    email = s.CharField(max_length=254, required=False, allow_blank=True)
    address = s.CharField(max_length=500, required=False, allow_blank=True)
    tax_number = s.CharField(max_length=40, required=False, allow_blank=True)
    credit_limit = exact(
        min_value=0,
        required=False,
        allow_null=True,
        help_text="Takes the permission to set credit limits; null: none",
    )
    note = s.CharField(required=False, allow_blank=True)


class NewCustomer(_CustomerFields):
    id = s.UUIDField(
        required=False, help_text="Made by the client, version 7; it makes the request repeatable"
    )
    name = s.CharField(max_length=200)


class CustomerChange(_CustomerFields):
    name = s.CharField(max_length=200, required=False)
    is_active = s.BooleanField(
        required=False, help_text="False: no longer offered at tills; true: there again"
    )


class CustomerTotals(s.Serializer[Any]):
    total = exact(help_text="With tax, before cash rounding; what came back taken off")
    sales = s.IntegerField(help_text="Voided ones too")
    voids = s.IntegerField()
    refunds = s.IntegerField()
    exchanges = s.IntegerField()
    average = exact(allow_null=True, help_text="Of a sale that was not voided; null: there is none")


CustomerPage = page_of("CustomerPage", Customer)


# -- credit ---------------------------------------------------------------------------------------


class CreditDocument(s.Serializer[Any]):
    id = s.UUIDField(help_text="The sale; or of the request, where it was changed by hand")
    number = s.CharField(allow_blank=True, help_text="Of the sale")


class CustomerCreditEntry(s.Serializer[Any]):
    id = s.IntegerField(help_text="Later ones are higher")
    kind = s.ChoiceField(CreditEntry.Kind.choices)
    amount = exact(help_text="Negative where it went out")
    balance = exact(help_text="Of the customer, after it")
    expires_on = s.DateField(
        allow_null=True, help_text="The last day on which it can be spent; null: it never expires"
    )
    document = CreditDocument()
    reason = s.CharField(allow_blank=True)
    by = s.CharField(allow_null=True)
    at = s.DateTimeField()


class CustomerCredit(s.Serializer[Any]):
    credit = exact(help_text="To spend today")
    credit_expires = s.DateField(
        allow_null=True, help_text="The last day of what expires first; null where nothing does"
    )
    expired = exact(help_text="Over, and booked within a day; not in `credit`")
    results = CustomerCreditEntry(many=True)
    next = s.URLField(allow_null=True)


class _CreditChange(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client, version 7; it makes the request repeatable")
    reason = s.CharField(max_length=200)


class NewCreditGrant(_CreditChange):
    amount = exact(help_text="More than zero")
    expires_on = s.DateField(
        required=False,
        allow_null=True,
        help_text="The last day on which it can be spent, today or later; null: it never expires",
    )


class NewCreditCorrection(_CreditChange):
    amount = exact(help_text="Added to the credit; negative: taken from it")
