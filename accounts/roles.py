"""Roles of the bound business. Nobody grants what they do not hold; every act is audited."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Membership, Role
from accounts.people import grantable, someone_in_charge
from accounts.permissions import Permission
from tenants.errors import Refused


def may_change(actor: Membership, role: Role) -> bool:
    """Whether every right of the role is one that the actor may grant."""
    return role.granted <= grantable(actor)


@transaction.atomic
def create_role(
    *, actor: Membership, name: str, description: str, permissions: Iterable[str]
) -> Role:
    """A new role. Raises Refused when its name is taken or it holds more than the actor."""
    granted = _demand_held(actor, permissions)
    _demand_free(name)
    role: Role = Role.objects.create(name=name, description=description, permissions=granted)
    audit.record(
        actor=actor.user,
        action="role.create",
        target=role,
        changes=audit.changed({}, audit.snapshot(role)),
    )
    return role


@transaction.atomic
def change_role(
    *, actor: Membership, role: Role, name: str, description: str, permissions: Iterable[str]
) -> None:
    """Change a role. Raises Refused when it holds or would hold more than the actor."""
    with someone_in_charge():
        if not may_change(actor, role):
            raise Refused(
                "not_held",
                _("This role has rights that you do not hold, so you cannot change it."),
                status=403,
            )
        granted = _demand_held(actor, permissions)
        _demand_free(name, besides=role)
        before = audit.snapshot(role)
        role.name, role.description, role.permissions = name, description, granted
        role.save(update_fields=["name", "description", "permissions"])
        changes = audit.changed(before, audit.snapshot(role))
        if changes:
            audit.record(actor=actor.user, action="role.update", target=role, changes=changes)


@transaction.atomic
def delete_role(*, actor: Membership, role: Role) -> None:
    """Remove a role that nobody has. Raises Refused."""
    if not may_change(actor, role):
        raise Refused(
            "not_held",
            _("This role has rights that you do not hold, so you cannot remove it."),
            status=403,
        )
    if role.memberships.exists():
        raise Refused("in_use", _("People have this role. Give them another one first."))
    audit.record(actor=actor.user, action="role.delete", target=role)
    role.delete()


def _demand_held(actor: Membership, permissions: Iterable[str]) -> list[str]:
    """The permissions as they are stored: known names, sorted."""
    asked = {Permission(name) for name in permissions}
    if not asked <= grantable(actor):
        text = _("You can only give rights that you hold yourself.")
        raise Refused("not_held", text, {"permissions": [text]}, status=403)
    return sorted(permission.value for permission in asked)


def _demand_free(name: str, *, besides: Role | None = None) -> None:
    rows = Role.objects.filter(name=name)
    if besides is not None:
        rows = rows.exclude(pk=besides.pk)
    if rows.exists():
        text = _("Another role has this name.")
        raise Refused("taken", text, {"name": [text]})
