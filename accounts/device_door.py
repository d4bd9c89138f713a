"""The door for terminals and programs: whose token it is, who is signed in there, from where.

`Authorization: Bearer <the device's token>` says which device it is, always; `X-Operator: <token>`
beside it says who stands at it. Two headers and not one, so that the token of a person, who came
with four digits, opens nothing without the device it was given to.

The door asks one statement, before anything is bound. Whether the place of the device is switched
on is asked by the first statement inside (`demand_place`), which reads the person's role too.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.db.models import Exists, Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated

from accounts import hints
from accounts.access import SEEN_EVERY, enter, refused, token_hash, unauthenticated
from accounts.bodies import printable
from accounts.devices import NEXT_LASTS
from accounts.limits import MINUTE, Limit, TooMany, address_of, client_address
from accounts.models import Device, OperatorSession, Role
from tenants import context
from tenants.models import Business, Location

OPERATOR_HEADER = "X-Operator"
VERSION_HEADER = "X-App-Version"
# An operator's session in use is prolonged at most this often: a look-up must not write.
USED_EVERY = timedelta(minutes=1)


def enter_device(request: Any) -> Business | HttpResponse:
    """The business of the token, or 401; 403 for a program at an address that is not its own.

    Wrong tokens are counted by the address, and above its limit answered with 429. Who has a good
    one is not held up by what others send from the same shop.
    """
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(Device.PREFIX):
        return _unknown(request) if token else unauthenticated()
    hashed, operator = token_hash(token), request.headers.get(OPERATOR_HEADER, "")
    with context.platform("which business this token belongs to is what we find out"):
        session = _session(hashed, operator) if operator else None
        device = session.device if session is not None else _device(hashed)
        if device is None:
            return _unknown(request)
        if operator and session is None:
            return unauthenticated("operator_signed_out", _("Sign in with your PIN again."))
        if not _may_come_from(device, client_address(request)):
            text = _("This key may not be used from this address.")
            return refused("address_refused", text, 403)
        _note(request, device, hashed, session)
    membership = device.membership if session is None else session.membership
    membership.scope = device.scope
    if session is None and device.needs_operator:
        # The person whose name stands on it only made it: nobody is here.
        membership.scope, membership.location_ids = frozenset(), None
    request.user = membership.user
    if not device.is_program:
        hints.note(device.token_hash, device.business_id)
    return enter(request, membership, device=device, session=session)


def _unknown(request: Any) -> HttpResponse:
    """401 for a token that nobody has, until its address has sent too many in this minute."""
    most = settings.METERING.failures
    if most:
        try:
            Limit("token", most, MINUTE).count(address_of(request))
        except TooMany as many:
            text = _("Too many wrong tokens from this address. Try again in %(wait)s seconds.")
            answer = refused("too_many", text % {"wait": many.wait}, 429)
            answer["Retry-After"] = str(many.wait)
            answer["Cache-Control"] = "private, no-store"
            return answer
    return unauthenticated()


def _alive(hashed: str, prefix: str = "") -> Q:
    """Conditions of a device that the token opens now; `prefix` leads to it."""
    now = timezone.now()

    def at(**conditions: Any) -> Q:
        return Q(**{prefix + name: value for name, value in conditions.items()})

    its_own = at(token_hash=hashed)
    its_next = at(next_token_hash=hashed, next_token_at__gt=now - NEXT_LASTS)
    by_person = at(membership__is_active=True, membership__user__is_active=True)
    return (
        (its_own | its_next)
        & at(revoked_at=None, business__is_active=True)
        & (at(expires_at=None) | at(expires_at__gt=now))
        & (by_person | at(needs_operator=True))
    )


def _device(hashed: str) -> Device | None:
    rows = Device.objects.select_related("membership__business", "membership__user")
    device: Device | None = rows.filter(_alive(hashed)).first()
    return device


def _session(hashed: str, operator: str) -> OperatorSession | None:
    """The operator's session at this device, with both, in one statement."""
    now = timezone.now()
    rows: QuerySet[OperatorSession] = OperatorSession.objects.select_related(
        "membership__business", "membership__user", "device__membership__user"
    )
    return (
        rows.filter(_alive(hashed, "device__"), token_hash=token_hash(operator), ended_at=None)
        .filter(expires_at__gt=now, used_at__gt=now - OperatorSession.IDLE)
        .filter(membership__is_active=True, membership__user__is_active=True)
        .first()
    )


def _may_come_from(device: Device, address: str) -> bool:
    if not device.addresses:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in ip_network(one) for one in device.addresses)


def _note(request: Any, device: Device, hashed: str, session: OperatorSession | None) -> None:
    """Take up a token that is used first, and note that device and operator were here."""
    now = timezone.now()
    if device.next_token_hash == hashed:
        Device.objects.filter(pk=device.pk, next_token_hash=hashed).update(
            token_hash=hashed, next_token_hash=None, next_token_at=None
        )
    if device.last_seen_at is None or now - device.last_seen_at > SEEN_EVERY:
        seen = {"last_seen_at": now, "last_network": network_of(client_address(request))}
        version = version_of(request)
        if version:
            seen["app_version"] = version
        Device.objects.filter(pk=device.pk).update(**seen)
    if session is not None and now - session.used_at > USED_EVERY:
        OperatorSession.objects.filter(pk=session.pk, ended_at=None).update(used_at=now)


def version_of(request: Any) -> str:
    """What the device says that it runs, shortened to what can be shown."""
    said = request.headers.get(VERSION_HEADER) or request.headers.get("User-Agent") or ""
    return printable(said)[:60].strip()


def network_of(address: str) -> str:
    """The network of an address, by which a shop knows its own and nobody is known: /24 or /48."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    size = 24 if isinstance(found, IPv4Address) else 48
    return str(ip_network(f"{found}/{size}", strict=False))


def demand_place(request: Any) -> None:
    """Raises NotAuthenticated for a terminal whose location or register is switched off.

    In the statement that reads the role, which every request inside needs: so that it is asked
    anew each time, whoever switched it off, and costs nothing.
    """
    device, membership = request.device, request.membership
    if device is None or device.is_program:
        return
    # The key between register and device stands in `sales`; by its name it is found from here.
    at_register = Device.objects.filter(pk=device.pk, registers__is_active=False)
    here = Location.objects.filter(pk=device.location_id, is_active=True)
    role = (
        Role.objects.filter(pk=membership.role_id)
        .annotate(is_open=Exists(here), is_off=Exists(at_register))
        .get()
    )
    if not role.is_open or role.is_off:
        raise NotAuthenticated(_("This register or its location is switched off."))
    membership.role = role
