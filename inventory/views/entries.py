"""Categories, brands, units and tax rates: one list, one form and one removal for all of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, needs
from accounts.permissions import Permission
from inventory.catalogue import remove, save_entry, tree
from inventory.forms.entries import BrandForm, CategoryForm, EntryForm, TaxRateForm, UnitForm
from inventory.forms.filters import EntryFilter
from inventory.models import Brand, Category, Product, TaxRate, Unit
from inventory.paging import page_of, page_of_list
from tenants.asking import asked

P = Permission

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Table:
    """A small table; `key` begins the names of its addresses, permissions and templates."""

    key: str
    model: Any
    form: type[EntryForm]
    title: Promise
    new: Promise
    empty: Promise
    icon: str
    sorts: tuple[str, ...]
    product_field: str

    def may(self, verb: str) -> P:
        inside = "" if self.key == "tax_rate" else "product."
        return P(f"{inside}{self.key}.{verb}")


CATEGORY = Table(
    key="category",
    model=Category,
    form=CategoryForm,
    title=gettext_lazy("Categories"),
    new=gettext_lazy("New category"),
    empty=gettext_lazy("Categories group products in lists, reports and at the till."),
    icon="folder-tree",
    sorts=("name",),
    product_field="category",
)
BRAND = Table(
    key="brand",
    model=Brand,
    form=BrandForm,
    title=gettext_lazy("Brands"),
    new=gettext_lazy("New brand"),
    empty=gettext_lazy("Products are found by their brand, too."),
    icon="tag",
    sorts=("name",),
    product_field="brand",
)
UNIT = Table(
    key="unit",
    model=Unit,
    form=UnitForm,
    title=gettext_lazy("Units"),
    new=gettext_lazy("New unit"),
    empty=gettext_lazy("Pieces, kilograms, boxes of twelve: what quantities count."),
    icon="ruler",
    sorts=("name", "short_name"),
    product_field="unit",
)
TAX_RATE = Table(
    key="tax_rate",
    model=TaxRate,
    form=TaxRateForm,
    title=gettext_lazy("Tax rates"),
    new=gettext_lazy("New tax rate"),
    empty=gettext_lazy("Each product has one; receipts and reports add them up."),
    icon="percent",
    sorts=("name", "rate"),
    product_field="tax_rate",
)


def routes(folder: str, table: Table) -> list[URLPattern]:
    """The four addresses of a small table."""
    return [
        path(f"{folder}/", _listing(table), name=f"{table.key}_list"),
        path(f"{folder}/new/", _creating(table), name=f"{table.key}_create"),
        path(f"{folder}/<uuid:pk>/", _editing(table), name=f"{table.key}_edit"),
        path(f"{folder}/<uuid:pk>/remove/", _removing(table), name=f"{table.key}_remove"),
    ]


def _listing(table: Table) -> View:
    @needs(table.may("view"))
    @require_safe
    @vary_on_headers("HX-Request")
    def entry_list(request: HttpRequest) -> HttpResponse:
        chosen = EntryFilter(request.GET)
        query = asked(request)
        rows = chosen.narrow(table.model.objects.all())
        if query:
            rows = rows.filter(name__icontains=query)
        if table.model is Category:
            page = page_of_list(tree(rows), request)
        else:
            if table.model is Unit:
                rows = rows.select_related("base_unit")
            page = page_of(_sorted(rows, request, table), request)
        _count_products(table, page.object_list)
        context = {"table": table, "page": page, "filter": chosen, "query": query}
        context |= _addresses(request, table)
        return render(request, f"inventory/{table.key}_list.html", context)

    return entry_list


def _sorted(rows: Any, request: HttpRequest, table: Table) -> Any:
    sort = request.GET.get("sort", "")
    return rows.order_by(sort if sort.removeprefix("-") in table.sorts else "name", "pk")


def _count_products(table: Table, rows: Any) -> None:
    ids = [row.pk for row in rows]
    field = table.product_field
    counts = dict(
        Product.objects.filter(**{f"{field}__in": ids}, is_active=True)
        .order_by()
        .values_list(field)
        .annotate(number=Count("pk"))
    )
    for row in rows:
        row.product_count = counts.get(row.pk, 0)


def _addresses(request: HttpRequest, table: Table) -> dict[str, Any]:
    """The links of this table's pages that this person may follow."""
    return {
        "list_url": reverse(f"{table.key}_list"),
        "create_url": reverse(f"{table.key}_create") if can(request, table.may("create")) else "",
        "may_edit": can(request, table.may("update")),
    }


def _creating(table: Table) -> View:
    @needs(table.may("create"))
    @require_http_methods(["GET", "POST"])
    def entry_create(request: HttpRequest) -> HttpResponse:
        return _form(request, table, None)

    return entry_create


def _editing(table: Table) -> View:
    @needs(table.may("update"))
    @require_http_methods(["GET", "POST"])
    def entry_edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        return _form(request, table, get_object_or_404(table.model, pk=pk))

    return entry_edit


def _form(request: HttpRequest, table: Table, entry: Any) -> HttpResponse:
    name = str(entry) if entry else ""
    form = table.form(request.POST or None, instance=entry)
    if request.method == "POST" and form.is_valid():
        save_entry(actor=request.user, entry=form.instance)  # type: ignore[arg-type]
        messages.success(request, _("“%s” is saved.") % form.instance)
        return redirect(f"{table.key}_list")
    context = {
        "table": table,
        "form": form,
        "name": name,
        "cancel_url": reverse(f"{table.key}_list"),
        "remove_url": _remove_url(request, table, entry),
    }
    return render(request, "inventory/entry_edit.html", context)


def _remove_url(request: HttpRequest, table: Table, entry: Any) -> str:
    if entry is None or not can(request, table.may("delete")):
        return ""
    return reverse(f"{table.key}_remove", args=[entry.pk])


def _removing(table: Table) -> View:
    @needs(table.may("delete"))
    @require_POST
    def entry_remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        entry = get_object_or_404(table.model, pk=pk)
        name = str(entry)
        if remove(actor=request.user, entry=entry):  # type: ignore[arg-type]
            messages.success(request, _("“%s” is removed.") % name)
        else:
            text = _("“%s” is in use, so it is kept and no longer offered.")
            messages.info(request, text % name)
        return redirect(f"{table.key}_list")

    return entry_remove
