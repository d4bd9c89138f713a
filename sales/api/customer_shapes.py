"""What the API says of customers and their credit: plain dictionaries, built from rows at hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from accounts.access import can
from accounts.permissions import Permission
from inventory.api.shapes import time
from sales.models import CreditEntry, Customer
from sales.selection import Totals
from sales.standings import Standing, standings
from tenants.context import current
from tenants.spelling import plain_money

Shape = dict[str, Any]
P = Permission


def customer_shapes(request: Any, customers: Sequence[Customer]) -> list[Shape]:
    """Customers with what they have to spend, for those who may know; in one or two statements."""
    known = _known(request, customers)
    return [_short(customer, known.get(customer.pk)) for customer in customers]


def customer_shape(
    request: Any, customer: Customer, *, version: str, is_new: bool = False
) -> Shape:
    """All of one customer; who is new has no credit yet, so that nothing is asked."""
    known = {} if is_new else _known(request, [customer])
    if is_new and can(request, P.CUSTOMER_CREDIT_VIEW):
        known = {customer.pk: Standing()}
    shape = {
        **_short(customer, known.get(customer.pk)),
        "version": version,
        "address": customer.address,
        "tax_number": customer.tax_number,
        "note": customer.note,
        "created_at": time(customer.created_at),
    }
    if can(request, P.CUSTOMER_CREDIT):
        limit = customer.credit_limit
        shape["credit_limit"] = None if limit is None else plain_money(limit, current().digits)
    return shape


def _known(request: Any, customers: Sequence[Customer]) -> dict[Any, Standing]:
    ids = [customer.pk for customer in customers]
    return standings(ids) if can(request, P.CUSTOMER_CREDIT_VIEW) else {}


def _short(customer: Customer, standing: Standing | None) -> Shape:
    return {
        "id": customer.pk,
        "name": customer.name,
        "phone": customer.phone,
        "email": customer.email,
        "is_active": customer.is_active,
        **_spendable(standing),
    }


def _spendable(standing: Standing | None) -> Shape:
    if standing is None:
        return {"credit": None, "credit_expires": None}
    expires = standing.next_expiry
    return {
        "credit": plain_money(standing.balance, current().digits),
        "credit_expires": None if expires is None else expires.isoformat(),
    }


def totals_shape(totals: Totals) -> Shape:
    """The average is rounded half up to minor units."""
    digits, average = current().digits, totals.average
    if average is not None:
        average = average.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return {
        "total": plain_money(totals.total, digits),
        "sales": totals.sales,
        "voids": totals.voids,
        "refunds": totals.refunds,
        "exchanges": totals.exchanges,
        "average": None if average is None else plain_money(average, digits),
    }


# -- credit ---------------------------------------------------------------------------------------


def account_shape(standing: Standing) -> Shape:
    expired = plain_money(standing.expired, current().digits)
    return {**_spendable(standing), "expired": expired}


def entry_shape(entry: CreditEntry) -> Shape:
    """An entry with its actor at hand."""
    digits, expires = current().digits, entry.expires_on
    return {
        "id": entry.pk,
        "kind": str(entry.kind),
        "amount": plain_money(entry.amount, digits),
        "balance": plain_money(entry.balance, digits),
        "expires_on": None if expires is None else expires.isoformat(),
        "document": {"id": entry.document_id, "number": entry.document_number},
        "reason": entry.reason,
        "by": None if entry.actor is None else str(entry.actor),
        "at": time(entry.created_at),
    }
