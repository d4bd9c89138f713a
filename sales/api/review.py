"""The inbox of sales made offline that did not fit: the list, one of them, and settling it."""

from __future__ import annotations

import uuid
from enum import Enum
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.bodies import Body, invalid, refuse
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from inventory.models import Variation
from sales import review
from sales.api import review_schema, schema
from sales.api.reading import safe_text
from sales.kept import sale_of
from sales.models import ReviewItem
from sales.reasons import sentence
from sales.review import Choices
from sales.review_forms import unknown_lines
from sales.review_lines import Row, sold_lines, visible_reviews
from sales.selection import visible_registers
from sales.sellable import MAX_LINES
from tenants.context import current
from tenants.errors import Refused
from tenants.spelling import plain_money, plain_number

PAGE = 500


class Action(Enum):
    ACCEPT = "accept"
    RECORD = "record"
    CLOSE = "close"


def _choice(request: Any, name: str, options: tuple[str, ...]) -> str:
    value: str = request.GET.get(name, "")
    if value and value not in options:
        invalid(name, _("This must be one of %(names)s.") % {"names": ", ".join(options)})
    return value


def _item(request: Any, review_id: uuid.UUID) -> ReviewItem:
    """Raises Http404 for one that is absent, or not for these eyes."""
    item = visible_reviews(request).filter(pk=review_id).first()
    if item is None:
        raise Http404
    return item


class ReviewsView(BusinessView):
    needs = {"GET": Permission.SELL_REVIEW}

    @extend_schema(
        operation_id="reviews",
        parameters=[review_schema.STATE, review_schema.KIND, schema.CURSOR],
        responses=review_schema.ReviewPage,
        tags=["Review"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Sales made offline that did not fit, at your locations, the latest first, 500 a page."""
        items = visible_reviews(request).defer("body")
        state = _choice(request, "state", review_schema.STATES)
        if state == "settled":
            items = items.exclude(settlement="")
        elif state != "all":
            items = items.filter(settlement="")
        if kind := _choice(request, "kind", tuple(ReviewItem.Kind.values)):
            items = items.filter(kind=kind)
        return self.page(items, _shape, ordering=("-created_at", "-id"), size=PAGE)


class ReviewView(BusinessView):
    needs = {"GET": Permission.SELL_REVIEW}

    @extend_schema(operation_id="review", responses=review_schema.ReviewDetail, tags=["Review"])
    def get(self, request: BusinessRequest, review_id: uuid.UUID) -> Response:
        """One of them, with what was sold beside what the server knows of it now."""
        return Response(_detail(_item(request, review_id)))


class ReviewSettleView(BusinessView):
    needs = {"POST": Permission.SELL_REVIEW}

    @extend_schema(
        operation_id="review_settle",
        request=review_schema.Settling,
        responses=review_schema.ReviewDetail,
        examples=[review_schema.ACCEPTING],
        tags=["Review"],
    )
    def post(self, request: BusinessRequest, review_id: uuid.UUID) -> Response:
        """Settle one, once and for good; the same by the same person again changes nothing.

        What is recorded is accepted as it is. What is held is recorded, where its unknown products,
        its register or its customer can be named, or closed with a reason. 409 `settled_already`
        where somebody else was quicker.
        """
        body = body_of(request)
        action = body.choice("action", Action)
        note = safe_text(body, "note", most=500, required=action is Action.CLOSE)
        chosen = _chosen(body) if action is Action.RECORD else None
        body.finish()
        item = _item(request, review_id)
        who: dict[str, Any] = {"actor": request.membership, "item": item, "device": request.device}
        if action is Action.ACCEPT:
            review.accept(**who, note=note)
        elif action is Action.CLOSE:
            review.close(**who, reason=note)
        else:
            choices = _judged(request, item, chosen or Choices())
            review.record_held(**who, choices=choices, note=note)
        return Response(_detail(_item(request, review_id)))


def _chosen(body: Body) -> Choices:
    has_customer = body.sent("customer")
    lines = body.parts("variations", most=MAX_LINES) if body.has("variations") else ()
    return Choices(
        variations={one.count("line"): one.uuid("variation") for one in lines},
        register_id=body.optional_uuid("register"),
        has_customer=has_customer,
        customer_id=body.optional_uuid("customer"),
    )


def _judged(request: Any, item: ReviewItem, choices: Choices) -> Choices:
    """What the page would let choose. Raises Refused with a sentence for each field."""
    asked = sale_of(item.body) if item.is_held else None
    if asked is None:
        said = _("There is nothing here that could be recorded.")
        raise Refused("unreadable", said, status=409)
    problems: dict[str, list[str]] = {}
    unknown = unknown_lines(item)
    if not set(choices.variations) <= set(unknown):
        problems["variations"] = [_("Only products of unknown lines can be chosen.")]
    wanted = set(choices.variations.values())
    if Variation.objects.filter(pk__in=wanted).count() != len(wanted):
        problems["variations"] = [_("There is no such product here.")]
    register = choices.register_id or asked.register_id
    if not visible_registers(request).filter(pk=register).exists():
        problems["register"] = [_("There is no such register here: choose another.")]
    refuse(problems)
    return choices


# -- answers --------------------------------------------------------------------------------------


def _shape(item: ReviewItem) -> dict[str, Any]:
    digits = current().digits
    return {
        "id": item.pk,
        "kind": item.kind,
        "settlement": item.settlement,
        "sale_id": item.request_id,
        "sale": item.sale_id,
        "number": item.number,
        "sold_at": _time(item, item.sold_at),
        "received_at": _time(item, item.created_at),
        "total": None if item.total is None else plain_money(item.total, digits),
        "location": _named(item.location),
        "register": _named(item.register),
        "device": _named(item.device),
        "operator": None if item.operator is None else str(item.operator),
        "reasons": [
            {"code": str(one.get("code", "")), "message": sentence(one)} for one in item.reasons
        ],
        "settled_at": None if item.settled_at is None else _time(item, item.settled_at),
        "settled_by": None if item.settled_by is None else str(item.settled_by),
        "note": item.note,
    }


def _detail(item: ReviewItem) -> dict[str, Any]:
    asked = sale_of(item.body) if item.is_held else None
    digits = current().digits
    return {
        **_shape(item),
        "lines": [_line(row, digits) for row in sold_lines(item, asked)],
        "payments": [
            {
                "method": str(one.method.value),
                "amount": plain_money(one.amount, digits),
                "card_brand": one.card_brand,
                "card_last4": one.card_last4,
                "reference": one.reference,
            }
            for one in (() if asked is None else asked.payments)
        ],
        "unknown_lines": unknown_lines(item),
        "can_be_recorded": item.is_open and asked is not None,
    }


def _line(row: Row, digits: int) -> dict[str, Any]:
    return {
        "line": row.line,
        "variation": row.variation_id,
        "name": row.name,
        "sku": row.sku,
        "quantity": plain_number(row.quantity),
        "unit_price": plain_money(row.price, digits),
        "tax_rate": plain_number(row.tax_rate),
        "price_now": None if row.price_now is None else plain_money(row.price_now, digits),
        "tax_rate_now": None if row.rate_now is None else plain_number(row.rate_now),
        "said": row.said,
    }


def _named(row: Any) -> dict[str, Any] | None:
    return None if row is None else {"id": row.pk, "name": row.name}


def _time(item: ReviewItem, moment: Any) -> str:
    zone = current().zone if item.location is None else item.location.zone
    text: str = moment.astimezone(zone).isoformat(timespec="milliseconds")
    return text
