"""People, roles and places, and the look-up of what is encrypted (DESIGN 7 and 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db.models import Exists, OuterRef, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, MembershipLocation, Role, User
from accounts.permissions import Permission
from archive.verify.rules import Look, Rule, rule
from archive.verify.walls import orphans
from sales.models import Customer
from sales.models.customer import phone_digits
from tenants.checks import has_business
from tenants.context import current
from tenants.encryption import EncryptedTextField, blind_index, decrypt
from tenants.models import Business, Location

AREA = "people"
CHUNK = 1000


@rule(AREA, _("Somebody works here without a role, or with another business's."))
def person_has_a_role(look: Look) -> None:
    """DESIGN 7: a member has one role, of this business."""
    orphans(look, Membership, "role")
    orphans(look, Membership, "user")


@rule(AREA, _("Somebody may work here, but at no location."))
def person_has_a_location(look: Look) -> None:
    """DESIGN 7: a member sees all locations or those of a list, which is not empty."""
    links = MembershipLocation.objects.filter(membership=OuterRef("pk"))
    wrong = Membership.objects.filter(~Exists(links), is_active=True, all_locations=False)
    look.rows(wrong, "all_locations", "all locations, or at least one")


@rule(AREA, _("The business has no owner who can sign in."))
def business_has_an_owner(look: Look) -> None:
    """DESIGN 7: a business keeps at least one owner."""
    owners = Membership.objects.filter(is_owner=True, is_active=True, user__is_active=True)
    if not owners.exists():
        look.tell(Business, current().pk, "owner", "an owner who can sign in", None)


@rule(AREA, _("The business has no location."))
def business_has_a_location(look: Look) -> None:
    """DESIGN 5 and 6: stock lies, and sales are made, at a location."""
    if not Location.objects.filter(is_active=True).exists():
        look.tell(Business, current().pk, "locations", "an active location", None)


@rule(AREA, _("Nobody who can sign in may look after this business's people."))
def business_has_an_administrator(look: Look) -> None:
    """FORMATS 1: an administrator exists, who can let others in."""
    manage = {Permission.USER_CREATE.value, Permission.USER_UPDATE.value}
    roles = [
        pk for pk, names in Role.objects.values_list("pk", "permissions") if manage <= set(names)
    ]
    people = Membership.objects.filter(role__in=roles, is_active=True, user__is_active=True)
    if not people.exists():
        look.tell(Business, current().pk, "administrator", "a person who can", None)


# -- what is encrypted ----------------------------------------------------------------------------


def tokens(rows: Any, names: Sequence[str], *plain: str) -> Iterator[tuple[Any, ...]]:
    """(pk, the encrypted columns as they are stored, plain columns) of every row, in chunks."""
    stored = {f"token_{name}": Cast(name, TextField()) for name in names}
    last: Any = None
    while True:
        chunk = rows.annotate(**stored).order_by("pk")
        if last is not None:
            chunk = chunk.filter(pk__gt=last)
        found = list(chunk.values_list("pk", *stored, *plain)[:CHUNK])
        yield from found
        if len(found) < CHUNK:
            return
        last = found[-1][0]


def opened(token: str) -> str | None:
    """The text; None where no key opens it."""
    try:
        return decrypt(token)
    except InvalidToken:
        return None


@rule(AREA, _("Encrypted text cannot be read with the keys of this installation."), weight=3)
def encrypted_text_can_be_read(look: Look) -> None:
    """DESIGN 8: every key that a column was written with is still there."""
    for model in apps.get_models():
        fields: Any = model._meta.concrete_fields
        names = [one.name for one in fields if isinstance(one, EncryptedTextField)]
        if names and (rows := _of_the_business(model)) is not None:
            for pk, *stored in tokens(rows, names):
                for name, token in zip(names, stored, strict=True):
                    if token and opened(token) is None:
                        look.tell(model, pk, name, "text that a key opens", "text that none opens")


def _of_the_business(model: Any) -> Any:
    if model is Business:
        return Business.objects.filter(pk=current().pk)
    if model is User:
        return _users()
    return model.objects.all() if has_business(model) else None


def _users() -> Any:
    # Begins at the memberships: a query that begins at a person is not scoped.
    return User.objects.filter(pk__in=Membership.objects.values("user"))


CONTACTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "email": ("email_index", lambda text: blind_index(text, "customer-email")),
    "phone": ("phone_index", lambda text: blind_index(phone_digits(text), "customer-phone")),
}
NAMES: dict[str, tuple[str, Callable[[str], str]]] = {
    "username": ("username_index", lambda text: blind_index(text, "username")),
    "email": ("email_index", lambda text: blind_index(text, "email")),
}


@rule(AREA, _("A customer is not found by their phone number or e-mail."), weight=2,
      repair="manage.py refresh_search --business {slug}")  # fmt: skip
def customer_is_found_by_contact(look: Look) -> None:
    """DESIGN 8: the blind index is that of the encrypted value."""
    _compare_indexes(look, Customer, Customer.objects.all(), CONTACTS)


@rule(AREA, _("A person cannot sign in with their user name or e-mail."))
def person_is_found_by_name(look: Look) -> None:
    """DESIGN 8: the blind index is that of the encrypted value."""
    _compare_indexes(look, User, _users(), NAMES)


def _compare_indexes(
    look: Look, model: Any, rows: Any, columns: dict[str, tuple[str, Callable[[str], str]]]
) -> None:
    kept = [index for index, _made in columns.values()]
    for pk, *values in tokens(rows, list(columns), *kept):
        stored, indexes = values[: len(columns)], values[len(columns) :]
        for token, found, (index, made) in zip(stored, indexes, columns.values(), strict=True):
            text = opened(token or "")
            # What cannot be read is another rule's.
            if text is not None and made(text) != (found or ""):
                look.tell(model, pk, index, "the keyed hash of the value", found or "none")


RULES: tuple[Rule, ...] = (
    person_has_a_role,
    person_has_a_location,
    business_has_an_owner,
    business_has_a_location,
    business_has_an_administrator,
    encrypted_text_can_be_read,
    customer_is_found_by_contact,
    person_is_found_by_name,
)
