"""Devices at registers: invited by a code or a token, and disconnected."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.devices import create_device, demand_lends, revoke_device
from accounts.limits import Limit
from accounts.models import Device, Membership
from accounts.passwords import ALPHABET
from accounts.permissions import Permission
from sales.models import Pairing, Register
from sales.series import series_for
from tenants import context
from tenants.encryption import blind_index
from tenants.errors import Refused

#: Letters and digits of a code, of 31 kinds: 8.5 × 10¹¹ codes.
LENGTH = 8

#: In 15 minutes, by address and altogether. A register has one open code at most, for ten minutes.
#: Where 100 registers are invited all the time, whoever guesses from everywhere at once has 288,000
#: tries a day and finds one in about 80 years, on average; in a shop with one in 8,000. To keep
#: others from pairing takes 150 addresses, and a quarter of an hour later they can.
BY_ADDRESS = Limit("pair", 20)
BY_ALL = Limit("pairs", 3000)


@dataclass(frozen=True, slots=True)
class Paired:
    """What a device learns when its code was right: its token, told this once, and its place."""

    device: Device
    token: str
    register: Register


@transaction.atomic
def connect(
    *,
    actor: Membership,
    register: Register,
    membership: Membership,
    name: str,
    needs_operator: bool = False,
) -> tuple[Device, str]:
    """A device at this register, in the name of `membership`, and its token, told this once.

    A device that the register had before is disconnected: one register, one terminal. Raises
    Refused.
    """
    locked = _usable(register)
    if locked.device_id is not None:
        disconnect(actor=actor, device=Device.objects.get(pk=locked.device_id))
    device, token = create_device(
        actor=actor,
        membership=membership,
        location=locked.location,
        name=name,
        needs_operator=needs_operator,
    )
    _link(actor, locked, device)
    return device, token


@transaction.atomic
def disconnect(*, actor: Membership, device: Device) -> None:
    """End the device's token at once and free its register. A second time changes nothing."""
    for register in Register.objects.select_for_update().filter(device=device).order_by("pk"):
        _link(actor, register, None)
    revoke_device(actor=actor, device=device)


@transaction.atomic
def invite(
    *,
    actor: Membership,
    register: Register,
    membership: Membership,
    name: str,
    needs_operator: bool = False,
) -> tuple[Pairing, str]:
    """A code that makes one terminal this register's, within Pairing.LASTS; it is told this once.

    An earlier code of the register that nobody used ends. Raises Refused.
    """
    # Before the register's lock: who redeems a code takes them in this order.
    Pairing.objects.filter(register=register, used_at=None).delete()
    locked = _usable(register)
    demand_lends(actor, membership, locked.location)
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    pairing = Pairing.objects.create(
        register=locked,
        membership=membership,
        made_by=actor,
        name=name,
        needs_operator=needs_operator,
        code_hash=code_hash(code),
        expires_at=timezone.now() + Pairing.LASTS,
    )
    audit.record(actor=actor.user, action="device.invite", target=locked)
    return pairing, shown(code)


@transaction.atomic
def redeem(*, code: str, model: str, version: str = "", network: str = "") -> Paired | None:
    """Make whoever sends the code the register's terminal; None for a code that opens nothing.

    Works where nothing is bound. Of several at once exactly one gets the token. Raises Refused
    where the register cannot have a device any more; the code then stays.
    """
    with context.platform("which business a code is of is what we find out"):
        pairing: Pairing | None = (
            Pairing.objects.select_for_update(of=("self",))
            .select_related("business")
            .filter(code_hash=code_hash(code), used_at=None, expires_at__gt=timezone.now())
            .filter(business__is_active=True)
            .first()
        )
    if pairing is None:
        return None
    with context.business(pairing.business):
        actor = pairing.made_by
        if not (actor.user.is_active and actor.can(Permission.DEVICE_CREATE)):
            return None
        device, token = connect(
            actor=actor,
            register=pairing.register,
            membership=pairing.membership,
            name=pairing.name or model or str(_("Terminal")),
            needs_operator=pairing.needs_operator,
        )
        device.app_version, device.last_network = version, network
        device.last_seen_at = timezone.now()
        device.save(update_fields=["app_version", "last_network", "last_seen_at"])
        pairing.used_at, pairing.device = timezone.now(), device
        pairing.save(update_fields=["used_at", "device"])
        register = Register.objects.select_related("location").get(pk=pairing.register_id)
    return Paired(device, token, register)


def code_hash(code: str) -> str:
    """A keyed hash: 40 bits are soon found where the key is not needed to try them."""
    return blind_index("".join(one for one in code if one.isalnum()), "pairing")


def shown(code: str) -> str:
    """The code as people read it: in capitals, in two groups."""
    half = len(code) // 2
    return f"{code[:half]}-{code[half:]}".upper()


def _usable(register: Register) -> Register:
    """The register, locked. Raises Refused for one that is not in use."""
    locked: Register = (
        Register.objects.select_for_update(of=("self",))
        .select_related("location")
        .get(pk=register.pk)
    )
    if locked.is_history or not (locked.is_active and locked.location.is_active):
        raise Refused("inactive", _("This register is not in use."), {"register": [_("Inactive.")]})
    return locked


def _link(actor: Membership, register: Register, device: Device | None) -> None:
    register.device = device
    register.save(update_fields=["device"])
    if device is not None:
        # For what it sells without a line; /me tells it.
        series_for(device, register)
    audit.record(
        actor=actor.user,
        action="register.update",
        target=register,
        changes={"device": [None, device.name] if device else ["", None]},
    )
