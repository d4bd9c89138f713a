"""The shapes of requests and answers about suppliers, for the description of the API alone."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from inventory.api.schema import page_of


class SupplierFields(s.Serializer[Any]):
    contact = s.CharField(max_length=200, required=False, allow_blank=True, help_text="A person")
    phone = s.CharField(max_length=40, required=False, allow_blank=True)
    email = s.CharField(max_length=254, required=False, allow_blank=True)
    address = s.CharField(max_length=500, required=False, allow_blank=True)
    tax_number = s.CharField(max_length=40, required=False, allow_blank=True)
    payment_days = s.IntegerField(
        min_value=0, max_value=365, required=False, allow_null=True, help_text="To pay within"
    )


class NewSupplier(SupplierFields):
    id = s.UUIDField(
        required=False, help_text="Made by the client, version 7; it makes the request repeatable"
    )
    name = s.CharField(max_length=200)


class SupplierChange(SupplierFields):
    name = s.CharField(max_length=200, required=False)
    is_active = s.BooleanField(required=False, help_text="False: no longer offered")


class Supplier(s.Serializer[Any]):
    id = s.UUIDField()
    version = s.CharField(help_text="Another one after each change; also the `ETag`")
    name = s.CharField()
    contact = s.CharField(allow_blank=True, help_text="A person")
    phone = s.CharField(allow_blank=True)
    email = s.CharField(allow_blank=True)
    address = s.CharField(allow_blank=True)
    tax_number = s.CharField(allow_blank=True)
    payment_days = s.IntegerField(allow_null=True, help_text="To pay within")
    is_active = s.BooleanField()
    created_at = s.DateTimeField()


SupplierPage = page_of("SupplierPage", Supplier)
