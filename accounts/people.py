"""Staff of the bound business: who joins, what changes, who leaves.

Nobody grants what they do not hold, nobody manages someone who holds more, and a business keeps at
least one owner who can manage people and roles. Every function writes its audit row in its own
transaction and raises `Refused`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit, passwords
from accounts.models import EndedSession, Membership, MembershipLocation, Role, User
from accounts.permissions import Permission
from accounts.sessions import end_sessions
from tenants import context
from tenants.errors import Refused
from tenants.models import Location

# What an owner needs to mend anything else.
IN_CHARGE = frozenset(
    {
        Permission.USER_VIEW,
        Permission.USER_UPDATE,
        Permission.ROLE_VIEW,
        Permission.ROLE_UPDATE,
    }
)


@dataclass(frozen=True)
class Place:
    """What someone is in the business: role, ownership, locations (ignored when all)."""

    role: Role
    is_owner: bool
    all_locations: bool
    locations: tuple[Location, ...] = ()


def grantable(actor: Membership) -> frozenset[Permission]:
    """What the actor may grant: what they hold; an owner everything, new permissions included.

    A token's permissions bound this, too.
    """
    if actor.is_owner and actor.is_active and actor.scope is None:
        return frozenset(Permission)
    return actor.granted


def may_manage(actor: Membership, member: Membership) -> bool:
    """Whether the actor may change this member: never someone with more rights or more places."""
    if member.is_owner and not actor.is_owner:
        return False
    if not member.role.granted <= grantable(actor):
        return False
    if actor.location_ids is None:
        return True
    return member.location_ids is not None and member.location_ids <= actor.location_ids


def demand_manages(actor: Membership, member: Membership) -> None:
    """Raises Refused when `may_manage` says no."""
    if not may_manage(actor, member):
        raise Refused(
            "outranked",
            _("This person holds rights or locations that you do not. Ask an owner."),
            status=403,
        )


def has_own_account(member: Membership) -> bool:
    """Whether the account is the person's own affair: it opens more than this business."""
    if member.user.is_superuser:
        return True
    with context.platform("an account that opens another business must not be taken over in ours"):
        others = Membership.objects.filter(user_id=member.user_id)
        return others.exclude(business_id=member.business_id).exists()


@transaction.atomic
def add_member(
    *, actor: Membership, username: str, name: str, email: str, place: Place
) -> tuple[Membership, str]:
    """The new member and a first password to hand over.

    The password is empty for a person who has an account already and whom the actor sees as a
    colleague in another business; for everybody else's the name is simply taken.
    """
    _demand_grantable(actor, place)
    user, password = User.objects.named(username).first(), ""
    if user is None:
        password = passwords.generate()
        user = _create_user(username, password, name=name, email=email)
    elif not _are_colleagues(actor, user) or Membership.objects.filter(user=user).exists():
        raise Refused(
            "taken",
            _("This user name is taken."),
            {"username": [_("This user name is taken. Choose another one.")]},
        )
    member = Membership(user=user, role=place.role, is_owner=place.is_owner)
    member.all_locations = place.all_locations
    member.save()
    _settle_locations(member, place)
    audit.record(
        actor=actor.user, action="user.create", target=member, changes=_told({}, _facts(member))
    )
    return member, password


def _create_user(username: str, password: str, *, name: str, email: str) -> User:
    _demand_free_email(email)
    try:
        with transaction.atomic():
            return User.objects.create_user(
                username.strip(),
                password,
                email=email.strip(),
                name=name.strip(),
                must_change_password=True,
            )
    except IntegrityError:
        raise Refused("taken", _("This user name or e-mail address is taken.")) from None


def _are_colleagues(actor: Membership, user: User) -> bool:
    """Whether the actor may see this person as staff of another business."""
    with context.platform("where else both of them work is what we find out"):
        theirs = Membership.objects.filter(user=user, user__is_active=True, is_active=True)
        shared = list(
            Membership.objects.filter(user=actor.user, is_active=True)
            .filter(business__is_active=True, business__in=theirs.values("business"))
            .exclude(business=actor.business_id)
        )
    for membership in shared:
        with context.business(membership.business_id):
            if membership.can(Permission.USER_VIEW):
                return True
    return False


def _demand_free_email(email: str, *, besides: User | None = None) -> None:
    rows = User.objects.with_email(email)
    if besides is not None:
        rows = rows.exclude(pk=besides.pk)
    if rows.exists():
        text = _("This e-mail address cannot be used here.")
        raise Refused("taken", text, {"email": [text]})


@transaction.atomic
def change_member(
    *, actor: Membership, member: Membership, name: str, email: str, place: Place
) -> None:
    """Change a member. Name and e-mail stay as they are where the account is the person's own."""
    with someone_in_charge():
        demand_manages(actor, member)
        if place.role.pk != member.role_id or place.is_owner != member.is_owner:
            _demand_grantable(actor, place)
        _demand_places(actor, place)
        before = _facts(member)
        if not has_own_account(member):
            _change_account(member.user, name=name.strip(), email=email.strip())
        member.role, member.is_owner = place.role, place.is_owner
        member.all_locations = place.all_locations
        member.save(update_fields=["role", "is_owner", "all_locations"])
        _settle_locations(member, place)
        _sign_out_of_devices(member)
        changes = _told(before, _facts(member))
        if changes:
            audit.record(actor=actor.user, action="user.update", target=member, changes=changes)


