"""What the API says of a sale, a shift, an item: plain dictionaries, built from rows at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.permissions import Permission
from accounts.rest import web_address
from inventory.models import Product
from inventory.showing import picture_address
from sales.margins import Sight
from sales.models import Payment, Register, Sale, SaleLine, Shift
from sales.refundable import KINDS as REFUNDABLE
from tenants.context import current
from tenants.models import Business, Location
from tenants.spelling import plain_money, plain_number

Shape = dict[str, Any]
ZERO = Decimal(0)


def business_shape(business: Business) -> Shape:
    return {
        "name": business.name,
        "slug": business.slug,
        "currency": business.currency,
        "digits": business.digits,
        "locale": business.locale,
        "tax_label": business.tax_label,
        "time_zone": business.time_zone,
        "cash_step": plain_number(business.cash_step),
    }


def stored_sale_shape(request: Any, sale: Sale) -> Shape:
    """A document from `sales.api.sales.documents`; reads nothing more."""
    reversals = list(sale.reversals.all())
    gone: dict[int, Decimal] = {}
    for line in sale.refund_lines.all():
        number = line.refunds_line or 0
        gone[number] = gone.get(number, ZERO) - line.quantity
    return sale_shape(request, sale, reversals=reversals, gone=gone)


def sale_shape(
    request: Any,
    sale: Sale,
    *,
    reversals: Sequence[Sale] = (),
    gone: Mapping[int, Decimal] | None = None,
) -> Shape:
    """A document with its lines and payments; reads nothing when it was written just now.

    `reversals` are what takes something of it back, `gone` how much of each line by its number.
    """
    voided_by = next((one.pk for one in reversals if one.kind == Sale.Kind.VOID), None)
    is_open = sale.kind in REFUNDABLE and voided_by is None and not sale.register.is_history
    digits, sight = current().digits, Sight.of(request)
    lines, payments = list(sale.lines.all()), list(sale.payments.all())
    amounts = {
        name: plain_money(getattr(sale, name), digits)
        for name in ("subtotal", "discount", "net", "tax", "total", "rounding", "to_pay")
    }
    change = sum((payment.change for payment in payments), ZERO)
    return {
        "id": sale.pk,
        "number": sale.number,
        "kind": sale.kind,
        "is_history": sale.register.is_history,
        "sold_at": local_time(sale.sold_at, sale.location),
        "business_date": sale.business_date.isoformat(),
        "location": {"id": sale.location_id, "name": sale.location.name},
        "register": {"id": sale.register_id, "name": sale.register.name},
        "operator": str(sale.operator),
        "customer": None
        if sale.customer is None
        else {"id": sale.customer.pk, "name": sale.customer.name},
        "lines": [
            _line(line, digits, (gone or {}).get(line.line, ZERO), is_open)
            | _margin(sight, line.net, [line], digits)
            for line in lines
        ],
        "payments": [_payment(payment, digits) for payment in payments],
        **amounts,
        **_margin(sight, sale.net, lines, digits),
        "change": plain_money(change, digits),
        "taxes": _taxes(lines, digits),
        "reverses": sale.reverses_id,
        "voided_by": voided_by,
        "refunded_by": [one.pk for one in reversals if one.kind != Sale.Kind.VOID],
        "reason": sale.reason,
        "note": sale.note,
        "receipt_url": web_address(request, "receipt", sale.pk),
    }


def _line(line: SaleLine, digits: int, refunded: Decimal, is_open: bool) -> Shape:
    can_return = is_open and line.refunds_id is None
    return {
        "line": line.line,
        "variation": line.variation_id,
        "name": line.name,
        "sku": line.sku,
        "quantity": plain_number(line.quantity),
        "unit_price": plain_money(line.unit_price, digits),
        "gross": plain_money(line.gross, digits),
        "discount": plain_money(line.discount, digits),
        "sale_discount": plain_money(line.sale_discount, digits),
        "net": plain_money(line.net, digits),
        "tax": plain_money(line.tax, digits),
        "total": plain_money(line.total, digits),
        "tax_rate": plain_number(line.tax_rate),
        "tax_name": line.tax_name,
        "tax_inclusive": line.tax_inclusive,
        "refunded": plain_number(refunded),
        "refundable": plain_number(line.quantity - refunded if can_return else ZERO),
        "refunds_line": line.refunds_line,
    }


def _margin(sight: Sight, net: Decimal, lines: Iterable[SaleLine], digits: int) -> Shape:
    figures = sight.figures(net, lines)
    return {name: plain_money(value, digits) for name, value in figures.items()}


def _payment(payment: Payment, digits: int) -> Shape:
    return {
        "method": str(payment.method),
        "amount": plain_money(payment.amount, digits),
        "tendered": plain_money(payment.tendered, digits),
        "change": plain_money(payment.change, digits),
        "card_brand": payment.card_brand,
        "card_last4": payment.card_last4,
        "reference": payment.reference,
    }


def _taxes(lines: Iterable[SaleLine], digits: int) -> list[Shape]:
    """Net and tax of each rate, in the order of the rates."""
    sums: dict[tuple[Decimal, str], tuple[Decimal, Decimal]] = {}
    for line in lines:
        net, tax = sums.get((line.tax_rate, line.tax_name), (ZERO, ZERO))
        sums[line.tax_rate, line.tax_name] = net + line.net, tax + line.tax
    return [
        {
            "name": name,
            "rate": plain_number(rate),
            "net": plain_money(net, digits),
            "tax": plain_money(tax, digits),
        }
        for (rate, name), (net, tax) in sorted(sums.items())
    ]


def series_shape(series: Any, prefix: str) -> Shape:
    """A series of `sales.series.counted`, at the register with this prefix."""
    return {
        "id": series.pk,
        "register": series.register_id,
        "prefix": f"{prefix}-{series.code}",
        "last": series.last,
    }


def register_shape(register: Register, shift: Shift | None, series: Any = None) -> Shape:
    location = register.location
    return {
        "id": register.pk,
        "name": register.name,
        "prefix": register.prefix,
        "location": {
            "id": location.pk,
            "name": location.name,
            "code": location.code,
            "below_zero": location.below_zero,
        },
        "shift": None
        if shift is None
        else {
            "id": shift.pk,
            "number": shift.number,
            "opened_at": local_time(shift.opened_at, location),
            "opening_float": plain_money(shift.opening_float, current().digits),
            "opened_by": str(shift.opened_by),
        },
        "series": None if series is None else series_shape(series, register.prefix),
    }


def shift_shape(request: Any, shift: Shift, expected: Decimal | None) -> Shape:
    """`expected` is the expected cash where the reader may know it."""
    digits, location = current().digits, shift.register.location
    return {
        "id": shift.pk,
        "register": {"id": shift.register_id, "name": shift.register.name},
        "number": shift.number,
        "opened_at": local_time(shift.opened_at, location),
        "opened_by": str(shift.opened_by),
        "opening_float": plain_money(shift.opening_float, digits),
        "closed_at": None if shift.closed_at is None else local_time(shift.closed_at, location),
        "closed_by": None if shift.closed_by is None else str(shift.closed_by),
        "expected_cash": _money_or_none(expected, digits),
        "counted_cash": _money_or_none(shift.counted_cash, digits),
        "difference": _money_or_none(shift.difference, digits),
        "note": shift.note,
    }


def item_shape(request: Any, item: Any) -> Shape:
    """A variation read by `sales.api.items.offered`: price and stock of one location, no cost."""
    product: Product = item.product
    rate = product.sold_tax_rate
    stock = None
    if product.moves_stock and request.membership.can(Permission.STOCK_VIEW):
        stock = plain_number(item.quantity_here or ZERO)
    return {
        "id": item.pk,
        "product": product.pk,
        "name": item.full_name,
        "sku": item.sku,
        "barcodes": [barcode.code for barcode in item.barcodes.all()],
        "price": plain_money(item.selling_price, current().digits),
        "tax_rate": "0" if rate is None else plain_number(rate.rate),
        "tax_name": "" if rate is None else rate.name,
        "tax_inclusive": product.tax_inclusive,
        "unit": "" if product.unit is None else product.unit.short_name,
        "allow_decimal": product.allow_decimal,
        "is_stocked": product.moves_stock,
        "adds_credit": product.adds_credit,
        "stock": stock,
        "category": None if product.category is None else product.category.name,
        "image": picture_address(request, product),
    }


def _money_or_none(value: Decimal | None, digits: int) -> str | None:
    return None if value is None else plain_money(value, digits)


def local_time(moment: datetime, location: Location) -> str:
    return moment.astimezone(location.zone).isoformat(timespec="milliseconds")
