"""Endpoints of the bound business: adding, changing, rolling secrets, switching, trying out.

Each act is audited, without addresses and secrets. Whoever chooses what is told must see all of it,
at every location. Looking a host up may take seconds: call these outside a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import HIDDEN, record
from accounts.models import Membership
from accounts.permissions import Permission
from tenants.context import current, require_id
from tenants.errors import Refused
from tenants.models import Business
from webhooks.addresses import demand_allowed
from webhooks.kinds import NEEDS, Kind
from webhooks.models import Delivery, Endpoint, Event, Mailbox
from webhooks.signing import new_secret

#: How long messages are signed with the former secret too.
OVERLAP: Final = timedelta(hours=24)
MOST_ENDPOINTS: Final = 20


def create_endpoint(
    *, actor: Membership, name: str, url: str, kinds: Iterable[str]
) -> tuple[Endpoint, str]:
    """A new endpoint, switched on, and its secret, which is told this once.

    Raises Refused for an address that may not be called, PermissionDenied for events whose objects
    the actor may not see.
    """
    chosen = _chosen(actor, kinds, before=())
    demand_allowed(url)
    with transaction.atomic():
        _lock_business()
        if Endpoint.objects.count() >= MOST_ENDPOINTS:
            raise Refused("too_many", _("There are %(most)d already.") % {"most": MOST_ENDPOINTS})
        secret = new_secret()
        endpoint: Endpoint = Endpoint.objects.create(
            name=name, url=url, kinds=chosen, secret=secret, created_by=actor.user
        )
        Mailbox.objects.create(endpoint=endpoint)
        _tell_business()
        told: dict[str, list[Any]] = {"name": [None, name], "events": [None, chosen]}
        _record(actor, "create", endpoint, {**told, "url": ["", HIDDEN]})
    return endpoint, secret


def change_endpoint(
    *, actor: Membership, endpoint: Endpoint, name: str, url: str, kinds: Iterable[str]
) -> None:
    """Change what is told and where. Raises as `create_endpoint` does."""
    _demand(actor)
    if url != endpoint.url:
        demand_allowed(url)
    with transaction.atomic():
        row = _locked(endpoint)
        chosen = _chosen(actor, kinds, before=row.kinds)
        changes: dict[str, list[Any]] = {}
        if url != row.url:
            changes["url"] = [HIDDEN, HIDDEN]
        if name != row.name:
            changes["name"] = [row.name, name]
        if chosen != row.kinds:
            changes["events"] = [row.kinds, chosen]
        if not changes:
            return
        row.name, row.url, row.kinds = name, url, chosen
        row.save(update_fields=["name", "url", "kinds"])
        _record(actor, "update", row, changes)


def roll_secret(*, actor: Membership, endpoint: Endpoint) -> str:
    """A new secret, told this once; for OVERLAP messages carry signatures by both.

    Rolled again within that time, the one before counts, and the first no more.
    """
    _demand(actor)
    with transaction.atomic():
        row = _locked(endpoint)
        row.old_secret, row.old_secret_until = row.secret, timezone.now() + OVERLAP
        row.secret = new_secret()
        row.save(update_fields=["secret", "old_secret", "old_secret_until"])
        _record(actor, "secret", row, {"secret": [HIDDEN, HIDDEN]})
    return str(row.secret)


def switch(*, actor: Membership, endpoint: Endpoint, on: bool) -> None:
    """Switch it on or off. What waits is kept while it is off; nothing new is added to it."""
    _demand(actor)
    if on:
        _chosen(actor, endpoint.kinds, before=())
        demand_allowed(endpoint.url)
    with transaction.atomic():
        _lock_business()
        row = _locked(endpoint)
        if row.is_active == on:
            return
        if on:
            _switch_on(row)
        else:
            switch_off(row, Endpoint.Off.PERSON)
        _record(actor, "on" if on else "off", row, {"is_active": [not on, on]})


def _switch_on(row: Endpoint) -> None:
    now = timezone.now()
    row.is_active, row.off_reason, row.off_at, row.owners_told = True, "", None, True
    row.save(update_fields=["is_active", "off_reason", "off_at", "owners_told"])
    Mailbox.objects.filter(endpoint=row).update(
        failures=0, failing_since=None, rest_until=None, due_at=now
    )
    Delivery.objects.filter(endpoint=row, state=Delivery.State.WAITING).update(next_at=now)
    _tell_business()


def switch_off(row: Endpoint, reason: Endpoint.Off) -> None:
    """Within a transaction that holds the business's row. The owners are to be told of what was
    not a person's doing."""
    row.is_active, row.off_reason, row.off_at = False, reason, timezone.now()
    row.owners_told = reason == Endpoint.Off.PERSON
    row.save(update_fields=["is_active", "off_reason", "off_at", "owners_told"])
    Mailbox.objects.filter(endpoint=row).update(due_at=None)
    _tell_business()


