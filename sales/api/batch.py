"""Sales that were made offline, many at once: each judged by itself, the answers in their order."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.bodies import Body, invalid
from accounts.permissions import Permission
from accounts.rest import (
    BusinessRequest,
    BusinessView,
    StrictJSONParser,
    body_of,
    web_address,
)
from sales.api import schema
from sales.api.reading import read_offline, read_sale
from sales.api.registers import register_or_404
from sales.api.shapes import series_shape
from sales.canonical import canonical
from sales.cards import holds_card_number
from sales.checkout import checkout
from sales.kept import RAW, kept_sale
from sales.models import NumberSeries
from sales.offline import Outcome, Status, hold_unread, take_in
from sales.reasons import sentence
from sales.series import counted, make_series
from tenants.errors import Refused

MOST: Final = 500
#: Seconds after which the rest of a batch is left for the next request.
PATIENCE: Final = 20.0
_IN_THE_BOOKS: Final = (Status.RECORDED, Status.WITH_REMARKS, Status.ALREADY)


class BatchParser(BaseParser):
    """500 sales of some forty lines each; this address alone takes so much.

    No JSONParser: REST framework would read those at once, within Django's bound for all.
    """

    media_type = "application/json"
    most = 8_000_000

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        content = stream.read(self.most + 1)
        parser = StrictJSONParser()
        parser.most = self.most
        return parser.parse(BytesIO(content), media_type, parser_context)


class BatchView(BusinessView):
    # Whoever comes in may hand over what was sold; what they may sell is asked of each sale.
    needs = {"POST": ()}
    parser_classes = [BatchParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Each sale has a transaction of its own, and so has what is asked before them.
        with transaction.atomic():
            super().initial(request, *args, **kwargs)
            inner: Any = request
            member = inner.membership
            # Read now: between the sales nothing is bound to a transaction.
            _known = (member.granted, member.location_ids)

    def handle_exception(self, exc: Exception) -> Response:
        # Rolls back what is open: the transactions of sales that are recorded are not.
        with transaction.atomic():
            answer: Response = super().handle_exception(exc)
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if self.approval is None:
            return super().finalize_response(request, response, *args, **kwargs)
        with transaction.atomic():
            return super().finalize_response(request, response, *args, **kwargs)

    @extend_schema(
        operation_id="sale_batch",
        request=schema.NewBatch,
        responses={200: schema.BatchAnswer},
        tags=["Sales"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Hand over up to 500 sales that were made offline; the answers come in their order.

        Each is judged by itself and recorded in a transaction of its own: one that is wrong is in
        nobody's way, and after a broken connection the same batch is sent again. What does not fit
        is recorded with remarks, or held for a manager; either way the device may forget it. It
        keeps what is `id_taken`, `refused` or `invalid` for a person to look at, and sends again
        what is `later`.
        """
        raws = _sales(request.data)
        return Response({"results": [_shape(request, one) for one in _judged(request, raws)]})


def _sales(data: Any) -> list[Any]:
    if not isinstance(data, dict) or not isinstance(data.get("sales"), list):
        invalid("sales", _("This must be a list."))
    for name in data:
        if name != "sales":
            invalid(str(name)[:60], _("There is no such field."))
    raws: list[Any] = data["sales"]
    if len(raws) > MOST:
        invalid("sales", _("At most %(most)s are possible.") % {"most": MOST})
    return raws


def _judged(request: BusinessRequest, raws: list[Any]) -> Iterator[Outcome]:
    until = time.monotonic() + PATIENCE
    is_over = False
    for raw in raws:
        is_over = is_over or time.monotonic() > until
        outcome = None
        if not is_over:
            try:
                outcome = _one(request, raw)
            except (OperationalError, InterfaceError):
                # Nothing is known of this one, and the connection may be gone: what is in the
                # books already is answered, and the rest comes again.
                is_over = True
        yield outcome or Outcome(_id(raw), Status.LATER)


def _one(request: BusinessRequest, raw: Any) -> Outcome:
    if not (isinstance(raw, dict) and raw.get("offline") is True):
        return _online(request, raw)
    body = Body(raw)
    body.flag("offline")
    asked = read_offline(body)
    try:
        body.finish()
    except Refused as wrong:
        return _unread(request, raw, asked, wrong)
    return take_in(
        actor=request.membership, device=request.device, request=asked, kept=kept_sale(asked)
    )


