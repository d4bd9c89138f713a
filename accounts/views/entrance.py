"""The way in: on to the first page that the person may open."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.access import can, needs
from accounts.permissions import Permission

FIRST_PAGES = (
    (Permission.DASHBOARD_VIEW, "dashboard"),
    (Permission.SELL_CREATE, "till"),
    (Permission.SELL_VIEW, "sale_list"),
    (Permission.PRODUCT_VIEW, "product_list"),
    (Permission.STOCK_VIEW, "stock_list"),
    (Permission.CUSTOMER_VIEW, "customer_list"),
    (Permission.USER_VIEW, "member_list"),
    (Permission.BUSINESS_SETTINGS_VIEW, "business_settings"),
)


@needs()
@require_safe
def enter(request: HttpRequest) -> HttpResponse:
    for permission, name in FIRST_PAGES:
        if can(request, permission):
            return redirect(name)
    return render(request, "accounts/nothing_yet.html")
