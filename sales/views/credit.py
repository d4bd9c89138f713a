"""A customer's credit: its history, giving some, and correcting it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import demand, needs
from accounts.permissions import Permission
from inventory.paging import page_of
from sales import credit
from sales.credit_forms import ChangeForm, CorrectForm, GrantForm
from sales.models import CreditEntry, Customer
from sales.standings import entries_of, standing
from tenants.errors import Refused
from tenants.formats import money
from tenants.ids import uuid7

P = Permission


@require_safe
@needs(P.CUSTOMER_CREDIT_VIEW)
def customer_credit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    demand(request, P.CUSTOMER_VIEW)
    customer = get_object_or_404(Customer, pk=pk)
    context = {
        "customer": customer,
        "credit": standing(customer.pk),
        "page": page_of(entries_of(customer), request),
    }
    return render(request, "sales/customer_credit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(P.CUSTOMER_CREDIT_GRANT)
def credit_grant(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change(request, pk, GrantForm, credit.grant, _("Give credit"))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(P.CUSTOMER_CREDIT_CORRECT)
def credit_correct(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _change(request, pk, CorrectForm, credit.correct, _("Correct credit"))


def _change(
    request: Any,
    pk: uuid.UUID,
    kind: type[ChangeForm],
    make: Callable[..., CreditEntry],
    title: str,
) -> HttpResponse:
    # The page shows whose credit it is and what is there.
    demand(request, P.CUSTOMER_VIEW)
    demand(request, P.CUSTOMER_CREDIT_VIEW)
    customer = get_object_or_404(Customer, pk=pk)
    form = kind(request.POST or None, initial={"id": uuid7()})
    if request.method == "POST" and form.is_valid():
        try:
            entry = make(actor=request.user, customer=customer, **form.asked())
        except Refused as refused:
            form.refuse(refused)
        else:
            said = {"name": customer, "credit": money(entry.balance)}
            messages.success(request, _("%(name)s now has %(credit)s to spend.") % said)
            return redirect("customer_detail", pk=customer.pk)
    context = {
        "form": form,
        "customer": customer,
        "credit": standing(customer.pk),
        "title": title,
    }
    return render(request, "sales/credit_form.html", context)