def delete_endpoint(*, actor: Membership, endpoint: Endpoint) -> None:
    """Remove it with all that is kept of its deliveries."""
    _demand(actor)
    with transaction.atomic():
        _lock_business()
        row = _locked(endpoint)
        _record(actor, "delete", row, {"name": [row.name, None]})
        row.delete()
        _tell_business()


def add_test(*, actor: Membership, endpoint: Endpoint) -> Delivery:
    """A message that says it is a test, waiting to be sent. Raises Refused where it is off."""
    _demand(actor)
    with transaction.atomic():
        row = _locked(endpoint)
        _demand_on(row)
        now = timezone.now()
        event = Event.objects.create(kind=Kind.TEST, created_at=now, spread_at=now)
        delivery: Delivery = Delivery.objects.create(endpoint=row, event=event, next_at=now)
        Mailbox.objects.filter(endpoint=row).update(due_at=now)
        _record(actor, "test", row, {})
    return delivery


def repeat(*, actor: Membership, delivery: Delivery) -> None:
    """Have it sent again, or at once where it waits; the message keeps its id.

    Raises Refused where the endpoint is off.
    """
    _demand(actor)
    with transaction.atomic():
        row = _locked(delivery.endpoint)
        _demand_on(row)
        now = timezone.now()
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.WAITING, next_at=now)
        Mailbox.objects.filter(endpoint=row).update(due_at=now)
        told = {"delivery": [None, str(delivery.pk)], "event": [None, str(delivery.event_id)]}
        _record(actor, "repeat", row, told)


def _demand(actor: Membership) -> None:
    if not actor.can(Permission.WEBHOOK_MANAGE) or actor.location_ids is not None:
        raise PermissionDenied(
            _("This is about the whole business, and you work at some of its locations.")
            if actor.can(Permission.WEBHOOK_MANAGE)
            else _("You need the permission “%(name)s” for this.")
            % {"name": Permission.WEBHOOK_MANAGE.label}
        )


def may_choose(actor: Membership, kind: str) -> bool:
    """Whether the actor sees everything that an event of this kind tells."""
    return all(actor.can(one) for one in NEEDS[kind])


def _chosen(actor: Membership, kinds: Iterable[str], *, before: Iterable[str]) -> list[str]:
    """In the order of the catalogue. What others chose `before` may stay."""
    _demand(actor)
    asked = set(kinds)
    chosen = [str(kind) for kind in NEEDS if kind in asked]
    if not chosen or asked - set(chosen):
        said = _("Choose at least one event.")
        raise Refused("no_events", said, {"kinds": [said]}, status=400)
    for kind in set(chosen) - set(before):
        if not may_choose(actor, kind):
            raise PermissionDenied(
                _("You may not see all that “%(event)s” tells.") % {"event": Kind(kind).label}
            )
    return chosen


def _locked(endpoint: Endpoint) -> Endpoint:
    row: Endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    return row


def _demand_on(row: Endpoint) -> None:
    if not row.is_active:
        raise Refused("switched_off", _("It is switched off: switch it on first."), status=409)


def _lock_business() -> None:
    """Of two changes at once, the second sees the first; sales only refer to the row."""
    Business.objects.select_for_update(no_key=True).get(pk=require_id())


def _tell_business() -> None:
    """Keep the flag by which a sale knows, without a look, that nobody listens."""
    sends = Endpoint.objects.filter(is_active=True).exists()
    Business.objects.filter(pk=require_id()).update(sends_webhooks=sends)
    current().sends_webhooks = sends


def _record(actor: Membership, act: str, row: Endpoint, changes: dict[str, list[Any]]) -> None:
    record(actor=actor.user, action=f"webhook.{act}", target=row, changes=changes)
