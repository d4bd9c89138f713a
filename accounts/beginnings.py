"""How a business begins: with a location, the usual roles, and an owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Membership, Role, User
from accounts.permissions import DEFAULT_ROLES
from tenants import context
from tenants.errors import Refused
from tenants.models import Business, Location

_WORK: list[Callable[[], object]] = []


def at_beginning(work: Callable[[], object]) -> None:
    """Have this called whenever a business begins, bound to it and in its transaction."""
    if work not in _WORK:
        _WORK.append(work)


@dataclass(frozen=True)
class NewPerson:
    """A person without an account. With `must_change` the password is a first one."""

    username: str
    password: str
    email: str = ""
    name: str = ""
    must_change: bool = False


def user_named(username: str) -> User | None:
    return User.objects.named(username).first()


def first_owner() -> User | None:
    """In whose name a command acts in the bound business."""
    member = Membership.objects.filter(is_owner=True).select_related("user").order_by("pk").first()
    return member.user if member else None


@transaction.atomic
def start_business(
    *,
    name: str,
    owner: User | NewPerson,
    slug: str = "",
    currency: str = "EUR",
    time_zone: str = "UTC",
    locale: str = "en_GB",
    location: str = "Main",
) -> Business:
    """A new business. Raises ValidationError for a field, Refused for a name that is taken."""
    business = Business(
        name=name,
        slug=slug.lower() or slugify(name),
        currency=currency,
        time_zone=time_zone,
        locale=locale,
    )
    business.full_clean()
    business.save()
    user = _account(owner)
    with context.business(business):
        place = Location(name=location, code="MAIN")
        place.clean_fields(exclude=["business"])
        place.save()
        roles = default_roles()
        member = Membership.objects.create(user=user, role=roles["Owner"], is_owner=True)
        audit.record(actor=user, action="user.create", target=member)
        for work in _WORK:
            work()
    return business


def default_roles() -> dict[str, Role]:
    """The usual roles, made in the bound business, by name."""
    return {
        name: Role.objects.create(name=name, permissions=sorted(granted))
        for name, granted in DEFAULT_ROLES.items()
    }


@transaction.atomic
def put_in_charge(person: User | NewPerson) -> tuple[Membership, bool]:
    """An active owner of the bound business, with every right and at every location.

    Someone who works here already is promoted. True when the person joins by it. Raises
    ValidationError for a field, Refused for a name that is taken.
    """
    user = _account(person)
    rights = sorted(DEFAULT_ROLES["Owner"])
    role, _made = Role.objects.get_or_create(name="Owner", defaults={"permissions": rights})
    if set(rights) - set(role.permissions):
        role.permissions = rights
        role.save(update_fields=["permissions"])
    place = {"role": role, "is_owner": True, "is_active": True, "all_locations": True}
    member, joined = Membership.objects.update_or_create(user=user, defaults=place)
    audit.record(actor=None, action="user.create" if joined else "user.update", target=member)
    return member, joined


@transaction.atomic
def put_in_charge_of_platform(person: User | NewPerson) -> User:
    """Someone who looks after the installation and, by that, sees no shop. Raises like above."""
    user = _account(person)
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    return user


def _account(person: User | NewPerson) -> User:
    """The saved account; one that was switched off may sign in again."""
    if isinstance(person, User):
        if not person.is_active:
            person.is_active = True
            person.save(update_fields=["is_active"])
        return person
    user = User(
        username=person.username.strip(),
        email=person.email.strip(),
        name=person.name.strip(),
        must_change_password=person.must_change,
    )
    user.set_password(person.password)
    user.clean_fields()
    if "@" in user.username:
        raise ValidationError({"username": _("A user name has no @.")})
    if User.objects.with_email(user.email).exists():
        raise Refused("taken", _("This e-mail address belongs to another person."))
    user.save()
    return user
