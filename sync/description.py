"""The answers of the sync in the API's description; the rows by the table of kinds."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, inline_serializer
from rest_framework import serializers as s

from sync.kinds import KINDS, Kind, Type
from sync.reading import MOST
from sync.reading import PAGE as USUAL
from sync.rendering import BUCKETS

SINCE = OpenApiParameter(
    "since", str, description="The `cursor` of the answer before; none to begin a copy."
)
LIMIT = OpenApiParameter(
    "limit", int, description=f"How many rows a page has at most: {USUAL}, or up to {MOST}."
)
LISTS = OpenApiParameter(
    "lists",
    str,
    description="Which lists the copy has, with commas between: "
    + ", ".join(f"`{kind.name}`" for kind in KINDS)
    + ". Without it, all that one may have; those that one may not have stay away.",
)
LOCATION = OpenApiParameter(
    "location",
    OpenApiTypes.UUID,
    description="Whose prices and stock; needed only by people with several locations.",
)


def _field(what: Type) -> s.Field[Any, Any, Any, Any]:
    if what in (Type.ID, Type.LINK):
        return s.UUIDField(allow_null=what is Type.LINK)
    if what in (Type.BOOL, Type.FILLED):
        return s.BooleanField()
    if what is Type.WHOLE:
        return s.IntegerField()
    if what is Type.TEXT:
        return s.CharField()
    return s.DecimalField(max_digits=18, decimal_places=4)


def _row(kind: Kind) -> Any:
    fields: dict[str, Any] = {
        "version": s.CharField(
            help_text="A number of 48 bits, in hexadecimal digits: another one whenever the row "
            "reads otherwise."
        ),
        "id": s.UUIDField(
            help_text="The variation's." if kind.placed else "",
        ),
    }
    fields |= {name: _field(what) for name, _column, what in kind.columns}
    return inline_serializer("Sync" + kind.name.title().replace("_", ""), fields)


def _many(kind: Kind) -> Any:
    return s.ListField(child=_row(kind), required=False)


_Ids: dict[str, Any] = {
    kind.name: s.ListField(child=s.UUIDField(), required=False, help_text="What has gone.")
    for kind in KINDS
}
_Rows: dict[str, Any] = {kind.name: _many(kind) for kind in KINDS}

SETTINGS = inline_serializer(
    "SyncSettings",
    {
        "business": s.DictField(),
        "location": s.DictField(),
        "registers": s.ListField(child=s.DictField()),
        "payment_methods": s.ListField(child=s.CharField()),
        "device": s.DictField(allow_null=True),
        "person": s.DictField(),
        "permissions": s.ListField(child=s.CharField()),
        "kinds": s.ListField(child=s.CharField(), help_text="The lists that this copy has."),
    },
    allow_null=True,
    help_text="Where they are others than the copy's; otherwise null.",
)
PAGE = inline_serializer(
    "SyncPage",
    {
        "reset": s.ChoiceField(
            ["new", "expired", "access", "restored", "unknown"],
            allow_null=True,
            help_text="Why a new copy begins with this page; null where it goes on.",
        ),
        "settings": SETTINGS,
        "removed": inline_serializer("SyncRemoved", _Ids),
        "rows": inline_serializer("SyncRows", _Rows),
        "cursor": s.CharField(help_text="For the next page, or for the next time."),
        "more": s.BooleanField(help_text="Whether the round goes on with another page."),
    },
)


class SyncSums(s.Serializer[Any]):
    count = s.IntegerField()
    sums = s.ListField(
        child=s.CharField(),
        min_length=BUCKETS,
        max_length=BUCKETS,
        help_text="By the last two digits of the ids, `00` to `ff`: the sum of the versions "
        "modulo 2^48, in hexadecimal digits.",
    )


CHECKSUMS = inline_serializer(
    "SyncChecksums", {kind.name: SyncSums(required=False) for kind in KINDS}
)
BUCKET = inline_serializer(
    "SyncBucket",
    {
        "kind": s.CharField(),
        "bucket": s.CharField(),
        "rows": s.ListField(child=s.DictField()),
    },
)
EXAMPLES = [
    OpenApiExample(
        "A price has changed and a barcode has gone",
        value={
            "reset": None,
            "settings": None,
            "removed": {"barcodes": ["0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f10"]},
            "rows": {
                "variations": [
                    {
                        "version": "9d3f0a51c27e",
                        "id": "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0e",
                        "product": "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0d",
                        "name": "",
                        "sku": "MUG-1",
                        "price": "5.50",
                        "position": 0,
                        "is_active": True,
                    }
                ]
            },
            "cursor": "gAAAAA…",
            "more": False,
        },
        response_only=True,
    )
]
