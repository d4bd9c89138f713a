"""Categories, brands, units and tax rates: one list, one reading and one removal for all of them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.response import Response

from accounts.permissions import Permission
from accounts.rest import BusinessRequest, BusinessView
from inventory.api import asking, rows, schema
from inventory.api.reading import stored_fields
from inventory.catalogue import remove, save_entry
from inventory.views.entries import BRAND, CATEGORY, TAX_RATE, UNIT, Table
from tenants.spelling import plain_number

P = Permission

PAGE = 500


def shape(table: Table, row: Any) -> dict[str, Any]:
    values = stored_fields(row, table.form.Meta.fields)  # type: ignore[attr-defined]
    told = {
        name: plain_number(value) if hasattr(value, "as_tuple") else value
        for name, value in values.items()
    }
    return {"id": row.pk, **told}


def kind(table: Table) -> rows.Kind:
    """How a row of the table is written."""

    def saved(request: Any, form: Any) -> None:
        save_entry(actor=request.user, entry=form.instance, device=request.device)

    return rows.Kind(
        model=table.model,
        names=table.form.Meta.fields,  # type: ignore[attr-defined]
        form=lambda _request, data, row: table.form(data, instance=row),
        save=saved,
    )


class EntriesView(BusinessView):
    table: ClassVar[Table]

    def get(self, request: BusinessRequest) -> Response:
        found = asking.by_status(request, self.table.model.objects.all())
        if text := asking.asked_text(request, "q"):
            found = found.filter(name__icontains=text)
        return self.page(found, lambda row: shape(self.table, row), ordering=("id",), size=PAGE)

    def post(self, request: BusinessRequest) -> Response:
        made, status = rows.add(request, kind(self.table))
        row = self.table.model.objects.get(pk=made)
        return Response(shape(self.table, row), status=status)


class EntryView(BusinessView):
    table: ClassVar[Table]

    def get(self, request: BusinessRequest, **key: uuid.UUID) -> Response:
        return Response(shape(self.table, self.entry(key)))

    def patch(self, request: BusinessRequest, **key: uuid.UUID) -> Response:
        rows.change(request, kind(self.table), lambda: self.entry(key, lock=True))
        return Response(shape(self.table, self.entry(key)))

    def delete(self, request: BusinessRequest, **key: uuid.UUID) -> Response:
        entry = self.entry(key, lock=True)
        gone = remove(actor=request.user, entry=entry, device=request.device)
        return Response({"deleted": gone})

    def entry(self, key: dict[str, uuid.UUID], *, lock: bool = False) -> Any:
        every = self.table.model.objects.all()
        found = (every.select_for_update() if lock else every).filter(pk=next(iter(key.values())))
        entry = found.first()
        if entry is None:
            raise Http404
        return entry


# -- one pair of addresses for each table ---------------------------------------------------------


def _many(plural: str, single: str, shape: Any, new: Any, text: str) -> Any:
    """The description of a table's list."""
    name = plural.replace("_", " ")
    return extend_schema_view(
        get=extend_schema(
            operation_id=plural,
            description=f"{name.capitalize()}, 500 a page, in an order that never changes. {text}",
            parameters=[schema.NAME, schema.STATUS, schema.CURSOR],
            responses=schema.page_of(f"{shape.__name__.removesuffix('Shape')}Page", shape),
            tags=["Products"],
        ),
        post=extend_schema(
            operation_id=f"{single}_create",
            description=f"Add a {single.replace('_', ' ')}: 201. The same `id` with the same "
            f"fields again: 200. {text}",
            request=new,
            responses={201: shape, 200: shape},
            tags=["Products"],
        ),
    )


def _one(single: str, shape: Any, changes: Any) -> Any:
    name = single.replace("_", " ")
    return extend_schema_view(
        get=extend_schema(
            operation_id=single,
            description=f"One {name}, active or not.",
            responses=shape,
            tags=["Products"],
        ),
        patch=extend_schema(
            operation_id=f"{single}_change",
            description=f"Change what is sent of a {name}; the rest stays as it is.",
            request=changes,
            responses=shape,
            tags=["Products"],
        ),
        delete=extend_schema(
            operation_id=f"{single}_remove",
            description=f"Remove a {name}. One that is in use is kept, and no longer offered: "
            "`deleted` says which.",
            responses={200: schema.RowRemoved},
            tags=["Products"],
        ),
    )


_CATEGORY = schema.written(schema.CategoryShape, ("name",))
_BRAND = schema.written(schema.BrandShape, ("name",))
_UNIT = schema.written(schema.UnitShape, ("name", "short_name"))
_TAX_RATE = schema.written(schema.TaxRateShape, ("name", "rate"))


@_many("categories", "category", schema.CategoryShape, _CATEGORY[0], "`parent` makes the tree.")
class CategoriesView(EntriesView):
    table = CATEGORY
    needs = {"GET": P.PRODUCT_CATEGORY_VIEW, "POST": P.PRODUCT_CATEGORY_CREATE}


@_one("category", schema.CategoryShape, _CATEGORY[1])
class CategoryView(EntryView):
    table = CATEGORY
    needs = {
        "GET": P.PRODUCT_CATEGORY_VIEW,
        "PATCH": P.PRODUCT_CATEGORY_UPDATE,
        "DELETE": P.PRODUCT_CATEGORY_DELETE,
    }


@_many("brands", "brand", schema.BrandShape, _BRAND[0], "Products are found by their brand, too.")
class BrandsView(EntriesView):
    table = BRAND
    needs = {"GET": P.PRODUCT_BRAND_VIEW, "POST": P.PRODUCT_BRAND_CREATE}


@_one("brand", schema.BrandShape, _BRAND[1])
class BrandView(EntryView):
    table = BRAND
    needs = {
        "GET": P.PRODUCT_BRAND_VIEW,
        "PATCH": P.PRODUCT_BRAND_UPDATE,
        "DELETE": P.PRODUCT_BRAND_DELETE,
    }


@_many("units", "unit", schema.UnitShape, _UNIT[0], "A box names its `base_unit` and `factor`.")
class UnitsView(EntriesView):
    table = UNIT
    needs = {"GET": P.PRODUCT_UNIT_VIEW, "POST": P.PRODUCT_UNIT_CREATE}


@_one("unit", schema.UnitShape, _UNIT[1])
class UnitView(EntryView):
    table = UNIT
    needs = {
        "GET": P.PRODUCT_UNIT_VIEW,
        "PATCH": P.PRODUCT_UNIT_UPDATE,
        "DELETE": P.PRODUCT_UNIT_DELETE,
    }


@_many("tax_rates", "tax_rate", schema.TaxRateShape, _TAX_RATE[0], "One is for new products.")
class TaxRatesView(EntriesView):
    table = TAX_RATE
    needs = {"GET": P.TAX_RATE_VIEW, "POST": P.TAX_RATE_CREATE}


@_one("tax_rate", schema.TaxRateShape, _TAX_RATE[1])
class TaxRateView(EntryView):
    table = TAX_RATE
    needs = {
        "GET": P.TAX_RATE_VIEW,
        "PATCH": P.TAX_RATE_UPDATE,
        "DELETE": P.TAX_RATE_DELETE,
    }
