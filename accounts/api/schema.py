"""The shapes of requests and answers about operators, for the description of the API alone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers as s

from accounts.approvals import APPROVABLE

LOCATION = OpenApiParameter(
    "location", OpenApiTypes.UUID, description="Needed by people in a browser; a device has its own"
)
APPROVES = OpenApiParameter(
    "approves", str, description="Only who may approve what needs this permission"
)
OPERATOR = OpenApiParameter(
    "X-Operator", str, OpenApiParameter.HEADER, description="Who stands at the device"
)


class OperatorName(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()


class SigningIn(s.Serializer[Any]):
    person = s.UUIDField()
    pin = s.CharField(min_length=4, max_length=8)


class SignedIn(s.Serializer[Any]):
    operator_token = s.CharField(help_text="For the header X-Operator; told this once")
    person = OperatorName()
    permissions = s.ListField(child=s.CharField())
    expires_at = s.DateTimeField()
    idle_seconds = s.IntegerField(help_text="Unused for so long, it ends")


class AskingApproval(s.Serializer[Any]):
    person = s.UUIDField(help_text="Who approves")
    pin = s.CharField(min_length=4, max_length=8, help_text="Theirs")
    permissions = s.ListField(
        child=s.ChoiceField(sorted(one.value for one in APPROVABLE)), min_length=1
    )
    location = s.UUIDField(
        required=False, help_text="Needed by people in a browser; a device has its own"
    )


class Approved(s.Serializer[Any]):
    approval = s.CharField(help_text="For the header X-Approval of one request; told this once")
    approver = OperatorName()
    permissions = s.ListField(child=s.CharField())
    expires_at = s.DateTimeField()


class NewToken(s.Serializer[Any]):
    token = s.CharField(help_text="Told this once; the old one ends when this one is first used")


Names = inline_serializer("OperatorNames", {"results": OperatorName(many=True)})
