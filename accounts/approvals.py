"""A supervisor's yes: somebody who lacks a permission does one thing with another's PIN.

Asked for first (`approve`), then sent with the action as the header X-Approval. `take` puts what was
approved on the request's membership, where `can()` finds it; `settle` notes afterwards, in the
transaction of the action, what it was used for. What fails uses nothing up.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.access import token_hash
from accounts.models import Approval, Device, Membership
from accounts.permissions import Permission
from accounts.pins import Wrong, try_pin
from tenants.errors import Refused
from tenants.models import Location

HEADER = "X-Approval"

#: What a supervisor can approve at a till: acts on a sale or a drawer, each under an id of its own,
#: so that it can be repeated and still be one.
APPROVABLE = frozenset(
    {
        Permission.SELL_DISCOUNT,
        Permission.SELL_DISCOUNT_WHOLE,
        Permission.SELL_PRICE_OVERRIDE,
        Permission.SELL_VOID,
        Permission.SELL_REFUND,
        Permission.SELL_EXCHANGE,
        Permission.SELL_REPRINT,
        Permission.CASH_IN_OUT,
        Permission.CASH_OPEN_DRAWER,
        Permission.CASH_APPROVE_LARGE_TRANSACTIONS,
        Permission.SHIFT_CLOSE_ANY,
    }
)


def approve(
    *,
    operator: Membership,
    device: Device | None,
    location: Location,
    approver: Membership,
    pin: str,
    permissions: Collection[Permission],
) -> tuple[Approval, str] | Wrong:
    """Let the operator do one thing that needs these permissions, at this location and device.

    The approval and its token, which is told this once. `Wrong` has counted a try and must be
    committed. Raises Refused when the approver lacks one of the permissions.
    """
    if not set(permissions) <= APPROVABLE & approver.role.granted:
        raise Refused("cannot_approve", _("This person may not approve that."), status=403)
    place = f"device:{device.pk}" if device is not None else f"member:{operator.pk}"
    with transaction.atomic():
        wrong = try_pin(member=approver, pin=pin, place=place)
        if wrong is not None:
            return wrong
        token = Approval.PREFIX + secrets.token_urlsafe(32)
        approval: Approval = Approval.objects.create(
            approver=approver,
            operator=operator,
            device=device,
            location=location,
            permissions=sorted(permissions),
            token_hash=token_hash(token),
            expires_at=timezone.now() + Approval.LASTS,
        )
        return approval, token


def take(request: Any) -> Approval | None:
    """Put on the request's membership what the header's approval allows; None without a header.

    Locks the approval until the transaction ends: of two actions at once the second sees that it is
    used. Raises Refused for one that is not for this device, person and moment, or was used for
    another request.
    """
    token = request.headers.get(HEADER, "")
    if not token:
        return None
    now, asked = timezone.now(), fingerprint(request)
    membership: Membership = request.membership
    approval: Approval | None = (
        Approval.objects.select_for_update(of=("self",))
        .select_related("approver__user", "approver__role")
        .filter(token_hash=token_hash(token), operator=membership, device=request.device)
        .filter(approver__is_active=True, approver__user__is_active=True)
        .filter(Q(expires_at__gt=now) | Q(used_at__isnull=False))
        .first()
    )
    if approval is None or (approval.used_at and approval.request_hash != asked):
        raise Refused(
            "approval_over",
            _("This approval is used, too old or not for you. Ask a supervisor again."),
            status=403,
        )
    allowed = frozenset(Permission(name) for name in approval.permissions)
    # A supervisor who was demoted meanwhile approves nothing any more.
    membership.approved = allowed & approval.approver.role.granted
    membership.narrow_to(approval.location_id)
    return approval


def settle(request: Any, approval: Approval, answer: Any) -> None:
    """Note what the approval was needed for, with the supervisor's name in the audit log.

    In the transaction of the action, after it. An approval that was not needed stays.
    """
    relied_on = request.membership.relied_on
    if approval.used_at is not None or not relied_on:
        return
    approval.used_at = timezone.now()
    approval.request_hash = fingerprint(request)  # The body is kept since `take` read it.
    approval.document_id = _document(answer)
    approval.save(update_fields=["used_at", "request_hash", "document_id"])
    audit.record(
        actor=approval.approver.user,
        action="approval.use",
        target=approval,
        changes={
            "permissions": [None, sorted(relied_on)],
            "document": [None, str(approval.document_id or "")],
            "operator": [None, str(request.membership.pk)],
        },
        device=request.device,
    )


def fingerprint(request: Any) -> str:
    """The same for the same request: verb, address and body."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    digest.update(request.body)
    return digest.hexdigest()


def approved_by(document_id: UUID) -> list[Approval]:
    """By whom what led to this document was approved."""
    rows = Approval.objects.filter(document_id=document_id).select_related("approver__user")
    return list(rows.order_by("created_at"))


def _document(answer: Any) -> UUID | None:
    """The id of what the action made, as its answer tells."""
    found = answer.get("id") if isinstance(answer, dict) else None
    if isinstance(found, UUID):
        return found
    try:
        return UUID(str(found)) if found else None
    except ValueError:
        return None
