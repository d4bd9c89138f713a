"""The list of sales, one sale, its receipt, and voiding it; refunds are in `refunds.py`."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import (
    Case,
    CharField,
    Exists,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Round
from django.db.models.lookups import Exact
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, needs
from accounts.approvals import approved_by
from accounts.models import Approval
from accounts.permissions import Permission
from sales.forms import SaleFilter, VoidForm
from sales.keyset import keyset_page
from sales.margins import Sight
from sales.models import Sale, SaleLine
from sales.receipts import payment_label, rate_label, receipt_of
from sales.refundable import KINDS, refunded_quantities
from sales.selection import narrowed, prints_original, totals_of, visible_sales
from sales.shifts import AMOUNT
from sales.voids import void_sale
from tenants.errors import Refused
from tenants.ids import uuid7

MEMBERS = ("location", "register", "operator", "customer")
#: What a row of a list shows: reading and opening all columns of five tables is a third of its work.
SHOWN = (
    "number", "kind", "sold_at", "currency", "total", "location__name", "location__own_time_zone",
    "register__name", "register__is_history", "operator__name", "operator__username",
    "customer__name",
)  # fmt: skip


def for_list(sales: QuerySet[Sale]) -> QuerySet[Sale]:
    """With what a row of a list shows, in the one statement."""
    voids = Sale.objects.filter(reverses=OuterRef("pk"), kind=Sale.Kind.VOID)
    rows = sales.select_related(*MEMBERS).only(*SHOWN)
    return rows.annotate(is_voided=Exists(voids), back=came_back())


def came_back() -> Any:
    """`all` or `part` of a sale or exchange, by what refunds and exchanges took of it."""
    gone = SaleLine.objects.filter(refunds=OuterRef("pk")).order_by()
    sold = SaleLine.objects.filter(sale=OuterRef("pk"), refunds=None).order_by()
    whole = _sum(sold.values("sale")) + _sum(gone.values("refunds"))
    # A sum of zero: none of any line is left, for none can come back more than once.
    return Case(
        When(~Exists(gone), then=Value("")),
        When(Exact(Round(whole, 4), Decimal(0)), then=Value("all")),
        default=Value("part"),
        output_field=CharField(),
    )


def _sum(groups: QuerySet[Any, Any]) -> Any:
    return Subquery(groups.annotate(sum=Sum("quantity")).values("sum"), output_field=AMOUNT)


@require_safe
@needs(Permission.SELL_VIEW, Permission.SELL_VIEW_OWN)
@vary_on_headers("HX-Request")
def sale_list(request: HttpRequest) -> HttpResponse:
    filters = SaleFilter(request)
    wanted = filters.wanted()
    sales = narrowed(request, visible_sales(request), wanted)
    page = keyset_page(for_list(sales), by="sold_at", cursor=request.GET.get("cursor", ""))
    context = {
        "filter": filters,
        "narrowed": bool(request.GET),
        "sales": page.rows,
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "totals": totals_of(request, sales, wanted),
    }
    return render(request, "sales/sale_list.html", context)


def find_sale(request: HttpRequest, pk: uuid.UUID) -> Sale:
    """The door to one sale. Raises Http404 for one that is absent, or not for these eyes."""
    rows = visible_sales(request).select_related(*MEMBERS, "shift", "reverses")
    approved = Approval.objects.filter(document_id=OuterRef("pk"))
    rows = rows.annotate(back=came_back(), is_approved=Exists(approved))
    sale: Sale = get_object_or_404(rows, pk=pk)
    return sale


@require_safe
@needs(Permission.SELL_VIEW, Permission.SELL_VIEW_OWN)
def sale_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    sale: Any = find_sale(request, pk)
    reversals = list(sale.reversals.order_by("created_at", "pk"))
    voided_by = next((one for one in reversals if one.kind == Sale.Kind.VOID), None)
    lines = _lines(sale, came_back=bool(reversals))
    context = {
        "sale": sale,
        "approvals": approved_by(sale.pk) if sale.is_approved else [],
        "lines": lines,
        "payments": [(payment, payment_label(payment)) for payment in sale.payments.all()],
        "taxes": _taxes(sale),
        "voided_by": voided_by,
        "reversals": [one for one in reversals if one is not voided_by],
        "may_void": not reversals
        and sale.kind == Sale.Kind.SALE
        and not sale.register.is_history
        and can(request, Permission.SELL_VOID),
        "may_refund": voided_by is None
        and sale.kind in KINDS
        and not sale.register.is_history
        and sale.back != "all"
        and (can(request, Permission.SELL_REFUND) or can(request, Permission.SELL_EXCHANGE)),
        # Made here and not when it is sent: the same page sent twice is one void.
        "void_id": uuid7(),
        **Sight.of(request).figures(sale.net, [line for line, _back, _lost in lines]),
    }
    return render(request, "sales/sale_detail.html", context)


def _lines(sale: Sale, *, came_back: bool) -> list[tuple[SaleLine, Decimal | None, bool]]:
    """The lines, how much of each came back, and whether it came back and was not put back."""
    gone = refunded_quantities([sale.pk]) if came_back else {}
    shelf: set[int] = set()
    if sale.kind in (Sale.Kind.REFUND, Sale.Kind.EXCHANGE) and sale.reverses is not None:
        stocked = sale.reverses.lines.filter(is_stocked=True)
        shelf = set(stocked.values_list("line", flat=True))
    return [
        (line, gone.get((sale.pk, line.line)), line.refunds_line in shelf and not line.is_stocked)
        for line in sale.lines.all()
    ]


def _taxes(sale: Sale) -> list[dict[str, Any]]:
    """By rate: label, net and tax."""
    rows = (
        sale.lines.order_by("tax_rate", "tax_name")
        .values("tax_rate", "tax_name")
        .annotate(
            net_sum=Sum("net", output_field=AMOUNT),
            tax_sum=Sum("tax", output_field=AMOUNT),
        )
    )
    return [{**row, "label": rate_label(row["tax_name"], row["tax_rate"])} for row in rows]


@require_POST
@needs(Permission.SELL_VOID)
def sale_void(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    sale = find_sale(request, pk)
    form = VoidForm(request.POST)
    if not form.is_valid():
        for sentence in [one for found in form.errors.values() for one in found]:
            messages.error(request, str(sentence))
        return redirect("sale_detail", pk=sale.pk)
    try:
        void = void_sale(
            actor=request.membership,  # type: ignore[attr-defined]
            sale=sale,
            reason=form.cleaned_data["reason"],
            void_id=form.cleaned_data["id"],
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request,
            _("%(sale)s is voided by %(void)s.") % {"sale": sale.number, "void": void.number},
        )
    return redirect("sale_detail", pk=sale.pk)


@require_safe
@needs(Permission.SELL_VIEW, Permission.SELL_VIEW_OWN, Permission.SELL_CREATE)
def receipt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The receipt for paper."""
    sale = find_sale(request, pk)
    copy = not prints_original(request, sale) or "copy" in request.GET
    paper = "a4" if request.GET.get("paper") == "a4" else "roll"
    context = {"sale": sale, "receipt": receipt_of(sale, copy=copy), "paper": paper}
    return render(request, "sales/receipt.html", context)
