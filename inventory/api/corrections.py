"""Corrections of stock with a reason: the list, a new one exactly once, one with its lines."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.access import visible_locations
from accounts.bodies import refuse
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView, body_of
from inventory import ledger
from inventory.api import asking, schema, stock_schema
from inventory.api.reading import problems_of, with_free_id
from inventory.api.shapes import document_shape, line_shape
from inventory.forms.stock import MOST_LINES, CorrectionForm, Lines
from inventory.models import StockDocument, StockMovement

P = Permission

PAGE = 500
Line = tuple[uuid.UUID, Decimal]


def visible_documents(request: Any) -> Any:
    documents = StockDocument.objects.filter(location__in=visible_locations(request))
    return documents.select_related("location", "actor")


class CorrectionsView(BusinessView):
    needs = {"GET": P.INVENTORY_CORRECTION_VIEW, "POST": P.INVENTORY_CORRECTION_CREATE}

    @extend_schema(
        operation_id="stock_corrections",
        parameters=[stock_schema.LOCATION, stock_schema.REASON, schema.CURSOR],
        responses=stock_schema.CorrectionPage,
        tags=["Stock"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Corrections at your locations without their lines, the latest first, 500 a page.

        Opening stock is listed where its `reason` is asked for.
        """
        rows = visible_documents(request)
        if location := asking.own_location(request):
            rows = rows.filter(location=location)
        reasons = tuple(str(one) for one in StockDocument.Reason.values)
        if reason := asking.asked_choice(request, "reason", reasons):
            rows = rows.filter(reason=reason)
        else:
            rows = rows.filter(kind=StockDocument.Kind.CORRECTION)
        return self.page(rows, document_shape, ordering=("-created_at", "-id"), size=PAGE)

    @extend_schema(
        operation_id="stock_correct",
        request=stock_schema.NewStockCorrection,
        responses={
            201: stock_schema.StockCorrectionDocument,
            200: stock_schema.StockCorrectionDocument,
        },
        examples=[stock_schema.NEW_CORRECTION],
        tags=["Stock"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Correct stock: 201. The same request again: 200 with the same document.

        Quantities are what is added or taken away. Goods that were damaged, expired, lost, used or
        given away go down, what was found goes up. 409 `out_of_stock` where a location that refuses
        it would fall below zero.
        """
        body = body_of(request)
        key = body.uuid("id")
        values = {
            "location": str(body.uuid("location")),
            "reason": body.text("reason", most=20, required=True),
            "note": body.text("note", most=500),
        }
        lines = [
            (one.uuid("variation"), one.amount("quantity"))
            for one in body.parts("lines", most=MOST_LINES)
        ]
        if not lines and body.has("lines"):
            body.problem("lines", _("Add at least one product."))
        body.finish()
        form, found = _judged(request, values, lines)

        def work() -> int:
            document = ledger.correct(
                actor=request.user,
                location=form.cleaned_data["location"],
                reason=form.cleaned_data["reason"],
                note=form.cleaned_data["note"],
                changes=found.changes(),
                document_id=key,
                device=request.device,
            )
            return 200 if document.was_recorded else 201

        status = with_free_id(work)
        document = visible_documents(request).get(pk=key)
        return Response(_whole(self, document), status=status)


def _judged(
    request: Any, values: dict[str, str], lines: Sequence[Line]
) -> tuple[CorrectionForm, Lines]:
    """By the forms of the page. Raises Refused with a sentence for each field, and Http404 for a
    location that the request may not see."""
    locations = visible_locations(request)
    if not locations.filter(pk=values["location"]).exists():
        raise Http404
    form = CorrectionForm(values, locations=locations.filter(is_active=True))
    field: Any = form.fields["location"]
    field.error_messages["invalid_choice"] = _("This location is switched off.")
    data = {f"line-{key}-quantity": f"{quantity:f}" for key, quantity in lines}
    found = Lines(data, [str(key) for key, _quantity in lines])
    found.at(None)
    form.is_valid()
    problems = problems_of(form)
    found.is_valid(form.cleaned_data.get("reason", ""))
    places = {key: index for index, (key, _quantity) in reversed(list(enumerate(lines)))}
    stocked = {row.pk for row in found.variations if row.product.moves_stock}
    known = {row.pk for row in found.variations}
    for index, (key, _quantity) in enumerate(lines):
        path = f"lines.{index}.variation"
        if places[key] != index:
            problems[path] = [_("This is here twice.")]
        elif key not in known:
            problems[path] = [_("There is no such variation.")]
        elif key not in stocked:
            problems[path] = [_("This product keeps no stock.")]
    for one in found.forms:
        place = places[one.variation.pk]
        for name, sentences in problems_of(one).items():
            problems[f"lines.{place}.{name}"] = sentences
    refuse(problems)
    return form, found


class CorrectionView(BusinessView):
    needs = {"GET": P.INVENTORY_CORRECTION_VIEW}

    @extend_schema(
        operation_id="stock_correction",
        parameters=[schema.CURSOR],
        responses=stock_schema.StockCorrectionDocument,
        tags=["Stock"],
    )
    def get(self, request: BusinessRequest, correction_id: uuid.UUID) -> Response:
        """One correction, or opening stock, with its lines, 500 a page."""
        document = visible_documents(request).filter(pk=correction_id).first()
        if document is None:
            raise Http404
        return Response(_whole(self, document))


def _whole(view: BusinessView, document: StockDocument) -> dict[str, Any]:
    lines = StockMovement.objects.filter(document_id=document.pk, kind=document.kind)
    lines = lines.select_related("level__variation__product")
    page = view.page(lines, line_shape, ordering=("line",), size=PAGE).data
    return {**document_shape(document), "lines": page["results"], "next": page["next"]}
