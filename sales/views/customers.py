"""Customers: the list, one customer with what they bought, adding and changing."""

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
from sales.customers import MOST_FOUND, find_customers, in_this_order
from sales.forms import CustomerForm
from sales.keyset import keyset_page
from sales.models import Customer, Sale
from sales.selection import totals, visible_sales
from sales.standings import entries_of, standing, standings
from sales.views.sales import for_list
from tenants.asking import asked

PAGE = 50
RECENT = 5


@require_safe
@needs(Permission.CUSTOMER_VIEW)
@vary_on_headers("HX-Request")
def customer_list(request: HttpRequest) -> HttpResponse:
    customers = Customer.objects.all()
    if request.GET.get("state") != "all":
        customers = customers.active()
    text = asked(request)
    found = find_customers(customers, text) if text else None
    ordered: Any = found.keys if found else customers.order_by("-created_at", "-pk")
    page = Paginator(ordered, PAGE).get_page(request.GET.get("page"))
    shown = in_this_order(list(page.object_list)) if found else list(page.object_list)
    sees_credit = can(request, Permission.CUSTOMER_CREDIT_VIEW)
    known = standings([one.pk for one in shown]) if sees_credit else {}
    context = {
        "page": page,
        "rows": [(customer, known.get(customer.pk)) for customer in shown],
        "sees_credit": sees_credit,
        "cut_at": MOST_FOUND if found and found.is_cut else 0,
    }
    return render(request, "sales/customer_list.html", context)


@require_safe
@needs(Permission.CUSTOMER_VIEW)
def customer_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=pk)
    sees_sales = can(request, Permission.SELL_VIEW) or can(request, Permission.SELL_VIEW_OWN)
    sales = visible_sales(request).filter(customer=customer) if sees_sales else Sale.objects.none()
    page = keyset_page(for_list(sales), by="sold_at", cursor=request.GET.get("cursor", ""))
    sees_credit = can(request, Permission.CUSTOMER_CREDIT_VIEW)
    context = {
        "customer": customer,
        "credit": standing(customer.pk) if sees_credit else None,
        "entries": list(entries_of(customer)[:RECENT]) if sees_credit else [],
        "sees_sales": sees_sales,
        "sales": page.rows,
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "totals": totals(sales),
    }
    return render(request, "sales/customer_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CUSTOMER_CREATE)
def customer_create(request: HttpRequest) -> HttpResponse:
    return _edit(request, Customer())


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CUSTOMER_UPDATE)
def customer_edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    # The form shows what it changes.
    demand(request, Permission.CUSTOMER_VIEW)
    return _edit(request, get_object_or_404(Customer, pk=pk))


def _edit(request: Any, customer: Customer) -> HttpResponse:
    is_new = customer._state.adding
    form = CustomerForm(request, request.POST or None, instance=customer)
    sees = can(request, Permission.CUSTOMER_VIEW)
    onward = reverse("customer_detail", args=[customer.pk]) if sees else reverse("customer_create")
    if saved(request, form):
        return redirect(onward)
    cancel = reverse("customer_list") if sees and is_new else onward
    context = {"form": form, "is_new": is_new, "cancel_url": cancel}
    return render(request, "sales/customer_form.html", context)
