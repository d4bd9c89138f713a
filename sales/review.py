"""Settling what was made offline and did not fit: once, by somebody who may, and never undone.

The register's lock comes first and the item's second, as where sales come in: of two managers at
once one settles it, and the other is told.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.errors import OtherRequest
from sales.judging import Held, Judgement, OfflineSale
from sales.kept import sale_of
from sales.models import Customer, Register, ReviewItem, Sale
from sales.offline import post_held
from sales.reasons import sentence
from sales.shifts import lock_register
from tenants.errors import Refused

Settlement = ReviewItem.Settlement


@dataclass(frozen=True, slots=True)
class Choices:
    """What a manager puts in the place of what could not be posted.

    `variations` by the number of the line. `customer_id`, where `has_customer`; None: nobody.
    """

    variations: Mapping[int, uuid.UUID] = field(default_factory=dict)
    register_id: uuid.UUID | None = None
    has_customer: bool = False
    customer_id: uuid.UUID | None = None


class SettledAlready(Refused):
    """Somebody else was quicker, or it was settled in another way."""

    status = 409

    def __init__(self) -> None:
        super().__init__("settled_already", _("This was settled already."))


def accept(
    *, actor: Membership, item: ReviewItem, note: str, device: Device | None = None
) -> ReviewItem:
    """Take the sale as it is. The same person again changes nothing.

    Raises PermissionDenied, and Refused for what is held or was settled by somebody else.
    """
    with transaction.atomic():
        locked = _locked(actor, item)
        if _is_repeated(locked, actor, Settlement.ACCEPTED):
            return locked
        if locked.is_held:
            said = _("This is in no book yet. Record it, or close it.")
            raise Refused("is_held", said, status=409)
        return _settle(actor, locked, Settlement.ACCEPTED, note, device)


def close(
    *, actor: Membership, item: ReviewItem, reason: str, device: Device | None = None
) -> ReviewItem:
    """Leave what is held out of the books for good, with a reason; it stays readable here.

    The same person again changes nothing. Raises PermissionDenied, and Refused without a reason,
    for a remark, and where it was settled otherwise.
    """
    if not reason.strip():
        raise Refused("no_reason", _("Say why."), {"note": [_("Say why.")]}, status=400)
    with transaction.atomic():
        locked = _locked(actor, item)
        if _is_repeated(locked, actor, Settlement.CLOSED):
            return locked
        if not locked.is_held:
            said = _("This sale is in the books. Void it there if it is wrong.")
            raise Refused("is_recorded", said, status=409)
        return _settle(actor, locked, Settlement.CLOSED, reason, device)


def record_held(
    *,
    actor: Membership,
    item: ReviewItem,
    choices: Choices | None = None,
    note: str = "",
    device: Device | None = None,
) -> ReviewItem:
    """Post what is held, as the customer was charged, with what was chosen; `item.sale` names it.

    Under the number on the customer's receipt where that is free and one of the register's, else
    under the register's next one. The same person again changes nothing. Raises PermissionDenied,
    and Refused with why it still cannot be posted; then nothing has changed.
    """
    choices = choices or Choices()
    request = sale_of(item.body)
    if request is None:
        said = _("This cannot be read as a sale. Close it, and enter it at the till if it was one.")
        raise Refused("unreadable", said, status=409)
    with transaction.atomic():
        request = _chosen(request, choices)
        for register in Register.objects.filter(pk=request.register_id):
            lock_register(register)
        locked = _locked(actor, item)
        if _is_repeated(locked, actor, Settlement.POSTED):
            return locked
        if not locked.is_held:
            raise SettledAlready
        judgement = Judgement(
            actor,
            locked.device,
            replace(request, operator_id=_seller(locked)),
            locked.request_hash,
            by_manager=True,
            came_at=locked.created_at,
        )
        locked.sale = _posted(judgement)
        locked.reasons = [*locked.reasons, *judgement.remarks]
        return _settle(actor, locked, Settlement.POSTED, note, device)


def _seller(item: ReviewItem) -> uuid.UUID | None:
    """The membership of who sold it."""
    found = Membership.objects.filter(user=item.operator_id).values_list("pk", flat=True)
    seller: uuid.UUID | None = found.first()
    return seller


def _posted(judgement: Judgement) -> Sale:
    try:
        with transaction.atomic():
            return post_held(judgement)
    except Held as still:
        said = " ".join(sentence(one) for one in still.reasons)
        raise Refused(still.reasons[0]["code"], said, status=409) from still
    except OtherRequest as taken:
        said = _("Another document has the id of this sale. Close it, and enter it at the till.")
        raise Refused("id_taken", said, status=409) from taken


def _chosen(request: OfflineSale, choices: Choices) -> OfflineSale:
    lines = [
        replace(line, variation_id=choices.variations.get(number, line.variation_id))
        for number, line in enumerate(request.lines, start=1)
    ]
    request = replace(request, lines=lines)
    if choices.register_id is not None:
        request = replace(request, register_id=choices.register_id)
    if choices.has_customer:
        customers = Customer.objects.filter(pk__in=[choices.customer_id])
        if choices.customer_id is not None and not customers.exists():
            said = _("This customer does not exist.")
            raise Refused("unknown_customer", said, {"customer": [said]}, status=400)
        request = replace(request, customer_id=choices.customer_id)
    return request


def _locked(actor: Membership, item: ReviewItem) -> ReviewItem:
    """The item, locked. Raises PermissionDenied."""
    if not actor.can(Permission.SELL_REVIEW) or not sees(actor, item):
        raise PermissionDenied(_("You may not settle sales made offline."))
    locked: ReviewItem = ReviewItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    return locked


def sees(actor: Membership, item: ReviewItem) -> bool:
    """What is of no known place is for those who see them all."""
    return actor.location_ids is None or item.location_id in actor.location_ids


def _is_repeated(item: ReviewItem, actor: Membership, settlement: ReviewItem.Settlement) -> bool:
    """Whether this person has settled it so before. Raises SettledAlready where it was otherwise."""
    if item.is_open:
        return False
    if item.settlement != settlement or item.settled_by_id != actor.user_id:
        raise SettledAlready
    return True


def _settle(
    actor: Membership,
    item: ReviewItem,
    settlement: ReviewItem.Settlement,
    note: str,
    device: Device | None,
) -> ReviewItem:
    item.settlement = settlement
    item.settled_at = timezone.now()
    item.settled_by = actor.user
    item.note = note.strip()[:500]
    item.save(update_fields=["settlement", "settled_at", "settled_by", "note", "sale", "reasons"])
    changes: dict[str, Any] = {"settlement": [None, settlement.value], "note": [None, item.note]}
    if item.sale is not None:
        changes["sale"] = [None, item.sale.number]
    record(actor=actor.user, action="review.settle", target=item, changes=changes, device=device)
    return item
