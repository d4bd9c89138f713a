"""Devices at registers: connecting one makes its token, disconnecting it ends the token."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.devices import create_device, revoke_device
from accounts.models import Device, Membership
from sales.models import Register
from tenants.errors import Refused


@transaction.atomic
def connect(
    *, actor: Membership, register: Register, membership: Membership, name: str
) -> tuple[Device, str]:
    """A device at this register, in the name of `membership`, and its token, told this once.

    A device that the register had before is disconnected: one register, one terminal. Raises
    Refused.
    """
    locked: Register = Register.objects.select_for_update().get(pk=register.pk)
    if locked.is_history or not locked.is_active:
        raise Refused("inactive", _("This register is not in use."), {"register": [_("Inactive.")]})
    if locked.device_id is not None:
        disconnect(actor=actor, device=Device.objects.get(pk=locked.device_id))
    device, token = create_device(
        actor=actor, membership=membership, location=locked.location, name=name
    )
    _link(actor, locked, device)
    return device, token


@transaction.atomic
def disconnect(*, actor: Membership, device: Device) -> None:
    """End the device's token at once and free its register. A second time changes nothing."""
    for register in Register.objects.select_for_update().filter(device=device).order_by("pk"):
        _link(actor, register, None)
    revoke_device(actor=actor, device=device)


def _link(actor: Membership, register: Register, device: Device | None) -> None:
    register.device = device
    register.save(update_fields=["device"])
    audit.record(
        actor=actor.user,
        action="register.update",
        target=register,
        changes={"device": [None, device.name] if device else ["", None]},
    )
