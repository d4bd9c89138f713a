"""People, roles and places, and the look-up of what is encrypted (DESIGN 7 and 8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db.models import Exists, OuterRef, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, MembershipLocation, Role, User
from accounts.permissions import Permission
from archive.remembered import in_clear
from archive.verify.rules import Look, Rule, rule
from archive.verify.walls import orphans
from sales.models import Customer, CustomerNameHash
from sales.names import all_name_hashes
from tenants.checks import has_business
from tenants.context import current
from tenants.encryption import (
    EncryptedTextField,
    blind_columns,
    decrypt,
    is_token,
    sealed_columns,
)
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
    """The text, also where it stands in clear; None where no key opens it."""
    try:
        return decrypt(token) if is_token(token) else token
    except InvalidToken:
        return None


@rule(AREA, _("Encrypted text cannot be read with the keys of this installation."), weight=3)
def encrypted_text_can_be_read(look: Look) -> None:
    """DESIGN 8: every key that a column was written with is still there."""
    for model, names, rows in _encrypted():
        for pk, *stored in tokens(rows, names):
            for name, token in zip(names, stored, strict=True):
                if token and opened(token) is None:
                    look.tell(model, pk, name, "text that a key opens", "text that none opens")


@rule(AREA, _("What has to be encrypted stands in the database in clear."), weight=3,
      repair="manage.py rotate_encryption_key")  # fmt: skip
def personal_text_is_encrypted(look: Look) -> None:
    """DESIGN 8: a dump holds none of it in clear. A release from before the column was encrypted
    may have written it while it was replaced."""
    for model, names, rows in _encrypted():
        for pk, *stored in tokens(rows, names):
            for name, token in zip(names, stored, strict=True):
                if token and not is_token(token):
                    look.tell(model, pk, name, "a token", "text in clear")
    look.rows(in_clear(), "external_id", "a keyed hash", found="what a customer was called")


def _encrypted() -> Iterator[tuple[Any, list[str], Any]]:
    """Each model with encrypted text, these columns, and the rows of the bound business."""
    for model in apps.get_models():
        names = [one.name for one in sealed_columns(model) if isinstance(one, EncryptedTextField)]
        rows = _of_the_business(model) if names else None
        if rows is not None:
            yield model, names, rows


def _of_the_business(model: Any) -> Any:
    if model is Business:
        return Business.objects.filter(pk=current().pk)
    if model is User:
        return _users()
    return model.objects.all() if has_business(model) else None


def _users() -> Any:
    # Begins at the memberships: a query that begins at a person is not scoped.
    return User.objects.filter(pk__in=Membership.objects.values("user"))


@rule(AREA, _("A customer is not found by their phone number or e-mail."), weight=2,
      repair="manage.py refresh_search --business {slug}")  # fmt: skip
def customer_is_found_by_contact(look: Look) -> None:
    """DESIGN 8: the blind index is that of the encrypted value."""
    _compare_indexes(look, Customer, Customer.objects.all())


@rule(AREA, _("A customer is not found by their name."), weight=3,
      repair="manage.py refresh_search --business {slug}")  # fmt: skip
def customer_is_found_by_name(look: Look) -> None:
    """DESIGN 8: the blind index is that of the encrypted value."""
    business_id = current().pk
    stored = tokens(Customer.objects.all(), ["name"])
    while some := list(islice(stored, CHUNK)):
        names = {pk: opened(token) for pk, token in some}
        kept: dict[Any, set[int]] = defaultdict(set)
        rows = CustomerNameHash.objects.filter(customer__in=list(names))
        for pk, found in rows.values_list("customer_id", "hash"):
            kept[pk].add(found)
        for pk, name in names.items():
            # What cannot be read is another rule's.
            if name is not None and kept[pk] not in all_name_hashes(name, business_id):
                look.tell(
                    Customer, pk, "name_hashes", "those of the name", f"{len(kept[pk])} others"
                )


@rule(AREA, _("A person cannot sign in with their user name or e-mail."))
def person_is_found_by_name(look: Look) -> None:
    """DESIGN 8: the blind index is that of the encrypted value."""
    _compare_indexes(look, User, _users())


def _compare_indexes(look: Look, model: Any, rows: Any) -> None:
    columns = blind_columns(model)
    names, kept = [one.of for one in columns], [one.name for one in columns]
    for pk, *values in tokens(rows, names, *kept):
        stored, indexes = values[: len(columns)], values[len(columns) :]
        for token, found, index in zip(stored, indexes, columns, strict=True):
            text = opened(token or "")
            # What cannot be read is another rule's. While keys change, any key's hash will do.
            if text is not None and (found or "") not in (index.all_made(text) or [""]):
                look.tell(model, pk, index.name, "the keyed hash of the value", found or "none")


RULES: tuple[Rule, ...] = (
    person_has_a_role,
    person_has_a_location,
    business_has_an_owner,
    business_has_a_location,
    business_has_an_administrator,
    encrypted_text_can_be_read,
    personal_text_is_encrypted,
    customer_is_found_by_contact,
    customer_is_found_by_name,
    person_is_found_by_name,
)
