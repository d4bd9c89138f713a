"""The API about itself: how many credits are left, and what became of them."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.response import Response

from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView
from metering import ledger, schema, storing
from metering.models import ApiEntry
from metering.storing import ENDLESS

PAGE = 50
CURSOR = OpenApiParameter(
    "cursor", OpenApiTypes.STR, description="Of the page before, as in `next`"
)
BALANCE = OpenApiExample(
    "usual",
    value={
        "credits": 8_740,
        "booked": 9_000,
        "pending": 260,
        "enforced": True,
        "key": {"day": 260, "month": 5_120, "per_day": 100_000, "per_month": 2_000_000},
    },
    response_only=True,
)
ENTRIES = OpenApiExample(
    "usual",
    value={
        "results": [
            {
                "number": 2,
                "kind": "used",
                "amount": -1_000,
                "balance": 9_000,
                "reason": "",
                "reference": "",
                "key": "0199a3c4-7b1e-7d61-9a6e-000000000001",
                "key_name": "Web shop",
                "day": "2026-01-31",
                "at": "2026-02-01T00:10:00.000+00:00",
            },
            {
                "number": 1,
                "kind": "bought",
                "amount": 10_000,
                "balance": 10_000,
                "reason": "Invoice 2026-0031",
                "reference": "2026-0031",
                "key": None,
                "key_name": "",
                "day": None,
                "at": "2026-01-30T09:41:00.000+00:00",
            },
        ],
        "next": None,
    },
    response_only=True,
)


class BalanceView(BusinessView):
    needs = {"GET": Permission.API_USE_VIEW}

    @extend_schema(
        operation_id="credits",
        responses=schema.CreditBalance,
        examples=[BALANCE],
        tags=["Use of the API"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """How many credits the business has left, and how far this key is from its limits.

        Asking costs no credit, and works without any.
        """
        account = ledger.balance()
        return Response(
            {
                "credits": account.left,
                "booked": account.balance,
                "pending": account.pending,
                "enforced": settings.METERING.enforced,
                "key": None if request.device is None else _key(request.device.pk),
            }
        )


def _key(device_id: Any) -> dict[str, int | None]:
    count = storing.counts([device_id], timezone.now().astimezone(UTC).date())[device_id]
    return {
        "day": count.day,
        "month": count.month,
        "per_day": None if count.per_day >= ENDLESS else count.per_day,
        "per_month": None if count.per_month >= ENDLESS else count.per_month,
    }


class EntriesView(BusinessView):
    needs = {"GET": Permission.API_USE_VIEW}

    @extend_schema(
        operation_id="credit_transactions",
        responses=schema.Entries,
        parameters=[CURSOR],
        examples=[ENTRIES],
        tags=["Use of the API"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """What was given, bought, used and corrected, the newest first.

        What a key used on a day is one transaction, booked when the day (UTC) is over. Asking costs
        no credit, and works without any.
        """
        rows = ApiEntry.objects.select_related("device")
        return self.page(rows, _shape, ordering=("-number",), size=PAGE)


def _shape(entry: ApiEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "kind": entry.kind,
        "amount": entry.amount,
        "balance": entry.balance,
        "reason": entry.reason,
        "reference": entry.reference,
        "key": entry.device_id,
        "key_name": "" if entry.device is None else entry.device.name,
        "day": entry.day,
        "at": entry.created_at,
    }