def _online(request: BusinessRequest, raw: Any) -> Outcome:
    """A sale that was not made offline, as at its own address: recorded, or refused."""
    try:
        with transaction.atomic():
            body = Body(raw)
            body.flag("offline")
            asked = read_sale(body)
            if not request.membership.can(Permission.SELL_CREATE):
                raise PermissionDenied(_("You may not do this."))
            sale = checkout(actor=request.membership, request=asked, device=request.device)
    except Refused as no:
        status = Status.ID_TAKEN if no.code == "id_taken" else Status.REFUSED
        return Outcome(_id(raw), status, error=no)
    except PermissionDenied as no:
        return Outcome(
            _id(raw), Status.REFUSED, error=Refused("permission_denied", str(no), status=403)
        )
    except Http404:
        gone = Refused("not_found", _("There is no such thing here."), status=404)
        return Outcome(_id(raw), Status.REFUSED, error=gone)
    return Outcome(sale.pk, Status.ALREADY if sale.was_recorded else Status.RECORDED, sale.number)


def _unread(request: BusinessRequest, raw: Mapping[str, Any], asked: Any, no: Refused) -> Outcome:
    """Held as it came, without what must not be kept; without an id it cannot be."""
    key = _id(raw)
    if key is None:
        return Outcome(None, Status.INVALID, error=no)
    kept = _without_secrets(raw)
    said = "; ".join(f"{name}: {' '.join(map(str, told))}" for name, told in no.fields.items())
    return hold_unread(
        actor=request.membership,
        device=request.device,
        request=asked,
        fingerprint=hashlib.sha256(canonical(kept).encode()).hexdigest(),
        kept={RAW: kept},
        said=said[:500],
    )


def _id(raw: Any) -> uuid.UUID | None:
    """The id of a sale, whatever else is wrong with it."""
    value = raw.get("id") if isinstance(raw, dict) else None
    body = Body({"id": value})
    found = body.uuid("id")
    return None if body.problems else found


# -- what may be kept of what cannot be read ------------------------------------------------------

_DISCOUNT: Final[dict[str, Any]] = {"kind": None, "value": None}
_KEPT: Final[dict[str, Any]] = {
    **dict.fromkeys(("id", "register", "offline", "sold_at", "number", "total", "customer")),
    **dict.fromkeys(("operator", "cash_step", "note")),
    "discount": _DISCOUNT,
    "lines": {
        **dict.fromkeys(("variation", "quantity", "unit_price", "tax_rate", "tax_inclusive")),
        **dict.fromkeys(("tax_name", "own_price")),
        "discount": _DISCOUNT,
    },
    "payments": dict.fromkeys(("method", "amount", "card_brand", "reference")),
}


def _without_secrets(value: Any, known: Mapping[str, Any] | None = _KEPT) -> Any:
    """The fields that a sale has, without card numbers; what else a card has is no field of ours."""
    if isinstance(value, dict) and known is not None:
        return {name: _without_secrets(value.get(name), known[name]) for name in known}
    if isinstance(value, list) and known is not None:
        return [_without_secrets(one, known) for one in value[:1000]]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int | float):
        text = str(value)[:500].encode("utf-8", "replace").decode().replace("\0", "")
        return "…" if holds_card_number(text) else text
    return "…"


# -- answers --------------------------------------------------------------------------------------


def _shape(request: BusinessRequest, outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    has_receipt = outcome.status in _IN_THE_BOOKS
    return {
        "id": outcome.id,
        "status": outcome.status.value,
        "number": outcome.number,
        "receipt_url": web_address(request, "receipt", outcome.id)
        if has_receipt and outcome.id
        else None,
        "review": [{"code": one["code"], "message": sentence(one)} for one in outcome.reasons],
        "error": None
        if error is None
        else {"code": error.code, "message": str(error), "fields": error.fields},
    }


class SeriesView(BusinessView):
    needs = {"POST": Permission.SELL_CREATE}

    @extend_schema(
        operation_id="series_create",
        request=schema.NewSeries,
        responses={201: schema.Series, 200: schema.Series},
        tags=["Sales"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """A series of receipt numbers of the device's own: 201. The same `id` again: 200.

        Receipts made offline are numbered `prefix` and a counter of at least six digits, from 1 on:
        HS1-AB000001. A device that was reset, or does not know how far it had come, asks for
        another series under a new `id`.
        """
        body = body_of(request)
        series_id, register_id = body.uuid("id"), body.uuid("register")
        body.finish()
        register = register_or_404(request, register_id)
        known = NumberSeries.objects.filter(pk=series_id).exists()
        series = make_series(register=register, device=request.device, series_id=series_id)
        found = counted(NumberSeries.objects.filter(pk=series.pk)).get()
        return Response(series_shape(found, register.prefix), status=200 if known else 201)
