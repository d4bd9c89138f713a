"""People at a device: whose names it shows, and who is signed in by a PIN."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts import audit
from accounts.access import token_hash
from accounts.models import Device, Membership, MembershipLocation, OperatorSession
from accounts.permissions import Permission
from accounts.pins import Wrong, try_pin
from tenants.encryption import normalise


def people_at(location_id: Any) -> list[Membership]:
    """Who has a PIN and works at this location, by name; with their roles."""
    here = MembershipLocation.objects.filter(membership=OuterRef("pk"), location=location_id)
    rows = (
        Membership.objects.filter(is_active=True, user__is_active=True, pin_set_at__isnull=False)
        .filter(Q(all_locations=True) | Exists(here))
        .select_related("user", "role")
    )
    # Names are encrypted: they are sorted here.
    return sorted(rows, key=lambda one: (normalise(str(one.user)), one.pk))


def holders(people: list[Membership], permission: Permission) -> list[Membership]:
    """Of these, who may approve what needs the permission."""
    return [one for one in people if permission in one.granted]


@transaction.atomic
def sign_in(*, device: Device, member: Membership, pin: str) -> tuple[OperatorSession, str] | Wrong:
    """Who signs in at a device takes over from whoever was signed in there.

    The session and its token, which is told this once. `Wrong` has counted a try and must be
    committed.
    """
    wrong = try_pin(member=member, pin=pin, place=f"device:{device.pk}")
    if wrong is not None:
        return wrong
    now = timezone.now()
    before = OperatorSession.objects.filter(device=device)
    before.filter(expires_at__lt=now - OperatorSession.LONGEST).delete()
    before.filter(ended_at=None).update(ended_at=now)
    token = OperatorSession.PREFIX + secrets.token_urlsafe(32)
    session = OperatorSession.objects.create(
        device=device,
        membership=member,
        token_hash=token_hash(token),
        used_at=now,
        expires_at=now + OperatorSession.LONGEST,
    )
    audit.record(actor=member.user, action="operator.sign_in", target=device, device=device)
    return session, token


@transaction.atomic
def sign_out(*, session: OperatorSession) -> None:
    """End the session at once. A second time changes nothing."""
    ended = OperatorSession.objects.filter(pk=session.pk, ended_at=None)
    if ended.update(ended_at=timezone.now()):
        audit.record(
            actor=session.membership.user,
            action="operator.sign_out",
            target=session.device,
            device=session.device,
        )


def signed_in_at(device: Device) -> OperatorSession | None:
    """Whoever is signed in at the device now."""
    now = timezone.now()
    session: OperatorSession | None = (
        OperatorSession.objects.filter(device=device, ended_at=None, expires_at__gt=now)
        .filter(used_at__gt=now - OperatorSession.IDLE)
        .select_related("membership__user")
        .first()
    )
    return session
