"""Suppliers: found, added, changed and switched off, by the form of their page."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.access import demand
from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView
from accounts.versions import demand_version, tag
from inventory.api import asking, rows
from inventory.api.reading import stored_fields
from inventory.api.schema import CURSOR, IF_MATCH, NAME, STATUS
from inventory.api.shapes import time
from purchasing.api import schema
from purchasing.forms import SupplierForm
from purchasing.models import Supplier
from purchasing.suppliers import find_suppliers

P = Permission

PAGE = 500
FIELDS = SupplierForm.Meta.fields
SUPPLIER = rows.Kind(
    model=Supplier,
    names=FIELDS,
    form=lambda _request, data, row: SupplierForm(data, instance=row),
)


def supplier_shape(supplier: Supplier) -> dict[str, Any]:
    return {
        "id": supplier.pk,
        "version": SUPPLIER.version(supplier),
        **stored_fields(supplier, FIELDS),
        "created_at": time(supplier.created_at),
    }


def answer(supplier_id: uuid.UUID, status: int = 200) -> Response:
    """The supplier as it is stored now. Raises Http404."""
    supplier = Supplier.objects.filter(pk=supplier_id).first()
    if supplier is None:
        raise Http404
    shape = supplier_shape(supplier)
    return Response(shape, status=status, headers=tag(shape["version"]))


class SuppliersView(BusinessView):
    needs = {"GET": P.SUPPLIER_VIEW, "POST": P.SUPPLIER_CREATE}

    @extend_schema(
        operation_id="suppliers",
        parameters=[NAME, STATUS, CURSOR],
        responses=schema.SupplierPage,
        tags=["Suppliers"],
    )
    def get(self, request: BusinessRequest) -> Response:
        """Suppliers, 500 a page, in an order that never changes.

        Active ones where no `status` is asked for.
        """
        found = asking.by_status(request, find_suppliers(asking.asked_text(request, "q")))
        return self.page(found, supplier_shape, ordering=("id",), size=PAGE)

    @extend_schema(
        operation_id="supplier_create",
        request=schema.NewSupplier,
        responses={201: schema.Supplier, 200: schema.Supplier},
        tags=["Suppliers"],
    )
    def post(self, request: BusinessRequest) -> Response:
        """Add a supplier: 201. The same `id` with the same fields again: 200."""
        made, status = rows.add(request, SUPPLIER)
        return answer(made, status)


class SupplierView(BusinessView):
    needs = {"GET": P.SUPPLIER_VIEW, "PATCH": P.SUPPLIER_UPDATE}

    @extend_schema(operation_id="supplier", responses=schema.Supplier, tags=["Suppliers"])
    def get(self, request: BusinessRequest, supplier_id: uuid.UUID) -> Response:
        """One supplier, active or not. The `ETag` names its version, for `If-Match`."""
        return answer(supplier_id)

    @extend_schema(
        operation_id="supplier_change",
        parameters=[IF_MATCH],
        request=schema.SupplierChange,
        responses=schema.Supplier,
        tags=["Suppliers"],
    )
    def patch(self, request: BusinessRequest, supplier_id: uuid.UUID) -> Response:
        """Change what is sent of a supplier; the rest stays as it is.

        With `is_active` false it is no longer offered, and true brings it back. As the answer
        tells all of the supplier, it takes `supplier.view` too.
        """
        demand(request, P.SUPPLIER_VIEW)

        def locked() -> Supplier:
            supplier = Supplier.objects.select_for_update().filter(pk=supplier_id).first()
            if supplier is None:
                raise Http404
            demand_version(request, SUPPLIER.version(supplier))
            found: Supplier = supplier
            return found

        rows.change(request, SUPPLIER, locked)
        return answer(supplier_id)
