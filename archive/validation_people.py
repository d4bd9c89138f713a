"""Checks the people, roles and permissions of an export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import ALL_LOCATIONS, counterpart
from archive.rows import RoleRow, UserRow

if TYPE_CHECKING:
    from archive.validation import Reading


def check_people(reading: Reading) -> None:
    export = reading.export
    for role in export.roles.values():
        reading.points("roles", role, "businessId", "businesses", role.business_id)
        _name_permissions(reading, "roles", role)
    names: dict[str, UserRow] = {}
    for user in export.users.values():
        reading.points("users", user, "businessId", "businesses", user.business_id)
        for role_id, _ in user.roles:
            reading.points("users", user, "roles", "roles", role_id)
        for place in user.location_ids or ():
            reading.points("users", user, "locationIds", "locations", place)
        _name_permissions(reading, "users", user)
        if not _has_place(user):
            continue
        if not user.roles:
            reading.fault("users", user.id, "roles", "has no role", user.username)
        other = names.setdefault(user.username.casefold(), user)
        # Our own files hold a person once for each business that they work in.
        if other is not user and (user.person_id is None or user.person_id != other.person_id):
            reason = f"is also the name of user {other.id}"
            reading.fault("users", user.id, "username", reason, user.username)
    _check_persons(reading)


def _has_place(user: UserRow) -> bool:
    """Whether the person works in the business, so far as the file says."""
    return not user.deleted if user.is_member is None else user.is_member


def _check_persons(reading: Reading) -> None:
    """`personId` is the first row of a person, and one row of a person is in each business."""
    seen: set[tuple[int, int]] = set()
    for user in reading.export.users.values():
        if user.person_id is None:
            continue
        first = reading.export.users.get(user.person_id)
        if first is None:
            if user.person_id not in reading.broken["users"]:
                reason = "refers to no row of users"
                reading.fault("users", user.id, "personId", reason, user.person_id)
        elif first.username != user.username:
            reason = f"is called {first.username} there"
            reading.fault("users", user.id, "personId", reason, user.person_id)
        if (user.person_id, user.business_id) in seen:
            reason = "stands twice in one business"
            reading.fault("users", user.id, "personId", reason, user.person_id)
        seen.add((user.person_id, user.business_id))


def _name_permissions(reading: Reading, table: str, row: RoleRow | UserRow) -> None:
    """Completes the names of a row's permissions and counts those without a counterpart."""
    export = reading.export
    named = []
    for permission_id, nested in row.permissions:
        known = export.permissions.get(permission_id)
        name = nested or (known.name if known else "")
        if name:
            named.append((permission_id, name))
            # Roles of our own files keep every name that they hold.
            if not export.is_own and not says_where(name) and counterpart(name) is None:
                export.unknown_permissions[name] += 1
        elif (
            "permissions" not in reading.absent
            and permission_id not in reading.broken["permissions"]
        ):
            reason = "refers to no row of permissions"
            reading.fault(table, row.id, "permissions", reason, permission_id)
    row.permissions = named


def says_where(name: str) -> bool:
    """Whether a permission of the file says at which locations somebody works: all, or one by id."""
    return name == ALL_LOCATIONS or location_named(name) is not None


def location_named(name: str) -> int | None:
    """The id in a permission such as `location.3`."""
    module, _, place = name.partition(".")
    return int(place) if module == "location" and place.isascii() and place.isdigit() else None
