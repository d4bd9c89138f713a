"""The addresses of the sync: a round's pages, checksums, and the buckets that they find wrong."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast, Right
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema

from accounts.bodies import invalid
from accounts.rest import BusinessRequest, BusinessView
from sync import cursors, description, reading, scope
from sync.answering import answer, lists, plain
from sync.kinds import CATALOGUE
from sync.rendering import BUCKETS, batch, sums
from sync.surroundings import fingerprint, settings_of

# Who may see products, or sell; what else they get goes by their other permissions.
NEEDS = {"GET": CATALOGUE}

BUCKET = re.compile("[0-9a-f]{2}")


class SyncView(BusinessView):
    needs = NEEDS

    @extend_schema(
        operation_id="sync",
        parameters=[description.SINCE, description.LOCATION, description.LISTS, description.LIMIT],
        responses={200: description.PAGE, 304: None},
        examples=description.EXAMPLES,
        tags=["Copies"],
    )
    def get(self, request: BusinessRequest) -> HttpResponse:
        """What is new since the cursor, a page at a time; everything without one.

        Permissions: product.view or sell.create; stock with stock.view, customers with
        customer.view.
        """
        here = scope.of(request)
        settings: dict[str, Any] = {}

        def settings_now() -> str:
            settings.update(settings_of(request, here))
            return fingerprint(settings)

        since = request.GET.get("since", "")
        limit = _limit(request.GET.get("limit", ""))
        page = reading.page(here, since, settings_now=settings_now, limit=limit)
        cursor = since if page.cursor is None else cursors.written(page.cursor)
        parts = (
            b'{"reset":', plain(page.reset or None),
            b',"settings":', plain(settings if page.with_settings else None),
            b',"removed":', plain(page.removed),
            b',"rows":', *lists(page.rows),
            b',"cursor":', plain(cursor),
            b',"more":', plain(page.more), b"}",
        )  # fmt: skip
        return answer(request._request, b"".join(parts))


class ChecksumsView(BusinessView):
    needs = NEEDS

    @extend_schema(
        operation_id="sync_checksums",
        parameters=[description.LOCATION, description.LISTS],
        responses={200: description.CHECKSUMS, 304: None},
        tags=["Copies"],
    )
    def get(self, request: BusinessRequest) -> HttpResponse:
        """For each list how many rows there are, and 256 sums of their versions."""
        here = scope.of(request)
        told = {}
        for kind in here.kinds:
            found = sums(kind, kind.rows(here.location.pk), here.digits)
            told[kind.name] = {
                "count": sum(count for count, _total in found.values()),
                "sums": [f"{found.get(f'{n:02x}', (0, 0))[1]:x}" for n in range(BUCKETS)],
            }
        return answer(request._request, plain(told))


class BucketView(BusinessView):
    needs = NEEDS

    @extend_schema(
        operation_id="sync_bucket",
        parameters=[description.LOCATION],
        responses={200: description.BUCKET, 304: None},
        tags=["Copies"],
    )
    def get(self, request: BusinessRequest, kind: str, bucket: str) -> HttpResponse:
        """Every row of one bucket, as it is now: the rows whose ids end in these two digits."""
        here = scope.of(request)
        found = here.kind(kind)
        if not BUCKET.fullmatch(bucket):
            raise Http404
        rows = found.rows(here.location.pk).order_by("pk")
        rows = rows.alias(bucket=Right(Cast(found.key, TextField()), 2)).filter(bucket=bucket)
        told = batch(found, rows, here.digits).text
        parts = (b'{"kind":', plain(kind), b',"bucket":', plain(bucket), b',"rows":[', told, b"]}")
        return answer(request._request, b"".join(parts))


def _limit(text: str) -> int:
    if not text:
        return reading.PAGE
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) >= 1):
        invalid("limit", _("This must be a whole number above zero."))
    return min(int(text), reading.MOST)
