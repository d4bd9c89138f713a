"""The dashboard: the first page of a business."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.access import at_visible_locations, can, location_ids, needs, visible_locations
from accounts.permissions import Permission
from reports import due, queries
from reports.reading import Seller
from sales.models import Sale
from sales.selection import visible_sales, visible_shifts
from tenants import formats
from tenants.replica import from_replica

RECENT = 6
LOW = 6


@require_safe
@needs(Permission.DASHBOARD_VIEW)
@from_replica
def dashboard(request: Any) -> HttpResponse:
    """Sums of all sales at the person's locations; lists only of what the person may open.

    `day` asks for the figures as they stood on an earlier day, such as one of imported history.
    """
    now = timezone.now().astimezone(request.business.zone).date()
    today = _earlier(request.GET.get("day", ""), now)
    here = visible_locations(request)
    places = location_ids(request)
    figures = queries.figures(today=today, places=places)
    by_revenue, by_quantity = queries.best_sellers(today=today, places=places)
    due.note(figures.pending)
    context = {
        "day": today,
        "is_now": today == now,
        "earlier_url": _day_url(today - timedelta(days=queries.DAYS)),
        "later_url": _day_url(min(today + timedelta(days=queries.DAYS), now)),
        "today": figures.today,
        "month": figures.month,
        "days": [(formats.local_date(day), totals.total) for day, totals in figures.days],
        "locations": [(name, totals.total) for name, totals in figures.locations],
        "by_revenue": [(one.name, one.revenue, _product(request, one)) for one in by_revenue],
        "by_quantity": [(one.name, one.quantity, _product(request, one)) for one in by_quantity],
        "today_url": _sales_url(request, today, today),
        "month_url": _sales_url(request, figures.days[0][0], today),
        "best_url": _best_url(figures.days[0][0], today),
    }
    if not (figures.month.now.sales or figures.month.before.sales):
        sold = Sale.objects.filter(at_visible_locations(request), business_date__lt=today)
        last = sold.aggregate(last=Max("business_date"))["last"]
        context |= {"last_day": last, "last_url": _day_url(last) if last else ""}
    if can(request, Permission.STOCK_VIEW):
        context["low_stock"] = queries.low_stock(here, limit=LOW)
    if can(request, Permission.SELL_VIEW) or can(request, Permission.SELL_VIEW_OWN):
        recent = visible_sales(request).select_related("location", "register", "operator")
        context["recent"] = recent.order_by("-sold_at", "-pk")[:RECENT]
    if can(request, Permission.SHIFT_VIEW) or can(request, Permission.SHIFT_VIEW_ALL):
        context["open_shifts"] = visible_shifts(request).filter(closed_at=None)
    return render(request, "reports/dashboard.html", context)


def _earlier(asked: str, now: date) -> date:
    """The day that was asked for; today for a later one and for anything else."""
    try:
        # So early that the figures before it would fall out of the calendar is nothing either.
        return min(max(date.fromisoformat(asked), date(1900, 1, 1)), now)
    except ValueError:
        return now


def _day_url(day: date) -> str:
    return f"{reverse('dashboard')}?day={day.isoformat()}"


def _product(request: HttpRequest, seller: Seller) -> str:
    if not can(request, Permission.PRODUCT_VIEW):
        return ""
    return reverse("product_detail", args=[seller.product])


def _sales_url(request: HttpRequest, first: Any, last: Any) -> str:
    """The list of the same sales, for those who may see all of them."""
    if not can(request, Permission.SELL_VIEW):
        return ""
    return f"{reverse('sale_list')}?{urlencode({'date_from': str(first), 'date_to': str(last)})}"


def _best_url(first: date, last: date) -> str:
    return f"{reverse('best_sellers')}?{urlencode({'date_from': str(first), 'date_to': str(last)})}"
