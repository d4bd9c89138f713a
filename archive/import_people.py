"""Locations, roles and people of an export."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from accounts.models import Membership, Role, User
from accounts.permissions import ALL_LOCATIONS, Permission, counterpart
from archive.references import (
    Counts,
    Move,
    fingerprint,
    known_references,
    reference_to,
    remember,
    update_prints,
)
from archive.rows import LocationRow, RoleRow, UserRow
from archive.validation_people import location_named
from tenants.models import Location


def bring_locations(move: Move) -> None:
    taken = set(Location.objects.values_list("code", flat=True))

    def values(row: LocationRow) -> dict[str, Any]:
        return {
            "name": row.name,
            "address": _address(row) if row.address is None else row.address,
            "phone": row.phone,
            "is_active": row.is_active and not row.deleted,
            **(_own_values(row) if move.export.is_own else {}),
        }

    def with_code(row: LocationRow) -> dict[str, Any]:
        if row.id in move.ids.get("locations", {}):
            return values(row)  # it has a code already
        code = _unique(code_of(row), taken, 20)
        return {"code": code, **values(row)}

    move.bring("locations", move.rows("locations"), Location, with_code)


def _address(row: LocationRow) -> str:
    town = " ".join(part for part in (row.zip_code, row.city) if part)
    return "\n".join(p for p in (row.landmark, town, row.state, row.country) if p)


def _own_values(row: LocationRow) -> dict[str, Any]:
    return {
        "own_time_zone": row.own_time_zone or "",
        "receipt_header": row.receipt_header or "",
        "receipt_footer": row.receipt_footer or "",
        "below_zero": row.below_zero or Location.BelowZero.REFUSE,
    }


def code_of(row: LocationRow) -> str:
    """The location's code, in the letters that a code may have."""
    text = row.code or row.name
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9-]+", "-", plain).strip("-")[:20] or "LOC"


def _unique(text: str, taken: set[str], longest: int) -> str:
    """The text, with a number where it is taken; now taken."""
    found, number = text, 1
    while found in taken:
        number += 1
        found = f"{text[: longest - len(str(number)) - 1]}-{number}"
    taken.add(found)
    return found


def permission_names(links: Iterable[tuple[int, str]]) -> list[str]:
    """Our names for permissions of the file, sorted; those without a counterpart are left out."""
    return sorted({p.value for _, name in links if (p := counterpart(name)) is not None})


def granted_by(move: Move, row: RoleRow) -> list[str]:
    """The permissions that the role will hold, sorted."""
    if not move.export.is_own:
        return permission_names(row.permissions)
    names = sorted({name for _, name in row.permissions})
    if move.arrival is None:
        # Every name as it is, also of a permission that this version does not have.
        return names
    # An owner grants what there is, and not what a later version may mean by a name.
    known = {one.value for one in Permission}
    return [name for name in names if name in known]


def bring_roles(move: Move) -> None:
    taken = set(Role.objects.values_list("name", flat=True))

    def values(row: RoleRow) -> dict[str, Any]:
        here = move.ids.get("roles", {}).get(row.id)
        if move.arrival is not None and here == move.arrival.by.role_id:
            # Whoever brings a file keeps their rights, whatever it says.
            return {"permissions": move.arrival.by.role.permissions}
        granted: dict[str, Any] = {"permissions": granted_by(move, row)}
        if move.export.is_own:
            granted["description"] = row.description or ""
        if here is not None:
            return granted
        return {"name": _unique(row.name, taken, 100), **granted}

    move.bring("roles", move.rows("roles"), Role, values)


