"""Terminals and programs with a token of their own: made, renewed, ended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.access import token_hash
from accounts.models import Device, Membership
from accounts.people import demand_manages, grantable
from accounts.permissions import Permission
from tenants.errors import Refused
from tenants.models import Location

#: How long a new token waits for its first use, before the old one is the only one again.
NEXT_LASTS = timedelta(hours=24)
MOST_NETWORKS = 20


@dataclass(frozen=True, slots=True)
class Reach:
    """What a program may do and from where: permissions, locations (None: all of its maker's),
    networks in CIDR notation (none: from anywhere), a last moment."""

    permissions: frozenset[Permission]
    locations: tuple[Location, ...] | None = None
    networks: tuple[str, ...] = ()
    expires_at: datetime | None = None


def demand_lends(actor: Membership, membership: Membership, location: Location | None) -> None:
    """Raises Refused unless the actor may let a device at this location act in this person's name:
    their own, or of someone whom they may manage."""
    if membership.pk != actor.pk:
        demand_manages(actor, membership)
    for who in (actor, membership):
        if location is not None and not who.works_at(location.pk):
            raise Refused(
                "not_held",
                _("Both you and the person need access to the location of the device."),
                status=403,
            )


@transaction.atomic
def create_device(
    *,
    actor: Membership,
    membership: Membership,
    location: Location,
    name: str,
    needs_operator: bool = False,
) -> tuple[Device, str]:
    """The terminal and its token, which is told this once: the row holds its hash.

    It acts in the name of `membership`, so it is given only for oneself or someone whom the actor
    may manage; one that `needs_operator` does nothing in anybody's name. Raises Refused.
    """
    demand_lends(actor, membership, location)
    token = Device.new_token()
    device: Device = Device.objects.create(
        name=name,
        location=location,
        membership=membership,
        needs_operator=needs_operator,
        token_hash=token_hash(token),
    )
    audit.record(
        actor=actor.user,
        action="device.create",
        target=device,
        changes={"location": [None, location.code]},
    )
    return device, token


@transaction.atomic
def create_program(*, actor: Membership, name: str, reach: Reach) -> tuple[Device, str]:
    """A key for a program in the actor's own name, told this once.

    Its permissions are what was chosen and the actor still holds when it asks. Raises Refused.
    """
    if not reach.permissions:
        text = _("Choose what the program may do.")
        raise Refused("no_permission", text, {"permissions": [text]}, status=400)
    if not reach.permissions <= grantable(actor):
        text = _("You can only give rights that you hold yourself.")
        raise Refused("not_held", text, {"permissions": [text]}, status=403)
    for place in reach.locations or ():
        demand_lends(actor, actor, place)
    token = Device.new_token()
    device: Device = Device.objects.create(
        kind=Device.Kind.PROGRAM,
        name=name,
        membership=actor,
        token_hash=token_hash(token),
        permissions=sorted(reach.permissions),
        addresses=list(reach.networks) or None,
        all_locations=reach.locations is None,
        expires_at=reach.expires_at,
    )
    for place in reach.locations or ():
        device.location_links.create(location=place)
    audit.record(
        actor=actor.user,
        action="device.create",
        target=device,
        changes={
            "kind": [None, "program"],
            "permissions": [None, device.permissions],
            "addresses": [None, device.addresses],
            "locations": [None, sorted(place.code for place in reach.locations or ())],
        },
    )
    return device, token


@transaction.atomic
def roll_token(*, device: Device, actor: Membership | None = None) -> str:
    """A new token beside the one in use; the old one ends when the new one is first used.

    So an answer that is lost locks nobody out: the device has its old token still and asks again,
    and only the newest token waits. One that nobody uses for NEXT_LASTS is forgotten. Without an
    actor the device did it itself. Raises Refused for an actor who could not have made the token,
    and for a device that was disconnected.
    """
    if actor is not None:
        demand_lends(actor, device.membership, device.location)
    locked: Device = Device.objects.select_for_update().get(pk=device.pk)
    if locked.revoked_at is not None:
        raise Refused("revoked", _("This device is disconnected. Connect it anew."), status=409)
    token = Device.new_token()
    locked.next_token_hash, locked.next_token_at = token_hash(token), timezone.now()
    locked.save(update_fields=["next_token_hash", "next_token_at"])
    audit.record(
        actor=device.membership.user if actor is None else actor.user,
        action="device.roll",
        target=device,
        device=device if actor is None else None,
    )
    return token


@transaction.atomic
def revoke_device(*, actor: Membership, device: Device) -> None:
    """End its tokens and whoever is signed in at it at once. A second time changes nothing."""
    if device.revoked_at is None:
        device.revoked_at = timezone.now()
        device.next_token_hash = None
        device.save(update_fields=["revoked_at", "next_token_hash"])
        device.operator_sessions.filter(ended_at=None).update(ended_at=device.revoked_at)
        audit.record(actor=actor.user, action="device.revoke", target=device)


def networks(texts: Collection[str]) -> tuple[str, ...]:
    """Networks in CIDR notation, out of networks and single addresses. Raises Refused."""
    found = []
    for text in texts:
        try:
            found.append(str(ip_network(text, strict=False)))
        except ValueError:
            said = _("“%(text)s” is neither an address nor a network.") % {"text": text[:60]}
            raise Refused("bad_network", said, {"addresses": [said]}, status=400) from None
    if len(found) > MOST_NETWORKS:
        said = _("At most %(most)s are possible.") % {"most": MOST_NETWORKS}
        raise Refused("bad_network", said, {"addresses": [said]}, status=400)
    return tuple(found)