def _change_account(user: User, *, name: str, email: str) -> None:
    if email != user.email:
        _demand_free_email(email, besides=user)
    user.name, user.email = name, email
    user.save(update_fields=["name", "email"])


@transaction.atomic
def deactivate_member(*, actor: Membership, member: Membership) -> None:
    """Take every access to this business away at once; the person's sessions end."""
    if member.pk == actor.pk:
        raise Refused("yourself", _("You cannot deactivate yourself. Ask another owner."))
    with someone_in_charge():
        demand_manages(actor, member)
        _set_active(actor, member, active=False)
    end_sessions(member.user_id, reason=EndedSession.Reason.ACCESS)


@transaction.atomic
def reactivate_member(*, actor: Membership, member: Membership) -> None:
    demand_manages(actor, member)
    _set_active(actor, member, active=True)


def _set_active(actor: Membership, member: Membership, *, active: bool) -> None:
    if member.is_active == active:
        return
    member.is_active = active
    member.save(update_fields=["is_active"])
    _sign_out_of_devices(member)
    audit.record(
        actor=actor.user,
        action="user.reactivate" if active else "user.deactivate",
        target=member,
        changes={"is_active": [not active, active]},
    )


@transaction.atomic
def reset_password(*, actor: Membership, member: Membership) -> str:
    """A new first password to hand over; the person must choose another one. Sessions end."""
    if member.pk == actor.pk:
        raise Refused("yourself", _("Change your own password in the menu of your account."))
    demand_manages(actor, member)
    if has_own_account(member):
        raise Refused(
            "own_account",
            _(
                "This account opens more than your business. The person can choose a new "
                "password with “Forgotten password?” on the sign-in page."
            ),
        )
    password = passwords.generate()
    passwords.change(member.user, password, temporary=True)
    audit.record(actor=actor.user, action="user.reset_password", target=member)
    return password


def _sign_out_of_devices(member: Membership) -> None:
    """Whoever changed their place in the business signs in anew, by what it is now."""
    member.operator_sessions.filter(ended_at=None).update(ended_at=timezone.now())


@contextmanager
def someone_in_charge() -> Iterator[None]:
    """Refuse what the block does when afterwards no owner could manage people and roles.

    Takes the lock that two such changes at once wait for: two owners cannot remove each other.
    """
    before = _in_charge()
    yield
    if before and not _in_charge():
        raise Refused(
            "last_owner",
            _(
                "At least one active owner must remain whose role can see and change people "
                "and roles."
            ),
        )


def _in_charge() -> bool:
    owners = Membership.objects.select_for_update(of=("self",)).order_by("pk")
    active = owners.filter(is_owner=True, is_active=True, user__is_active=True)
    # The role is read after the lock, so that it is the one that holds now.
    roles = {role.pk: role for role in Role.objects.filter(pk__in=[m.role_id for m in active])}
    return any(roles[one.role_id].granted >= IN_CHARGE for one in active)


def _demand_grantable(actor: Membership, place: Place) -> None:
    if not place.role.granted <= grantable(actor) or (place.is_owner and not actor.is_owner):
        text = _("You can only give rights that you hold yourself.")
        raise Refused("not_held", text, {"role": [text]}, status=403)
    _demand_places(actor, place)


def _demand_places(actor: Membership, place: Place) -> None:
    if not place.all_locations and not place.locations:
        text = _("Choose at least one location, or all of them.")
        raise Refused("no_location", text, {"locations": [text]})
    allowed = actor.location_ids
    if allowed is None:
        return
    if place.all_locations or not {one.pk for one in place.locations} <= allowed:
        text = _("You can only give access to locations that you have access to.")
        raise Refused("not_held", text, {"locations": [text]}, status=403)


def _settle_locations(member: Membership, place: Place) -> None:
    member.location_links.all().delete()
    for location in () if place.all_locations else place.locations:
        member.location_links.create(location=location)
    member.__dict__.pop("location_ids", None)
    member.__dict__.pop("granted", None)


def _facts(member: Membership) -> dict[str, Any]:
    links = member.location_links.select_related("location")
    return {
        "name": member.user.name,
        "email": member.user.email,
        "role": member.role.name,
        "is_owner": member.is_owner,
        "locations": None if member.all_locations else sorted(one.location.code for one in links),
    }


def _told(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """What differs, for the audit log, which must not hold personal data in clear."""
    return {
        field: ["***" if before.get(field) else "", "***"] if field in {"name", "email"} else values
        for field, values in audit.changed(before, after).items()
    }


def seen_by(actor: Membership) -> QuerySet[Membership]:
    """Everybody whom the actor may see, as a query: with a location in common."""
    rows: QuerySet[Membership] = Membership.objects.all()
    if actor.location_ids is None:
        return rows
    here = MembershipLocation.objects.filter(location__in=actor.location_ids).values("membership")
    return rows.filter(Q(all_locations=True) | Q(pk__in=here))


def visible_members(actor: Membership, members: Iterable[Membership]) -> list[Membership]:
    """Of prefetched members those whom the actor may see: with a location in common."""
    mine = actor.location_ids
    if mine is None:
        return list(members)
    return [
        one
        for one in members
        if one.all_locations or mine & {link.location_id for link in one.location_links.all()}
    ]
