"""Suppliers: the list, adding one, changing one."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, demand, needs
from accounts.permissions import Permission
from accounts.views.saving import saved
from purchasing.forms import SupplierForm
from purchasing.models import Supplier
from purchasing.suppliers import find_suppliers
from tenants.asking import asked

PAGE = 50


@require_safe
@needs(Permission.SUPPLIER_VIEW)
@vary_on_headers("HX-Request")
def supplier_list(request: HttpRequest) -> HttpResponse:
    suppliers = find_suppliers(asked(request))
    if request.GET.get("state") != "all":
        suppliers = suppliers.filter(is_active=True)
    page = Paginator(suppliers.order_by("name", "pk"), PAGE).get_page(request.GET.get("page"))
    return render(request, "purchasing/supplier_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SUPPLIER_CREATE)
def supplier_create(request: HttpRequest) -> HttpResponse:
    return _edit(request, Supplier())


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SUPPLIER_UPDATE)
def supplier_edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    # The form shows what it changes.
    demand(request, Permission.SUPPLIER_VIEW)
    return _edit(request, get_object_or_404(Supplier, pk=pk))


def _edit(request: Any, supplier: Supplier) -> HttpResponse:
    is_new = supplier._state.adding
    form = SupplierForm(request.POST or None, instance=supplier)
    sees = can(request, Permission.SUPPLIER_VIEW)
    onward = reverse("supplier_list" if sees else "supplier_create")
    if saved(request, form):
        return redirect(onward)
    context = {"form": form, "is_new": is_new, "cancel_url": onward}
    return render(request, "purchasing/supplier_form.html", context)
