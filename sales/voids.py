"""Voiding a sale: a document of its own that reverses stock, payments and totals exactly once."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.canonical import canonical
from sales.checkout import visible
from sales.errors import NoOpenShift, OtherRequest
from sales.models import CreditEntry, Payment, Sale, SaleLine
from sales.posting import post
from sales.shifts import lock_open_shift
from tenants.errors import Refused

NEGATED = ("quantity", "gross", "discount", "sale_discount", "net", "tax", "total")
COPIED = (
    "variation_id",
    "name",
    "sku",
    "unit_price",
    "unit_cost",
    "tax_name",
    "tax_rate",
    "tax_inclusive",
    "discount_kind",
    "discount_value",
    "is_stocked",
)


def void_sale(
    *,
    actor: Membership,
    sale: Sale,
    reason: str,
    void_id: uuid.UUID,
    device: Device | None = None,
    at: datetime | None = None,
) -> Sale:
    """Reverse `sale` completely, with the cash out of its register's open shift.

    The same `void_id` again returns the first result, with `was_recorded`. Raises PermissionDenied
    without sell.void, Refused without a reason, when the sale is voided already, is no sale, was
    refunded in part, came in with a history or brought credit that was spent since, and NoOpenShift.
    """
    if not actor.can(Permission.SELL_VOID) or not visible(actor, device, sale.location_id):
        raise PermissionDenied(_("You may not void sales."))
    reason = reason.strip()
    if not reason:
        raise Refused("no_reason", _("Say why."), {"reason": [_("Say why.")]}, status=400)
    if sale.register.is_history:
        raise Refused(
            "is_history",
            _("This came in with the history of an older system and cannot be voided."),
            status=409,
        )
    with transaction.atomic(savepoint=False):
        shift = lock_open_shift(sale.register_id)
        asked = hashlib.sha256(canonical(["void", str(sale.pk), reason]).encode()).hexdigest()
        earlier = Sale.objects.filter(pk=void_id).first()
        if earlier is not None:
            if earlier.request_hash != asked:
                raise OtherRequest
            earlier.was_recorded = True
            return earlier
        if sale.kind != Sale.Kind.SALE:
            raise Refused("not_a_sale", _("Only a sale can be voided."), status=409)
        lock_document(sale.pk)
        _check_reversals(sale)
        if shift is None:
            raise NoOpenShift
        register = shift.register
        moment = at or timezone.now()
        void = Sale(
            pk=void_id,
            kind=Sale.Kind.VOID,
            reverses=sale,
            reason=reason[:200],
            location=register.location,
            register=register,
            shift=shift,
            operator=actor.user,
            device=device,
            customer_id=sale.customer_id,
            sold_at=moment,
            business_date=moment.astimezone(register.location.zone).date(),
            currency=sale.currency,
            item_count=-sale.item_count,
            subtotal=-sale.subtotal,
            discount=-sale.discount,
            net=-sale.net,
            tax=-sale.tax,
            total=-sale.total,
            rounding=-sale.rounding,
            request_hash=asked,
        )
        post(
            sale=void,
            lines=[_reversed_line(line) for line in sale.lines.all()],
            payments=[_reversed_payment(payment) for payment in sale.payments.all()],
            register=register,
            adds_credit=added_credit(sale),
            paid_in=(sale.pk,),
        )
        record(
            actor=actor.user,
            action="sale.void",
            target=sale,
            changes={"reason": [None, void.reason], "void": [None, void.number]},
            device=device,
        )
        return void


def lock_document(document_id: uuid.UUID) -> None:
    """Until the transaction ends nobody else takes anything of this document back, at any register.

    After the register of the new document and before stock and credit, always. Nothing that is read
    of it before counts: another register may have been quicker.
    """
    rows = Sale.objects.select_for_update(no_key=True).filter(pk=document_id)
    rows.order_by().values_list("pk").first()


def _check_reversals(sale: Sale) -> None:
    for kind, number in sale.reversals.order_by("kind", "pk").values_list("kind", "number"):
        if kind == Sale.Kind.VOID:
            raise Refused("already_voided", _("This sale is voided already."), status=409)
        raise Refused(
            "has_refunds",
            _("Part of this sale came back with %(number)s already. Refund the rest of it instead.")
            % {"number": number},
            status=409,
        )


def added_credit(sale: Sale) -> frozenset[int]:
    """The numbers of the lines that brought credit; what a product does now says nothing."""
    if sale.customer_id is None:
        return frozenset()
    bought = CreditEntry.objects.filter(document_id=sale.pk, kind=CreditEntry.Kind.BOUGHT)
    return frozenset(bought.values_list("line", flat=True))


def _reversed_line(line: SaleLine) -> SaleLine:
    values = {name: getattr(line, name) for name in COPIED}
    values |= {name: -getattr(line, name) for name in NEGATED}
    return SaleLine(**values)


def _reversed_payment(payment: Payment) -> Payment:
    return Payment(
        method=payment.method,
        amount=-payment.amount,
        tendered=-payment.amount,
        card_brand=payment.card_brand,
        card_last4=payment.card_last4,
        reference=payment.reference,
    )
