"""Credits of all businesses: seen and given by people who run the platform."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import public
from accounts.views.refusals import explain
from metering import ledger
from metering.forms import CreditForm
from metering.models import ApiAccount, ApiEntry
from tenants.asking import asked
from tenants.context import business as bound_to
from tenants.context import platform
from tenants.errors import Refused
from tenants.models import Business

View = TypeVar("View", bound=Callable[..., Any])
PAGE = 50
LATEST = 20


def for_platform(view: View) -> View:
    """404 for everybody else who is signed in. Shows credits and nothing that a shop keeps."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        if not request.user.is_superuser:
            raise Http404
        if request.user.must_change_password:
            return redirect("password_change")
        return view(request, *args, **kwargs)

    return public(never_cache(login_required(guarded)))  # type: ignore[return-value]


@for_platform
@require_safe
def credit_list(request: Any) -> HttpResponse:
    text = asked(request)
    rows = Business.objects.filter(Q(name__icontains=text) | Q(slug__icontains=text))
    page = Paginator(rows.order_by("name", "pk"), PAGE).get_page(request.GET.get("page"))
    with platform("credits of every business, for who sells them; counts alone"):
        found = ApiAccount.objects.filter(business__in=[one.pk for one in page])
        accounts = {one.business_id: one for one in found}
    context = {
        "page": page,
        "rows": [(one, accounts.get(one.pk)) for one in page],
        "enforced": settings.METERING.enforced,
    }
    return render(request, "metering/credit_list.html", context)


@for_platform
@require_http_methods(["GET", "HEAD", "POST"])
def credit_give(request: Any, business_slug: str) -> HttpResponse:
    business = get_object_or_404(Business, slug=business_slug)
    form = CreditForm(request.POST or None, initial={"kind": ledger.Kind.GRANTED})
    with bound_to(business), transaction.atomic():
        if request.method == "POST" and form.is_valid() and _give(request, form):
            return redirect("credit_give", business.slug)
        entries = ApiEntry.objects.select_related("device", "actor").order_by("-number")
        context = {
            "form": form,
            "business": business,
            "account": ledger.balance(),
            "entries": list(entries[:LATEST]),
            "cancel_url": reverse("credit_list"),
        }
    return render(request, "metering/credit_give.html", context)


def _give(request: Any, form: CreditForm) -> bool:
    try:
        entry, made = ledger.post(
            actor=request.user,
            **{**form.cleaned_data, "kind": ledger.Kind(form.cleaned_data["kind"])},
        )
    except Refused as refused:
        explain(form, refused)
        return False
    if made:
        messages.success(request, _("Booked. The balance is %(n)s now.") % {"n": entry.balance})
    else:
        messages.info(request, _("This reference was booked before; nothing was done."))
    return True
