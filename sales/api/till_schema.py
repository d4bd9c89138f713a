"""The shapes of requests and answers about registers, for the description of the API alone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers as s

from inventory.api.schema import page_of
from sales.api.schema import CodedPlace, Named

LOCATION = OpenApiParameter("location", OpenApiTypes.UUID, description="Only at this location.")


class NewRegister(s.Serializer[Any]):
    id = s.UUIDField(
        required=False, help_text="Made by the client, version 7; it makes the request repeatable"
    )
    name = s.CharField(max_length=100)
    location = s.UUIDField()
    prefix = s.CharField(
        max_length=12, help_text="Letters and digits that begin its receipt numbers, once in a shop"
    )


class RegisterChange(s.Serializer[Any]):
    name = s.CharField(max_length=100, required=False)
    location = s.UUIDField(required=False, help_text="Not where it `is_fixed`")
    prefix = s.CharField(max_length=12, required=False, help_text="Not where it `is_fixed`")
    is_active = s.BooleanField(required=False)


class RegisterShift(s.Serializer[Any]):
    id = s.UUIDField()
    number = s.IntegerField()
    opened_at = s.DateTimeField()
    opened_by = s.CharField()


class Register(s.Serializer[Any]):
    id = s.UUIDField()
    version = s.CharField(help_text="Another one after each change; also the `ETag`")
    name = s.CharField()
    prefix = s.CharField(help_text="Begins its receipt numbers")
    location = CodedPlace()
    is_active = s.BooleanField()
    is_fixed = s.BooleanField(help_text="Receipts were printed: location and prefix stay")
    last_sale = s.IntegerField(
        help_text="The number of its last sale's receipt; 0 before the first"
    )
    terminal = Named(allow_null=True, help_text="The device that is connected to it")
    shift = RegisterShift(allow_null=True, help_text="The one that is open")


RegisterPage = page_of("RegisterPage", Register)