class People:
    """Brings users with their memberships; usernames and e-mails are unique on the platform."""

    def __init__(self, move: Move) -> None:
        self.move = move
        self.counts = move.counts.setdefault("users", Counts())
        self.roles_of: dict[tuple[Any, ...], Role] = {}

    def bring(self) -> None:
        known = known_references("users")
        members = {m.pk: m for m in Membership.objects.select_related("user")} if known else {}
        references, prints = [], {}
        for row in self.move.rows("users"):
            if row.is_member is False:
                self.create_outsider(row)
                continue
            reference = known.get(str(row.id))
            told = fingerprint(row)
            if reference is None or reference[0] not in members:
                member = self.create(row)
                references.append(reference_to("users", row.id, member.pk, told))
                self.counts.created += 1
            elif reference[1] != told and self.may_change(members[reference[0]], reference[1]):
                self.change(row, members[reference[0]])
                prints[str(reference[0])] = told
                self.counts.changed += 1
            else:
                self.counts.same += 1
        remember(references, known)
        update_prints("users", prints)

    def may_change(self, member: Membership, told: str) -> bool:
        """Whether the file has a say in this member, who was last brought in as `told`."""
        return True

    def create(self, row: UserRow) -> Membership:
        user = self.user(row)
        member = Membership(pk=self.move.keys.following(), user=user)
        if row.member_since is not None:
            member.created_at = row.member_since
        self.settle(row, member)
        member.save(force_insert=True)
        self.place(row, member)
        self.move.ids.setdefault("users", {})[row.id] = user.pk
        self.move.ids.setdefault("members", {})[row.id] = member.pk
        return member

    def create_outsider(self, row: UserRow) -> None:
        """Somebody who signed documents and does not work here: a name that cannot sign in."""
        if self.move.is_new:
            self.move.ids.setdefault("users", {})[row.id] = self.user(row).pk
            self.counts.created += 1
        else:
            self.counts.same += 1

    def user(self, row: UserRow) -> User:
        """A new user, or the one that this import made for the same person in another business."""
        known = self.move.persons.get(row.person_id) if row.person_id is not None else None
        if known is not None:
            if row.password and not known.has_usable_password():
                # Came in as an outsider of the other business, without what signs in.
                known.password, known.is_active = row.password, row.allow_login
                known.email = self.free_email(row)
                known.save(update_fields=["password", "is_active", "email"])
            found: User = known
            return found
        user = User(
            username=self.free_username(row),
            email=self.free_email(row),
            name=full_name(row),
            language=row.language,
            is_active=self.may_sign_in(row),
            must_change_password=bool(row.must_change_password),
        )
        if row.made is not None:
            user.created_at = row.made
        if row.password:
            user.password = row.password
        else:
            user.set_unusable_password()
            if row.is_member is not False:
                self.move.notes.append(f"{user.username} has no password and needs a new one.")
        user.save()
        if row.person_id is not None:
            self.move.persons[row.person_id] = user
        return user

    def may_sign_in(self, row: UserRow) -> bool:
        # In our own files a person who left one business may still work in another.
        return row.allow_login and (self.move.export.is_own or not row.deleted)

    def change(self, row: UserRow, member: Membership) -> None:
        """What changed over there, except sign-in: names and passwords may have changed here."""
        member.user.name = full_name(row)
        member.user.is_active = self.may_sign_in(row)
        member.user.save(update_fields=["name", "is_active"])
        self.settle(row, member)
        member.save()
        member.location_links.all().delete()
        self.place(row, member)

    def settle(self, row: UserRow, member: Membership) -> None:
        member.role = self.role_of(row)
        if self.move.export.is_own:
            member.is_owner = bool(row.is_owner)
            member.is_active = bool(row.is_active)
            member.all_locations = bool(row.all_locations)
            return
        member.is_owner = row.id == self.move.row.owner_id
        member.is_active = not row.deleted
        member.all_locations = not self.places(row)

    def place(self, row: UserRow, member: Membership) -> None:
        for place in self.places(row):
            member.location_links.create(location_id=self.move.ids["locations"][place])

    def places(self, row: UserRow) -> list[int]:
        """Ids of the locations that the file confines somebody to; none when it says nothing."""
        if row.location_ids is not None:
            return sorted(set(row.location_ids))
        names = {name for _, name in self.links(row)}
        if ALL_LOCATIONS in names or row.id == self.move.row.owner_id:
            return []
        found = {place for name in names if (place := location_named(name)) is not None}
        return sorted(found & self.move.ids["locations"].keys())

    def links(self, row: UserRow) -> list[tuple[int, str]]:
        roles = self.move.export.roles
        held = [link for role_id, _ in row.roles for link in roles[role_id].permissions]
        return held + row.permissions

    def role_of(self, row: UserRow) -> Role:
        """The person's role; one of its own where the file gives several roles or more rights."""
        ids = sorted({role_id for role_id, _ in row.roles})
        extra = [] if self.move.export.is_own else permission_names(row.permissions)
        if len(ids) == 1:
            role = Role.objects.get(pk=self.move.ids["roles"][ids[0]])
            if set(extra) <= set(role.permissions):
                return role
        key = (*ids, *extra)
        if key not in self.roles_of:
            self.roles_of[key] = self.combined(ids, extra, permission_names(self.links(row)))
        return self.roles_of[key]

    def combined(self, ids: list[int], extra: list[str], granted: list[str]) -> Role:
        parts = [self.move.export.roles[i].name for i in ids] + extra
        name = " + ".join(parts)[:100] or "No rights"
        role, created = Role.objects.get_or_create(name=name, defaults={"permissions": granted})
        if created:
            self.move.notes.append(
                f"Role “{name}” was made for people with more than one source of rights."
            )
        found: Role = role
        return found

    def free_username(self, row: UserRow) -> str:
        # At signing in, a name with an @ would stand in the way of somebody's e-mail.
        wanted = row.username.replace("@", ".")
        name, number = wanted, 1
        while User.objects.named(name).exists():
            ending = self.move.business.slug + (str(number) if number > 1 else "")
            name, number = f"{wanted}.{ending}", number + 1
        if name != row.username:
            reason = "is taken" if name != wanted else "has an @"
            self.move.notes.append(f"User name “{row.username}” {reason}; it became “{name}”.")
        return name

    def free_email(self, row: UserRow) -> str:
        if User.objects.with_email(row.email).exists():
            self.move.notes.append(
                f"The e-mail of {row.username} belongs to another person; left out."
            )
            return ""
        return row.email


def full_name(row: UserRow) -> str:
    return " ".join(part for part in (row.surname, row.first_name, row.last_name) if part)
