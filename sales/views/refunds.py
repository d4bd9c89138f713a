"""The desk of refunds and exchanges: what comes back of a sale, and what is taken for it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import can, needs
from accounts.permissions import Permission
from sales.exchanges import ExchangeRequest, exchange, plan_exchange
from sales.models import Payment, Register, Sale
from sales.receipts import payment_label
from sales.refund_forms import RefundForm
from sales.refundable import OpenLine, Refundable, refundable
from sales.refunds import plan_refund, refund_sale
from sales.returning import given_back
from sales.views.sales import find_sale
from tenants.errors import Refused

ZERO = Decimal(0)
NEEDS = (Permission.SELL_REFUND, Permission.SELL_EXCHANGE)


@dataclass(frozen=True, slots=True)
class Row:
    """A line at the desk, with what was typed for it."""

    open: OpenLine
    quantity: Decimal
    shelf: bool

    @property
    def step(self) -> str:
        """Whole numbers, unless it was sold by weight or length."""
        product = self.open.line.variation.product
        return "any" if product.allow_decimal or self.open.line.quantity % 1 else "1"


@dataclass(frozen=True, slots=True)
class Summary:
    """What it comes to, positive: `due` changes hands, to the customer where `is_back`."""

    returned: Decimal
    sold: Decimal | None
    total: Decimal
    due: Decimal
    is_back: bool
    ways: list[tuple[str, Decimal]]

    @property
    def rounding(self) -> Decimal:
        return self.due - abs(self.total)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(*NEEDS)
def refund_desk(request: Any, pk: uuid.UUID) -> HttpResponse:
    sale = find_sale(request, pk)
    is_sent = request.method == "POST"
    form = RefundForm(request, sale, request.POST if is_sent else None)
    if is_sent and form.is_valid():
        try:
            # The page is shown again when it is refused, and reads for that.
            with transaction.atomic():
                document = _record(request, form)
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            return redirect(reverse("receipt", args=[document.pk]) + "?print=1")
    try:
        found = refundable(sale)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("sale_detail", pk=sale.pk)
    for sentence in [one for errors in form.errors.values() for one in errors]:
        messages.error(request, str(sentence))
    context = {
        "sale": sale,
        "form": form,
        "rows": _rows(found, form, is_sent),
        "taken": form.taken(),
        "is_over": found.is_over,
        "may_exchange": can(request, Permission.SELL_EXCHANGE)
        and can(request, Permission.SELL_CREATE),
        "may_refund": can(request, Permission.SELL_REFUND),
        "can_open": can(request, Permission.SHIFT_OPEN),
    }
    return render(request, "sales/refund_desk.html", context)


@require_POST
@needs(*NEEDS)
def refund_quote(request: Any, pk: uuid.UUID) -> HttpResponse:
    """What is on the desk comes to so much, as a part of the page. Records nothing."""
    sale = find_sale(request, pk)
    form = RefundForm(request, sale, request.POST)
    form.is_valid()
    # Nobody has seen the total that this is about to show.
    form.cleaned_data["total"] = None
    context: dict[str, Any] = {"sale": sale, "chosen": bool(form.returns())}
    register = form.cleaned_data.get("register")
    if context["chosen"] and register is not None:
        try:
            context["summary"] = _summary(refundable(sale), form, register)
        except Refused as refused:
            context["problem"] = str(refused)
    return render(request, "sales/refund_summary.html", context)


def _rows(found: Refundable, form: RefundForm, is_sent: bool) -> list[Row]:
    return [
        Row(
            one,
            form.amount(f"quantity-{one.line.line}") if is_sent else ZERO,
            bool(form.data.get(f"shelf-{one.line.line}")) if is_sent else True,
        )
        for one in found.lines
    ]


def _record(request: Any, form: RefundForm) -> Sale:
    """Record what is on the desk. Raises Refused, PermissionDenied."""
    ask: dict[str, Any] = {"actor": request.membership}
    if not form.taken():
        return refund_sale(**ask, request=form.refund())
    asked = form.exchange()
    return exchange(**ask, request=replace(asked, method=_method(asked, asked.total or ZERO)))


def _method(asked: ExchangeRequest, total: Decimal) -> Payment.Method | None:
    """What the customer still pays has no way in which it was paid before: cash, unless said."""
    if total > 0:
        return asked.method or Payment.Method.CASH
    return asked.method


def _summary(found: Refundable, form: RefundForm, register: Register) -> Summary:
    if not form.taken():
        plan = plan_refund(found, form.refund())
        rows, _fresh = given_back(found, plan.ways)
        return Summary(plan.value, None, -plan.value, plan.given, True, _ways(rows))
    asked = form.exchange()
    swap = plan_exchange(found, replace(asked, method=None), register.location)
    asked = replace(asked, method=_method(asked, swap.total))
    swap = plan_exchange(found, asked, register.location)
    return Summary(
        swap.back.total,
        swap.sold.total,
        swap.total,
        abs(swap.to_pay),
        swap.total < 0,
        _ways(swap.payments),
    )


def _ways(rows: Any) -> list[tuple[str, Decimal]]:
    return [(payment_label(row), abs(row.amount)) for row in rows]
