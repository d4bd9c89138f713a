"""Terminals and programs with a token of their own."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.access import token_hash
from accounts.models import Device, Membership
from accounts.people import demand_manages
from tenants.errors import Refused
from tenants.models import Location


@transaction.atomic
def create_device(
    *, actor: Membership, membership: Membership, location: Location, name: str
) -> tuple[Device, str]:
    """The device and its token, which is told this once: the row holds its hash.

    It acts in the name of `membership`, so it is given only for oneself or someone whom the actor
    may manage. Raises Refused.
    """
    if membership.pk != actor.pk:
        demand_manages(actor, membership)
    for who in (actor, membership):
        if who.location_ids is not None and location.pk not in who.location_ids:
            raise Refused(
                "not_held",
                _("Both you and the person need access to the location of the device."),
                status=403,
            )
    token = Device.new_token()
    device: Device = Device.objects.create(
        name=name, location=location, membership=membership, token_hash=token_hash(token)
    )
    audit.record(
        actor=actor.user,
        action="device.create",
        target=device,
        changes={"location": [None, location.code]},
    )
    return device, token


@transaction.atomic
def revoke_device(*, actor: Membership, device: Device) -> None:
    """End the token's validity at once. A second time changes nothing."""
    if device.revoked_at is None:
        device.revoked_at = timezone.now()
        device.save(update_fields=["revoked_at"])
        audit.record(actor=actor.user, action="device.revoke", target=device)
